// SPDX-License-Identifier: Apache-2.0
// RTCP (RFC 3550, section 6): compound packets read and written. Pure; takes hostile bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sluice::wire::rtcp {

enum class Type : std::uint8_t {
  SenderReport = 200,
  ReceiverReport = 201,
  SourceDescription = 202,
  Bye = 203,
  Application = 204,
  TransportFeedback = 205,
  PayloadFeedback = 206,
  ExtendedReport = 207,
};

// Section 6.4.1. Whoever reads one must not believe its clocks.
struct SenderReport {
  std::uint32_t ssrc = 0;
  std::uint64_t ntp = 0;  // 32.32 seconds since 1900; 0: the sender has no clock
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packets = 0;
  std::uint32_t octets = 0;
};

struct ReportBlock {
  std::uint32_t ssrc = 0;          // of the source that the report is about
  std::uint8_t fraction_lost = 0;  // in 256ths, since the last report
  std::int32_t total_lost = 0;     // 24 bits with a sign
  std::uint32_t highest_sequence = 0;
  std::uint32_t jitter = 0;            // in ticks of the RTP clock
  std::uint32_t last_report = 0;       // the middle 32 bits of the last sender report's NTP time
  std::uint32_t delay_since_last = 0;  // in 65536ths of a second
};

// What parse() finds. Views are valid during the call.
class Events {
 public:
  virtual ~Events() = default;
  virtual void on_sender_report(const SenderReport & /*report*/) {}
  virtual void on_report_block(std::uint32_t /*reporter*/, const ReportBlock & /*block*/) {}
  virtual void on_source_name(std::uint32_t /*ssrc*/, std::string_view /*cname*/) {}
  virtual void on_bye(std::uint32_t /*ssrc*/, std::string_view /*reason*/) {}
  virtual void on_other(std::uint8_t /*type*/, base::Bytes /*body*/) {}
};

// Walks a compound packet. Packets before a malformed one have been told when it returns an error.
// Lenient where devices are wrong: the first packet may be of any type, padding may be anywhere, a
// source description may lack its terminator, and fewer than 4 bytes behind the last packet are
// ignored. Counts and lengths that go beyond a packet are Malformed.
[[nodiscard]] base::Status parse(base::Bytes compound, Events &events);

// A receiver report with up to 31 blocks (more are left out) and a source description.
[[nodiscard]] std::string make_receiver_report(std::uint32_t ssrc,
                                               std::span<const ReportBlock> blocks,
                                               std::string_view cname);
// The same with sender's information.
[[nodiscard]] std::string make_sender_report(const SenderReport &report,
                                             std::span<const ReportBlock> blocks,
                                             std::string_view cname);
// An empty receiver report and a goodbye.
[[nodiscard]] std::string make_bye(std::uint32_t ssrc);

// Between NTP's 32.32 seconds since 1900 and microseconds since 1970. NTP seconds wrap in 2036:
// those of its first half are taken for the next era.
[[nodiscard]] std::int64_t wall_us_of_ntp(std::uint64_t ntp);
[[nodiscard]] std::uint64_t ntp_of_wall_us(std::int64_t wall_us);

}  // namespace sluice::wire::rtcp
