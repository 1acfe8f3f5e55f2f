// SPDX-License-Identifier: Apache-2.0
// RTSP/1.0 on a byte stream (RFC 2326, sections 4 to 7 and 10.12): text messages, and binary
// packets interleaved with them. Pure; takes hostile bytes. As a client we read what cameras write,
// which is lenient on purpose and finds its way back after torn data; as a server we read requests,
// which must be well formed.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::wire::rtsp {

struct Field {
  std::string_view name;
  std::string_view value;  // without blanks around it
};

// Views into the bytes that were fed, valid during the callback.
struct Message {
  bool is_request = false;
  std::string_view protocol;  // "RTSP/1.0"; "HTTP/1.1" of tunnels is told apart by the caller
  std::string_view method;    // of a request, as is the next
  std::string_view uri;
  std::uint16_t status = 0;  // of a response, as is the next
  std::string_view reason;
  std::span<const Field> fields;
  std::string_view body;  // empty for HTTP's messages, whose bodies are the tunnel

  // The first field of that name, which is compared without case.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  // All of them, in their order.
  [[nodiscard]] std::vector<std::string_view> find_all(std::string_view name) const;
  // Nothing when it is missing or is not a number.
  [[nodiscard]] std::optional<std::uint32_t> cseq() const;
};

// What the splitter finds, called from feed() only. Each may destroy the splitter if it returns
// false, which ends feed() at once.
class SplitterEvents {
 public:
  virtual ~SplitterEvents() = default;
  [[nodiscard]] virtual bool on_message(const Message &message) = 0;
  // The payload is a view into the input, which the callee may change (decryption in place). Its
  // channel may be one that was never set up.
  [[nodiscard]] virtual bool on_packet(std::uint8_t channel, base::MutableBytes payload) = 0;
  // Bytes that were neither, after torn or overwritten data. Told once, when order is found again.
  virtual void on_skipped(std::size_t bytes) = 0;
};

// Who the peer is. What a Server sends is read leniently: lines may end with LF or be folded, and
// garbage between messages and packets is skipped. What a Client sends must have none of that.
enum class Peer : std::uint8_t { Server, Client };

struct SplitterLimits {
  std::size_t max_line_bytes = 8 * 1024;
  std::size_t max_head_bytes = 16 * 1024;
  std::size_t max_fields = 128;
  std::size_t max_body_bytes = 256 * 1024;
  std::size_t max_skipped_bytes = 128 * 1024;  // in a row
};

inline constexpr std::size_t kInterleavedHeader = 4;

// Cuts a byte stream into messages and packets. It keeps no bytes: what feed() did not consume must
// be the beginning of the next input, and payloads are never copied. Nothing is allocated for
// packets.
class Splitter {
 public:
  explicit Splitter(Peer peer, SplitterLimits limits = {}) : peer_(peer), limits_(limits) {}

  // Channels that packets are expected on; what is believed when order is looked for again.
  void expect_channel(std::uint8_t channel) { channels_.set(channel); }
  void forget_channels() { channels_.reset(); }

  // How many bytes of the input were consumed. The input may be changed (line ends of folded lines
  // become blanks). TooLarge: a limit was passed. Malformed: the grammar is broken beyond leniency.
  // After an error the connection is lost; a server may answer 400 before it closes. A Server that
  // begins with anything but RTSP or HTTP is Malformed at once.
  [[nodiscard]] base::Result<std::size_t> feed(base::MutableBytes input, SplitterEvents &events);

  // How many bytes the unconsumed input must have for the unit under way to be complete, when that
  // is known already, else 0. It is at most kInterleavedHeader + 65535, or the limits of head and
  // body together: the size that the caller's buffer may have to grow to.
  [[nodiscard]] std::size_t wanted() const { return wanted_; }

 private:
  enum class Step : std::uint8_t { Consumed, More, Stop };
  struct Unit {
    Step step = Step::More;
    std::size_t bytes = 0;  // that are consumed
  };
  enum class Guess : std::uint8_t { No, Yes, TooShort };

  base::Result<Unit> take_unit(base::MutableBytes rest, SplitterEvents &events);
  base::Result<Unit> take_packet(base::MutableBytes rest, SplitterEvents &events);
  base::Result<Unit> take_message(base::MutableBytes rest, SplitterEvents &events);
  base::Result<Unit> take_garbage(base::MutableBytes rest, std::size_t at_least);
  [[nodiscard]] Guess guess(base::Bytes rest) const;
  [[nodiscard]] Guess guess_packet(base::Bytes rest) const;
  base::Status find_head_end(std::string_view rest);
  base::Status parse_head(base::MutableBytes head, Message &message);
  [[nodiscard]] base::Status parse_start_line(std::string_view line, Message &message) const;
  base::Status parse_field(std::string_view line);
  [[nodiscard]] base::Result<std::size_t> body_size(const Message &message) const;
  void found_order(SplitterEvents &events);

  Peer peer_;
  SplitterLimits limits_;
  std::bitset<256> channels_;
  std::vector<Field> fields_;  // of the message that is being told; kept for its memory
  bool in_order_ = true;       // the last unit ended where the rest begins
  bool found_any_ = false;     // a message or packet, ever
  std::size_t skipped_ = 0;    // since order was lost
  // The unit under way, which begins where the unconsumed rest does.
  std::size_t wanted_ = 0;
  std::size_t scanned_ = 0;     // where the first line begins whose end has not been seen
  std::size_t head_bytes_ = 0;  // of a message, when the head is complete
};

// Field values and the URI are written without their control characters, so that nothing that came
// from a peer can start a line of its own. `CSeq` is written in that letter case, which some
// cameras insist on. Content-Length is added when there is a body.
[[nodiscard]] std::string make_request(std::string_view method, std::string_view uri,
                                       std::uint32_t cseq, std::span<const Field> fields,
                                       std::string_view body = {});
// `cseq` is the request's own text; empty leaves the field out.
[[nodiscard]] std::string make_response(std::uint16_t status, std::string_view cseq,
                                        std::span<const Field> fields, std::string_view body = {});

// RFC 2326, section 7.1.1; "Unknown" for others.
[[nodiscard]] std::string_view reason_phrase(std::uint16_t status);

// Section 10.12.
[[nodiscard]] std::array<std::byte, kInterleavedHeader> interleaved_header(std::uint8_t channel,
                                                                           std::uint16_t size);

}  // namespace sluice::wire::rtsp
