// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtmp/rtmp_commands.h"

namespace sluice::ingest::rtmp {

using wire::amf::Kind;
using wire::amf::Value;
using wire::rtmp::MessageType;

namespace {

Value status_object(const CommandWriter::StatusText &status) {
  return wire::rtmp::make_object({{"level", Value(status.level)},
                                  {"code", Value(status.code)},
                                  {"description", Value(status.description)}});
}

}  // namespace

void CommandWriter::begin_session(std::string &out, std::uint32_t chunk_size,
                                  std::uint32_t window_bytes) {
  chunks_.write_control(MessageType::SetChunkSize, wire::rtmp::control_body(chunk_size), out);
  chunks_.set_chunk_size(chunk_size);
  chunks_.write_control(MessageType::WindowAckSize, wire::rtmp::control_body(window_bytes), out);
  chunks_.write_control(MessageType::SetPeerBandwidth,
                        wire::rtmp::peer_bandwidth_body({window_bytes, 2}), out);
}

void CommandWriter::acknowledge(std::string &out, std::uint32_t received_bytes) {
  chunks_.write_control(MessageType::Acknowledgement, wire::rtmp::control_body(received_bytes),
                        out);
}

void CommandWriter::pong(std::string &out, std::uint32_t time) {
  auto body = wire::rtmp::user_control_body({wire::rtmp::UserEvent::PingResponse, time});
  chunks_.write_control(MessageType::UserControl, body, out);
}

void CommandWriter::connect_result(std::string &out, double transaction, double object_encoding) {
  // Some encoders refuse a server that does not name a Flash Media Server's version and
  // capabilities.
  auto properties =
      wire::rtmp::make_object({{"fmsVer", Value("FMS/3,0,1,123")}, {"capabilities", Value(31.0)}});
  auto information =
      status_object({"status", "NetConnection.Connect.Success", "Connection succeeded."});
  information.members.push_back({"objectEncoding", Value(object_encoding)});
  command(out, 0, wire::rtmp::command_body("_result", transaction, properties, {information}));
}

void CommandWriter::connect_error(std::string &out, double transaction, std::string_view why) {
  auto information = status_object({"error", "NetConnection.Connect.Rejected", why});
  command(out, 0,
          wire::rtmp::command_body("_error", transaction, Value(Kind::Null), {information}));
}

void CommandWriter::create_stream_result(std::string &out, double transaction,
                                         std::uint32_t stream_id) {
  command(out, 0,
          wire::rtmp::command_body("_result", transaction, Value(Kind::Null),
                                   {Value(static_cast<double>(stream_id))}));
}

void CommandWriter::result(std::string &out, double transaction) {
  command(out, 0, wire::rtmp::command_body("_result", transaction, Value(Kind::Null)));
}

void CommandWriter::on_fc_publish(std::string &out, std::string_view stream_key) {
  auto information = status_object({"status", "NetStream.Publish.Start", stream_key});
  command(out, 0, wire::rtmp::command_body("onFCPublish", 0, Value(Kind::Null), {information}));
}

void CommandWriter::stream_begin(std::string &out, std::uint32_t stream_id) {
  auto body = wire::rtmp::user_control_body({wire::rtmp::UserEvent::StreamBegin, stream_id});
  chunks_.write_control(MessageType::UserControl, body, out);
}

void CommandWriter::on_status(std::string &out, std::uint32_t stream_id, const StatusText &status) {
  command(out, stream_id,
          wire::rtmp::command_body("onStatus", 0, Value(Kind::Null), {status_object(status)}));
}

void CommandWriter::command(std::string &out, std::uint32_t stream_id, std::string_view body) {
  wire::rtmp::MessageHeader header;
  header.chunk_stream_id = wire::rtmp::kCommandChunkStream;
  header.stream_id = stream_id;
  header.type = MessageType::CommandAmf0;
  chunks_.write(header, body, out);
}

}  // namespace sluice::ingest::rtmp
