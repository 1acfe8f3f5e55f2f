// SPDX-License-Identifier: Apache-2.0
// WebSocket frames (RFC 6455), without I/O and without extensions. Frames to a viewer are a header
// of at most 10 bytes in front of bytes that lie elsewhere, so the writer only makes headers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::wire::websocket {

// Section 5.2.
enum class Opcode : std::uint8_t {
  Continuation = 0,
  Text = 1,
  Binary = 2,
  Close = 8,
  Ping = 9,
  Pong = 10
};

// Section 7.4.1. NoStatus is never sent; it stands for a close frame without a code.
inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kNoStatus = 1005;
inline constexpr std::uint16_t kInvalidData = 1007;
inline constexpr std::uint16_t kPolicy = 1008;
inline constexpr std::uint16_t kTooBig = 1009;

// What the reader finds, called from feed() only. Views are valid during the call.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void on_message(Opcode opcode, base::Bytes payload) = 0;  // Text (valid UTF-8) or Binary
  virtual void on_ping(base::Bytes payload) = 0;  // to be answered by a pong with the same bytes
  virtual void on_pong(base::Bytes payload) = 0;
  virtual void on_close(std::uint16_t code, std::string_view reason) = 0;  // the last call
};

struct FrameLimits {
  std::uint64_t max_message_bytes = 64 * 1024;  // after joining fragments
  std::uint32_t max_fragments = 64;             // frames per message
};

// Reads what the other side sends (sections 5 and 8.1). Server: frames must be masked; Client: they
// must not be.
class FrameReader {
 public:
  enum class Role : std::uint8_t { Server, Client };
  explicit FrameReader(Role role = Role::Server, FrameLimits limits = {})
      : role_(role), limits_(limits) {}

  // Takes all of `input`; bytes after a close frame are dropped. After an error close_code() is
  // what to send in a close frame, and nothing more may be fed.
  [[nodiscard]] base::Status feed(base::Bytes input, FrameSink &sink);
  [[nodiscard]] std::uint16_t close_code() const { return close_code_; }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  struct Header {
    bool final = false;
    Opcode opcode = Opcode::Continuation;
    std::uint64_t length = 0;
    std::array<std::byte, 4> mask{};
  };

  base::Status fail(std::uint16_t close_code, base::Code code, const char *what);
  base::Status check_first_bytes();
  [[nodiscard]] std::size_t header_size() const;
  base::Status finish_header();
  std::size_t copy_payload(base::Bytes input);
  base::Status finish_frame(FrameSink &sink);
  base::Status finish_control(FrameSink &sink);
  base::Status finish_close(FrameSink &sink);

  Role role_;
  FrameLimits limits_;
  bool closed_ = false;
  std::uint16_t close_code_ = kNormal;
  // The frame under way. Its header is complete when in_payload_ is set.
  std::array<std::byte, 14> head_{};
  std::size_t head_size_ = 0;
  bool in_payload_ = false;
  Header header_;
  std::uint64_t taken_ = 0;  // payload bytes of the frame
  // The message under way.
  bool in_message_ = false;
  Opcode message_opcode_ = Opcode::Binary;
  std::uint32_t fragments_ = 0;
  std::string message_;
  std::string control_;
};

// Writes the header of an unmasked final frame (section 5.2) and returns its size: 2, 4 or 10.
inline constexpr std::size_t kMaxServerHeader = 10;
std::size_t write_header(char *out, Opcode opcode, std::uint64_t length);

// A whole unmasked frame, for control frames and other small ones.
void append_frame(std::string &out, Opcode opcode, base::Bytes payload);
// A whole masked frame, as clients send. `final` false makes a fragment.
void append_masked_frame(std::string &out, Opcode opcode, base::Bytes payload, std::uint32_t mask,
                         bool final = true);

// The payload of a close frame; a reason is cut to 123 bytes, between characters.
std::string close_body(std::uint16_t code, std::string_view reason = {});

// The value of Sec-WebSocket-Accept for a Sec-WebSocket-Key (section 4.2.2).
std::string accept_key(std::string_view key);

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(base::Bytes text);

}  // namespace sluice::wire::websocket
