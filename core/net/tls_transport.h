// SPDX-License-Identifier: Apache-2.0
// TlsTransport: OpenSSL's way to a non-blocking socket. It reads from the socket itself, within an
// allowance; what is to be sent is gathered in memory, so that many records go out in one system
// call and OpenSSL never has to be called again with the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct bio_st;

namespace sluice::net {

class TlsTransport {
 public:
  explicit TlsTransport(int fd) : fd_(fd) {}  // borrowed
  TlsTransport(const TlsTransport &) = delete;
  TlsTransport &operator=(const TlsTransport &) = delete;

  // For OpenSSL, which gets a reference of its own; null without memory. The transport must outlive
  // it.
  [[nodiscard]] bio_st *make_bio();

  // Until the next call, this many bytes may be taken from the socket; then it is as if there were
  // no more. The last read may be larger by a record.
  void allow(std::size_t bytes) { allowance_ = bytes; }
  // Where OpenSSL's records go. null: nowhere, and offering some is a mistake.
  void gather_into(std::string *records) { records_ = records; }

  [[nodiscard]] bool at_end() const { return at_end_; }  // of the peer's stream
  [[nodiscard]] int error() const { return error_; }     // errno of a read that failed, or 0
  [[nodiscard]] std::uint64_t received() const { return received_; }

 private:
  static int on_read(bio_st *bio, char *into, int size) noexcept;
  static int on_write(bio_st *bio, const char *bytes, int size) noexcept;
  static long on_control(bio_st *bio, int command, long number, void *pointer) noexcept;

  const int fd_;
  std::size_t allowance_ = 0;
  std::string *records_ = nullptr;
  bool at_end_ = false;
  int error_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace sluice::net
