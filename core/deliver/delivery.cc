// SPDX-License-Identifier: Apache-2.0
#include "deliver/delivery.h"

#include <algorithm>
#include <utility>

#include "http/websocket_accept.h"
#include "wire/url.h"

namespace sluice::deliver {
namespace {

constexpr base::Millis kTick{250};
constexpr const char *kFlvType = "video/x-flv";

FlushPacer::Limits pacer_limits(const config::Config &config) {
  return {config.deliver.flush_interval_min, config.deliver.flush_interval_max};
}

// A stream is live by nature: no cache may keep it, and HTTP/1.0 has no chunks.
std::vector<http::Field> flv_fields(Framing framing) {
  std::vector<http::Field> fields{{"Content-Type", kFlvType}, {"Cache-Control", "no-store"}};
  if (framing == Framing::Chunked) fields.push_back({"Transfer-Encoding", "chunked"});
  return fields;
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

Delivery::~Delivery() = default;

// --- URLs ---

void Delivery::add_routes(http::Router &router) {
  using Taken = std::unique_ptr<http::Exchange>;
  router.add(http::Method::Get, "/flv", [this](Taken x) { serve_query(std::move(x), false); });
  router.add(http::Method::Get, "/ws-flv", [this](Taken x) { serve_query(std::move(x), true); });
  router.add(http::Method::Get, "/{server}/{file}", [this](Taken x) { serve_path(std::move(x)); });
}

void Delivery::serve_query(std::unique_ptr<http::Exchange> exchange, bool websocket_only) {
  const auto &request = exchange->request();
  auto name = wire::StreamName::parse(request.query.find("server").value_or(""),
                                      request.query.find("camera").value_or(""),
                                      shelf_.config()->stream.max_name_length);
  if (!name) {
    return exchange->respond_error(400, "bad_name",
                                   "the query must name a stream: ?server=S&camera=C");
  }
  serve(std::move(exchange), wire::to_string(*name), websocket_only);
}

void Delivery::serve_path(std::unique_ptr<http::Exchange> exchange) {
  // The router has decoded both parts once; an escape that is left makes the name a bad one.
  std::string_view file = exchange->request().param("file");
  std::size_t dot = std::min(file.rfind('.'), file.size());
  auto name = wire::StreamName::parse(exchange->request().param("server"), file.substr(0, dot),
                                      shelf_.config()->stream.max_name_length);
  if (!name || file.substr(dot) != ".flv") {
    return exchange->respond_error(404, "not_found", "no such resource; streams are /S/C.flv");
  }
  serve(std::move(exchange), wire::to_string(*name), false);
}

void Delivery::serve(std::unique_ptr<http::Exchange> exchange, const std::string &name,
                     bool websocket_only) {
  const auto &asked = exchange->request();
  if (asked.method == http::Method::Head) return answer_head(*exchange, name);
  ViewerRequest request;
  if (asked.wants_websocket()) {
    auto accepted = http::accept_websocket(asked, shelf_.config()->http.cors_origin);
    if (!accepted.ok()) {
      return exchange->respond_error(accepted.status, accepted.code, accepted.message,
                                     std::move(accepted.headers));
    }
    request.status = 101;
    request.head_fields = std::move(accepted.headers);
    request.framing = Framing::WebSocket;
    request.protocol = Protocol::WsFlv;
  } else if (websocket_only) {
    return exchange->respond_error(426, "upgrade_required", "this URL speaks WebSocket only",
                                   {{"Upgrade", "websocket"}});
  } else {
    request.framing = asked.minor_version >= 1 ? Framing::Chunked : Framing::Raw;
    request.head_fields = flv_fields(request.framing);
  }
  request.exchange = std::move(exchange);
  admit(std::move(request), name);
}

void Delivery::answer_head(http::Exchange &exchange, const std::string &name) {
  auto entry = shelf_.find(name);
  auto source = shelf_.find_source(name);
  if (!entry && !source) return exchange.respond_error(404, "not_found", "no such stream");
  // A source that nobody watches would begin with a GET.
  bool would_begin = source && source->state == stream::SourceState::Idle;
  if (!would_begin && !(entry && entry->live)) return respond_offline(exchange, source.get());
  http::Response response;
  response.content_type = kFlvType;
  response.unknown_length = true;
  response.headers.push_back({"Cache-Control", "no-store"});
  exchange.respond(std::move(response));
}

void Delivery::admit(ViewerRequest request, const std::string &name) {
  if (draining_) {
    return request.exchange->respond_unavailable("draining", "the node is shutting down");
  }
  auto &audience = audiences_[name];
  if (!audience) audience = std::make_unique<Audience>(*this, name);
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
  for (auto &[name, audience] : audiences_)
    audience->flush_cohort(next_cohort_);
}

void Delivery::drain() {
  draining_ = true;
  for (auto &[name, audience] : audiences_)
    audience->end_all("shutdown");
}

}  // namespace sluice::deliver
