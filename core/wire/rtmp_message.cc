// SPDX-License-Identifier: Apache-2.0
#include "wire/rtmp_message.h"

#include <utility>

#include "wire/amf0.h"

namespace sluice::wire::rtmp {
namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteWriter;
using base::Code;
using base::Domain;
using base::Result;
using base::Status;

constexpr std::size_t kSubHeader =
    11;  // type, length, time and stream of a message in an aggregate
constexpr std::size_t kBackPointer = 4;  // the size that follows it

// Messages of the AMF3 types are a format byte, which is always 0, and AMF0 that may switch to AMF3
// for a value. Some clients leave the byte out.
Bytes amf_part(MessageType type, Bytes body) {
  bool is_amf3 = type == MessageType::CommandAmf3 || type == MessageType::DataAmf3;
  return is_amf3 && !body.empty() && body.front() == std::byte{0} ? body.subspan(1) : body;
}

}  // namespace

Result<std::uint32_t> parse_control(Bytes body) {
  ByteReader in(body);
  std::uint32_t value = in.u32();
  if (!in.ok())
    return base::fail(Domain::Wire, Code::Truncated, "RTMP control message is too short");
  return value;
}

std::string control_body(std::uint32_t value) {
  std::string out;
  ByteWriter(out).u32(value);
  return out;
}

Result<PeerBandwidth> parse_peer_bandwidth(Bytes body) {
  ByteReader in(body);
  PeerBandwidth bandwidth{.window_bytes = in.u32(), .limit_type = in.u8()};
  if (!in.ok())
    return base::fail(Domain::Wire, Code::Truncated, "RTMP control message is too short");
  return bandwidth;
}

std::string peer_bandwidth_body(PeerBandwidth bandwidth) {
  std::string out;
  ByteWriter writer(out);
  writer.u32(bandwidth.window_bytes);
  writer.u8(bandwidth.limit_type);
  return out;
}

Result<UserControl> parse_user_control(Bytes body) {
  ByteReader in(body);
  UserControl control{.event = static_cast<UserEvent>(in.u16()), .value = 0, .extra = 0};
  if (!in.ok())
    return base::fail(Domain::Wire, Code::Truncated, "RTMP user control message is too short");
  if (in.left() >= 4) control.value = in.u32();
  if (in.left() >= 4) control.extra = in.u32();
  return control;
}

std::string user_control_body(UserControl control) {
  std::string out;
  ByteWriter writer(out);
  writer.u16(static_cast<std::uint16_t>(control.event));
  writer.u32(control.value);
  if (control.event == UserEvent::SetBufferLength) writer.u32(control.extra);
  return out;
}

const amf::Value &Command::argument(std::size_t index) const {
  static const amf::Value kUndefined;
  return index < arguments.size() ? arguments[index] : kUndefined;
}

Result<Command> parse_command(MessageType type, Bytes body, amf::Limits limits) {
  SLUICE_TRY(values, amf::read_all(amf_part(type, body), limits));
  if (values.empty() || values[0].kind != amf::Kind::String) {
    return base::fail(Domain::Wire, Code::Malformed, "RTMP command has no name");
  }
  Command command;
  command.name = std::move(values[0].text);
  if (values.size() > 1) command.transaction = values[1].as_number().value_or(0);
  if (values.size() > 2) command.object = std::move(values[2]);
  for (std::size_t i = 3; i < values.size(); ++i)
    command.arguments.push_back(std::move(values[i]));
  return command;
}

std::string command_body(std::string_view name, double transaction, const amf::Value &object,
                         const std::vector<amf::Value> &arguments) {
  std::string out;
  amf::Writer writer(out);
  writer.string(name);
  writer.number(transaction);
  writer.value(object);
  for (const amf::Value &argument : arguments)
    writer.value(argument);
  return out;
}

Result<std::vector<amf::Value>> parse_data(MessageType type, Bytes body, amf::Limits limits) {
  return amf::read_all(amf_part(type, body), limits);
}

amf::Value make_object(std::vector<amf::Member> members) {
  amf::Value object(amf::Kind::Object);
  object.members = std::move(members);
  return object;
}

Status split_aggregate(const MessageHeader &aggregate, Bytes body, const OnSubMessage &on_sub) {
  ByteReader in(body);
  bool first = true;
  std::uint32_t offset = 0;
  while (in.left() >= kSubHeader) {
    MessageHeader sub = aggregate;
    sub.type = static_cast<MessageType>(in.u8());
    sub.length = in.u24();
    std::uint32_t low = in.u24();
    sub.timestamp = low | std::uint32_t{in.u8()} << 24;
    in.skip(3);  // The stream id is the aggregate's (section 7.1.6).
    Bytes payload = in.take(sub.length);
    if (!in.ok())
      return base::fail(Domain::Wire, Code::Truncated, "RTMP aggregate ends inside a message");
    if (sub.type == MessageType::Aggregate) {
      return base::fail(Domain::Wire, Code::Malformed, "RTMP aggregate inside an aggregate");
    }
    if (std::exchange(first, false)) offset = aggregate.timestamp - sub.timestamp;
    sub.timestamp += offset;
    SLUICE_TRY_VOID(on_sub(sub, payload));
    in.skip(in.left() < kBackPointer ? in.left() : kBackPointer);
  }
  if (in.left() > 0)
    return base::fail(Domain::Wire, Code::Truncated, "RTMP aggregate ends inside a header");
  return {};
}

}  // namespace sluice::wire::rtmp
