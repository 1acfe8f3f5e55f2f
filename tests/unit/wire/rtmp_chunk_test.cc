// SPDX-License-Identifier: Apache-2.0
// The RTMP chunk stream: every header form, what real peers do with time stamps, limits, and every
// cut.
#include "wire/rtmp_chunk.h"

#include <doctest/doctest.h>

#include "hex.h"
#include "message_recorder.h"

namespace sluice::wire::rtmp {
namespace {

using base::Code;
using sluice::wire::test::hex;
using test::MessageRecorder;
using test::Recorded;

std::vector<Recorded> read_all(const std::string &bytes, ChunkLimits limits = {}) {
  ChunkReader reader(limits);
  MessageRecorder sink;
  sink.reader = &reader;
  auto status = reader.feed(base::as_bytes(bytes), sink);
  CHECK_MESSAGE(status.has_value(), (status ? "" : status.error().what));
  return sink.messages;
}

base::Status feed(const std::string &bytes, ChunkLimits limits = {}) {
  ChunkReader reader(limits);
  MessageRecorder sink;
  sink.reader = &reader;
  return reader.feed(base::as_bytes(bytes), sink);
}

std::vector<std::uint32_t> times(const std::vector<Recorded> &messages) {
  std::vector<std::uint32_t> out;
  for (const Recorded &message : messages)
    out.push_back(message.header.timestamp);
  return out;
}

// A session as an encoder sends it: a larger chunk size, audio and video interleaved, extended time
// stamps, an abort.
std::string session(bool extended_on_continuation) {
  std::string out;
  ChunkWriter writer(ChunkWriter::Headers::Delta);
  writer.set_extended_on_continuation(extended_on_continuation);
  writer.write_control(MessageType::SetChunkSize, control_body(200), out);
  writer.set_chunk_size(200);
  std::uint32_t time = 0xffffff - 60;
  for (int i = 0; i < 6; ++i) {
    MessageHeader video{
        .chunk_stream_id = 6, .timestamp = time, .stream_id = 1, .type = MessageType::Video};
    MessageHeader audio{
        .chunk_stream_id = 400, .timestamp = time + 5, .stream_id = 1, .type = MessageType::Audio};
    MessageHeader data{.chunk_stream_id = 70,
                       .timestamp = time * 7,
                       .stream_id = 0,
                       .type = MessageType::DataAmf0};
    writer.write(video, std::string(i % 2 == 0 ? 650 : 40, static_cast<char>('a' + i)), out);
    writer.write(audio, std::string(33, static_cast<char>('A' + i)), out);
    writer.write(data, std::string(201, static_cast<char>('0' + i)), out);
    time += 40;
  }
  writer.write({.chunk_stream_id = 5, .timestamp = 0, .type = MessageType::Audio}, "", out);
  return out;
}

TEST_SUITE("wire") {
  TEST_CASE("rtmp chunk: a message of several chunks is put together") {
    std::string bytes =
        hex("03 000064 000082 14 00000000") + std::string(128, 'a') + hex("c3") + "bb";
    auto messages = read_all(bytes);
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].body == std::string(128, 'a') + "bb");
    CHECK(messages[0].header.timestamp == 100);
    CHECK(messages[0].header.type == MessageType::CommandAmf0);
    CHECK(messages[0].header.chunk_stream_id == 3);
  }

  TEST_CASE("rtmp chunk: the stream id is little-endian") {
    CHECK(read_all(hex("03 000000 000001 14 01000000 'x'"))[0].header.stream_id == 1);
  }

  TEST_CASE("rtmp chunk: chunk stream ids of one, two and three bytes") {
    CHECK(read_all(hex("3f 000000 000001 08 01000000 'x'"))[0].header.chunk_stream_id == 63);
    CHECK(read_all(hex("00 00 000000 000001 08 01000000 'x'"))[0].header.chunk_stream_id == 64);
    CHECK(read_all(hex("00 ff 000000 000001 08 01000000 'x'"))[0].header.chunk_stream_id == 319);
    CHECK(read_all(hex("01 00 01 000000 000001 08 01000000 'x'"))[0].header.chunk_stream_id == 320);
    CHECK(read_all(hex("01 ff ff 000000 000001 08 01000000 'x'"))[0].header.chunk_stream_id ==
          65599);
  }

  TEST_CASE("rtmp chunk: types 1, 2 and 3 take from the header before what they lack") {
    auto messages =
        read_all(hex("04 0003e8 000001 08 01000000 'a'"  // at 1000
                     "44 000014 000002 09 'bb'"          // +20
                     "84 000015 'cc'"                    // +21
                     "c4 'dd'"));                        // +21 again
    REQUIRE(messages.size() == 4);
    CHECK(times(messages) == std::vector<std::uint32_t>{1000, 1020, 1041, 1062});
    CHECK(messages[3].header.type == MessageType::Video);
    CHECK(messages[3].header.stream_id == 1);
    CHECK(messages[3].body == "dd");
  }

  TEST_CASE("rtmp chunk: a type 3 message behind a type 0 header has its time stamp as the delta") {
    CHECK(times(read_all(hex("04 000028 000001 08 01000000 'a' c4 'b' c4 'c'"))) ==
          std::vector<std::uint32_t>{40, 80, 120});
  }

  TEST_CASE("rtmp chunk: the first header of a chunk stream may be of any type") {
    // librtmp sends its pings with type 1 headers.
    auto ping = read_all(hex("42 000000 000006 04 0006 00000001"));
    REQUIRE(ping.size() == 1);
    CHECK(ping[0].header.type == MessageType::UserControl);
    CHECK(read_all(hex("84 000001"))[0].body.empty());
    CHECK(read_all(hex("c4"))[0].header.timestamp == 0);
  }

  TEST_CASE("rtmp chunk: extended time stamps, absolute and as deltas") {
    CHECK(times(read_all(hex("04 ffffff 000001 08 01000000 01000000 'a'"))) ==
          std::vector<std::uint32_t>{0x01000000});
    CHECK(times(read_all(hex("04 ffffff 000001 08 01000000 00ffffff 'a'"))) ==
          std::vector<std::uint32_t>{0x00ffffff});
    CHECK(
        times(read_all(hex("04 000010 000001 08 01000000 'a' 44 ffffff 000001 08 01000000 'b'"))) ==
        std::vector<std::uint32_t>{0x10, 0x01000010});
    CHECK(
        times(read_all(hex("04 ffffff 000001 08 01000000 fffffff0 'a' 44 000020 000001 08 'b'"))) ==
        std::vector<std::uint32_t>{0xfffffff0, 0x10});
  }

  TEST_CASE("rtmp chunk: type 3 chunks repeat the extended time stamp or leave it out") {
    std::string head = hex("04 ffffff 000101 09 01000000 01234567") + std::string(128, 'a');
    std::string present =
        head + hex("c4 01234567") + std::string(128, 'b') + hex("c4 01234567") + "c";
    std::string absent = head + hex("c4") + std::string(128, 'b') + hex("c4") + "c";
    std::string body = std::string(128, 'a') + std::string(128, 'b') + "c";
    for (const std::string &bytes : {present, absent}) {
      auto messages = read_all(bytes);
      REQUIRE(messages.size() == 1);
      CHECK(messages[0].body == body);
      CHECK(messages[0].header.timestamp == 0x01234567);
    }
  }

  TEST_CASE("rtmp chunk: an extended delta is repeated as the delta or as the absolute time") {
    for (const char *repeated : {"c4 01000000", "c4 01000010", "c4"}) {
      auto messages =
          read_all(hex("04 000010 000001 09 01000000 'x' 44 ffffff 000082 09 01000000") +
                   std::string(128, 'a') + hex(repeated) + "bb");
      REQUIRE(messages.size() == 2);
      CHECK(messages[1].header.timestamp == 0x01000010);
      CHECK(messages[1].body == std::string(128, 'a') + "bb");
    }
  }

  TEST_CASE(
      "rtmp chunk: payload that begins like the extended time stamp but ends otherwise is "
      "payload") {
    std::string bytes = hex("04 ffffff 000083 09 01000000 01234567") + std::string(128, 'a') +
                        hex("c4 012345") + hex("04 000001 000001 08 01000000 'z'");
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      ChunkReader reader;
      MessageRecorder sink;
      REQUIRE(reader.feed(base::as_bytes(bytes).first(cut), sink).has_value());
      REQUIRE(reader.feed(base::as_bytes(bytes).subspan(cut), sink).has_value());
      REQUIRE(sink.messages.size() == 2);
      CHECK(sink.messages[0].body == std::string(128, 'a') + hex("012345"));
      CHECK(sink.messages[1].body == "z");
    }
  }

  TEST_CASE("rtmp chunk: a type 3 message behind an extended header repeats it, present or not") {
    for (const char *repeated : {"c4 01000000", "c4"}) {
      auto messages =
          read_all(hex("04 000000 000001 09 01000000 'x' 44 ffffff 000004 09 01000000 'aaaa'") +
                   hex(repeated) + "bbbb");
      REQUIRE(messages.size() == 3);
      CHECK(messages[2].header.timestamp == 0x02000000);
      CHECK(messages[2].body == "bbbb");
    }
  }

  TEST_CASE("rtmp chunk: messages of several chunk streams interleave") {
    auto messages = read_all(hex("04 000000 000082 08 01000000") + std::string(128, 'a') +
                             hex("06 000000 000081 09 01000000") + std::string(128, 'v') +
                             hex("c4 'AA' c6 'V'"));
    REQUIRE(messages.size() == 2);
    CHECK(messages[0].body == std::string(128, 'a') + "AA");
    CHECK(messages[1].body == std::string(128, 'v') + "V");
    CHECK(messages[0].header.slot == 0);
    CHECK(messages[1].header.slot == 1);
  }

  TEST_CASE(
      "rtmp chunk: the same session in any two pieces, and byte by byte, gives the same messages") {
    for (bool extended : {true, false}) {
      std::string bytes = session(extended);
      std::vector<Recorded> whole = read_all(bytes);
      REQUIRE(whole.size() == 20);
      CHECK(whole[1].header.timestamp == 0xffffff - 60);
      CHECK(whole[1].body.size() == 650);
      for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        ChunkReader reader;
        MessageRecorder sink;
        sink.reader = &reader;
        REQUIRE(reader.feed(base::as_bytes(bytes).first(cut), sink).has_value());
        REQUIRE(reader.feed(base::as_bytes(bytes).subspan(cut), sink).has_value());
        REQUIRE(sink.messages == whole);
      }
      ChunkReader reader;
      MessageRecorder sink;
      sink.reader = &reader;
      for (char c : bytes)
        REQUIRE(reader.feed(base::as_bytes({&c, 1}), sink).has_value());
      CHECK(sink.messages == whole);
      CHECK(sink.under_way() == 0);
    }
  }

  TEST_CASE("rtmp chunk: each payload byte is copied once") {
    std::string bytes = session(true);
    for (std::size_t piece : {1UL, 3UL, 100UL, bytes.size()}) {
      ChunkReader reader;
      MessageRecorder sink;
      sink.reader = &reader;
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        REQUIRE(reader.feed(base::as_bytes(std::string_view(bytes).substr(at, piece)), sink)
                    .has_value());
      }
      std::size_t payload = 0;
      for (const Recorded &message : sink.messages)
        payload += message.body.size();
      CHECK(reader.payload_bytes_copied() == payload);
      CHECK(sink.allocated == payload);
    }
  }

  TEST_CASE("rtmp chunk: a header alone asks for no memory") {
    ChunkReader reader;
    MessageRecorder sink;
    REQUIRE(reader.feed(base::as_bytes(hex("04 000000 7fffff 09 01000000")), sink).has_value());
    CHECK(sink.allocated == 0);
    REQUIRE(reader.feed(base::as_bytes("x"), sink).has_value());
    CHECK(sink.allocated == 0x7fffff);
  }

  TEST_CASE("rtmp chunk: chunk sizes that are zero, negative, tiny or absurd") {
    ChunkReader reader;
    CHECK(reader.set_chunk_size(0).error().code == Code::Malformed);
    CHECK(reader.set_chunk_size(0x80000000).error().code == Code::Malformed);
    CHECK(reader.set_chunk_size(0xffffffff).error().code == Code::Malformed);
    CHECK(reader.set_chunk_size(1).error().code == Code::Unsupported);
    CHECK(reader.set_chunk_size(127).error().code == Code::Unsupported);
    CHECK(reader.chunk_size() == 128);
    CHECK(reader.set_chunk_size(128).has_value());
    CHECK(reader.set_chunk_size(65537).has_value());
    CHECK(reader.chunk_size() == 65537);
    CHECK(reader.set_chunk_size(16777216).has_value());
    CHECK(reader.set_chunk_size(0x7fffffff).has_value());
    CHECK(reader.chunk_size() == 0xffffff);
    reader.set_limits({.max_chunk_size = 65536});
    CHECK(reader.set_chunk_size(65537).error().code == Code::TooLarge);
  }

  TEST_CASE("rtmp chunk: Set Chunk Size amid another message holds for its next chunk") {
    auto messages =
        read_all(hex("04 000000 000190 09 01000000") + std::string(128, 'a') +
                 hex("02 000000 000004 01 00000000 00000200") + hex("c4") + std::string(272, 'b'));
    REQUIRE(messages.size() == 2);
    CHECK(messages[1].body == std::string(128, 'a') + std::string(272, 'b'));
  }

  TEST_CASE("rtmp chunk: messages above the limit are refused at their header") {
    CHECK(feed(hex("04 000000 010001 09 01000000"), {.max_message_size = 65536}).error().code ==
          Code::TooLarge);
    CHECK(feed(hex("04 000000 010000 09 01000000"), {.max_message_size = 65536}).has_value());
    CHECK(feed(hex("04 000000 ffffff 09 01000000")).error().code == Code::TooLarge);
  }

  TEST_CASE("rtmp chunk: unfinished messages are bounded in their sum") {
    ChunkLimits limits{.max_message_size = 65536, .max_unfinished_bytes = 100000};
    std::string one = hex("04 000000 010000 09 01000000") + std::string(128, 'a');
    std::string other = hex("05 000000 010000 09 01000000");
    CHECK(feed(one, limits).has_value());
    CHECK(feed(one + other, limits).error().code == Code::TooLarge);
    // What is finished or dropped does not count.
    std::string abort = hex("02 000000 000004 02 00000000 00000004");
    CHECK(feed(one + abort + other, limits).has_value());
  }

  TEST_CASE("rtmp chunk: chunk streams are bounded in number") {
    std::string bytes;
    for (unsigned id = 3; id < 3 + 60; ++id)
      bytes += static_cast<char>(0xc0 | id);
    CHECK(feed(bytes, {.max_chunk_streams = 60}).has_value());
    CHECK(feed(bytes, {.max_chunk_streams = 59}).error().code == Code::TooLarge);
  }

  TEST_CASE("rtmp chunk: an aborted message is dropped and the chunk stream goes on") {
    ChunkReader reader;
    MessageRecorder sink;
    sink.reader = &reader;
    std::string bytes =
        hex("04 000000 000190 09 01000000") + std::string(128, 'a') +
        hex("02 000000 000004 02 00000000 00000004") + hex("44 000001 000002 08 'ok'") +
        hex("02 000000 000004 02 00000000 00000044");  // a chunk stream that is not there
    REQUIRE(reader.feed(base::as_bytes(bytes), sink).has_value());
    CHECK(sink.dropped == 1);
    REQUIRE(sink.messages.size() == 3);
    CHECK(sink.messages[1].body == "ok");
    CHECK(sink.under_way() == 0);
  }

  TEST_CASE("rtmp chunk: a chunk that is aborted in its middle is skipped") {
    ChunkReader reader;
    MessageRecorder sink;
    REQUIRE(
        reader.feed(base::as_bytes(hex("04 000000 000004 09 01000000 'ab'")), sink).has_value());
    reader.abort(4, sink);
    REQUIRE(reader.feed(base::as_bytes(hex("'cd' 04 000000 000001 09 01000000 'z'")), sink)
                .has_value());
    REQUIRE(sink.messages.size() == 1);
    CHECK(sink.messages[0].body == "z");
  }

  TEST_CASE("rtmp chunk: a header of another length amid a message replaces it") {
    ChunkReader reader;
    MessageRecorder sink;
    std::string bytes = hex("04 000000 000190 09 01000000") + std::string(128, 'a') +
                        hex("04 000005 000002 08 01000000 'ok'");
    REQUIRE(reader.feed(base::as_bytes(bytes), sink).has_value());
    CHECK(sink.dropped == 1);
    REQUIRE(sink.messages.size() == 1);
    CHECK(sink.messages[0].body == "ok");
    CHECK(sink.messages[0].header.timestamp == 5);
  }

  TEST_CASE("rtmp chunk: a header of the same length amid a message continues it") {
    for (const char *again : {"04 000010 000082 09 01000000", "44 000010 000082 09", "84 000010"}) {
      auto messages =
          read_all(hex("04 000010 000082 09 01000000") + std::string(128, 'a') + hex(again) + "bb");
      REQUIRE(messages.size() == 1);
      CHECK(messages[0].body == std::string(128, 'a') + "bb");
      CHECK(messages[0].header.timestamp == 16);
    }
  }

  TEST_CASE("rtmp chunk: an empty message is complete with its header") {
    auto messages = read_all(hex("04 000010 000000 08 01000000 c4 c4"));
    CHECK(times(messages) == std::vector<std::uint32_t>{16, 32, 48});
  }

  TEST_CASE("rtmp chunk: errors of the sink end the feeding") {
    class Refusing : public MessageSink {
     public:
      base::Result<base::MutableBytes> begin_message(const MessageHeader &header) override {
        if (header.type == MessageType::Video)
          return base::fail(base::Domain::Wire, Code::Busy, "no memory");
        return std::as_writable_bytes(std::span(memory_)).first(header.length);
      }
      base::Status end_message(const MessageHeader &) override {
        return base::fail(base::Domain::Wire, Code::Refused, "no");
      }
      void drop_message(const MessageHeader &) override {}

     private:
      std::string memory_ = std::string(64, '\0');
    };
    Refusing sink;
    CHECK(ChunkReader()
              .feed(base::as_bytes(hex("04 000000 000001 09 01000000 'x'")), sink)
              .error()
              .code == Code::Busy);
    CHECK(ChunkReader()
              .feed(base::as_bytes(hex("04 000000 000001 08 01000000 'x'")), sink)
              .error()
              .code == Code::Refused);
    CHECK(ChunkReader()
              .feed(base::as_bytes(hex("04 000000 000000 08 01000000")), sink)
              .error()
              .code == Code::Refused);
  }

  TEST_CASE("rtmp chunk: 24, 31 and 32 bits of time pass through writer and reader") {
    for (std::uint32_t edge : {0x00ffffffU, 0x01000000U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
      for (auto headers : {ChunkWriter::Headers::Full, ChunkWriter::Headers::Delta}) {
        ChunkWriter writer(headers);
        std::string out;
        std::vector<std::uint32_t> sent;
        for (std::uint32_t i = 0; i < 10; ++i) {
          sent.push_back(edge - 100 + i * 20);
          MessageHeader header{.chunk_stream_id = 6,
                               .timestamp = sent.back(),
                               .stream_id = 1,
                               .type = MessageType::Video};
          writer.write(header, std::string(i < 5 ? 300 : 200, 'v'), out);
        }
        CHECK(times(read_all(out)) == sent);
      }
    }
  }

  TEST_CASE("rtmp chunk: the writer goes back to a full header when time goes back") {
    ChunkWriter writer(ChunkWriter::Headers::Delta);
    std::string out;
    for (std::uint32_t time : {1000U, 1040U, 900U, 940U, 980U}) {
      writer.write(
          {.chunk_stream_id = 6, .timestamp = time, .stream_id = 1, .type = MessageType::Video},
          "v", out);
    }
    CHECK(out == hex("06 0003e8 000001 09 01000000 'v' 86 000028 'v' 06 000384 000001 09 01000000 "
                     "'v' 86 000028 'v' c6 'v'"));
    CHECK(times(read_all(out)) == std::vector<std::uint32_t>{1000, 1040, 900, 940, 980});
  }
}

}  // namespace
}  // namespace sluice::wire::rtmp
