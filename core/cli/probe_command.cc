// SPDX-License-Identifier: Apache-2.0
// `sluice probe`: looks at a camera as the node would read it, on a loop of its own.
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <ostream>

#include "cli/admin_api.h"
#include "cli/command.h"
#include "cli/format.h"
#include "cli/probe_report.h"
#include "config/load.h"
#include "ingest/rtsp/rtsp_pull.h"
#include "loop/loop.h"
#include "net/resolver.h"

namespace sluice::cli {
namespace {

using ingest::rtsp::ProbeReport;
using ingest::rtsp::Way;

constexpr base::Millis kDefaultDuration{10'000};
// Of each further way: it is only asked whether it works.
constexpr base::Millis kGlance{2'000};

struct Wanted {
  wire::rtsp::Url url;
  std::vector<Way> ways;
  base::Millis duration = kDefaultDuration;
  bool verify_tls = false;
};

// What a probe needs besides the loop, for as long as it runs.
struct Surroundings {
  explicit Surroundings(loop::Loop &on)
      : loop(on),
        read_buffer(ingest::rtsp::RtspLink::kReadBytes + ingest::rtsp::RtspLink::kSpareBytes) {}

  base::Status open(bool verify_tls) {
    SLUICE_TRY(opened, net::Resolver::open(loop, {}));
    resolver = std::move(opened);
    auto trust = verify_tls ? net::TlsTrust::System : net::TlsTrust::Anyone;
    SLUICE_TRY(context, net::TlsClientContext::make_blocking({.trust = trust}));
    tls = std::move(context);
    return {};
  }
  ingest::rtsp::ClientContext context() {
    return {loop, *resolver, read_buffer, batch, {buffers, metrics, stream_metrics}, farewells};
  }

  loop::Loop &loop;
  metrics::Registry registry{1};
  ingest::rtsp::RtspMetrics metrics{registry};
  stream::StreamMetrics stream_metrics{registry};
  media::BufferPool buffers;
  std::vector<std::byte> read_buffer;
  net::UdpBatch batch;
  std::unique_ptr<net::Resolver> resolver;
  std::shared_ptr<ingest::rtsp::Farewells> farewells =
      std::make_shared<ingest::rtsp::Farewells>(loop);
  std::shared_ptr<const net::TlsClientContext> tls;
};

base::Result<ProbeReport> probe_way(const Wanted &wanted, Way way, base::Millis duration) {
  loop::Loop loop(0, "probe");
  auto around = std::make_unique<Surroundings>(loop);
  SLUICE_TRY_VOID(around->open(wanted.verify_tls));
  ingest::rtsp::ClientSettings settings;
  settings.url = wanted.url;
  settings.ways = {way};
  settings.tls = around->tls;
  std::unique_ptr<ingest::rtsp::RtspProbe> probe;
  ProbeReport report;
  // The probe ends itself from inside its own callbacks, so the rest waits for them to return.
  auto on_done = [&] {
    loop.defer([&] {
      report = probe->report();
      probe.reset();
      loop.defer([&] {
        around->resolver.reset();
        loop.stop();
      });
    });
  };
  probe = std::make_unique<ingest::rtsp::RtspProbe>(around->context(), std::move(settings),
                                                    duration, on_done);
  probe->start();
  loop.run();
  return report;
}

std::expected<std::vector<Way>, std::string> parse_ways(std::string_view text) {
  if (text == "auto") return std::vector{Way::Tcp, Way::Udp};
  for (Way way : {Way::Tcp, Way::Udp, Way::Multicast, Way::Http}) {
    if (text == ingest::rtsp::way_name(way)) return std::vector{way};
  }
  return std::unexpected("--transport takes auto, tcp, udp, multicast or http");
}

std::expected<base::Millis, std::string> parse_seconds(std::string_view text) {
  int seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > 3600) {
    return std::unexpected("--seconds takes 1 to 3600");
  }
  return base::Millis(seconds * 1000);
}

// A camera's URL as it was typed, or that of a stream in the configuration, whose password then
// does not show up in the list of processes.
std::expected<std::string, std::string> find_url(const Arguments &arguments) {
  const std::string &what = arguments.operands[0];
  if (what.contains("://")) return what;
  std::string path = arguments.value("config").value_or(std::string(kDefaultConfig));
  config::LoadResult loaded = config::load(path);
  if (!loaded.config) return std::unexpected("the configuration has mistakes: see sluice check");
  auto found = loaded.config->streams.find(what);
  if (found == loaded.config->streams.end() || found->second.source.empty()) {
    return std::unexpected(fmt::format("no stream {} with a source in {}", what, path));
  }
  return found->second.source.front();
}

std::expected<Wanted, std::string> read_wanted(const Arguments &arguments) {
  Wanted wanted;
  auto text = find_url(arguments);
  if (!text) return std::unexpected(text.error());
  auto url = wire::rtsp::Url::parse(*text);
  if (!url) return std::unexpected(std::string("the URL is of no use: ") + url.error().what);
  wanted.url = std::move(*url);
  auto ways = parse_ways(arguments.value("transport").value_or("auto"));
  if (!ways) return std::unexpected(ways.error());
  wanted.ways = std::move(*ways);
  auto duration = parse_seconds(arguments.value("seconds").value_or("10"));
  if (!duration) return std::unexpected(duration.error());
  wanted.duration = *duration;
  wanted.verify_tls = arguments.has("verify");
  return wanted;
}

}  // namespace

int probe_command(const Arguments &arguments, Terminal &terminal) {
  auto wanted = read_wanted(arguments);
  if (!wanted) return report(terminal, "probe", {kExitUsage, wanted.error()});
  ProbeResult result{.url = wanted->url.redacted(), .ways = {}};
  base::Millis duration = wanted->duration;
  for (Way way : wanted->ways) {
    terminal.err << fmt::format("Trying {} …\n", ingest::rtsp::way_name(way)) << std::flush;
    auto probed = probe_way(*wanted, way, duration);
    if (!probed) return report(terminal, "probe", {kExitFailed, base::describe(probed.error())});
    if (probed->worked) duration = std::min(duration, kGlance);
    result.ways.push_back(std::move(*probed));
  }
  if (auto path = arguments.value("bundle")) {
    std::ofstream file(*path, std::ios::trunc);
    file << probe_bundle(result);
    if (!file.flush()) {
      return report(terminal, "probe", {kExitFailed, fmt::format("cannot write {}", *path)});
    }
    terminal.err << "Wrote " << printable(*path) << "; it holds no pictures and no credentials.\n";
  }
  terminal.out << (arguments.has("json") ? probe_json(result) + "\n" : probe_text(result));
  return result.worked() ? kExitOk : kExitFailed;
}

}  // namespace sluice::cli
