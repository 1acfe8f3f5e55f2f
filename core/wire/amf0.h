// SPDX-License-Identifier: Apache-2.0
// AMF0: the encoding of RTMP commands and metadata (Adobe, "Action Message Format -- AMF 0", 2007).
// The reader takes hostile bytes; where real encoders break the format in a harmless way, it is
// lenient and says so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/amf_value.h"

namespace sluice::wire::amf {

// Reads the next value (section 2). A switch to AMF3 (marker 0x11) is followed. `limits` is a
// budget: what is read is taken from it, so that one Limits serves a whole message. References
// (marker 0x07) give Undefined: no known peer sends them, and following them would let a few bytes
// grow into a large tree. An object that the input ends in, just where its next key would start, is
// taken as complete (old encoders leave the end marker out).
[[nodiscard]] base::Result<Value> read(base::ByteReader &in, Limits &limits);

// All values until the end of `body`. `limits` as above.
[[nodiscard]] base::Result<std::vector<Value>> read_all(base::Bytes body, Limits limits = {});

// Appends values to a string that must outlive the writer.
//   Writer w(out); w.string("onStatus"); w.number(0); w.null();
//   w.begin_object(); w.key("level"); w.string("status"); w.end_object();
class Writer {
 public:
  explicit Writer(std::string &out) : out_(out) {}

  void number(double v);
  void boolean(bool v);
  void string(std::string_view v);  // becomes a long string above 65535 bytes
  void null();
  void undefined();
  void begin_object();
  void begin_ecma_array(std::uint32_t count);
  void begin_strict_array(std::uint32_t count);  // then exactly count values, and no end
  void key(std::string_view v);                  // at most 65535 bytes; longer keys are cut
  void end_object();                             // ends objects and ECMA arrays
  // Any value. Kinds without an AMF0 form (ByteArray) are written as undefined, typed objects as
  // plain ones.
  void value(const Value &v);

 private:
  void members(const Value &v);

  base::ByteWriter out_;
};

}  // namespace sluice::wire::amf
