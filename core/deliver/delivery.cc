// SPDX-License-Identifier: Apache-2.0
#include "deliver/delivery.h"

#include <algorithm>
#include <expected>
#include <utility>

#include "deliver/query_name.h"
#include "deliver/snapshots.h"
#include "deliver/waiting.h"
#include "http/websocket_accept.h"
#include "wire/url.h"

namespace sluice::deliver {
namespace {

constexpr base::Millis kTick{250};

FlushPacer::Limits pacer_limits(const config::Config &config) {
  return {config.deliver.flush_interval_min, config.deliver.flush_interval_max};
}

// A stream is live by nature: no cache may keep it, and HTTP/1.0 has no chunks.
std::vector<http::Field> media_fields(const MediaFormat &format, Framing framing) {
  std::vector<http::Field> fields{{"Content-Type", format.content_type},
                                  {"Cache-Control", "no-store"}};
  if (framing == Framing::Chunked) fields.push_back({"Transfer-Encoding", "chunked"});
  return fields;
}

struct BadRequest {
  const char *code;
  const char *text;
};

// What the query says about how media is to be sent over a WebSocket.
std::expected<MseSession::Options, BadRequest> mse_options(const http::Request &request,
                                                           const std::string &name) {
  MseSession::Options options{.stream = name, .codecs = {}};
  options.negotiate = request.query.find("negotiate").value_or("0") == "1";
  if (auto list = request.query.find("codecs")) {
    auto codecs = list->size() <= kMaxMseText
                      ? parse_codec_list(*list)
                      : base::fail(base::Domain::Wire, base::Code::TooLarge, "too long");
    if (!codecs) {
      return std::unexpected(
          BadRequest{"bad_codecs", "codecs must list names as RFC 6381 has them"});
    }
    options.codecs = std::move(*codecs);
  }
  return options;
}

}  // namespace

Delivery::Delivery(stream::Shelf &shelf, DeliverMetrics &metrics, LoopFigures &figures)
    : shelf_(shelf),
      metrics_(metrics),
      pacer_(pacer_limits(*shelf.config())),
      figures_(figures),
      tick_(shelf.loop(), [this] { tick(); }),
      flush_timer_(shelf.loop(), [this] { flush_next_cohort(); }) {
  tick_.start_repeating(kTick);
  pace();
}

Delivery::~Delivery() { draining_ = true; }

// --- URLs ---

void Delivery::add_routes(http::Router &router) {
  using Taken = std::unique_ptr<http::Exchange>;
  auto add_query = [&](const char *path, stream::Format format, bool websocket_only) {
    router.add(http::Method::Get, path, [this, format, websocket_only](Taken x) {
      serve_query(std::move(x), format, websocket_only);
    });
  };
  add_query("/flv", stream::Format::Flv, false);
  add_query("/ws-flv", stream::Format::Flv, true);
  add_query("/ws-fmp4", stream::Format::Fmp4, true);
  router.add(http::Method::Get, "/{server}/{file}", [this](Taken x) { serve_path(std::move(x)); });
}

void Delivery::serve_query(std::unique_ptr<http::Exchange> exchange, stream::Format format,
                           bool websocket_only) {
  auto name = name_in_query(*exchange, shelf_.config()->stream.max_name_length);
  if (!name) return;
  serve(std::move(exchange), {std::move(*name), media_format(format), websocket_only});
}

void Delivery::serve_path(std::unique_ptr<http::Exchange> exchange) {
  // The router has decoded both parts once; an escape that is left makes the name a bad one.
  std::string_view file = exchange->request().param("file");
  std::size_t dot = std::min(file.rfind('.'), file.size());
  auto name = wire::StreamName::parse(exchange->request().param("server"), file.substr(0, dot),
                                      shelf_.config()->stream.max_name_length);
  if (name && snapshots_ != nullptr && file.substr(dot) == ".jpg") {
    return snapshots_->serve(std::move(exchange), wire::to_string(*name));
  }
  const MediaFormat *format = dot < file.size() ? find_media_format(file.substr(dot + 1)) : nullptr;
  if (!name || format == nullptr) {
    return exchange->respond_error(404, "not_found",
                                   "no such resource; streams are /S/C.flv, /S/C.mp4 and /S/C.ts");
  }
  serve(std::move(exchange), {wire::to_string(*name), *format});
}

void Delivery::serve(std::unique_ptr<http::Exchange> exchange, const Wish &wish) {
  const auto &asked = exchange->request();
  if (asked.method == http::Method::Head) return answer_head(*exchange, wish);
  if (asked.wants_websocket()) return serve_websocket(std::move(exchange), wish);
  if (wish.websocket_only) {
    return exchange->respond_error(426, "upgrade_required", "this URL speaks WebSocket only",
                                   {{"Upgrade", "websocket"}});
  }
  serve_http(std::move(exchange), wish);
}

void Delivery::serve_http(std::unique_ptr<http::Exchange> exchange, const Wish &wish) {
  if (!exchange->claim_connection()) return;
  ViewerRequest request;
  request.framing = exchange->request().minor_version >= 1 ? Framing::Chunked : Framing::Raw;
  request.head_fields = media_fields(wish.format, request.framing);
  request.protocol = wish.format.http;
  request.format = wish.format.format;
  request.exchange = std::move(exchange);
  admit(std::move(request), wish.name);
}

void Delivery::serve_websocket(std::unique_ptr<http::Exchange> exchange, const Wish &wish) {
  const auto &asked = exchange->request();
  if (!wish.format.websocket) {
    return exchange->respond_error(
        400, "no_websocket",
        std::string(wish.format.label) + " is not sent over WebSocket; FLV and fMP4 are");
  }
  ViewerRequest request;
  request.framing = Framing::WebSocket;
  request.protocol = *wish.format.websocket;
  request.format = wish.format.format;
  if (request.protocol == Protocol::WsFmp4) {
    auto options = mse_options(asked, wish.name);
    if (!options) return exchange->respond_error(400, options.error().code, options.error().text);
    const MseFraming *framing = find_mse_framing(asked.query.find("framing").value_or("mse"));
    if (framing == nullptr) {
      return exchange->respond_error(400, "unsupported_framing",
                                     "framing must be mse, flussonic or ivideon");
    }
    options->dialect = framing->dialect;
    request.format = framing->format;
    request.framing = framing->framing;
    request.mse = std::move(*options);
    request.choice = choose(asked, wish.name);
    if (!request.choice) {
      return exchange->respond_error(400, "bad_rendition", "the stream has no such rendition");
    }
  }
  auto accepted = http::accept_websocket(asked, shelf_.config()->http.cors_origin);
  if (!accepted.ok()) {
    return exchange->respond_error(accepted.status, accepted.code, accepted.message,
                                   std::move(accepted.headers));
  }
  request.status = accepted.status;
  request.head_fields = std::move(accepted.headers);
  request.exchange = std::move(exchange);
  if (request.choice) return admit_chosen(std::move(request));
  admit(std::move(request), wish.name);
}

std::optional<RenditionChoice> Delivery::choose(const http::Request &asked,
                                                const std::string &main) const {
  std::vector<std::string> names{main};
  const auto &others = shelf_.config()->renditions(main);
  names.insert(names.end(), others.begin(), others.end());
  return RenditionChoice::parse(std::move(names), asked.query.find("rendition"));
}

void Delivery::admit_chosen(ViewerRequest request) {
  const std::string name = request.choice->name();
  request.mse->stream = name;
  request.mse->reason = request.choice->reason();
  admit(std::move(request), name);
}

bool Delivery::pass_on(ViewerRequest &request, std::string why) {
  if (!request.choice || !request.choice->pass_over(std::move(why))) return false;
  admit_chosen(std::move(request));
  return true;
}

void Delivery::answer_head(http::Exchange &exchange, const Wish &wish) {
  auto entry = shelf_.find(wish.name);
  auto source = shelf_.find_source(wish.name);
  // A source that nobody watches would begin with a GET.
  bool would_begin = source && source->state == stream::SourceState::Idle;
  bool live = entry && entry->live;
  if (!would_begin && !live) return respond_absent(exchange, shelf_, wish.name, entry.get());
  if (live && entry->has_nothing_for(wish.format.format)) {
    return respond_no_track(exchange, wish.format);
  }
  if (live && !metrics_.has_seat(shelf_.config()->deliver, *entry->counters)) {
    return respond_no_seat(exchange, metrics_);
  }
  http::Response response;
  response.content_type = wish.format.content_type;
  response.unknown_length = true;
  response.headers.push_back({"Cache-Control", "no-store"});
  exchange.respond(std::move(response));
}

void Delivery::admit(ViewerRequest request, const std::string &name) {
  if (draining_) {
    return request.exchange->respond_unavailable("draining", "the node is shutting down");
  }
  auto &audience = audiences_[{name, request.format}];
  if (!audience) audience = std::make_unique<Audience>(*this, name, request.format);
  audience->admit(std::move(request));
}

// --- Pacing ---

void Delivery::tick() {
  auto now = base::mono_now();
  double busy = shelf_.loop().take_busy_share();
  figures_.lag_us.store(shelf_.loop().take_longest_turn().count(), std::memory_order_relaxed);
  figures_.busy_share.store(busy, std::memory_order_relaxed);
  pacer_.set_limits(pacer_limits(*shelf_.config()));
  pacer_.adapt(busy);
  pace();
  for (auto it = audiences_.begin(); it != audiences_.end();) {
    it->second->tick(now);
    it = it->second->empty() ? audiences_.erase(it) : std::next(it);
  }
}

// With an interval, one cohort after the other is written to, so that every viewer has its turn
// once per interval.
void Delivery::pace() {
  figures_.flush_interval_ms.store(pacer_.interval().count(), std::memory_order_relaxed);
  auto period = pacer_.interval() / static_cast<int>(Audience::kCohorts);
  if (!pacer_.immediate()) period = std::max(period, base::Millis(1));
  if (period == flush_period_) return;
  flush_period_ = period;
  if (pacer_.immediate()) {
    flush_timer_.stop();
  } else {
    flush_timer_.start_repeating(period);
  }
}

void Delivery::flush_next_cohort() {
  next_cohort_ = (next_cohort_ + 1) % Audience::kCohorts;
  for (auto &[key, audience] : audiences_)
    audience->flush_cohort(next_cohort_);
}

void Delivery::drain() {
  draining_ = true;
  for (auto &[key, audience] : audiences_)
    audience->end_all("shutdown");
}

}  // namespace sluice::deliver
