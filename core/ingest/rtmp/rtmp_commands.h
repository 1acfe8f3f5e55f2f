// SPDX-License-Identifier: Apache-2.0
// CommandWriter: the answers that a server gives to a publisher, as chunks ready to send.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/rtmp_chunk.h"
#include "wire/rtmp_message.h"

namespace sluice::ingest::rtmp {

class CommandWriter {
 public:
  // What is told before the answer to connect: OBS and old encoders want the larger chunk size
  // first.
  void begin_session(std::string &out, std::uint32_t chunk_size, std::uint32_t window_bytes);

  void acknowledge(std::string &out, std::uint32_t received_bytes);
  void pong(std::string &out, std::uint32_t time);

  void connect_result(std::string &out, double transaction, double object_encoding);
  void connect_error(std::string &out, double transaction, std::string_view why);
  void create_stream_result(std::string &out, double transaction, std::uint32_t stream_id);
  // An empty success, which is what most commands of a publisher want.
  void result(std::string &out, double transaction);
  void on_fc_publish(std::string &out, std::string_view stream_key);
  void stream_begin(std::string &out, std::uint32_t stream_id);
  // level is "status" or "error"; code is NetStream.Publish.Start and the like.
  struct StatusText {
    std::string_view level;
    std::string_view code;
    std::string_view description;
  };
  void on_status(std::string &out, std::uint32_t stream_id, const StatusText &status);

 private:
  void command(std::string &out, std::uint32_t stream_id, std::string_view body);

  wire::rtmp::ChunkWriter chunks_;
};

}  // namespace sluice::ingest::rtmp
