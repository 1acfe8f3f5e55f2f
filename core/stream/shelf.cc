// SPDX-License-Identifier: Apache-2.0
#include "stream/shelf.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "stream/source_directory.h"

namespace sluice::stream {
Shelf::Shelf(Context context)
    : context_(std::move(context)), wake_list_(context_.loop), sessions_(context_.loop.index()) {}

Shelf::~Shelf() = default;

Shelf::Ticket Shelf::publish(std::string name, Publisher publisher, PublicationOwner &owner,
                             OnAnswer on_answer) {
  Ticket ticket = ++last_ticket_;
  asked_.emplace(ticket, Asked{&owner, std::move(on_answer)});
  PublishRequest request{std::move(name), this, ticket, std::move(publisher)};
  auto &directory = context_.directory;
  directory.loop().tell([&directory, request = std::move(request)]() mutable {
    directory.publish(std::move(request));
  });
  return ticket;
}

void Shelf::release(Publication &publication) {
  auto found = publications_.find(publication.entry().epoch);
  if (found == publications_.end()) return;
  auto ended = std::move(found->second);
  publications_.erase(found);
  StreamEntry entry = ended->entry();
  media::Ticks next_dts = ended->resume_point();
  // The end of its tape comes before the word of it, so that whoever hears of a successor finds the
  // last frames on the tape.
  ended.reset();
  give_back(entry, next_dts);
}

void Shelf::give_back(const StreamEntry &entry, media::Ticks next_dts) {
  auto &directory = context_.directory;
  directory.loop().tell([&directory, name = entry.name, epoch = entry.epoch, next_dts] {
    directory.unpublish(name, epoch, next_dts);
  });
}

std::shared_ptr<const StreamEntry> Shelf::find(std::string_view name) const {
  auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second;
}

std::shared_ptr<const SourceEntry> Shelf::find_source(std::string_view name) const {
  auto found = sources_.find(name);
  return found == sources_.end() ? nullptr : found->second;
}

void Shelf::watch(const std::string &name, NameWatcher &watcher) {
  watchers_.emplace(name, &watcher);
  tell_wish(name);
}

void Shelf::unwatch(const std::string &name, NameWatcher &watcher) {
  auto [first, last] = watchers_.equal_range(name);
  for (auto it = first; it != last; ++it) {
    if (it->second != &watcher) continue;
    watchers_.erase(it);
    return tell_wish(name);
  }
}

// Only when it has changed.
void Shelf::tell_wish(const std::string &name) {
  if (context_.sources == nullptr || !sources_.contains(name)) return;
  bool wanted = watchers_.contains(name);
  if (wanted == wanted_.contains(name)) return;
  if (wanted) {
    wanted_.insert(name);
  } else {
    wanted_.erase(name);
  }
  context_.sources->post_wanted(name, *this, wanted);
}

void Shelf::subscribe(const StreamEntry &entry, Format format,
                      std::shared_ptr<Subscriber> subscriber, OnView on_view) {
  // The reply travels as a part of the request and is run on this loop, whichever loop destroys it
  // unrun.
  auto reply = [here = &context_.loop, on_view = std::move(on_view)](tape::TapeView view) mutable {
    here->tell([on_view = std::move(on_view), view = std::move(view)]() mutable {
      on_view(std::move(view));
    });
  };
  tell_publication(entry, [format, subscriber = std::move(subscriber),
                           reply = std::move(reply)](Publication &publication) mutable {
    publication.subscribe(format, std::move(subscriber), std::move(reply));
  });
}

void Shelf::unsubscribe(const StreamEntry &entry, Format format,
                        std::shared_ptr<Subscriber> subscriber) {
  tell_publication(entry, [format, subscriber = std::move(subscriber)](Publication &publication) {
    publication.unsubscribe(format, subscriber);
  });
}

void Shelf::subscribe_segments(const StreamEntry &entry, Format format,
                               std::shared_ptr<Subscriber> subscriber) {
  tell_publication(entry, [format, subscriber = std::move(subscriber)](Publication &publication) {
    publication.subscribe_segments(format, subscriber);
  });
}

void Shelf::unsubscribe_segments(const StreamEntry &entry, Format format,
                                 std::shared_ptr<Subscriber> subscriber) {
  tell_publication(entry, [format, subscriber = std::move(subscriber)](Publication &publication) {
    publication.unsubscribe_segments(format, subscriber);
  });
}

void Shelf::take_key_frame(const StreamEntry &entry, OnKeyFrame on_key_frame) {
  tell_publication(entry, [here = &context_.loop, on_key_frame = std::move(on_key_frame)](
                              Publication &publication) mutable {
    here->tell([on_key_frame = std::move(on_key_frame), key = publication.key_frame()]() mutable {
      on_key_frame(std::move(key));
    });
  });
}

// Runs on the home loop, unless the publication has ended.
void Shelf::tell_publication(const StreamEntry &entry, Message message) {
  if (entry.home == nullptr) return;
  Shelf *home = entry.home;
  home->loop().tell([home, epoch = entry.epoch, message = std::move(message)]() mutable {
    if (Publication *publication = home->find_publication(epoch)) message(*publication);
  });
}

void Shelf::post_answer(Ticket ticket, base::Result<Grant> result) {
  context_.loop.tell([this, ticket, result = std::move(result)] { answer(ticket, result); });
}

void Shelf::post_update(std::string name, std::shared_ptr<const StreamEntry> entry) {
  context_.loop.tell([this, name = std::move(name), entry = std::move(entry)]() mutable {
    update(name, std::move(entry));
  });
}

void Shelf::post_revoke(std::uint64_t epoch) {
  context_.loop.tell([this, epoch] {
    if (Publication *publication = find_publication(epoch)) publication->owner().on_revoked();
  });
}

void Shelf::post_source(std::string name, std::shared_ptr<const SourceEntry> entry) {
  context_.loop.tell([this, name = std::move(name), entry = std::move(entry)]() mutable {
    update_source(name, std::move(entry));
  });
}

void Shelf::update_source(const std::string &name, std::shared_ptr<const SourceEntry> entry) {
  if (entry) {
    sources_[name] = std::move(entry);
    return tell_wish(name);
  }
  sources_.erase(name);
  wanted_.erase(name);
}

void Shelf::answer(Ticket ticket, base::Result<Grant> result) {
  auto found = asked_.find(ticket);
  if (found == asked_.end()) {
    if (result) give_back(*result->entry, result->start_at);
    return;
  }
  Asked asked = std::move(found->second);
  asked_.erase(found);
  if (!result) return asked.on_answer(base::fail(result.error()));
  auto publication = std::make_unique<Publication>(publication_context(*result->entry),
                                                   result->entry, result->start_at, *asked.owner);
  Publication *raw = publication.get();
  publications_.emplace(result->entry->epoch, std::move(publication));
  asked.on_answer(raw);
}

PublicationContext Shelf::publication_context(const StreamEntry &entry) {
  auto &directory = context_.directory;
  auto on_facts = [&directory, name = entry.name, epoch = entry.epoch](StreamFacts facts) {
    directory.loop().tell([&directory, name, epoch, facts = std::move(facts)]() mutable {
      directory.describe(name, epoch, std::move(facts));
    });
  };
  return {context_.loop, context_.config, context_.metrics,   context_.blocks,
          buffers_,      context_.work,   std::move(on_facts)};
}

void Shelf::update(const std::string &name, std::shared_ptr<const StreamEntry> entry) {
  if (entry) {
    entries_[name] = entry;
  } else {
    entries_.erase(name);
  }
  // A watcher may unwatch itself or others while it is told.
  auto [first, last] = watchers_.equal_range(name);
  std::vector<NameWatcher *> to_tell;
  for (auto it = first; it != last; ++it)
    to_tell.push_back(it->second);
  for (NameWatcher *watcher : to_tell) {
    if (watches(name, *watcher)) watcher->on_entry(entry);
  }
}

bool Shelf::watches(const std::string &name, const NameWatcher &watcher) const {
  auto [first, last] = watchers_.equal_range(name);
  return std::any_of(first, last, [&](const auto &row) { return row.second == &watcher; });
}

Publication *Shelf::find_publication(std::uint64_t epoch) {
  auto found = publications_.find(epoch);
  return found == publications_.end() ? nullptr : found->second.get();
}

}  // namespace sluice::stream
