// SPDX-License-Identifier: Apache-2.0
// RTMP messages above the chunk stream: types, protocol control messages, commands, aggregates
// (Adobe, "RTMP Specification 1.0", 2012, sections 5.4, 6.2 and 7). Pure functions over one
// message's payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/amf_value.h"

namespace sluice::wire::rtmp {

// Section 5.4 and 7.1. Other numbers occur on the wire too: a MessageType may hold any byte.
enum class MessageType : std::uint8_t {
  SetChunkSize = 1,
  Abort = 2,
  Acknowledgement = 3,
  UserControl = 4,
  WindowAckSize = 5,
  SetPeerBandwidth = 6,
  Audio = 8,
  Video = 9,
  DataAmf3 = 15,
  SharedObjectAmf3 = 16,
  CommandAmf3 = 17,
  DataAmf0 = 18,
  SharedObjectAmf0 = 19,
  CommandAmf0 = 20,
  Aggregate = 22,
};

struct MessageHeader {
  std::uint32_t chunk_stream_id = 0;
  std::uint32_t timestamp = 0;  // absolute milliseconds, modulo 2^32
  std::uint32_t length = 0;     // of the payload
  std::uint32_t stream_id = 0;
  MessageType type = MessageType::CommandAmf0;
  // Set by ChunkReader: a small number that belongs to the chunk stream for the reader's whole
  // life, below ChunkLimits::max_chunk_streams. A sink may keep its unfinished messages in a vector
  // by it.
  std::uint16_t slot = 0;
};

// Chunk streams that this node writes on, as other servers do.
inline constexpr std::uint32_t kControlChunkStream = 2;
inline constexpr std::uint32_t kCommandChunkStream = 3;

// Protocol control and user control: sections 5.4, 6.2 and 7.1.7.

// The one number of Set Chunk Size, Abort, Acknowledgement and Window Acknowledgement Size. Fewer
// than 4 bytes are an error; more are ignored, as other servers do.
[[nodiscard]] base::Result<std::uint32_t> parse_control(base::Bytes body);
[[nodiscard]] std::string control_body(std::uint32_t value);

struct PeerBandwidth {
  std::uint32_t window_bytes = 0;
  std::uint8_t limit_type = 2;  // 0 hard, 1 soft, 2 dynamic
};
[[nodiscard]] base::Result<PeerBandwidth> parse_peer_bandwidth(base::Bytes body);
[[nodiscard]] std::string peer_bandwidth_body(PeerBandwidth bandwidth);

enum class UserEvent : std::uint16_t {
  StreamBegin = 0,
  StreamEof = 1,
  StreamDry = 2,
  SetBufferLength = 3,
  StreamIsRecorded = 4,
  PingRequest = 6,
  PingResponse = 7,
};
struct UserControl {
  UserEvent event = UserEvent::StreamBegin;
  std::uint32_t value = 0;  // stream id, or the time of a ping
  std::uint32_t extra = 0;  // buffer length in ms, for SetBufferLength
};
// Missing numbers are zero: some encoders cut events that they think nobody reads. Fewer than 2
// bytes are an error.
[[nodiscard]] base::Result<UserControl> parse_user_control(base::Bytes body);
[[nodiscard]] std::string user_control_body(UserControl control);

// Commands and data: sections 7.1.1 and 7.1.2.

struct Command {
  std::string name;
  double transaction = 0;  // 0 when missing or not a number
  amf::Value object;       // Undefined when missing
  std::vector<amf::Value> arguments;

  // The argument, or an Undefined value when there are fewer.
  [[nodiscard]] const amf::Value &argument(std::size_t index) const;
};

// `type` is CommandAmf0 or CommandAmf3. Only a missing or wrong-typed name is an error: real
// publishers leave the rest out. Bytes after the last readable value are an error.
[[nodiscard]] base::Result<Command> parse_command(MessageType type, base::Bytes body,
                                                  amf::Limits limits = {});
[[nodiscard]] std::string command_body(std::string_view name, double transaction,
                                       const amf::Value &object,
                                       const std::vector<amf::Value> &arguments = {});

// The values of a data message (DataAmf0 or DataAmf3), "@setDataFrame" and all.
[[nodiscard]] base::Result<std::vector<amf::Value>> parse_data(MessageType type, base::Bytes body,
                                                               amf::Limits limits = {});

// Builds an AMF object from names and values, for command_body.
[[nodiscard]] amf::Value make_object(std::vector<amf::Member> members);

// Aggregates, section 7.1.6. Calls `on_sub` for each message inside. `body` is a view into the
// aggregate's payload; times are moved so that the first one's is the aggregate's own. Stops at the
// first error, of the grammar or from `on_sub`. The size that follows each message is not checked:
// encoders disagree about it, and the last may be missing.
using OnSubMessage = std::function<base::Status(const MessageHeader &, base::Bytes body)>;
[[nodiscard]] base::Status split_aggregate(const MessageHeader &aggregate, base::Bytes body,
                                           const OnSubMessage &on_sub);

}  // namespace sluice::wire::rtmp
