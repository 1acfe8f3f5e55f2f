// SPDX-License-Identifier: Apache-2.0
// RtmpPublisher: the smallest RTMP publisher that a server accepts. Blocking, one thread. Written
// apart from core/wire on purpose: a benchmark that shares the parser's mistakes would not see
// them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "support/endpoint.h"

namespace sluice::bench {

enum class RtmpType : std::uint8_t {
  SetChunkSize = 1,
  Audio = 8,
  Video = 9,
  Data = 18,
  Command = 20
};

class RtmpPublisher {
 public:
  RtmpPublisher() = default;
  ~RtmpPublisher();
  RtmpPublisher(const RtmpPublisher &) = delete;
  RtmpPublisher &operator=(const RtmpPublisher &) = delete;

  // Handshake, connect, createStream, publish. False: failure() says at which step.
  bool open(const Endpoint &endpoint, std::uint32_t chunk_size);
  // Sends one message with one system call where the socket takes it. False: the server is gone.
  bool send(RtmpType type, std::uint32_t timestamp_ms, base::Bytes body);
  // Throws away what the server has sent meanwhile; keeps its acknowledgements from filling the
  // socket.
  void drain();
  void close();  // says deleteStream first

  [[nodiscard]] const char *failure() const { return failure_; }

 private:
  struct Partial {
    std::uint32_t length = 0;
    std::uint8_t type = 0;
    std::string body;
  };

  bool fail(const char *step);
  bool write_all(std::string_view bytes);
  bool read_exactly(std::byte *out, std::size_t size);
  bool handshake();
  bool send_command(std::string_view name, double transaction, std::string_view arguments);
  bool read_message(std::uint8_t &type, std::string &body);
  bool read_chunk_header(std::uint8_t format, Partial &partial);
  bool await(std::string_view command, std::string_view needle, std::string *body);

  int fd_ = -1;
  const char *failure_ = "";
  std::uint32_t chunk_out_ = 128, chunk_in_ = 128, stream_id_ = 0;
  std::map<std::uint32_t, Partial> partial_;
  std::string out_;
};

}  // namespace sluice::bench
