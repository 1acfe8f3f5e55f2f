// SPDX-License-Identifier: Apache-2.0
// A Track from a codec and its configuration record.
#pragma once

#include "base/bytes.h"
#include "media/codec.h"

namespace sluice::media {

// Never fails: what the record does not tell, or tells in a way that cannot be parsed, stays
// unknown. A record that we do not understand may still suit the viewer's decoder, so it must not
// stop a relay.
[[nodiscard]] Track describe(Codec codec, base::Bytes config);

}  // namespace sluice::media
