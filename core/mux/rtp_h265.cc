// SPDX-License-Identifier: Apache-2.0
// H.265 over RTP (RFC 7798): single NAL units, aggregation packets, fragmentation units, with
// decoding order numbers where the session description says so; they are not looked at, since
// nobody interleaves.
#include <algorithm>

#include "media/h265.h"
#include "mux/nal_depacketizer.h"
#include "mux/parameter_store.h"
#include "mux/rtp_payloads.h"
#include "mux/start_code.h"

namespace sluice::mux {

namespace {

using Role = NalTraits::Role;
using Put = ParameterStore::Put;

enum NalType : unsigned {
  kRaslN = 8,
  kRaslR = 9,
  kLastSlice = 9,
  kFirstIrap = 16,
  kLastIrap = 21,
  kVps = 32,
  kSps = 33,
  kPps = 34,
  kDelimiter = 35,
  kSequenceEnd = 36,
  kStreamEnd = 37,
  kFiller = 38,
  kPrefixSei = 39,
  kSuffixSei = 40,
  kAggregate = 48,
  kFragment = 49,
  kPaci = 50,
};

constexpr std::size_t kHeaderSize = 2;
constexpr std::size_t kOrderSize = 2;  // DONL

unsigned type_of(base::Bytes nal) { return std::to_integer<unsigned>(nal[0]) >> 1 & 0x3f; }

class H265Depacketizer final : public NalDepacketizer {
 public:
  H265Depacketizer(const PayloadContext &context)
      : NalDepacketizer({media::Codec::H265, kHeaderSize}, context.pool, context.events,
                        context.options),
        has_order_(number_of(context.format, "sprop-max-don-diff").value_or(0) > 0 ||
                   number_of(context.format, "sprop-depack-buf-nalus").value_or(0) > 0) {
    for (const char *name : {"sprop-vps", "sprop-sps", "sprop-pps"}) {
      for_each_base64(context.format.parameter(name), [this](base::Bytes nal) { read_sets(nal); });
    }
    // Some of them without the others are wrong as often as not.
    if (vps_.empty() || sps_.empty() || pps_.empty()) {
      vps_.clear();
      sps_.clear();
      pps_.clear();
    }
  }

 private:
  void read_payload(base::Bytes payload) override;
  void read_aggregate(base::Bytes payload);
  void read_unit_of_fragments(base::Bytes payload);
  NalTraits traits_of(base::Bytes head) override;
  void take_set(base::Bytes nal) override;
  void use_pps(std::uint32_t pps) override;
  [[nodiscard]] base::Result<std::string> make_config() const override;
  [[nodiscard]] bool is_recovery_point(base::Bytes nal) const override {
    return has_recovery_point(nal.subspan(kHeaderSize));
  }

  const bool has_order_;
  unsigned highest_layer_ = 0;  // of the temporal ones
  ParameterStore vps_;
  ParameterStore sps_;
  ParameterStore pps_;
  std::uint32_t active_sps_ = 0;
};

void H265Depacketizer::read_payload(base::Bytes payload) {
  if (leading_start_code(payload) > 0) return read_nal(payload);
  if (payload.size() < kHeaderSize) return payload.empty() ? void() : malformed();
  switch (type_of(payload)) {
    case kAggregate:
      return read_aggregate(payload.subspan(kHeaderSize));
    case kFragment:
      return read_unit_of_fragments(payload);
    case kPaci:
      return ignored("H.265 PACI packets are not supported");
    default:
      break;
  }
  if (!has_order_) return read_nal(payload);
  if (payload.size() < kHeaderSize + kOrderSize) return malformed();
  read_nal(payload.first(kHeaderSize), payload.subspan(kHeaderSize + kOrderSize));
}

void H265Depacketizer::read_aggregate(base::Bytes payload) {
  base::ByteReader in(payload);
  bool first = true;
  while (in.left() > 0) {
    if (has_order_) in.skip(first ? kOrderSize : 1);
    first = false;
    const base::Bytes nal = in.take(in.u16());
    if (!in.ok()) return malformed();
    read_nal(nal);
  }
}

void H265Depacketizer::read_unit_of_fragments(base::Bytes payload) {
  std::size_t header_size = kHeaderSize + 1;
  if (payload.size() < header_size) return malformed();
  const auto third = std::to_integer<unsigned>(payload[2]);
  const Fragment fragment{.start = (third & 0x80) != 0, .end = (third & 0x40) != 0};
  const std::array<std::byte, kHeaderSize> header = {
      (payload[0] & std::byte{0x81}) | std::byte((third & 0x3f) << 1), payload[1]};
  if (has_order_ && fragment.start) header_size += kOrderSize;
  if (payload.size() < header_size) return malformed();
  read_fragment(header, fragment, payload.subspan(header_size));
}

NalTraits H265Depacketizer::traits_of(base::Bytes head) {
  NalTraits traits;
  const unsigned type = type_of(head);
  const auto second = std::to_integer<unsigned>(head[1]);
  const bool other_layer = (head[0] & std::byte{1}) != std::byte{0} || (second & 0xf8) != 0;
  if ((second & 7) == 0) return traits;  // forbidden
  const unsigned temporal_layer = (second & 7) - 1;
  if (other_layer || (type >= kDelimiter && type <= kFiller)) {
    traits.role = Role::Dropped;
    traits.begins_unit = !other_layer && type == kDelimiter;
  } else if (type <= kLastSlice || (type >= kFirstIrap && type <= kLastIrap)) {
    traits.role = Role::Slice;
    const auto start = media::h265_slice_start(head);
    traits.starts_picture = !start || start->first_segment;
    traits.pps = start ? start->pps : 0;
    traits.random_access = type >= kFirstIrap;
    traits.leading = type == kRaslN || type == kRaslR;
    // Sub-layer non-reference pictures, which higher sub-layers may still refer to.
    highest_layer_ = std::max(highest_layer_, temporal_layer);
    traits.disposable = type < kFirstIrap && type % 2 == 0 && temporal_layer == highest_layer_;
  } else if (type >= kVps && type <= kPps) {
    traits.role = Role::Set;
    traits.begins_unit = true;
    traits.is_sps = type == kSps;
  } else if (type == kPrefixSei) {
    traits.role = Role::Prefix;
    traits.begins_unit = true;
  } else if (type == kSuffixSei) {
    traits.role = Role::Suffix;
  }
  return traits;
}

void H265Depacketizer::take_set(base::Bytes nal) {
  Put put = Put::Same;
  if (type_of(nal) == kVps) {
    put = vps_.put(media::h265_vps_id(nal).value_or(0), nal);
  } else if (type_of(nal) == kSps) {
    put = sps_.put(media::h265_sps_id(nal).value_or(0), nal);
  } else {
    const auto ids = media::h265_pps_ids(nal);
    put = pps_.put(ids ? ids->pps : 0, nal);
  }
  if (put == Put::Changed) sets_changed();
  if (put == Put::TooLarge) ignored("parameter set is too large");
}

void H265Depacketizer::use_pps(std::uint32_t pps) {
  const std::string *nal = sps_.size() > 1 ? pps_.find(pps) : nullptr;
  const auto ids = nal == nullptr ? std::nullopt : media::h265_pps_ids(base::as_bytes(*nal));
  if (!ids || ids->sps == active_sps_) return;
  active_sps_ = ids->sps;
  sets_changed();
}

base::Result<std::string> H265Depacketizer::make_config() const {
  if (vps_.empty() || sps_.empty() || pps_.empty()) {
    return base::fail(base::Domain::Media, base::Code::NotFound, "parameter sets are missing");
  }
  const auto vps = vps_.all();
  const auto sps = sps_.all(active_sps_);
  const auto pps = pps_.all();
  return media::make_hevc_config({vps, sps, pps});
}

}  // namespace

std::unique_ptr<RtpDepacketizer> make_h265(const PayloadContext &context) {
  return std::make_unique<H265Depacketizer>(context);
}

}  // namespace sluice::mux
