// SPDX-License-Identifier: Apache-2.0
// Pull: one attempt to read one URL and to publish what comes under a name. What speaks the
// protocol (RTSP) is made by a PullFactory; the Source that wants the stream judges how it ended
// and when to try again. Everything here lives on one worker's loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"

namespace sluice::stream {

// Why an attempt ended. The words are documented in docs/operating.md, name the samples of
// sluice_source_failures_total, and are never made of what a camera sends.
enum class PullEndReason : std::uint8_t {
  ResolveFailed,   // the host's name has no address
  ConnectFailed,   // refused or unreachable
  TlsFailed,       // no handshake, or a certificate that is not trusted
  TimedOut,        // no answer, or no media after PLAY, in time
  Unauthorized,    // no credentials, or wrong ones
  Forbidden,       // the camera refuses for another reason
  NotFound,        // the camera does not know the path
  Busy,            // the camera serves no more clients
  Unsupported,     // nothing in the stream, or no transport, that the node can take
  Malformed,       // the camera breaks the protocol or a limit
  Stalled,         // media flowed and stopped: the watchdog
  ConnectionLost,  // reset or broken
  CameraClosed,    // the camera ended the stream in good order
  PublishRefused,  // the name is taken by a publisher
  TakenOver,       // another publisher took the name over
  Kicked,          // the operator ended the session
  NoMemory,
};
inline constexpr std::size_t kPullEndReasons =
    static_cast<std::size_t>(PullEndReason::NoMemory) + 1;

const char *word(PullEndReason reason);      // "resolve_failed", …
const char *sentence(PullEndReason reason);  // for people, without a full stop

struct PullEnd {
  PullEndReason reason = PullEndReason::ConnectionLost;
  base::Error error{};  // the exact cause; its text never holds what is secret in the URL
  // Trying again soon cannot help (401, 404, a certificate that is not trusted): the source backs
  // off at once as long as it ever does.
  bool permanent = false;
  std::optional<base::Millis> retry_after;  // the camera's own wish, which the source bounds
};

// What is known of the attempt under way, for the API. A value that may cross threads.
struct PullFacts {
  const char *transport = "";  // in use: "tcp", "udp", "multicast", "http"; empty: none yet
  std::string server;          // what the camera calls itself, bounded and printable
  std::string peer;            // address and port
  std::uint64_t packets = 0;
  std::uint64_t packets_lost = 0;
  std::uint64_t packets_reordered = 0;
  std::uint64_t frames_damaged = 0;  // dropped or passed on, as source.damaged says
};

// What was learnt about a URL and serves the next attempt: the transport that worked, the way to
// keep the session alive. The protocol derives its own; the source keeps it for each URL until
// the URL or the stream's settings change.
class PullMemory {
 public:
  virtual ~PullMemory() = default;
};

struct PullRequest {
  std::string stream;       // the name to publish under
  std::string url;          // whole, with its credentials: never to be logged or shown
  std::string shown_url;    // the same with its secrets as "***"
  config::Source settings;  // the section `source` with this stream's own values
  // Empty at the first attempt. The slot outlives the pull, which may fill it at any time.
  std::unique_ptr<PullMemory> &memory;
};

// Told on the pull's loop. The pull is never destroyed from inside these calls.
class PullEvents {
 public:
  // Media flows: the first frame was handed to the publication. Once.
  virtual void on_playing() = 0;
  // The attempt is over. Once, and nothing is told afterwards. The pull has released its
  // publication, or does so when it is destroyed, which happens soon.
  virtual void on_pull_end(const PullEnd &end) = 0;

 protected:
  ~PullEvents() = default;
};

// It asks the loop's shelf for the name when it knows that there is something to play, and before
// it asks the camera to play. It owns its own deadlines: source.connect_timeout up to the first
// media, source.media_timeout from then on.
class Pull {
 public:
  // Stops the attempt: releases the publication and closes the connection, after the goodbye to
  // the camera as far as that never blocks. Tells no event.
  virtual ~Pull() = default;
  [[nodiscard]] virtual PullFacts facts() const = 0;
};

class PullFactory {
 public:
  virtual ~PullFactory() = default;
  // Starts an attempt. Never calls the events before it has returned. The events outlive the pull.
  virtual std::unique_ptr<Pull> start(PullRequest request, PullEvents &events) = 0;
};

}  // namespace sluice::stream
