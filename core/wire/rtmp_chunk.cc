// SPDX-License-Identifier: Apache-2.0
#include "wire/rtmp_chunk.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace sluice::wire::rtmp {
namespace {

using base::ByteReader;
using base::Bytes;
using base::Code;
using base::Domain;
using base::Result;
using base::Status;

constexpr std::uint32_t kMinChunkSize = 128;
constexpr std::uint32_t kMaxMessageLength = 0xffffff;

// By the type of the chunk: 0 full, 1 without stream id, 2 time only, 3 nothing (section 5.3.1.2).
constexpr std::size_t kFieldSizes[] = {11, 7, 3, 0};

}  // namespace

struct ChunkReader::ChunkHeader {
  std::uint8_t format = 0;
  std::uint32_t chunk_stream_id = 0;
  std::uint32_t time_field = 0;  // what the 24 bits say
  std::uint32_t time = 0;        // the same, or the extended time stamp
  std::uint32_t length = 0;
  std::uint32_t stream_id = 0;
  MessageType type{};
  std::size_t size = 0;  // of the header on the wire
};

Status ChunkReader::feed(Bytes input, MessageSink &sink) {
  // One byte at a time, because only as many bytes may be held as the header turns out to have.
  // What is left of held_ after a header (an extended time stamp that is none) is payload, and
  // perhaps the next header.
  while (held_size_ > 0 && !input.empty()) {
    held_[held_size_++] = input.front();
    input = input.subspan(1);
    SLUICE_TRY(used, read_header(Bytes(held_).first(held_size_), sink));
    if (used == 0) continue;
    std::array<std::byte, kMaxHeader> copy = held_;
    Bytes rest = Bytes(copy).first(held_size_).subspan(used);
    held_size_ = 0;
    SLUICE_TRY_VOID(consume(rest, sink));
  }
  return consume(input, sink);
}

Status ChunkReader::consume(Bytes input, MessageSink &sink) {
  while (!input.empty()) {
    SLUICE_TRY(used, chunk_left_ > 0 ? copy_payload(input, sink) : read_header(input, sink));
    if (used == 0) {
      SLUICE_CHECK(input.size() < kMaxHeader);
      std::copy(input.begin(), input.end(), held_.begin());
      held_size_ = input.size();
      return {};
    }
    input = input.subspan(used);
  }
  return {};
}

Result<std::size_t> ChunkReader::read_header(Bytes input, MessageSink &sink) {
  ChunkHeader chunk;
  if (!parse(input, chunk)) return 0;
  SLUICE_TRY_VOID(start_chunk(chunk, sink));
  return chunk.size;
}

// False when more bytes are needed.
bool ChunkReader::parse(Bytes input, ChunkHeader &out) {
  ByteReader in(input);
  std::uint8_t first = in.u8();
  out.format = first >> 6;
  out.chunk_stream_id = first & 0x3fU;
  // Section 5.3.1.1: 0 and 1 announce one or two further bytes, the second of which is the higher.
  if (out.chunk_stream_id == 0) {
    out.chunk_stream_id = 64U + in.u8();
  } else if (out.chunk_stream_id == 1) {
    std::uint32_t low = in.u8();
    out.chunk_stream_id = 64U + low + 256U * in.u8();
  }
  if (!in.ok() || in.left() < kFieldSizes[out.format]) return false;
  if (out.format <= 2) out.time = out.time_field = in.u24();
  if (out.format <= 1) {
    out.length = in.u24();
    out.type = static_cast<MessageType>(in.u8());
  }
  if (out.format == 0) out.stream_id = in.u32_le();
  if (out.format <= 2) {
    if (out.time_field == kExtended) out.time = in.u32();
  } else if (const ChunkStream *stream = find(out.chunk_stream_id);
             stream != nullptr && stream->time_field == kExtended) {
    int extended = match_extended(in.rest(), *stream);
    if (extended < 0) return false;
    in.skip(static_cast<std::size_t>(extended));
  }
  out.size = in.position();
  return in.ok();
}

// How many bytes at the front of `input` repeat the extended time stamp of the last full header: 4
// or 0, or -1 when there are too few bytes to tell. Some peers repeat a delta as the absolute time.
int ChunkReader::match_extended(Bytes input, const ChunkStream &stream) const {
  Bytes seen = input.first(std::min<std::size_t>(input.size(), 4));
  for (std::uint32_t value : {stream.delta, stream.header.timestamp}) {
    std::array<std::byte, 4> expected{};
    base::put_u32(expected.data(), value);
    if (std::equal(seen.begin(), seen.end(), expected.begin())) return seen.size() == 4 ? 4 : -1;
  }
  return 0;
}

ChunkReader::ChunkStream *ChunkReader::find(std::uint32_t chunk_stream_id) {
  // Peers use a handful of chunk streams, and mostly the same one again.
  if (current_ < streams_.size() && streams_[current_].header.chunk_stream_id == chunk_stream_id) {
    return &streams_[current_];
  }
  for (ChunkStream &stream : streams_) {
    if (stream.header.chunk_stream_id == chunk_stream_id) return &stream;
  }
  return nullptr;
}

Result<ChunkReader::ChunkStream *> ChunkReader::find_or_add(std::uint32_t chunk_stream_id) {
  if (ChunkStream *stream = find(chunk_stream_id)) return stream;
  if (streams_.size() >= limits_.max_chunk_streams) {
    return base::fail(Domain::Wire, Code::TooLarge, "RTMP peer uses too many chunk streams");
  }
  ChunkStream &stream = streams_.emplace_back();
  stream.header.chunk_stream_id = chunk_stream_id;
  stream.header.slot = static_cast<std::uint16_t>(streams_.size() - 1);
  return &stream;
}

Status ChunkReader::start_chunk(const ChunkHeader &chunk, MessageSink &sink) {
  SLUICE_TRY(stream, find_or_add(chunk.chunk_stream_id));
  if (stream->unfinished && chunk.format <= 1 &&
      (chunk.length != stream->header.length || chunk.type != stream->header.type)) {
    drop(*stream, sink);
  }
  if (!stream->unfinished) SLUICE_TRY_VOID(start_message(chunk, *stream));
  current_ = stream->header.slot;
  chunk_left_ = std::min(chunk_size_, stream->header.length - stream->filled);
  return stream->header.length == 0 ? finish(*stream, sink) : Status{};
}

Status ChunkReader::start_message(const ChunkHeader &chunk, ChunkStream &stream) {
  if (chunk.format <= 2) {
    stream.time_field = chunk.time_field;
    stream.delta = chunk.time;
  }
  if (chunk.format <= 1) {
    stream.header.length = chunk.length;
    stream.header.type = chunk.type;
  }
  if (chunk.format == 0) {
    stream.header.stream_id = chunk.stream_id;
    stream.header.timestamp = chunk.time;
  } else {
    stream.header.timestamp += stream.delta;
  }
  if (stream.header.length > limits_.max_message_size) {
    return base::fail(Domain::Wire, Code::TooLarge, "RTMP message is too long");
  }
  if (unfinished_bytes_ + stream.header.length > limits_.max_unfinished_bytes) {
    return base::fail(Domain::Wire, Code::TooLarge, "RTMP peer has too many unfinished messages");
  }
  unfinished_bytes_ += stream.header.length;
  stream.unfinished = true;
  stream.filled = 0;
  stream.memory = nullptr;
  return {};
}

Result<std::size_t> ChunkReader::copy_payload(Bytes input, MessageSink &sink) {
  ChunkStream &stream = streams_[current_];
  std::size_t size = std::min<std::size_t>(input.size(), chunk_left_);
  chunk_left_ -= static_cast<std::uint32_t>(size);
  if (!stream.unfinished) return size;  // Aborted amid this chunk.
  if (stream.memory == nullptr) {
    SLUICE_TRY(memory, sink.begin_message(stream.header));
    SLUICE_CHECK(memory.size() == stream.header.length);
    stream.memory = memory.data();
  }
  std::memcpy(stream.memory + stream.filled, input.data(), size);
  stream.filled += static_cast<std::uint32_t>(size);
  copied_ += size;
  if (stream.filled == stream.header.length) SLUICE_TRY_VOID(finish(stream, sink));
  return size;
}

Status ChunkReader::finish(ChunkStream &stream, MessageSink &sink) {
  stream.unfinished = false;
  stream.memory = nullptr;
  stream.filled = 0;
  unfinished_bytes_ -= stream.header.length;
  return sink.end_message(stream.header);
}

void ChunkReader::drop(ChunkStream &stream, MessageSink &sink) {
  bool begun = stream.memory != nullptr;
  stream.unfinished = false;
  stream.memory = nullptr;
  stream.filled = 0;
  unfinished_bytes_ -= stream.header.length;
  if (begun) sink.drop_message(stream.header);
}

Status ChunkReader::set_chunk_size(std::uint32_t size) {
  if ((size & 0x80000000U) != 0 || size == 0) {
    return base::fail(Domain::Wire, Code::Malformed, "RTMP chunk size is not a positive number");
  }
  if (size < kMinChunkSize) {
    return base::fail(Domain::Wire, Code::Unsupported, "RTMP chunk size is below 128");
  }
  size = std::min(size, kMaxMessageLength);
  if (size > limits_.max_chunk_size) {
    return base::fail(Domain::Wire, Code::TooLarge, "RTMP chunk size is above the limit");
  }
  chunk_size_ = size;
  return {};
}

void ChunkReader::abort(std::uint32_t chunk_stream_id, MessageSink &sink) {
  ChunkStream *stream = find(chunk_stream_id);
  if (stream != nullptr && stream->unfinished) drop(*stream, sink);
}

namespace {

void write_basic_header(std::uint8_t format, std::uint32_t chunk_stream_id, base::ByteWriter &out) {
  auto high = static_cast<std::uint8_t>(format << 6);
  if (chunk_stream_id < 64) {
    out.u8(static_cast<std::uint8_t>(high | chunk_stream_id));
  } else if (chunk_stream_id < 320) {
    out.u8(high);
    out.u8(static_cast<std::uint8_t>(chunk_stream_id - 64));
  } else {
    out.u8(high | 1);
    out.u8(static_cast<std::uint8_t>(chunk_stream_id - 64));
    out.u8(static_cast<std::uint8_t>((chunk_stream_id - 64) >> 8));
  }
}

}  // namespace

// Chooses the shortest header that says what differs from the last message of the chunk stream, and
// remembers this one.
ChunkWriter::Form ChunkWriter::choose_form(const MessageHeader &header, std::uint32_t length) {
  auto last = std::find_if(sent_.begin(), sent_.end(), [&](const Sent &sent) {
    return sent.header.chunk_stream_id == header.chunk_stream_id;
  });
  Form form{.format = 0, .time = header.timestamp};
  if (last == sent_.end()) {
    last = sent_.emplace(sent_.end());
  } else if (std::uint32_t delta = header.timestamp - last->header.timestamp;
             headers_ == Headers::Delta && header.stream_id == last->header.stream_id &&
             delta < 0x80000000U) {
    bool same_kind = length == last->header.length && header.type == last->header.type;
    if (!same_kind) {
      form = {.format = 1, .time = delta};
    } else {
      form = {.format = static_cast<std::uint8_t>(delta == last->time ? 3 : 2), .time = delta};
    }
  }
  last->header = header;
  last->header.length = length;
  last->time = form.time;
  return form;
}

void ChunkWriter::write(const MessageHeader &header, Bytes payload, std::string &out) {
  SLUICE_CHECK(payload.size() <= kMaxMessageLength);
  auto length = static_cast<std::uint32_t>(payload.size());
  Form form = choose_form(header, length);
  bool extended = form.time >= 0xffffff;
  base::ByteWriter writer(out);
  write_basic_header(form.format, header.chunk_stream_id, writer);
  if (form.format <= 2) writer.u24(extended ? 0xffffff : form.time);
  if (form.format <= 1) {
    writer.u24(length);
    writer.u8(static_cast<std::uint8_t>(header.type));
  }
  if (form.format == 0) writer.u32_le(header.stream_id);
  if (extended && (form.format <= 2 || extended_on_continuation_)) writer.u32(form.time);
  while (payload.size() > chunk_size_) {
    writer.bytes(payload.first(chunk_size_));
    payload = payload.subspan(chunk_size_);
    write_basic_header(3, header.chunk_stream_id, writer);
    if (extended && extended_on_continuation_) writer.u32(form.time);
  }
  writer.bytes(payload);
}

void ChunkWriter::write_control(MessageType type, std::string_view body, std::string &out) {
  MessageHeader header{.chunk_stream_id = kControlChunkStream, .type = type};
  write(header, body, out);
}

}  // namespace sluice::wire::rtmp
