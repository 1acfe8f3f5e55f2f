// SPDX-License-Identifier: Apache-2.0
#include "node/scrape.h"

#include "node/node.h"

namespace sluice::node {
namespace {

using metrics::TextWriter;
using metrics::Type;

void write_node(TextWriter &out, Node &node) {
  out.family("sluice_build_info", Type::Gauge, "The running version; always 1.");
  out.sample({{"version", SLUICE_VERSION}}, 1);
  out.family("sluice_uptime_seconds", Type::Gauge, "Since the node started.");
  out.sample({}, node.uptime_s());
  out.family("sluice_streams", Type::Gauge,
             "Streams that are known: live, or waiting for their publisher.");
  out.sample({}, node.directory().size());
  out.family("sluice_accept_pauses_total", Type::Counter,
             "Times that accepting paused because the process was out of descriptors.");
  out.sample({}, net::Listener::exhaustions());
  out.family("sluice_watchdog_stalls_total", Type::Counter, "Loops found stuck in one callback.");
  out.sample({}, node.stalls());
}

void write_sources(TextWriter &out, Node &node) {
  out.family("sluice_sources", Type::Gauge, "Streams that are pulled from cameras, by state.");
  auto counts = node.sources().count_states();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    out.sample({{"state", stream::word(static_cast<stream::SourceState>(i))}}, counts[i]);
  }
}

void write_certificates(TextWriter &out, Node &node) {
  if (node.tls() == nullptr) return;
  out.family("sluice_tls_certificate_expiry_timestamp_seconds", Type::Gauge,
             "When a certificate of the node ends, in seconds since 1970.");
  for (const net::TlsCertificateInfo &info : node.tls()->certificates()) {
    std::string name = info.names.empty() ? "" : info.names.front();
    out.sample({{"file", info.file}, {"name", name}}, info.not_after_s);
  }
}

void write_tapes(TextWriter &out, Node &node) {
  auto usage = node.shared().blocks->usage();
  out.family("sluice_tape_bytes", Type::Gauge, "Memory held by tapes.");
  out.sample({}, usage.used_bytes);
  out.family("sluice_tape_blocks", Type::Gauge, "Blocks of tape memory.");
  out.sample({{"state", "used"}}, usage.used_blocks);
  out.sample({{"state", "free"}}, usage.free_blocks);
}

// One family with a sample per worker.
template <class Figure>
void write_loops(TextWriter &out, Node &node, const char *name, const char *help, Figure figure) {
  out.family(name, Type::Gauge, help);
  for (const auto &worker : node.workers()) {
    std::string index = std::to_string(worker->loop().index());
    out.sample({{"loop", index}}, figure(worker->figures()));
  }
}

void write_loops(TextWriter &out, Node &node) {
  write_loops(out, node, "sluice_loop_busy_ratio",
              "Share of the last interval in which the loop was not waiting, 0 to 1.",
              [](const auto &figures) { return figures.busy_share.load(); });
  write_loops(out, node, "sluice_loop_lag_seconds",
              "The longest that the loop worked lately without looking for new events.",
              [](const auto &figures) { return static_cast<double>(figures.lag_us.load()) / 1e6; });
  write_loops(out, node, "sluice_flush_interval_seconds",
              "How long viewers' bytes are gathered; 0 is at once, per video frame.",
              [](const auto &figures) {
                return static_cast<double>(figures.flush_interval_ms.load()) / 1e3;
              });
}

struct Family {
  const char *name;
  Type type;
  const char *help;
};

// One family with a sample per stream.
template <class Figure>
void write_streams(TextWriter &out, const std::vector<stream::Directory::Listed> &streams,
                   const Family &family, Figure figure) {
  out.family(family.name, family.type, family.help);
  for (const auto &listed : streams) {
    out.sample({{"stream", listed.entry->name}}, figure(*listed.entry->counters));
  }
}

void write_streams(TextWriter &out, Node &node) {
  auto streams = node.directory().list();
  write_streams(out, streams, {"sluice_stream_viewers", Type::Gauge, "Viewers of the stream."},
                [](const auto &c) { return c.viewers.load(); });
  write_streams(out, streams,
                {"sluice_stream_bytes_in_total", Type::Counter, "Media payload bytes taken in."},
                [](const auto &c) { return c.bytes_in.load(); });
  write_streams(out, streams,
                {"sluice_stream_bytes_out_total", Type::Counter, "Bytes sent to viewers."},
                [](const auto &c) { return c.bytes_out.load(); });
  write_streams(out, streams, {"sluice_stream_frames_total", Type::Counter, "Frames taken in."},
                [](const auto &c) { return c.frames_in.load(); });
  write_streams(out, streams,
                {"sluice_stream_skips_total", Type::Counter, "Moves of viewers who were behind."},
                [](const auto &c) { return c.skips.load(); });
  write_streams(out, streams,
                {"sluice_stream_tape_bytes", Type::Gauge, "Memory held by the stream's tapes."},
                [](const auto &c) { return c.tape_bytes.load(); });
}

}  // namespace

std::string scrape(Node &node) {
  TextWriter out;
  write_node(out, node);
  write_sources(out, node);
  write_certificates(out, node);
  write_tapes(out, node);
  write_loops(out, node);
  write_streams(out, node);
  node.registry().write(out);
  return out.str();
}

}  // namespace sluice::node
