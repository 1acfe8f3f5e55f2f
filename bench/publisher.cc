// SPDX-License-Identifier: Apache-2.0
// publisher: an RTMP encoder's double. Synthetic H.264 + AAC of a given bit rate, paced in real
// time; each video frame carries the monotonic time at which it was handed to the kernel. Says
// "publishing" when the first frame is out and prints one JSON line at its end (SIGTERM, or
// --seconds).
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

#include "support/clock.h"
#include "support/endpoint.h"
#include "support/options.h"
#include "support/report.h"
#include "support/rtmp_publisher.h"
#include "support/synthetic.h"

namespace sluice::bench {
namespace {

volatile sig_atomic_t stop_asked = 0;

void ask_to_stop(int) { stop_asked = 1; }

struct Sent {
  std::uint64_t video = 0, audio = 0, bytes = 0;
  std::int64_t latest_ns = 0;  // how far behind its time a message was sent at worst
  bool server_gone = false;
};

bool send_configuration(RtmpPublisher &publisher, const SyntheticStream &stream, bool audio) {
  std::string metadata("\x02\x00\x0d@setDataFrame", 16);
  metadata += stream.metadata();
  return publisher.send(RtmpType::Data, 0, base::as_bytes(metadata)) &&
         publisher.send(RtmpType::Video, 0, base::as_bytes(stream.video_config())) &&
         (!audio || publisher.send(RtmpType::Audio, 0, base::as_bytes(stream.audio_config())));
}

Sent pace(RtmpPublisher &publisher, SyntheticStream &stream, double seconds) {
  Sent sent;
  std::int64_t start = mono_ns();
  auto length = static_cast<std::int64_t>(seconds * 1e9);
  while (!stop_asked) {
    SyntheticMessage message = stream.next();
    if (message.due_ns > length) break;
    sleep_until_ns(start + message.due_ns);
    if (stop_asked) break;
    std::int64_t now = mono_ns();
    sent.latest_ns = std::max(sent.latest_ns, now - start - message.due_ns);
    if (message.video) stream.stamp(message, now);
    RtmpType type = message.video ? RtmpType::Video : RtmpType::Audio;
    if (!publisher.send(type, message.timestamp_ms, message.body)) {
      sent.server_gone = true;
      break;
    }
    (message.video ? sent.video : sent.audio)++;
    sent.bytes += message.body.size();
    if (sent.video == 1 && sent.audio == 0) {
      std::puts("publishing");
      std::fflush(stdout);
    }
    if (message.key) publisher.drain();
  }
  return sent;
}

int run(const Options &options) {
  Shape shape{.mbit = options.number("mbit", 0.2, 200),
              .fps = options.integer("fps", 1, 240),
              .gop_s = options.number("gop", 0.1, 60),
              .audio = !options.flag("no-audio")};
  SyntheticStream stream(shape);
  Endpoint endpoint = parse_endpoint(options.text("url"));
  RtmpPublisher publisher;
  auto chunk_size = static_cast<std::uint32_t>(options.integer("chunk", 128, 1 << 24));
  if (!publisher.open(endpoint, chunk_size) ||
      !send_configuration(publisher, stream, shape.audio)) {
    std::fprintf(stderr, "cannot publish: %s\n", publisher.failure());
    return 1;
  }
  Sent sent = pace(publisher, stream, options.number("seconds", 0.1, 86400));
  publisher.close();
  print_line({{"video_frames", sent.video},
              {"audio_frames", sent.audio},
              {"body_bytes", sent.bytes},
              {"flv_bytes_per_s", rounded(stream.flv_bytes_per_s(), 1)},
              {"latest_ms", rounded(to_ms(sent.latest_ns))},
              {"server_gone", sent.server_gone}});
  return sent.server_gone ? 1 : 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char **argv) {
  using namespace sluice::bench;
  Options options("publisher: synthetic H.264 + AAC over RTMP in real time",
                  {{"url", "rtmp://127.0.0.1:1935/bench/cam", "where to publish"},
                   {"mbit", "1.012", "Mbit/s as FLV"},
                   {"fps", "25", "video frames a second"},
                   {"gop", "2", "seconds between key frames"},
                   {"chunk", "4096", "RTMP chunk size"},
                   {"seconds", "600", "how long"},
                   {"nice", "0", "scheduling priority; negative needs root"},
                   {"no-audio", "no", "video only"}},
                  argc, argv);
  struct sigaction action{};
  action.sa_handler = ask_to_stop;  // without SA_RESTART: it must end a sleep
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  setpriority(PRIO_PROCESS, 0, options.integer("nice", -20, 19));
  return run(options);
}
