// SPDX-License-Identifier: Apache-2.0
// AMF3, reading only (Adobe, "Action Message Format -- AMF 3", 2013). Flash-era and a few hardware
// encoders wrap their commands in it. Everything is decoded to the Value of AMF0.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "wire/amf_value.h"

namespace sluice::wire::amf {

// Reads one AMF3 value (section 3) and takes what it used from `limits`. The tables of strings and
// traits start empty. References to strings and traits are followed; references to whole objects,
// arrays, dates, XML and byte arrays give Undefined, so that a tree cannot grow beyond its bytes.
// Vectors, dictionaries and externalizable objects are refused: no RTMP peer sends
// them.
[[nodiscard]] base::Result<Value> read_amf3(base::ByteReader &in, Limits &limits);

}  // namespace sluice::wire::amf
