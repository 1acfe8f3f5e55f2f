// SPDX-License-Identifier: Apache-2.0
// H2Session: the server's side of one HTTP/2 connection (RFC 9113) as bytes in and bytes out,
// without I/O. nghttp2 speaks the protocol; what a client may make it do is bounded here. All calls
// and events on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "http/h2_budget.h"
#include "http/head_reader.h"
#include "http/request.h"

struct nghttp2_session;

namespace sluice::http {

using H2StreamId = std::int32_t;

// Error codes of RFC 9113 section 7 that are said here.
enum class H2Error : std::uint32_t {
  None = 0x0,
  Protocol = 0x1,
  RefusedStream = 0x7,
  Cancel = 0x8,
  EnhanceYourCalm = 0xb,
  Http11Required = 0xd,
};

// One stream, told by the session from inside feed() and produce(). Must not destroy the session.
class H2StreamEvents {
 public:
  // A field of the request's head, or after on_trailers() one that is only to be counted. False
  // ends the connection.
  virtual bool on_field(std::string_view name, std::string_view value) = 0;
  virtual void on_head_end() = 0;
  virtual void on_trailers() = 0;
  virtual void on_body(std::string_view bytes) = 0;
  virtual void on_request_end() = 0;
  // The stream is over, whoever ended it; nothing more is told.
  virtual void on_close() = 0;

  // Fills in the next bytes of the answer's body, as many as there is room for.
  virtual std::size_t read_body(base::MutableBytes into) = 0;
  [[nodiscard]] virtual std::uint64_t body_left() const = 0;

 protected:
  ~H2StreamEvents() = default;
};

class H2SessionEvents {
 public:
  // A request begins. The stream must live until its on_close().
  virtual H2StreamEvents &on_stream(H2StreamId id) = 0;

 protected:
  ~H2SessionEvents() = default;
};

class H2Session {
 public:
  // Streams that a client may have open at once.
  static constexpr std::uint32_t kMaxStreams = 100;

  H2Session(H2SessionEvents &events, const RequestLimits &limits);
  ~H2Session();  // tells nobody anything
  H2Session(const H2Session &) = delete;
  H2Session &operator=(const H2Session &) = delete;

  // Takes what has arrived. After a failure the rest is of no interest.
  void feed(base::Bytes bytes);
  // Appends what is to be sent, until there is nothing or out has at least `enough` bytes; it may
  // be longer by a frame.
  void produce(std::string &out, std::size_t enough);

  // The head of a stream's answer. with_body: read_body() gives the rest. urgent: goes before the
  // bodies of others that are not; those share the connection evenly.
  struct Head {
    int status = 200;
    std::span<const Field> fields;
    bool with_body = false;
    bool urgent = false;
  };
  void respond(H2StreamId id, const Head &head);
  void say_continue(H2StreamId id);
  void reset(H2StreamId id, H2Error error);
  // No more requests; those under way are finished.
  void go_away();
  // No more of anything.
  void terminate(H2Error error);

  // Nothing more will come and nothing more will go.
  [[nodiscard]] bool done() const;
  // Why the connection ends, when it does for what the client did: a literal.
  [[nodiscard]] const char *failure() const { return failure_; }

 private:
  struct Callbacks;
  void fail(H2Error error, const char *why);
  bool fail_if_doomed();
  void lose(const char *why);
  void spend(std::int64_t cost);

  H2SessionEvents &events_;
  nghttp2_session *session_ = nullptr;  // owned
  H2Budget budget_;
  std::int64_t unexplained_ = 0;  // bytes that came, less those of frames that were told of
  const char *failure_ = nullptr;
  const char *doom_ = nullptr;  // becomes the failure when the call under way has returned
  bool broken_ = false;         // nghttp2 makes no more frames
};

}  // namespace sluice::http
