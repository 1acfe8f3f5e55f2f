// SPDX-License-Identifier: Apache-2.0
// DnsDouble: a name server on a TestLoop, over UDP and TCP, that answers, fails, or keeps silent as
// its zone says.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <array>
#include <cctype>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "net/listener.h"
#include "net/udp_socket.h"
#include "support/test_loop.h"

namespace sluice::test {

class DnsDouble final : public net::UdpEvents {
 public:
  struct Entry {
    std::vector<std::string> ipv4;
    std::vector<std::string> ipv6;
    int code = 0;         // 2: SERVFAIL, 3: NXDOMAIN
    bool silent = false;  // no answer at all
  };

  explicit DnsDouble(TestLoop &loop) {
    while (listener_ == nullptr) {  // a port that is free for both
      udp_ = *net::UdpSocket::open(*loop, batch_, *net::Address::parse("127.0.0.1:0"), {});
      auto listener = net::Listener::open(*loop, udp_->local(), [this](auto socket) {
        connections_.push_back(std::make_unique<Connection>(*this, std::move(socket)));
      });
      if (listener) listener_ = std::move(*listener);
    }
    udp_->set_events(this);
  }

  [[nodiscard]] std::string server() const { return udp_->local().to_string(); }

  // A name that is not here does not exist. May be changed at any time.
  std::map<std::string, Entry, std::less<>> zone;
  std::size_t questions = 0;
  std::size_t by_tcp = 0;

  void on_datagram(base::MutableBytes datagram, const net::Address &from) override {
    std::string answer = answer_to(base::as_text(datagram), 512);
    if (!answer.empty()) REQUIRE(udp_->send_to(base::as_bytes(answer), from).has_value());
  }

 private:
  // A question over TCP comes in one piece on loopback, behind its two bytes of length.
  struct Connection final : net::SocketEvents {
    Connection(DnsDouble &o, std::unique_ptr<net::Socket> s) : owner(o), socket(std::move(s)) {
      socket->set_events(this);
    }
    void on_readable() override {
      std::array<std::byte, 1024> memory;
      auto got = socket->read(memory);
      if (!got) return socket->set_events(nullptr);
      if (*got < 2) return;
      ++owner.by_tcp;
      std::string answer =
          owner.answer_to(base::as_text(base::Bytes(memory).first(*got)).substr(2), 65'535);
      std::string framed;
      base::ByteWriter(framed).u16(static_cast<std::uint16_t>(answer.size()));
      framed += answer;
      REQUIRE(socket->write(base::as_bytes(framed)) == framed.size());
    }
    void on_writable() override {}

    DnsDouble &owner;
    std::unique_ptr<net::Socket> socket;
  };

  static std::string name_in(std::string_view question) {
    std::string name;
    for (std::size_t at = 12; question[at] != 0; at += static_cast<std::size_t>(question[at]) + 1) {
      if (!name.empty()) name += '.';
      name += question.substr(at + 1, static_cast<std::size_t>(question[at]));
    }
    for (char &c : name)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return name;
  }

  std::string answer_to(std::string_view question, std::size_t room) {
    ++questions;
    std::string name = name_in(question);
    auto it = zone.find(name);
    Entry entry = it != zone.end() ? it->second : Entry{.code = 3};
    if (entry.silent) return {};
    std::size_t question_end = 12 + name.size() + 2 + 4;
    bool wants_ipv6 = question[question_end - 3] == 28;
    const auto &addresses = wants_ipv6 ? entry.ipv6 : entry.ipv4;
    std::string records;
    for (const std::string &address : addresses)
      records += record(wants_ipv6, address);
    bool cut = question_end + records.size() > room;
    std::string out(question.substr(0, 2));
    base::ByteWriter writer(out);
    writer.u16(static_cast<std::uint16_t>(0x8180 | (cut ? 0x0200 : 0) | entry.code));
    writer.u16(1);
    writer.u16(static_cast<std::uint16_t>(cut ? 0 : addresses.size()));
    writer.u32(0);
    writer.text(question.substr(12, question_end - 12));
    if (!cut) writer.text(records);
    return out;
  }

  // Lives for no time at all.
  static std::string record(bool ipv6, const std::string &address) {
    std::string out;
    base::ByteWriter writer(out);
    writer.u16(0xc00c);
    writer.u16(ipv6 ? 28 : 1);
    writer.u16(1);
    writer.u32(0);
    std::array<std::byte, 16> bytes{};
    SLUICE_CHECK(inet_pton(ipv6 ? AF_INET6 : AF_INET, address.c_str(), bytes.data()) == 1);
    writer.u16(ipv6 ? 16 : 4);
    writer.bytes(base::Bytes(bytes).first(ipv6 ? 16 : 4));
    return out;
  }

  net::UdpBatch batch_;
  std::unique_ptr<net::UdpSocket> udp_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace sluice::test
