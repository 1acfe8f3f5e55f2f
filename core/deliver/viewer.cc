// SPDX-License-Identifier: Apache-2.0
// What a viewer is sent, and when it ends. What it says is in viewer_input.cc.
#include "deliver/viewer.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "deliver/audience.h"

namespace sluice::deliver {
namespace {

// The most that one message promises. A viewer that was behind gets smaller ones, because it can
// only skip between two.
constexpr std::uint64_t kMessageBytes = 1 << 20;
constexpr std::uint64_t kSlowMessageBytes = 64 << 10;
// One piece for the lead, and the blocks that a message may lie in.
constexpr std::size_t kPieces = 9;

}  // namespace

Viewer::Viewer(Audience &audience, ViewerStart start)
    : audience_(audience),
      socket_(std::move(start.connection.socket)),
      permit_(std::move(start.connection.permit)),
      framing_(start.framing),
      protocol_(start.protocol),
      mse_(std::move(start.mse)),
      is_fmp4_(protocol_ == Protocol::HttpFmp4 || protocol_ == Protocol::WsFmp4),
      lead_(std::move(start.head)),
      correlation_id_(std::move(start.correlation_id)),
      user_agent_(std::move(start.user_agent)),
      since_wall_us_(base::wall_us()),
      since_(base::mono_now()),
      last_progress_(since_) {
  if (is_websocket(framing_)) {
    wire::websocket::FrameLimits limits;
    if (mse_) limits.max_message_bytes = kMaxMseText;
    frames_ = std::make_unique<wire::websocket::FrameReader>(
        wire::websocket::FrameReader::Role::Server, limits);
  }
  id_ = audience_.shelf().sessions().add(*this);
  socket_->limit_unsent(audience_.shelf().config()->deliver.unsent_max);
}

Viewer::~Viewer() = default;

void Viewer::start_at(const tape::TapeView &view, std::uint64_t key) {
  if (ended_ || closing_) return;
  if (started_) {
    lead_.clear();
    lead_sent_ = 0;
  }
  started_ = true;
  changeover_ = false;
  prefix_serial_ = kNoPrefix;
  if (mse_ && mse_->held()) {
    cursor_ = promised_ = key;
    return;
  }
  go_on_at(view, key);
}

// At a key frame of the tape, with its prefix unless the client has that already.
void Viewer::go_on_at(const tape::TapeView &view, std::uint64_t key) {
  cursor_ = promised_ = key;
  go_live_ = false;
  if (auto opening = take_prefix(view.prefix_at(key))) promise(view, *opening);
}

// What the client must be given of the prefix before it goes on, which is nothing when it has that
// already. Empty when it cannot go on.
std::optional<std::string_view> Viewer::take_prefix(const tape::Prefix &prefix) {
  if (prefix.serial == prefix_serial_) return "";
  if (is_fmp4_ && !accept_prefix(prefix)) return std::nullopt;
  prefix_serial_ = prefix.serial;
  if (!std::exchange(has_init_, true)) return prefix.init;
  // Over HTTP fMP4 goes on only with the init segment that the client has.
  if (protocol_ == Protocol::HttpFmp4) return "";
  return prefix.changeover;
}

// For a client that wants no media now, but the init segment that it will need. False when there is
// nothing to send.
bool Viewer::prepare_held(const tape::TapeView &view) {
  auto key = view.newest_key();
  if (!mse_->wants_init() || prefix_serial_ != kNoPrefix || !key) return false;
  cursor_ = promised_ = *key;
  if (auto opening = take_prefix(view.prefix_at(*key))) lead_with(*opening);
  return true;
}

void Viewer::lead_with(std::string_view message) {
  append_message_header(lead_, framing_, message.size(), first_message_);
  lead_.append(message);
}

// Starts a message that holds `opening` and then whole frames from the cursor on. For MediaSource
// the opening, which is the init segment, is a message of its own, and no message reaches over a
// change of it.
void Viewer::promise(const tape::TapeView &view, std::string_view opening) {
  if (mse_ && !opening.empty()) lead_with(std::exchange(opening, {}));
  std::uint64_t most = was_blocked_ ? kSlowMessageBytes : kMessageBytes;
  do {
    promised_ = view.boundary(cursor_, cursor_ + most);
    most /= 2;
  } while (is_fmp4_ && view.prefix_at(promised_ - 1).serial != prefix_serial_);
  append_message_header(lead_, framing_, opening.size() + (promised_ - cursor_), first_message_);
  lead_.append(opening);
  first_message_ = false;
}

// The init segment that comes next lies on the tape, for readers that read on. False when this one
// does not.
bool Viewer::cross_prefix(const tape::TapeView &view) {
  const tape::Prefix &prefix = view.prefix_at(cursor_);
  if (!accept_prefix(prefix)) return closing_;
  prefix_serial_ = prefix.serial;
  promised_ = view.boundary(cursor_, cursor_);
  append_message_header(lead_, framing_, promised_ - cursor_, first_message_);
  return true;
}

// False when the client cannot go on with that init segment. Players of a response without end take
// the first moov for the whole, so another one ends it: they come again, and begin with it.
bool Viewer::accept_prefix(const tape::Prefix &prefix) {
  if (mse_) return announce(prefix);
  std::size_t hash = std::hash<std::string_view>()(prefix.init);
  if (has_init_ && hash != init_hash_) {
    end("tracks_changed");
    return false;
  }
  init_hash_ = hash;
  return true;
}

// False when the client cannot play what comes, and is being told so.
bool Viewer::announce(const tape::Prefix &prefix) {
  MseReply reply = mse_->announce(prefix.mime);
  if (!reply.text.empty()) {
    wire::websocket::append_frame(lead_, wire::websocket::Opcode::Text, base::as_bytes(reply.text));
  }
  if (reply.close_code == 0) return true;
  begin_close(reply.close_code, reply.end_reason);
  return false;
}

// Decides what comes next at a message boundary. False when there is nothing to send now.
bool Viewer::next_message(const tape::TapeView &view) {
  lead_.clear();
  lead_sent_ = 0;
  // A start's lead is large and there is one per viewer; it is not kept.
  if (lead_.capacity() > 256) lead_.shrink_to_fit();
  if (!control_.empty()) {
    lead_.swap(control_);
    return true;
  }
  if (closing_ || changeover_) return false;
  if (mse_ && mse_->held()) return prepare_held(view);
  if (go_live_) {
    auto key = view.newest_key();
    if (key && (*key > cursor_ || prefix_serial_ == kNoPrefix)) {
      go_on_at(view, *key);
      return true;
    }
    // The newest key frame has been sent before, unless there is none at all.
    if (prefix_serial_ == kNoPrefix) return false;
    go_live_ = false;
  }
  bool fell_off = cursor_ < view.tail();
  if ((was_blocked_ || fell_off) && skip_if_late(view)) return true;
  if (fell_off) return false;  // no key frame has come since
  if (cursor_ >= view.head()) {
    was_blocked_ = false;
    return false;
  }
  if (is_fmp4_ && view.prefix_at(cursor_).serial != prefix_serial_) [[unlikely]] {
    return cross_prefix(view);
  }
  promise(view, {});
  return true;
}

// Being late is only looked at after the kernel has refused bytes once, or when the tape has moved
// on between two turns of a busy loop. True when the viewer was moved.
bool Viewer::skip_if_late(const tape::TapeView &view) {
  auto key = view.newest_key();
  if (!key || *key <= cursor_) return false;
  auto limit = audience_.shelf().config()->deliver.skip_after;
  bool fell_off = cursor_ < view.tail();
  if (!fell_off && view.dts_at(view.head()) - view.dts_at(cursor_) <= limit) return false;
  ++skips_;
  audience_.count_skip();
  go_on_at(view, *key);
  return true;
}

std::size_t Viewer::flush(const tape::TapeView &view) {
  std::size_t sent = 0;
  std::array<iovec, kPieces> pieces;
  while (!blocked_ && !ended_) {
    if (at_boundary() && (!next_message(view) || ended_)) break;
    std::size_t count = 0;
    if (lead_sent_ < lead_.size()) {
      pieces[count++] = {lead_.data() + lead_sent_, lead_.size() - lead_sent_};
    }
    if (cursor_ < promised_) {
      if (cursor_ < view.tail()) {
        end("slow");  // The rest of a message that was begun is gone: there is no way to go on.
        break;
      }
      count += view.gather(cursor_, promised_, std::span(pieces).subspan(count));
    }
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i)
      offered += pieces[i].iov_len;
    auto wrote = socket_->write(std::span(pieces).first(count));
    if (!wrote) {
      end("connection_lost");
      break;
    }
    advance(*wrote);
    sent += *wrote;
    if (*wrote < offered) block();
  }
  if (closing_ && !blocked_ && at_boundary() && control_.empty()) end(closing_reason_);
  return sent;
}

void Viewer::advance(std::size_t bytes) {
  if (bytes == 0) return;
  bytes_out_ += bytes;
  last_progress_ = audience_.shelf().loop().now();
  audience_.count_flush(bytes);
  std::size_t of_lead = std::min(bytes, lead_.size() - lead_sent_);
  lead_sent_ += of_lead;
  cursor_ += bytes - of_lead;
}

void Viewer::block() {
  blocked_ = true;
  was_blocked_ = true;
  socket_->watch_writable(true);
}

void Viewer::end_if_stuck(const tape::TapeView &view, base::MonoTime now,
                          const config::Deliver &limits) {
  if (ended_) return;
  if (mse_ && !closing_) {
    queue(mse_->check_time(now, limits.pause_max));
    if (closing_) audience_.flush_one(*this);
  }
  if (ended_ || !blocked_) return;
  bool mid_message = cursor_ < promised_;
  bool stuck = now - last_progress_ > limits.close_after;
  if (stuck || (mid_message && cursor_ < view.tail())) end("slow");
}

void Viewer::end(const char *reason) {
  if (ended_) return;
  ended_ = true;
  std::string_view why = reason;
  bool clean = !blocked_ && at_boundary() && why != "connection_lost" && why != "client_closed";
  // A close frame has been the last word already when closing.
  if (clean && started_ && !closing_) {
    lead_.clear();
    append_stream_end(lead_, framing_, first_message_);
    // A peer that does not take the last bytes at once does not get them.
    auto wrote = socket_->write(base::as_bytes(lead_));
    if (wrote) bytes_out_ += *wrote;
  }
  if (why == "slow") {
    auto kernel = socket_->kernel_state();
    static base::log::Limiter limiter;
    if (auto held = limiter.admit()) {
      base::log::warning("viewer closed: it does not read fast enough",
                         {{"session", base::to_string(id_)},
                          {"peer", socket_->peer().to_string()},
                          {"stream", audience_.name()},
                          {"unsent_bytes", kernel.unsent_bytes},
                          {"rtt_us", kernel.rtt_us},
                          {"skips", skips_},
                          {"suppressed", *held}});
    }
    socket_->reset_on_close();
  } else {
    socket_->shutdown_write();
  }
  socket_->set_events(nullptr);
  audience_.shelf().sessions().remove(id_);
  stream::log_session_end(describe(), reason);
  audience_.forget(*this, reason);
}

stream::SessionInfo Viewer::describe() const {
  stream::SessionInfo info;
  info.id = id_;
  info.kind = "viewer";
  info.protocol = protocol_name(protocol_);
  info.stream = audience_.name();
  info.peer = socket_->peer().to_string();
  info.since_wall_us = since_wall_us_;
  info.duration_ms = std::chrono::duration_cast<base::Millis>(base::mono_now() - since_).count();
  info.bytes_in = bytes_in_;
  info.bytes_out = bytes_out_;
  info.skips = skips_;
  info.lag_ms = audience_.lag_ms(cursor_);
  info.correlation_id = correlation_id_;
  info.user_agent = user_agent_;
  return info;
}

}  // namespace sluice::deliver
