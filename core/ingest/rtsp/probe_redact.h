// SPDX-License-Identifier: Apache-2.0
// What a camera and the node say to each other, made fit to be given to others: without
// credentials, answers to challenges, keys, and the camera's host. Pure.
#pragma once

#include <string>
#include <string_view>

#include "ingest/rtsp/rtsp_probe.h"
#include "wire/rtsp_message.h"

namespace sluice::ingest::rtsp {

ProbedMessage shareable_message(const wire::rtsp::Message &message, std::string_view host);
// text: a whole request as it was sent.
ProbedMessage shareable_request(std::string_view text, std::string_view host);

}  // namespace sluice::ingest::rtsp
