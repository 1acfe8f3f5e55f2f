// SPDX-License-Identifier: Apache-2.0
// NalDepacketizer: what H.264 and H.265 have in common on the way from RTP to frames. The codec's
// class takes payloads apart and says what a NAL unit is; this one finds where pictures begin and
// end, keeps parameter sets out of them, and judges what a loss has spoilt.
//
// A picture ends with a packet that has the marker, if it holds a slice; where the time stamp
// changes; or where a slice begins the next picture. A marker is checked once before it is
// believed, and never again believed once more slices of a marked picture came.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "mux/frame_writer.h"
#include "mux/rtp_depacketizer.h"

namespace sluice::mux {

// What the first bytes of a NAL unit tell.
struct NalTraits {
  enum class Role : std::uint8_t {
    Slice,
    Set,      // a parameter set, which goes into the track's configuration
    Prefix,   // belongs to the picture that follows: SEI
    Suffix,   // belongs to the picture before it
    Dropped,  // means nothing to a decoder of frames: delimiters, ends, filler
    Unknown,
  };
  Role role = Role::Unknown;
  bool begins_unit = false;     // none of these comes between the slices of a picture
  bool starts_picture = false;  // slices: the first one of a picture
  bool random_access = false;   // slices: decoding can start here
  bool disposable = false;      // slices: nothing refers to it
  bool intra = false;           // slices
  bool leading = false;  // slices: cannot be decoded after a start at the key frame before it
  bool announces_recovery = false;  // of a Prefix: decoding can start with this picture
  bool is_sps = false;
  std::uint32_t pps = 0;  // slices: which one they use
};

class NalDepacketizer : public RtpDepacketizer {
 public:
  void push(const wire::rtp::Packet &packet, bool after_loss) final;
  void flush() final;

 protected:
  struct Shape {
    media::Codec codec;
    std::size_t header_size;  // of a NAL unit
  };
  NalDepacketizer(Shape shape, media::BufferPool &pool, DepacketizerEvents &events,
                  const DepacketizerOptions &options);

  // --- For the codec's class ---
  // Takes a payload apart, by the functions below.
  virtual void read_payload(base::Bytes payload) = 0;
  // `head` has the NAL unit's header and up to kHead bytes in all; fewer when it is shorter.
  virtual NalTraits traits_of(base::Bytes head) = 0;
  // Keeps a parameter set. `nal` has no start code and no zeros at its end.
  virtual void take_set(base::Bytes nal) = 0;
  // The picture that is about to be given out uses this one.
  virtual void use_pps(std::uint32_t pps) = 0;
  [[nodiscard]] virtual base::Result<std::string> make_config() const = 0;
  // A whole SEI message, for those that say so only there.
  [[nodiscard]] virtual bool is_recovery_point(base::Bytes nal) const = 0;

  static constexpr std::size_t kHead = 32;

  void read_nal(base::Bytes nal) { read_nal({}, nal); }
  void read_nal(base::Bytes header, base::Bytes rest);  // its header stands elsewhere
  struct Fragment {
    bool start = false;
    bool end = false;
  };
  void read_fragment(base::Bytes header, Fragment fragment, base::Bytes rest);
  // Bytes with start codes between NAL units, such as base64 of a session description may hold.
  void read_sets(base::Bytes bytes);

  void sets_changed() { sets_changed_ = true; }
  // Pictures may be sent as two fields under one time stamp.
  void set_interlaced(bool interlaced) { interlaced_ = interlaced; }
  void quirk(const char *what);
  void malformed();
  void ignored(const char *what) { events_.on_ignored(what); }

 private:
  enum class Marker : std::uint8_t { Unproven, Honest, Lies };

  // The access unit in progress.
  struct Unit {
    std::uint32_t timestamp = 0;
    unsigned nals = 0;
    unsigned slices = 0;  // whole ones
    bool has_slice = false;
    bool key = false;
    bool disposable = true;
    bool intra = true;
    bool leading = false;
    bool recovery = false;
    bool has_sps = false;
    bool marked = false;     // the marker was there, but is not believed yet
    bool after_gap = false;  // packets were lost before it began
    bool broken = false;
    Damage damage = Damage::Loss;
    std::uint32_t pps = 0;
  };

  void note_gap(std::uint32_t timestamp);
  void note_time(std::uint32_t timestamp);
  void on_marker();
  void begin(base::Bytes header, base::Bytes rest);
  void make_way_for(const NalTraits &next);
  void note_slice(const NalTraits &slice);
  void note_lie();
  void write(base::Bytes bytes);
  base::Bytes fill_carry(base::Bytes bytes);
  void begin_from_carry();
  void put(base::Bytes bytes);
  [[nodiscard]] std::size_t end_of_code(base::Bytes bytes, std::size_t &data_end) const;
  void end_nal();
  void finish_nal(base::Bytes nal);
  void drop_nal();
  void break_unit(Damage damage);
  void end_unit();
  [[nodiscard]] bool is_key();
  bool judge_unit();
  bool announce();
  void emit();
  void count(Damage damage);

  DepacketizerEvents &events_;
  const std::size_t header_size_;
  const DamagedPictures policy_;
  FrameWriter writer_;
  SizeGuess key_size_;
  SizeGuess other_size_;

  Unit unit_;
  Marker marker_ = Marker::Unproven;
  std::uint32_t ended_timestamp_ = 0;  // of the picture that was ended by its marker
  bool ended_by_marker_ = false;

  // The NAL unit in progress: its length is written at nal_start_ when it has ended.
  bool in_nal_ = false;
  bool in_fragments_ = false;
  unsigned unmarked_ = 0;  // pictures that ended without a marker
  std::size_t nal_start_ = 0;
  NalTraits traits_;
  // Bytes of a NAL unit of which too few are here to tell what it is.
  bool in_carry_ = false;
  std::size_t carry_size_ = 0;
  std::array<std::byte, kHead> carry_{};

  bool sets_changed_ = false;
  bool interlaced_ = false;
  bool has_config_ = false;
  media::Track track_;
  bool begun_ = false;     // a frame was given out
  bool waits_key_ = true;  // what the next pictures refer to is not there
  bool skips_leading_ = false;
  unsigned since_access_ = 0;  // pictures since one at which decoding can start
  std::array<const char *, 12> quirks_{};
  std::size_t quirk_count_ = 0;
};

// For SEI messages of both codecs, whose payloads begin behind the NAL unit's header.
[[nodiscard]] bool has_recovery_point(base::Bytes sei);

}  // namespace sluice::mux
