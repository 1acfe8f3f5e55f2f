// SPDX-License-Identifier: Apache-2.0
// The RTMP chunk stream (Adobe, "RTMP Specification 1.0", 2012, section 5.3): chunks to messages,
// and back. The reader is the hot path of ingest. It takes input in any pieces and copies each
// payload byte once, from the input into memory that the session provides. No I/O, no thread of its
// own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/rtmp_message.h"

namespace sluice::wire::rtmp {

// Where messages go. The reader calls it from feed() only. Between begin_message and the
// end_message or drop_message that follows it on the same chunk stream, the memory must stay valid.
// Messages of different chunk streams interleave.
class MessageSink {
 public:
  virtual ~MessageSink() = default;

  // Memory of exactly header.length bytes for the payload. Asked for when the first payload byte is
  // there, so a header alone costs nothing. Empty messages need none. An error ends feed() with
  // that error.
  virtual base::Result<base::MutableBytes> begin_message(const MessageHeader &header) = 0;

  // The memory from begin_message is full. May call set_chunk_size, set_limits and abort on the
  // reader. An error ends feed() with that error.
  virtual base::Status end_message(const MessageHeader &header) = 0;

  // The message will not be finished: the peer aborted it or began another one in its place. Not
  // called for messages that have not asked for memory yet.
  virtual void drop_message(const MessageHeader &header) = 0;
};

struct ChunkLimits {
  std::uint32_t max_chunk_size = 16 * 1024 * 1024;
  std::uint16_t max_chunk_streams = 64;  // they are searched one by one
  std::uint32_t max_message_size = 8 * 1024 * 1024;
  // Sum of the lengths of all messages whose header has come and whose last byte has not.
  std::uint32_t max_unfinished_bytes = 16 * 1024 * 1024;
};

// What real peers do, and what is made of it.
//
// Extended time stamps on type 3 chunks: most peers send them, as the specification wants, and
// older librtmp leaves them out. The next four bytes are compared with those of the last full
// header, and are payload when they differ.
//
// The first header of a chunk stream may be of type 1, 2 or 3 (librtmp's pings): what it lacks is
// zero.
//
// A type 3 header that begins a message repeats the last delta. Behind a type 0 header that is the
// time stamp itself (section 5.3.1.2.4; FFmpeg, librtmp and SRS agree).
//
// A type 0, 1 or 2 header amid a message continues it when length and type are the same, and else
// replaces it (FFmpeg).
class ChunkReader {
 public:
  explicit ChunkReader(const ChunkLimits &limits) : limits_(limits) {}
  ChunkReader() : ChunkReader(ChunkLimits{}) {}

  // Takes all of `input`. After an error the connection is lost: nothing more may be fed.
  [[nodiscard]] base::Status feed(base::Bytes input, MessageSink &sink);

  // From Set Chunk Size (section 5.4.1). Below 128 or with the top bit set is an error. Values
  // above 0xffffff mean the same as 0xffffff, because no message is longer; above max_chunk_size is
  // an error. Nothing is allocated by it.
  [[nodiscard]] base::Status set_chunk_size(std::uint32_t size);
  [[nodiscard]] std::uint32_t chunk_size() const { return chunk_size_; }

  // From Abort (section 5.4.2). Unknown chunk streams are ignored.
  void abort(std::uint32_t chunk_stream_id, MessageSink &sink);

  // Takes effect with the next message header; messages under way are finished.
  void set_limits(const ChunkLimits &limits) { limits_ = limits; }

  // Payload bytes copied so far: with a counter of received bytes this proves that none is copied
  // twice.
  [[nodiscard]] std::uint64_t payload_bytes_copied() const { return copied_; }

 private:
  // A basic header (3), a message header (11) and an extended time stamp (4).
  static constexpr std::size_t kMaxHeader = 18;
  static constexpr std::uint32_t kExtended = 0xffffff;

  struct ChunkStream {
    MessageHeader header;
    std::uint32_t time_field = 0;  // 24 bits; kExtended says that `delta` was an extended one
    std::uint32_t delta = 0;       // of the last full header; after type 0 the time stamp itself
    std::uint32_t filled = 0;      // payload bytes that are there
    bool unfinished = false;       // a message is under way
    std::byte *memory = nullptr;   // from begin_message; null before the first payload byte
  };

  // A chunk's header as it stands on the wire, and how many bytes it took.
  struct ChunkHeader;

  base::Status consume(base::Bytes input, MessageSink &sink);
  // The header's size, or 0 when more bytes are needed.
  base::Result<std::size_t> read_header(base::Bytes input, MessageSink &sink);
  bool parse(base::Bytes input, ChunkHeader &out);
  int match_extended(base::Bytes input, const ChunkStream &stream) const;
  base::Result<ChunkStream *> find_or_add(std::uint32_t chunk_stream_id);
  ChunkStream *find(std::uint32_t chunk_stream_id);
  base::Status start_chunk(const ChunkHeader &chunk, MessageSink &sink);
  base::Status start_message(const ChunkHeader &chunk, ChunkStream &stream);
  base::Result<std::size_t> copy_payload(base::Bytes input, MessageSink &sink);
  base::Status finish(ChunkStream &stream, MessageSink &sink);
  void drop(ChunkStream &stream, MessageSink &sink);

  ChunkLimits limits_;
  std::uint32_t chunk_size_ = 128;  // section 5.4.1: until the peer says otherwise
  std::vector<ChunkStream> streams_;
  std::size_t current_ = 0;       // index of the chunk stream whose chunk is being read
  std::uint32_t chunk_left_ = 0;  // payload bytes still missing of that chunk; 0: a header is next
  std::uint64_t unfinished_bytes_ = 0;
  std::uint64_t copied_ = 0;
  // A header that was cut by the end of the input.
  std::array<std::byte, kMaxHeader> held_{};
  std::size_t held_size_ = 0;
};

// Writes messages as chunks to the end of a string. With full headers only (what a server needs for
// its few answers) or with deltas, as encoders send media.
class ChunkWriter {
 public:
  enum class Headers : std::uint8_t { Full, Delta };
  explicit ChunkWriter(Headers headers = Headers::Full) : headers_(headers) {}

  // Takes effect with the next message; telling the peer first is the caller's part. At least 1.
  void set_chunk_size(std::uint32_t size) { chunk_size_ = size == 0 ? 1 : size; }
  [[nodiscard]] std::uint32_t chunk_size() const { return chunk_size_; }
  // Whether type 3 chunks repeat the extended time stamp, as the specification wants. Off imitates
  // older librtmp.
  void set_extended_on_continuation(bool on) { extended_on_continuation_ = on; }

  // header.length and header.slot are ignored; the length is the payload's (below 2^24).
  void write(const MessageHeader &header, base::Bytes payload, std::string &out);
  void write(const MessageHeader &header, std::string_view payload, std::string &out) {
    write(header, base::as_bytes(payload), out);
  }
  // A protocol control or user control message: chunk stream 2, message stream 0, time 0.
  void write_control(MessageType type, std::string_view body, std::string &out);

 private:
  struct Sent {
    MessageHeader header;
    std::uint32_t time = 0;  // as written: absolute after a type 0 header, else a delta
  };
  struct Form {
    std::uint8_t format = 0;
    std::uint32_t time = 0;
  };
  Form choose_form(const MessageHeader &header, std::uint32_t length);

  Headers headers_;
  bool extended_on_continuation_ = true;
  std::uint32_t chunk_size_ = 128;
  std::vector<Sent> sent_;
};

}  // namespace sluice::wire::rtmp
