// SPDX-License-Identifier: Apache-2.0
// StreamRig: a directory and a shelf on one TestLoop, which is main loop and worker at once; and
// publishers that are made of function calls.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "metrics/registry.h"
#include "stream/shelf.h"
#include "support/flv_items.h"
#include "support/test_loop.h"

namespace sluice::test {

struct StreamRig {
  // work: without it nothing is transcoded.
  explicit StreamRig(config::Config c = {}, loop::WorkPool *work = nullptr)
      : config(std::make_shared<const config::Config>(std::move(c))) {
    shelf = std::make_unique<stream::Shelf>(
        stream::Shelf::Context{*loop, directory, config, metrics, blocks, nullptr, work});
    directory.add_shelf(*shelf);
  }

  // Lets the messages that are under way arrive, and those that they cause.
  void settle() { loop.run_ready(10); }

  [[nodiscard]] std::uint64_t used_bytes() const { return blocks->usage().used_bytes; }

  TestLoop loop;
  metrics::Registry registry{4};
  stream::StreamMetrics metrics{registry};
  config::Live config;
  // Keeps nothing, so that what is used shows.
  std::shared_ptr<tape::BlockPool> blocks = std::make_shared<tape::BlockPool>(0);
  stream::Directory directory{*loop, config, metrics};
  std::unique_ptr<stream::Shelf> shelf;
};

// Feeds numbered frames into a publication.
class FrameSource {
 public:
  explicit FrameSource(media::BufferPool &pool) : pool_(pool) {}

  void video(stream::Publication &to, std::int64_t ms, bool key, std::size_t size = 100) {
    push(to, {.codec = media::Codec::H264, .key = key, .dts = base::Millis(ms)}, size);
  }
  void audio(stream::Publication &to, std::int64_t ms, std::size_t size = 20) {
    push(to, {.codec = media::Codec::AAC, .key = true, .dts = base::Millis(ms)}, size);
  }
  [[nodiscard]] std::uint32_t last_serial() const { return serial_; }

 private:
  void push(stream::Publication &to, media::Frame frame, std::size_t size) {
    to.push(numbered_frame(pool_, std::move(frame), ++serial_, size));
  }

  media::BufferPool &pool_;
  std::uint32_t serial_ = 0;
};

class FakePublisher final : public stream::PublicationOwner {
 public:
  explicit FakePublisher(StreamRig &rig, std::string name = "cams/gate",
                         std::string host = "10.0.0.1")
      : rig_(rig), name_(std::move(name)), host_(std::move(host)), frames_(rig.shelf->buffers()) {}
  ~FakePublisher() { leave(); }
  FakePublisher(const FakePublisher &) = delete;
  FakePublisher &operator=(const FakePublisher &) = delete;

  void ask() {
    stream::Publisher who{{1, 1}, host_ + ":5000", host_, "rtmp"};
    ticket_ = rig_.shelf->publish(name_, who, *this, [this](auto answer) {
      ticket_.reset();
      if (answer) {
        publication = *answer;
      } else {
        refused = answer.error();
      }
    });
  }
  [[nodiscard]] bool wait_for_answer() {
    return rig_.loop.run_until([&] { return !ticket_.has_value(); });
  }
  // Asks and must get the name.
  FakePublisher &publish() {
    ask();
    REQUIRE(wait_for_answer());
    REQUIRE(publication != nullptr);
    return *this;
  }
  void leave() {
    if (ticket_) rig_.shelf->cancel(*std::exchange(ticket_, std::nullopt));
    if (publication != nullptr) rig_.shelf->release(*std::exchange(publication, nullptr));
  }
  void on_revoked() override {
    revoked = true;
    if (obeys) leave();
  }

  FakePublisher &with_tracks() {
    publication->set_track(h264_track());
    publication->set_track(aac_track());
    return *this;
  }
  void video(std::int64_t ms, bool key, std::size_t size = 100) {
    frames_.video(*publication, ms, key, size);
  }
  void audio(std::int64_t ms, std::size_t size = 20) { frames_.audio(*publication, ms, size); }
  [[nodiscard]] std::uint32_t last_serial() const { return frames_.last_serial(); }

  stream::Publication *publication = nullptr;
  std::optional<base::Error> refused;
  bool revoked = false;
  bool obeys = true;

 private:
  StreamRig &rig_;
  const std::string name_;
  const std::string host_;
  FrameSource frames_;
  std::optional<stream::Shelf::Ticket> ticket_;
};

// All bytes of a view from an offset to its head.
inline std::string read_tape(const tape::TapeView &view, std::uint64_t from) {
  std::string out;
  while (from < view.head()) {
    std::array<iovec, 4> pieces;
    std::size_t count = view.gather(from, view.head(), pieces);
    REQUIRE(count > 0);
    for (std::size_t i = 0; i < count; ++i) {
      out.append(static_cast<const char *>(pieces[i].iov_base), pieces[i].iov_len);
      from += pieces[i].iov_len;
    }
  }
  return out;
}

// What a reader gets that starts at the newest key frame now.
inline FlvItems read_from_key(tape::TapeView &view) {
  view.refresh();
  auto key = view.newest_key();
  REQUIRE(key.has_value());
  return FlvItems({view.prefix_at(*key).init, read_tape(view, *key)});
}

}  // namespace sluice::test
