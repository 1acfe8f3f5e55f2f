// SPDX-License-Identifier: Apache-2.0
// RTP's header and RTCP's compounds: nothing beyond the packet, and reports read back as written.
#include <vector>

#include "base/check.h"
#include "fuzz_input.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"

namespace {

using namespace sluice;
using namespace sluice::wire;

class Recorder : public rtcp::Events {
 public:
  explicit Recorder(base::Bytes packet) : packet_(packet) {}

  void on_sender_report(const rtcp::SenderReport &report) override { sender = report; }
  void on_report_block(std::uint32_t /*reporter*/, const rtcp::ReportBlock &block) override {
    blocks.push_back(block);
  }
  void on_source_name(std::uint32_t /*ssrc*/, std::string_view name) override {
    check_inside(base::as_bytes(name));
    cname = name;
  }
  void on_bye(std::uint32_t /*ssrc*/, std::string_view reason) override {
    check_inside(base::as_bytes(reason));
  }
  void on_other(std::uint8_t /*type*/, base::Bytes body) override { check_inside(body); }

  rtcp::SenderReport sender;
  std::vector<rtcp::ReportBlock> blocks;
  std::string cname;

 private:
  void check_inside(base::Bytes part) const {
    if (part.empty()) return;
    SLUICE_CHECK(part.data() >= packet_.data());
    SLUICE_CHECK(part.data() + part.size() <= packet_.data() + packet_.size());
  }

  base::Bytes packet_;
};

void check_rtp(base::Bytes input) {
  (void)rtp::looks_like_rtcp(input);
  auto packet = rtp::parse(input);
  if (!packet) return;
  SLUICE_CHECK(packet->payload_type < 128 && packet->payload.size() + 12 <= input.size());
  if (packet->payload.empty()) return;
  SLUICE_CHECK(packet->payload.data() >= input.data() + 12);
  SLUICE_CHECK(packet->payload.data() + packet->payload.size() <= input.data() + input.size());
}

void check_rtcp(base::Bytes input) {
  Recorder found(input);
  (void)rtcp::parse(input, found);
  std::int64_t wall_us = rtcp::wall_us_of_ntp(found.sender.ntp);
  SLUICE_CHECK(rtcp::wall_us_of_ntp(rtcp::ntp_of_wall_us(wall_us)) == wall_us);
  std::string bytes = rtcp::make_sender_report(found.sender, found.blocks, found.cname);
  Recorder again(base::as_bytes(bytes));
  SLUICE_CHECK(rtcp::parse(base::as_bytes(bytes), again).has_value());
  SLUICE_CHECK(again.sender.ntp == found.sender.ntp && again.cname == found.cname);
  SLUICE_CHECK(again.blocks.size() == std::min<std::size_t>(found.blocks.size(), 31));
  for (std::size_t i = 0; i < again.blocks.size(); ++i)
    SLUICE_CHECK(again.blocks[i].total_lost == found.blocks[i].total_lost);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  std::uint8_t mode = fuzz::take_byte(input);
  mode % 2 == 0 ? check_rtp(input) : check_rtcp(input);
  return 0;
}
