// SPDX-License-Identifier: Apache-2.0
// size: how many arguments a callback has is nghttp2's to say
#include "http/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <array>

#include "base/check.h"

namespace sluice::http {
namespace {

// Answers to PING and SETTINGS that may wait at once. While bytes wait for the kernel nothing is
// read, so this is of one read.
constexpr std::size_t kMaxAcks = 128;
// Entries of one SETTINGS frame.
constexpr std::size_t kMaxSettings = 16;
constexpr std::size_t kHeaderTable = 4096;  // of either direction
// DATA below this is not worth its frame, unless it is the last.
constexpr std::size_t kTinyData = 128;

constexpr std::size_t kFrameHead = 9;
// Bytes of frames that nghttp2 passes over without a word (of unknown kinds, of streams that are
// over) cost one for so many.
constexpr std::int64_t kPassedOver = 1024;

constexpr const char *kTooMuch = "the client makes more work than its requests are worth";
constexpr const char *kHugeHead = "the head of a request is far too large";

using OptionPtr = std::unique_ptr<nghttp2_option, decltype(&nghttp2_option_del)>;
using CallbacksPtr =
    std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)>;

nghttp2_nv name_value(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {  // only read
    return reinterpret_cast<std::uint8_t *>(const_cast<char *>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::string_view text_of(const std::uint8_t *bytes, std::size_t size) {
  return {reinterpret_cast<const char *>(bytes), size};
}

bool ends_stream(const nghttp2_frame &frame) {
  bool may = frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS;
  return may && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

bool is_request_head(const nghttp2_frame &frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

// What a frame costs before it is known what it does.
std::int64_t cost_of(const nghttp2_frame_hd &head) {
  if (head.type == NGHTTP2_HEADERS) return 0;
  if (head.type == NGHTTP2_RST_STREAM) return 1 + H2Budget::kReset;
  bool last = (head.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (head.type == NGHTTP2_DATA) return head.length < kTinyData && !last ? 1 : 0;
  return 1;
}

// Whether a reset that was sent is for what the client did wrong. Those with other codes are the
// node's own (H2Session::reset), or say that a stream was one too many.
bool blames_client(const nghttp2_frame &frame) {
  if (frame.hd.type != NGHTTP2_RST_STREAM) return false;
  switch (frame.rst_stream.error_code) {
    case NGHTTP2_NO_ERROR:
    case NGHTTP2_REFUSED_STREAM:
    case NGHTTP2_CANCEL:
    case NGHTTP2_HTTP_1_1_REQUIRED:
      return false;
    default:
      return true;
  }
}

H2StreamEvents *stream_of(nghttp2_session *session, std::int32_t id) {
  return static_cast<H2StreamEvents *>(nghttp2_session_get_stream_user_data(session, id));
}

nghttp2_option *options() {
  static const OptionPtr made = [] {
    nghttp2_option *option = nullptr;
    SLUICE_CHECK(nghttp2_option_new(&option) == 0);
    nghttp2_option_set_max_outbound_ack(option, kMaxAcks);
    nghttp2_option_set_max_settings(option, kMaxSettings);
    nghttp2_option_set_max_deflate_dynamic_table_size(option, kHeaderTable);
    nghttp2_option_set_max_reserved_remote_streams(option, 0);
    nghttp2_option_set_no_closed_streams(option, 1);
    return OptionPtr(option, nghttp2_option_del);
  }();
  return made.get();
}

}  // namespace

struct H2Session::Callbacks {
  static H2Session &of(void *self) { return *static_cast<H2Session *>(self); }

  static int go_on_unless_doomed(const H2Session &self) {
    return self.doom_ == nullptr ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int on_begin_frame(nghttp2_session *, const nghttp2_frame_hd *head, void *self) noexcept {
    of(self).unexplained_ -= static_cast<std::int64_t>(kFrameHead + head->length);
    of(self).spend(cost_of(*head));
    return go_on_unless_doomed(of(self));
  }

  static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame,
                              void *self) noexcept {
    std::int32_t id = frame->hd.stream_id;
    if (is_request_head(*frame)) {
      nghttp2_session_set_stream_user_data(session, id, &of(self).events_.on_stream(id));
    } else if (H2StreamEvents *stream = stream_of(session, id)) {
      stream->on_trailers();
    }
    return 0;
  }

  static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                       nghttp2_rcbuf *value, std::uint8_t, void *self) noexcept {
    H2StreamEvents *stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
    nghttp2_vec v = nghttp2_rcbuf_get_buf(value);
    if (!stream->on_field(text_of(n.base, n.len), text_of(v.base, v.len))) {
      of(self).doom_ = kHugeHead;
    }
    return go_on_unless_doomed(of(self));
  }

  // A field that may not be there spoils the request, as it does in HTTP/1: nghttp2 resets it with
  // PROTOCOL_ERROR.
  static int on_invalid_header(nghttp2_session *, const nghttp2_frame *, nghttp2_rcbuf *,
                               nghttp2_rcbuf *, std::uint8_t, void *) noexcept {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *) noexcept {
    H2StreamEvents *stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (is_request_head(*frame)) stream->on_head_end();
    if (ends_stream(*frame)) stream->on_request_end();
    return 0;
  }

  static int on_data(nghttp2_session *session, std::uint8_t, std::int32_t id,
                     const std::uint8_t *bytes, std::size_t size, void *) noexcept {
    if (H2StreamEvents *stream = stream_of(session, id)) stream->on_body(text_of(bytes, size));
    return 0;
  }

  static int on_close(nghttp2_session *session, std::int32_t id, std::uint32_t, void *) noexcept {
    if (H2StreamEvents *stream = stream_of(session, id)) stream->on_close();
    return 0;
  }

  static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *self) noexcept {
    std::int32_t id = frame->hd.stream_id;
    if (blames_client(*frame)) of(self).spend(H2Budget::kReset);
    // The answer is complete and the request is not: the rest of it is not wanted (RFC 9113
    // section 8.1).
    if (ends_stream(*frame) && nghttp2_session_get_stream_remote_close(session, id) == 0) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
    }
    bool ends_all = frame->hd.type == NGHTTP2_GOAWAY;
    if (ends_all && frame->goaway.error_code != NGHTTP2_NO_ERROR && of(self).failure_ == nullptr) {
      of(self).failure_ = nghttp2_http2_strerror(frame->goaway.error_code);
    }
    return 0;
  }

  static ssize_t read_body(nghttp2_session *session, std::int32_t id, std::uint8_t *into,
                           std::size_t size, std::uint32_t *flags, nghttp2_data_source *,
                           void *self) noexcept {
    H2StreamEvents *stream = stream_of(session, id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    std::size_t read = stream->read_body({reinterpret_cast<std::byte *>(into), size});
    of(self).budget_.earn(read);
    if (stream->body_left() == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(read);
  }

  static nghttp2_session_callbacks *table() {
    static const CallbacksPtr made = [] {
      nghttp2_session_callbacks *t = nullptr;
      SLUICE_CHECK(nghttp2_session_callbacks_new(&t) == 0);
      nghttp2_session_callbacks_set_on_begin_frame_callback(t, on_begin_frame);
      nghttp2_session_callbacks_set_on_begin_headers_callback(t, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback2(t, on_header);
      nghttp2_session_callbacks_set_on_invalid_header_callback2(t, on_invalid_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(t, on_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(t, on_data);
      nghttp2_session_callbacks_set_on_stream_close_callback(t, on_close);
      nghttp2_session_callbacks_set_on_frame_send_callback(t, on_sent);
      return CallbacksPtr(t, nghttp2_session_callbacks_del);
    }();
    return made.get();
  }
};

H2Session::H2Session(H2SessionEvents &events, const RequestLimits &limits)
    : events_(events), budget_(base::mono_now()) {
  SLUICE_CHECK(nghttp2_session_server_new2(&session_, Callbacks::table(), this, options()) == 0);
  // Without the old priorities there is no tree of streams for a client to grow.
  std::array settings = {
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxStreams},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
                             static_cast<std::uint32_t>(limits.max_header_bytes)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
  SLUICE_CHECK(
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
}

H2Session::~H2Session() { nghttp2_session_del(session_); }

void H2Session::feed(base::Bytes bytes) {
  if (failure_ != nullptr) return;
  ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size());
  unexplained_ += static_cast<std::int64_t>(bytes.size());
  if (unexplained_ >= kPassedOver) {
    spend(unexplained_ / kPassedOver);
    unexplained_ %= kPassedOver;
  }
  if (fail_if_doomed()) return;
  if (taken == NGHTTP2_ERR_FLOODED) return fail(H2Error::EnhanceYourCalm, kTooMuch);
  if (taken < 0) fail(H2Error::Protocol, nghttp2_strerror(static_cast<int>(taken)));
}

void H2Session::produce(std::string &out, std::size_t enough) {
  // What was sent may have used up the budget: the GOAWAY for it goes out too.
  do {
    while (out.size() < enough && !broken_) {
      const std::uint8_t *bytes = nullptr;
      ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size < 0) lose(nghttp2_strerror(static_cast<int>(size)));
      if (size <= 0) break;
      out.append(text_of(bytes, static_cast<std::size_t>(size)));
    }
  } while (fail_if_doomed());
}

void H2Session::respond(H2StreamId id, const Head &head) {
  std::string status = std::to_string(head.status);
  std::vector<nghttp2_nv> fields{name_value(":status", status)};
  for (const Field &field : head.fields)
    fields.push_back(name_value(field.name, field.value));
  nghttp2_data_provider body{.source = {}, .read_callback = Callbacks::read_body};
  nghttp2_submit_response(session_, id, fields.data(), fields.size(),
                          head.with_body ? &body : nullptr);
  nghttp2_extpri priority{.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};
  if (head.urgent) priority.urgency -= 1;
  nghttp2_session_change_extpri_stream_priority(session_, id, &priority, 1);
}

void H2Session::say_continue(H2StreamId id) {
  nghttp2_nv status = name_value(":status", "100");
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, &status, 1, nullptr);
}

void H2Session::reset(H2StreamId id, H2Error error) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(error));
}

void H2Session::go_away() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void H2Session::terminate(H2Error error) {
  nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(error));
}

bool H2Session::done() const {
  if (broken_) return true;
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

void H2Session::fail(H2Error error, const char *why) {
  failure_ = why;
  terminate(error);
}

bool H2Session::fail_if_doomed() {
  if (doom_ == nullptr || failure_ != nullptr) return false;
  fail(H2Error::EnhanceYourCalm, doom_);
  return true;
}

void H2Session::lose(const char *why) {
  broken_ = true;
  if (failure_ == nullptr) failure_ = why;
}

void H2Session::spend(std::int64_t cost) {
  if (!budget_.spend(cost, base::mono_now())) doom_ = kTooMuch;
}

}  // namespace sluice::http
