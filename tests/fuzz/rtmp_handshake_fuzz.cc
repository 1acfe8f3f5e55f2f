// SPDX-License-Identifier: Apache-2.0
// The RTMP handshake: raw bytes for either side, and a good hello with some bytes changed.
#include "base/check.h"
#include "fuzz_input.h"
#include "wire/rtmp_handshake.h"

namespace {

using namespace sluice;
using wire::rtmp::DigestSchema;
using wire::rtmp::kHandshakeSize;

void server(base::Bytes input, fuzz::Pieces pieces) {
  wire::rtmp::HandshakeServer server;
  std::string output;
  while (!input.empty() && !server.done()) {
    base::Bytes piece = pieces.next(input);
    auto taken = server.feed(piece, output);
    if (!taken) return;
    SLUICE_CHECK(*taken <= piece.size());
    SLUICE_CHECK(*taken == piece.size() || server.done());
    SLUICE_CHECK(output.empty() || output.size() == 1 + 2 * kHandshakeSize);
  }
}

void client(std::optional<DigestSchema> schema, base::Bytes input, fuzz::Pieces pieces) {
  wire::rtmp::HandshakeClient client(schema);
  std::string output;
  client.start(output);
  while (!input.empty() && !client.done()) {
    if (!client.feed(pieces.next(input), output)) return;
  }
}

// Three bytes each: where, and by what to change it.
void changed_hello(DigestSchema schema, base::Bytes changes, fuzz::Pieces pieces) {
  wire::rtmp::HandshakeClient client(schema);
  std::string hello;
  client.start(hello);
  base::ByteReader in(changes);
  while (in.left() >= 3) {
    char &byte = hello[in.u16() % hello.size()];
    byte = static_cast<char>(byte ^ in.u8());
  }
  server(base::as_bytes(hello), pieces);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  std::uint8_t mode = fuzz::take_byte(input);
  fuzz::Pieces pieces(fuzz::take_byte(input));
  auto schema = (mode & 8U) != 0 ? DigestSchema::Schema0 : DigestSchema::Schema1;
  switch (mode % 4) {
    case 0:
      server(input, pieces);
      break;
    case 1:
      client({}, input, pieces);
      break;
    case 2:
      client(schema, input, pieces);
      break;
    default:
      changed_hello(schema, input, pieces);
      break;
  }
  return 0;
}
