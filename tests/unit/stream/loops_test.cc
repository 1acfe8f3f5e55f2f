// SPDX-License-Identifier: Apache-2.0
// Publishers and readers on loops of their own, with the directory on a third; run under
// ThreadSanitizer too.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <string_view>
#include <thread>

#include "support/stream_rig.h"

using namespace sluice;
using stream::Shelf;
using test::FrameSource;
using test::TestLoop;

namespace {

constexpr int kFrames = 500;

// A loop with a shelf and the thread that runs it, as a worker has it.
class Worker {
 public:
  Worker(std::uint16_t index, std::shared_ptr<const config::Config> with,
         stream::Directory &directory, stream::StreamMetrics &metrics,
         std::shared_ptr<tape::BlockPool> blocks)
      : loop(index, "test"), config(std::move(with)) {
    shelf = std::make_unique<Shelf>(
        Shelf::Context{loop, directory, config, metrics, std::move(blocks)});
    directory.add_shelf(*shelf);
  }
  ~Worker() { thread_.join(); }
  void start() {
    thread_ = std::thread([this] { loop.run(); });
  }
  void post(loop::Task task) { REQUIRE(loop.post(std::move(task))); }

  loop::Loop loop;
  config::Live config;
  std::unique_ptr<Shelf> shelf;

 private:
  std::thread thread_;
};

// Publishes a number of frames from a timer, as fast as it fires.
class Publisher final : public stream::PublicationOwner {
 public:
  Publisher(Shelf &shelf, std::uint32_t first_serial)
      : shelf_(shelf), serial_(first_serial), timer_(shelf.loop(), [this] { send(); }) {
    ticket_ = shelf.publish("cams/gate", {{1, 1}, "a:1", "a", "rtmp"}, *this, [this](auto answer) {
      ticket_ = 0;
      if (!answer) return;
      publication_ = *answer;
      publication_->set_track(test::h264_track());
      publication_->set_track(test::aac_track());
      timer_.start_repeating(base::Millis(1));
    });
  }
  ~Publisher() { leave(); }
  Publisher(const Publisher &) = delete;
  Publisher &operator=(const Publisher &) = delete;

  void on_revoked() override { leave(); }

  std::atomic<int> sent{0};

 private:
  void leave() {
    timer_.stop();
    if (ticket_ != 0) shelf_.cancel(std::exchange(ticket_, 0));
    if (publication_ != nullptr) shelf_.release(*std::exchange(publication_, nullptr));
  }
  void send() {
    for (int i = 0; i < 10 && sent < kFrames; ++i, ++sent) {
      media::Frame frame{
          .codec = media::Codec::H264, .key = sent % 25 == 0, .dts = base::Millis(sent * 40)};
      publication_->push(
          test::numbered_frame(shelf_.buffers(), std::move(frame), serial_++, 3'000));
    }
  }

  Shelf &shelf_;
  std::uint32_t serial_;
  loop::Timer timer_;
  Shelf::Ticket ticket_ = 0;
  stream::Publication *publication_ = nullptr;
};

// Reads whatever is published under the name, on its own loop.
class Reader final : public stream::NameWatcher {
 public:
  explicit Reader(Shelf &shelf) : shelf_(shelf), alive_(std::make_shared<bool>(true)) {
    shelf_.watch("cams/gate", *this);
    subscribe(shelf_.find("cams/gate"));
  }
  ~Reader() {
    *alive_ = false;
    unsubscribe();
    shelf_.unwatch("cams/gate", *this);
  }
  Reader(const Reader &) = delete;
  Reader &operator=(const Reader &) = delete;

  void on_entry(const std::shared_ptr<const stream::StreamEntry> &entry) override {
    subscribe(entry);
  }

  std::atomic<std::uint32_t> last{0};
  std::atomic<int> views{0};
  std::atomic<bool> broken{false};

 private:
  void subscribe(const std::shared_ptr<const stream::StreamEntry> &entry) {
    if (!entry || !entry->live) return;
    unsubscribe();
    entry_ = entry;
    subscriber_ = shelf_.wake_list().subscribe([this] { read(); });
    shelf_.subscribe(*entry, stream::Format::Flv, subscriber_,
                     [this, alive = alive_, epoch = entry->epoch](tape::TapeView view) {
                       if (!*alive || entry_->epoch != epoch) return;
                       read();
                       view_.emplace(std::move(view));
                       started_ = false;
                       ++views;
                       read();
                     });
  }
  void unsubscribe() {
    if (!subscriber_) return;
    subscriber_->silence();
    shelf_.unsubscribe(*entry_, stream::Format::Flv, std::exchange(subscriber_, nullptr));
  }
  void read() {
    if (!view_) return;
    view_->refresh();
    if (!started_) {
      auto key = view_->newest_key();
      if (!key) return;
      cursor_ = *key;
      started_ = true;
    }
    if (cursor_ < view_->tail()) {
      broken = true;
      return;
    }
    test::FlvItems items({std::string_view("FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00", 13),
                          test::read_tape(*view_, cursor_)});
    cursor_ = view_->head();
    for (std::uint32_t serial : items.serials()) {
      broken = broken || serial <= last;
      last = serial;
    }
    broken = broken || !items.intact();
  }

  Shelf &shelf_;
  std::shared_ptr<bool> alive_;
  std::shared_ptr<const stream::StreamEntry> entry_;
  std::shared_ptr<stream::Subscriber> subscriber_;
  std::optional<tape::TapeView> view_;
  std::uint64_t cursor_ = 0;
  bool started_ = false;
};

// Reads the segments of whatever is published under the name, on its own loop.
class SegmentReader final : public stream::NameWatcher {
 public:
  explicit SegmentReader(Shelf &shelf) : shelf_(shelf) {
    shelf_.watch("cams/gate", *this);
    on_entry(shelf_.find("cams/gate"));
  }
  ~SegmentReader() {
    unsubscribe();
    shelf_.unwatch("cams/gate", *this);
  }
  SegmentReader(const SegmentReader &) = delete;
  SegmentReader &operator=(const SegmentReader &) = delete;

  void on_entry(const std::shared_ptr<const stream::StreamEntry> &entry) override {
    if (!entry || !entry->live) return;
    unsubscribe();
    entry_ = entry;
    subscriber_ = shelf_.wake_list().subscribe([this] { read(); });
    shelf_.subscribe_segments(*entry, stream::Format::Fmp4, subscriber_);
  }

  std::atomic<std::uint64_t> completed{0};
  std::atomic<bool> ended{false};
  std::atomic<bool> broken{false};

 private:
  void unsubscribe() {
    if (!subscriber_) return;
    subscriber_->silence();
    shelf_.unsubscribe_segments(*entry_, stream::Format::Fmp4, std::exchange(subscriber_, nullptr));
  }
  void read() {
    auto list = entry_->segments_in(stream::Format::Fmp4).read();
    if (list->version < version_ || list->next_number < completed) broken = true;
    version_ = list->version;
    for (const auto &segment : list->segments)
      look_at(segment->range);
    if (list->open) look_at(list->open->parts.back().range);
    completed = list->next_number;
    ended = list->ended;
  }
  // Every fragment begins with its moof.
  void look_at(const tape::Range &range) {
    std::array<iovec, 1> piece;
    if (range.gather(4, 4, piece) != 1 ||
        std::string_view(static_cast<const char *>(piece[0].iov_base), 4) != "moof") {
      broken = true;
    }
  }

  Shelf &shelf_;
  std::shared_ptr<const stream::StreamEntry> entry_;
  std::shared_ptr<stream::Subscriber> subscriber_;
  std::uint64_t version_ = 0;
};

// The main loop on the test's thread, and two workers, which end in the node's three steps.
struct Node {
  explicit Node(config::Config c = {})
      : config(std::make_shared<const config::Config>(std::move(c))), live(config) {
    for (std::uint16_t i = 0; i < 2; ++i) {
      workers.push_back(std::make_unique<Worker>(static_cast<std::uint16_t>(i + 1), config,
                                                 directory, metrics, blocks));
    }
    for (auto &worker : workers)
      worker->start();
  }
  // Runs the task on a worker and waits for it.
  void on(std::size_t worker, std::function<void()> task) {
    bool done = false;
    workers[worker]->post([this, &done, task = std::move(task)] {
      task();
      (void)main->post([&done] { done = true; });
    });
    REQUIRE(main.run_until([&] { return done; }));
  }
  ~Node() {
    // Whatever is posted by whoever went finds the shelves still there.
    for (std::size_t i = 0; i < workers.size(); ++i)
      on(i, [] {});
    directory.close();
    for (auto &worker : workers) {
      worker->post([&worker] { worker->shelf.reset(); });
      worker->loop.stop();
    }
    workers.clear();
  }
  Node(const Node &) = delete;
  Node &operator=(const Node &) = delete;

  TestLoop main{0};
  std::shared_ptr<const config::Config> config;
  config::Live live;
  metrics::Registry registry{4};
  stream::StreamMetrics metrics{registry};
  std::shared_ptr<tape::BlockPool> blocks = std::make_shared<tape::BlockPool>(0);
  stream::Directory directory{*main, live, metrics};
  std::vector<std::unique_ptr<Worker>> workers;
};

}  // namespace

TEST_SUITE("stream") {
  TEST_CASE("loops: readers on two loops get what is published on one of them") {
    Node node;
    std::array<std::unique_ptr<Reader>, 2> readers;
    std::unique_ptr<Publisher> publisher;
    for (std::size_t i = 0; i < 2; ++i)
      node.on(i, [&, i] { readers[i] = std::make_unique<Reader>(*node.workers[i]->shelf); });
    node.on(0, [&] { publisher = std::make_unique<Publisher>(*node.workers[0]->shelf, 1); });
    CHECK(node.main.run_until(
        [&] { return readers[0]->last == kFrames && readers[1]->last == kFrames; }));
    for (auto &reader : readers) {
      CHECK_FALSE(reader->broken);
      CHECK(reader->views == 1);
    }
    node.on(1, [&] { readers[1].reset(); });
    node.on(0, [&] { publisher.reset(); });
    node.on(0, [&] { readers[0].reset(); });
  }

  TEST_CASE("loops: segments that are cut on one loop are read on others") {
    Node node;
    std::array<std::unique_ptr<SegmentReader>, 2> readers;
    std::unique_ptr<Publisher> publisher;
    for (std::size_t i = 0; i < 2; ++i)
      node.on(i, [&, i] { readers[i] = std::make_unique<SegmentReader>(*node.workers[i]->shelf); });
    node.on(0, [&] { publisher = std::make_unique<Publisher>(*node.workers[0]->shelf, 1); });
    // 500 frames of 40 ms, with a key frame every second.
    CHECK(node.main.run_until(
        [&] { return readers[0]->completed == 9 && readers[1]->completed == 9; }));
    node.on(0, [&] { publisher.reset(); });
    CHECK(node.main.run_until([&] { return readers[0]->ended && readers[1]->ended; }));
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(readers[i]->completed == 10);
      CHECK_FALSE(readers[i]->broken);
      node.on(i, [&, i] { readers[i].reset(); });
    }
  }

  TEST_CASE("loops: a take-over from another loop goes on where the first publisher was stopped") {
    config::Config config;
    config.stream.publish = config::PublishPolicy::Always;
    Node node(config);
    std::array<std::unique_ptr<Reader>, 2> readers;
    std::array<std::unique_ptr<Publisher>, 6> publishers;
    for (std::size_t i = 0; i < 2; ++i)
      node.on(i, [&, i] { readers[i] = std::make_unique<Reader>(*node.workers[i]->shelf); });
    // Each begins while the one before is in the middle.
    for (std::size_t i = 0; i < publishers.size(); ++i) {
      auto first = static_cast<std::uint32_t>(1 + i * kFrames);
      node.on(i % 2, [&] {
        publishers[i] = std::make_unique<Publisher>(*node.workers[i % 2]->shelf, first);
      });
      CHECK(node.main.run_until([&] { return publishers[i]->sent > 60; }));
    }
    auto last = static_cast<std::uint32_t>(publishers.size() * kFrames);
    CHECK(
        node.main.run_until([&] { return readers[0]->last == last && readers[1]->last == last; }));
    for (auto &reader : readers) {
      CHECK_FALSE(reader->broken);
      CHECK(reader->views >= 2);
    }
    for (std::size_t i = 0; i < publishers.size(); ++i)
      node.on(i % 2, [&] { publishers[i].reset(); });
    for (std::size_t i = 0; i < 2; ++i)
      node.on(i, [&, i] { readers[i].reset(); });
    CHECK(node.main.run_until([&] { return node.directory.list().front().entry->live == false; }));
  }

  TEST_CASE("loops: everything may end while messages are under way in all directions") {
    config::Config config;
    config.stream.publish = config::PublishPolicy::Always;
    config.stream.viewer_grace = base::Millis(1);
    for (int round = 0; round < 20; ++round) {
      Node node(config);
      std::array<std::unique_ptr<Reader>, 2> readers;
      std::array<std::unique_ptr<SegmentReader>, 2> segments;
      std::array<std::unique_ptr<Publisher>, 2> publishers;
      for (std::size_t i = 0; i < 2; ++i) {
        node.workers[i]->post([&, i] {
          readers[i] = std::make_unique<Reader>(*node.workers[i]->shelf);
          segments[i] = std::make_unique<SegmentReader>(*node.workers[i]->shelf);
          publishers[i] = std::make_unique<Publisher>(*node.workers[i]->shelf, 1);
        });
      }
      for (std::size_t i = 0; i < 2; ++i) {
        node.on((i + static_cast<std::size_t>(round)) % 2, [] {});
      }
      for (std::size_t i = 0; i < 2; ++i) {
        node.on(i, [&, i] {
          publishers[i].reset();
          readers[i].reset();
          segments[i].reset();
        });
      }
    }
  }
}
