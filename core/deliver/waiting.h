// SPDX-License-Identifier: Apache-2.0
// Waiting: what holds for every request that waits for a stream, whatever it wants of it: how long,
// and what it is answered in the end.
#pragma once

#include "deliver/deliver_metrics.h"
#include "deliver/protocol.h"
#include "http/exchange.h"
#include "stream/shelf.h"

namespace sluice::deliver {

// How long a request that came at `since` may wait for the stream. entry: as known now, or null.
// first_picture: what a live stream is given beyond the start of its camera.
base::Millis patience(const stream::Shelf &shelf, const std::string &name,
                      const stream::StreamEntry *entry, base::MonoTime since,
                      base::Millis first_picture);

// 404 where neither a publisher nor a camera is known. Else 503, since there is no picture: with
// the time of the camera's next attempt, where there is one. entry as above.
void respond_absent(http::Exchange &exchange, const stream::Shelf &shelf, const std::string &name,
                    const stream::StreamEntry *entry);

// 503 for who is one viewer too many, who is counted.
void respond_no_seat(http::Exchange &exchange, DeliverMetrics &metrics);

// 406 for a stream whose tracks have no place in the format.
void respond_no_track(http::Exchange &exchange, const MediaFormat &format);

}  // namespace sluice::deliver
