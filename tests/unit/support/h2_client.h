// SPDX-License-Identifier: Apache-2.0
// H2Client: nghttp2's client on the other end of a connection of a TestLoop, and whatever bytes a
// test wants sent beside it.
// size: how many arguments a callback has is nghttp2's to say
#pragma once

#include <doctest/doctest.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/socket_pair.h"

namespace sluice::test {

struct H2Answer {
  int status = 0;
  bool said_continue = false;
  std::map<std::string, std::string> fields;
  std::string body;
  bool closed = false;
  std::uint32_t error = 0;  // once closed
};

using H2Fields = std::vector<std::pair<std::string, std::string>>;

class H2Client {
 public:
  struct Options {
    bool keeps_windows_shut = false;  // nothing beyond the first windows is asked for
    std::int32_t window = 65'535;     // of each stream, and of the connection if that is larger
  };

  H2Client(TestLoop &loop, Peer peer, Options options)
      : loop_(loop), peer_(std::move(peer)), options_(options) {
    nghttp2_session_callbacks *table = nullptr;
    nghttp2_session_callbacks_new(&table);
    nghttp2_session_callbacks_set_on_header_callback(table, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(table, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(table, on_frame);
    nghttp2_option *option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, options.keeps_windows_shut ? 1 : 0);
    nghttp2_option_set_no_http_messaging(option, 1);  // also what no proper client says
    nghttp2_session_client_new2(&session_, table, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(table);
    nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                 static_cast<std::uint32_t>(options.window)};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                          std::max(65'535, options.window));
  }
  ~H2Client() { nghttp2_session_del(session_); }
  H2Client(const H2Client &) = delete;
  H2Client &operator=(const H2Client &) = delete;

  // Sends a request. body: none, or one that ends with the request unless `open`.
  std::int32_t ask(const H2Fields &fields, std::optional<std::string> body = {},
                   bool open = false) {
    std::vector<nghttp2_nv> nv;
    for (const auto &[name, value] : fields)
      nv.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    nghttp2_data_provider provider{.source = {}, .read_callback = read_body};
    std::int32_t id = nghttp2_submit_request(session_, nullptr, nv.data(), nv.size(),
                                             body ? &provider : nullptr, nullptr);
    if (body) bodies_[id] = {std::move(*body), open};
    step();
    return id;
  }
  std::int32_t ask(const std::string &path, const H2Fields &more = {}, const char *method = "GET",
                   std::optional<std::string> body = {}) {
    return ask(head(path, more, method), std::move(body));
  }
  static H2Fields head(const std::string &path, const H2Fields &more = {},
                       const char *method = "GET") {
    H2Fields fields = {
        {":method", method}, {":scheme", "https"}, {":authority", "h"}, {":path", path}};
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
  }

  // The stream's answer once the stream is over.
  const H2Answer &wait(std::int32_t id) {
    REQUIRE(loop_.run_until([&] {
      step();
      return answers_[id].closed || over();
    }));
    return answers_[id];
  }
  const H2Answer &get(const std::string &path, const H2Fields &more = {},
                      const char *method = "GET") {
    return wait(ask(path, more, method));
  }
  const H2Answer &so_far(std::int32_t id) { return answers_[id]; }

  void reset(std::int32_t id, std::uint32_t error = NGHTTP2_CANCEL) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, error);
    step();
  }
  // Bytes as they are, after the preface.
  void send_raw(std::string_view frames) {
    step();
    raw_.append(frames);
    step();
  }
  // A frame (RFC 9113 section 4.1).
  static std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                           std::string_view payload) {
    std::string out;
    for (int shift : {16, 8, 0})
      out.push_back(static_cast<char>(payload.size() >> shift));
    out.push_back(static_cast<char>(type));
    out.push_back(static_cast<char>(flags));
    for (int shift : {24, 16, 8, 0})
      out.push_back(static_cast<char>(stream >> shift));
    return out.append(payload);
  }

  // Moves bytes both ways, as far as they go.
  void step() {
    const std::uint8_t *out = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session_, &out)) > 0)
      unsent_.append(reinterpret_cast<const char *>(out), static_cast<std::size_t>(size));
    unsent_.append(std::exchange(raw_, {}));
    unsent_.erase(0, peer_.write(unsent_));
    if (deaf_) return;
    std::string in = peer_.read();
    received_ += in.size();
    nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t *>(in.data()),
                             in.size());
  }
  void stop_reading() { deaf_ = true; }
  void read_again() { deaf_ = false; }

  // The connection's end, by GOAWAY or by the socket.
  [[nodiscard]] std::optional<std::uint32_t> goaway() const { return goaway_; }
  [[nodiscard]] bool over() const { return peer_.ended() || peer_.reset(); }
  [[nodiscard]] bool wait_over() {
    return loop_.run_until([&] {
      step();
      return over();
    });
  }
  [[nodiscard]] std::size_t received() const { return received_; }  // bytes of all frames
  Peer &peer() { return peer_; }

 private:
  static H2Client &of(void *self) { return *static_cast<H2Client *>(self); }
  static std::uint8_t *bytes(const std::string &text) {
    return reinterpret_cast<std::uint8_t *>(const_cast<char *>(text.data()));
  }

  static int on_header(nghttp2_session *, const nghttp2_frame *frame, const std::uint8_t *name,
                       std::size_t name_size, const std::uint8_t *value, std::size_t value_size,
                       std::uint8_t, void *self) {
    H2Answer &answer = of(self).answers_[frame->hd.stream_id];
    std::string key(reinterpret_cast<const char *>(name), name_size);
    std::string text(reinterpret_cast<const char *>(value), value_size);
    if (key == ":status" && text == "100") {
      answer.said_continue = true;
    } else if (key == ":status") {
      answer.status = std::stoi(text);
    } else {
      answer.fields[key] = text;
    }
    return 0;
  }
  static int on_data(nghttp2_session *, std::uint8_t, std::int32_t id, const std::uint8_t *data,
                     std::size_t size, void *self) {
    of(self).answers_[id].body.append(reinterpret_cast<const char *>(data), size);
    return 0;
  }
  static int on_close(nghttp2_session *, std::int32_t id, std::uint32_t error, void *self) {
    of(self).answers_[id].closed = true;
    of(self).answers_[id].error = error;
    return 0;
  }
  static int on_frame(nghttp2_session *, const nghttp2_frame *frame, void *self) {
    if (frame->hd.type == NGHTTP2_GOAWAY) of(self).goaway_ = frame->goaway.error_code;
    return 0;
  }
  static ssize_t read_body(nghttp2_session *, std::int32_t id, std::uint8_t *into, std::size_t size,
                           std::uint32_t *flags, nghttp2_data_source *, void *self) {
    auto &[text, open] = of(self).bodies_[id];
    std::size_t taken = std::min(size, text.size());
    if (taken == 0 && open) return NGHTTP2_ERR_DEFERRED;
    std::copy_n(text.begin(), taken, into);
    text.erase(0, taken);
    if (text.empty() && !open) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(taken);
  }

  TestLoop &loop_;
  Peer peer_;
  Options options_;
  nghttp2_session *session_ = nullptr;
  std::map<std::int32_t, H2Answer> answers_;
  std::map<std::int32_t, std::pair<std::string, bool>> bodies_;
  std::string raw_;
  std::string unsent_;
  std::size_t received_ = 0;
  std::optional<std::uint32_t> goaway_;
  bool deaf_ = false;
};

}  // namespace sluice::test
