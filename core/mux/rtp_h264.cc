// SPDX-License-Identifier: Apache-2.0
// H.264 over RTP (RFC 6184): single NAL units, STAP-A and -B, MTAP, FU-A and -B. Decoding order
// numbers are not looked at: nobody interleaves.
#include "media/h264.h"
#include "mux/nal_depacketizer.h"
#include "mux/parameter_store.h"
#include "mux/rtp_payloads.h"
#include "mux/start_code.h"

namespace sluice::mux {

namespace {

using Role = NalTraits::Role;
using Put = ParameterStore::Put;

enum NalType : unsigned {
  kSlice = 1,
  kPartitionA = 2,
  kPartitionB = 3,
  kPartitionC = 4,
  kIdr = 5,
  kSei = 6,
  kSps = 7,
  kPps = 8,
  kDelimiter = 9,
  kSequenceEnd = 10,
  kStreamEnd = 11,
  kFiller = 12,
  kSpsExtension = 13,
  kPrefix = 14,
  kSubsetSps = 15,
  kAuxiliary = 19,
  kExtension = 20,
  kStapA = 24,
  kStapB = 25,
  kMtap16 = 26,
  kMtap24 = 27,
  kFuA = 28,
  kFuB = 29,
};

unsigned type_of(std::byte header) { return std::to_integer<unsigned>(header) & 0x1f; }

class H264Depacketizer final : public NalDepacketizer {
 public:
  H264Depacketizer(const PayloadContext &context)
      : NalDepacketizer({media::Codec::H264, 1}, context.pool, context.events, context.options) {
    for_each_base64(context.format.parameter("sprop-parameter-sets"),
                    [this](base::Bytes nal) { read_sets(nal); });
  }

 private:
  void read_payload(base::Bytes payload) override;
  void read_aggregate(base::Bytes payload, std::size_t offset_size);
  void read_unit_of_fragments(base::Bytes payload, std::size_t header_size);
  NalTraits traits_of(base::Bytes head) override;
  void take_set(base::Bytes nal) override;
  void use_pps(std::uint32_t pps) override;
  [[nodiscard]] base::Result<std::string> make_config() const override;
  [[nodiscard]] bool is_recovery_point(base::Bytes nal) const override {
    return has_recovery_point(nal.subspan(1));
  }

  ParameterStore sps_;
  ParameterStore pps_;
  std::uint32_t active_sps_ = 0;
};

void H264Depacketizer::read_payload(base::Bytes payload) {
  if (payload.empty() || leading_start_code(payload) > 0) return read_nal(payload);
  switch (type_of(payload[0])) {
    case kStapA:
      return read_aggregate(payload.subspan(1), 0);
    case kStapB:
      return payload.size() < 3 ? malformed() : read_aggregate(payload.subspan(3), 0);
    case kMtap16:
      return payload.size() < 3 ? malformed() : read_aggregate(payload.subspan(3), 3);
    case kMtap24:
      return payload.size() < 3 ? malformed() : read_aggregate(payload.subspan(3), 4);
    case kFuA:
      return read_unit_of_fragments(payload, 2);
    case kFuB:
      return read_unit_of_fragments(payload, 4);
    default:
      return read_nal(payload);
  }
}

// `offset_size`: what stands between a size and its NAL unit, and counts to neither.
void H264Depacketizer::read_aggregate(base::Bytes payload, std::size_t offset_size) {
  base::ByteReader in(payload);
  while (in.left() > 0) {
    const std::size_t size = in.u16();
    in.skip(offset_size);
    const base::Bytes nal = in.take(size);
    if (!in.ok()) return malformed();
    read_nal(nal);
  }
}

void H264Depacketizer::read_unit_of_fragments(base::Bytes payload, std::size_t header_size) {
  if (payload.size() < 2) return malformed();
  const auto second = std::to_integer<unsigned>(payload[1]);
  const Fragment fragment{.start = (second & 0x80) != 0, .end = (second & 0x40) != 0};
  // The type in later fragments is not looked at, nor is the reserved bit: both are wrong at times.
  const std::array<std::byte, 1> header = {(payload[0] & std::byte{0xe0}) |
                                           std::byte(second & 0x1f)};
  // Only a first FU-B has its decoding order number.
  if (header_size == 4 && !fragment.start) header_size = 2;
  if (payload.size() < header_size) return malformed();
  read_fragment(header, fragment, payload.subspan(header_size));
}

NalTraits H264Depacketizer::traits_of(base::Bytes head) {
  NalTraits traits;
  const unsigned type = type_of(head[0]);
  switch (type) {
    case kSlice:
    case kPartitionA:
    case kIdr: {
      traits.role = Role::Slice;
      const auto start = media::h264_slice_start(head);
      traits.starts_picture = !start || start->first_macroblock == 0;
      traits.intra = start && (start->type == 2 || start->type == 4);
      traits.pps = start ? start->pps : 0;
      traits.random_access = type == kIdr;
      traits.disposable = (head[0] & std::byte{0x60}) == std::byte{0};
      break;
    }
    case kPartitionB:
    case kPartitionC:
      traits.role = Role::Slice;
      traits.disposable = (head[0] & std::byte{0x60}) == std::byte{0};
      break;
    case kSei:
      traits.role = Role::Prefix;
      traits.begins_unit = true;
      break;
    case kSps:
    case kPps:
      traits.role = Role::Set;
      traits.begins_unit = true;
      traits.is_sps = type == kSps;
      break;
    case kDelimiter:
      traits.role = Role::Dropped;
      traits.begins_unit = true;
      break;
    case kSequenceEnd:
    case kStreamEnd:
    case kFiller:
    case kSpsExtension:
    case kPrefix:
    case kSubsetSps:
    case kAuxiliary:
    case kExtension:
      traits.role = Role::Dropped;
      break;
    default:
      break;
  }
  return traits;
}

void H264Depacketizer::take_set(base::Bytes nal) {
  Put put = Put::Same;
  if (type_of(nal[0]) == kSps) {
    if (nal.size() < 4) return;
    put = sps_.put(media::h264_sps_id(nal).value_or(0), nal);
    if (put == Put::Changed) {
      const auto sps = media::parse_h264_sps(nal);
      set_interlaced(sps && !sps->frames_only);
    }
  } else {
    const auto ids = media::h264_pps_ids(nal);
    put = pps_.put(ids ? ids->pps : 0, nal);
  }
  if (put == Put::Changed) sets_changed();
  if (put == Put::TooLarge) ignored("parameter set is too large");
}

void H264Depacketizer::use_pps(std::uint32_t pps) {
  const std::string *nal = sps_.size() > 1 ? pps_.find(pps) : nullptr;
  const auto ids = nal == nullptr ? std::nullopt : media::h264_pps_ids(base::as_bytes(*nal));
  if (!ids || ids->sps == active_sps_) return;
  active_sps_ = ids->sps;
  sets_changed();
}

base::Result<std::string> H264Depacketizer::make_config() const {
  if (sps_.empty() || pps_.empty()) {
    return base::fail(base::Domain::Media, base::Code::NotFound, "parameter sets are missing");
  }
  return media::make_avc_config(sps_.all(active_sps_), pps_.all());
}

}  // namespace

std::unique_ptr<RtpDepacketizer> make_h264(const PayloadContext &context) {
  return std::make_unique<H264Depacketizer>(context);
}

}  // namespace sluice::mux
