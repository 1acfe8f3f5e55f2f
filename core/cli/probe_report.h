// SPDX-License-Identifier: Apache-2.0
// What `sluice probe` found, for people, for programs, and as a bundle that can be given to others.
#pragma once

#include <string>
#include <vector>

#include "ingest/rtsp/rtsp_probe.h"

namespace sluice::cli {

struct ProbeResult {
  std::string url;                              // without secrets
  std::vector<ingest::rtsp::ProbeReport> ways;  // in the order in which they were tried

  // The report that says most: of the first way that worked, else the first of all.
  [[nodiscard]] const ingest::rtsp::ProbeReport &best() const;
  [[nodiscard]] bool worked() const;
};

std::string probe_text(const ProbeResult &result);
std::string probe_json(const ProbeResult &result);
// Everything above, the dialogue, and the beginning of each packet: enough to play the camera's
// behaviour again, and nothing of its pictures, credentials and keys.
std::string probe_bundle(const ProbeResult &result);

}  // namespace sluice::cli
