// SPDX-License-Identifier: Apache-2.0
// Shelf: the streams as one loop sees them. It owns the publications whose home the loop is, keeps
// a copy of the directory for the loop's viewers, and carries questions to other loops. Lives on
// its loop; the post_ functions are for any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "config/live.h"
#include "loop/loop.h"
#include "media/buffer.h"
#include "stream/directory.h"
#include "stream/publication.h"
#include "stream/session.h"
#include "stream/source_entry.h"
#include "stream/wake_list.h"

namespace sluice::stream {

class SourceDirectory;

// Told when something changes about a name. Called on the shelf's loop.
class NameWatcher {
 public:
  // entry is null when the name is not known any more.
  virtual void on_entry(const std::shared_ptr<const StreamEntry> &entry) = 0;

 protected:
  ~NameWatcher() = default;
};

class Shelf {
 public:
  struct Context {
    loop::Loop &loop;
    Directory &directory;
    const config::Live &config;
    StreamMetrics &metrics;
    std::shared_ptr<tape::BlockPool> blocks;
    SourceDirectory *sources = nullptr;  // null: nothing is pulled
    loop::WorkPool *work = nullptr;      // null: nothing is transcoded
  };
  explicit Shelf(Context context);
  ~Shelf();

  // Publishing [loop]

  using Ticket = std::uint64_t;
  // Asks the directory for the name. on_answer gets the publication, which stays until release(),
  // or why not.
  using OnAnswer = std::function<void(base::Result<Publication *>)>;
  Ticket publish(std::string name, Publisher publisher, PublicationOwner &owner,
                 OnAnswer on_answer);
  // The one who asked is gone: the answer is dropped, and a name that was granted is given back.
  void cancel(Ticket ticket) { asked_.erase(ticket); }
  void release(Publication &publication);

  // Reading [loop]

  // What is known of the name; null when nothing is.
  [[nodiscard]] std::shared_ptr<const StreamEntry> find(std::string_view name) const;
  // What is known of the name's source; null when it has none.
  [[nodiscard]] std::shared_ptr<const SourceEntry> find_source(std::string_view name) const;
  // A name that is watched is wanted: its source, when it has one, is told so.
  void watch(const std::string &name, NameWatcher &watcher);
  void unwatch(const std::string &name, NameWatcher &watcher);  // also while watchers are told

  // Asks the stream's home loop for a view of its tape. on_view runs on this loop, unless the
  // publication ends before that: then the name's watchers hear of it.
  using OnView = std::move_only_function<void(tape::TapeView)>;
  void subscribe(const StreamEntry &entry, Format format, std::shared_ptr<Subscriber> subscriber,
                 OnView on_view);
  void unsubscribe(const StreamEntry &entry, Format format, std::shared_ptr<Subscriber> subscriber);
  // While somebody is subscribed, the stream is cut into segments in entry.segments_in(format), and
  // the subscriber is woken whenever there is a new list. Fmp4 or Ts.
  void subscribe_segments(const StreamEntry &entry, Format format,
                          std::shared_ptr<Subscriber> subscriber);
  void unsubscribe_segments(const StreamEntry &entry, Format format,
                            std::shared_ptr<Subscriber> subscriber);

  // Asks the stream's home loop for its newest key frame. on_key_frame runs on this loop, unless
  // the publication ends before that: then the name's watchers hear of it.
  using OnKeyFrame = std::move_only_function<void(KeyFrame)>;
  void take_key_frame(const StreamEntry &entry, OnKeyFrame on_key_frame);

  // Of this loop, for whoever needs them.
  [[nodiscard]] loop::Loop &loop() const { return context_.loop; }
  [[nodiscard]] const config::Live &config() const { return context_.config; }
  [[nodiscard]] StreamMetrics &metrics() const { return context_.metrics; }
  [[nodiscard]] media::BufferPool &buffers() { return buffers_; }
  [[nodiscard]] WakeList &wake_list() { return wake_list_; }
  [[nodiscard]] SessionTable &sessions() { return sessions_; }

  // From the directory and from other shelves [any thread]
  void post_answer(Ticket ticket, base::Result<Grant> answer);
  void post_update(std::string name, std::shared_ptr<const StreamEntry> entry);
  void post_revoke(std::uint64_t epoch);
  // From the directory of sources [any thread]; null when the name has none any more.
  void post_source(std::string name, std::shared_ptr<const SourceEntry> entry);

 private:
  struct Asked {
    PublicationOwner *owner;
    OnAnswer on_answer;
  };
  void answer(Ticket ticket, base::Result<Grant> answer);
  void update(const std::string &name, std::shared_ptr<const StreamEntry> entry);
  [[nodiscard]] bool watches(const std::string &name, const NameWatcher &watcher) const;
  void update_source(const std::string &name, std::shared_ptr<const SourceEntry> entry);
  void tell_wish(const std::string &name);
  using Message = std::move_only_function<void(Publication &)>;
  static void tell_publication(const StreamEntry &entry, Message message);
  void give_back(const StreamEntry &entry, media::Ticks next_dts);
  Publication *find_publication(std::uint64_t epoch);
  PublicationContext publication_context(const StreamEntry &entry);

  Context context_;
  media::BufferPool buffers_;
  WakeList wake_list_;
  SessionTable sessions_;
  Ticket last_ticket_ = 0;
  std::unordered_map<Ticket, Asked> asked_;
  std::map<std::string, std::shared_ptr<const StreamEntry>, std::less<>> entries_;
  std::map<std::string, std::shared_ptr<const SourceEntry>, std::less<>> sources_;
  std::set<std::string, std::less<>> wanted_;  // sources that were told that they are wanted here
  std::unordered_multimap<std::string, NameWatcher *> watchers_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Publication>> publications_;  // by epoch
};

}  // namespace sluice::stream
