// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>
#include <utility>

#include "net/resolver_channel.h"

namespace sluice::net {
namespace {

constexpr const char *kSystemFile = "/etc/resolv.conf";
constexpr std::size_t kMaxName = 253;  // RFC 1035, section 2.3.4, as text

std::int64_t version_of_system_file() {
  struct stat status{};
  if (::stat(kSystemFile, &status) != 0) return 0;
  return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
}

template <class SocketAddress>
Address as_address(const SocketAddress &in) {
  sockaddr_storage storage{};
  std::memcpy(&storage, &in, sizeof in);
  return Address(storage);
}

// "fe80::1%eth0" names the interface, without which a link-local address leads nowhere.
std::optional<Address> parse_literal(std::string_view host, std::uint16_t port) {
  if (host.contains('\0')) return std::nullopt;  // inet_pton would not see what follows
  std::size_t percent = host.find('%');
  std::string number(host.substr(0, percent));
  sockaddr_in in{};
  if (percent == std::string_view::npos && inet_pton(AF_INET, number.c_str(), &in.sin_addr) == 1) {
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    return as_address(in);
  }
  sockaddr_in6 in6{};
  if (inet_pton(AF_INET6, number.c_str(), &in6.sin6_addr) != 1) return std::nullopt;
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  if (percent != std::string_view::npos) {
    in6.sin6_scope_id = if_nametoindex(std::string(host.substr(percent + 1)).c_str());
    if (in6.sin6_scope_id == 0) return std::nullopt;
  }
  return as_address(in6);
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

// No name ends in a number: what does is one of the old spellings of an IPv4 address (octal, hex,
// fewer than four parts), which different programs read differently.
bool is_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kMaxName || !std::ranges::all_of(host, is_name_character)) {
    return false;
  }
  std::string_view last = host.substr(host.rfind('.') + 1);
  if (last.starts_with("0x") || last.starts_with("0X")) return false;
  return !std::ranges::all_of(last, [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

base::Result<std::unique_ptr<Resolver>> Resolver::open(loop::Loop &loop, Options options) {
  for (const std::string &server : options.servers) {
    if (!Address::parse(server)) {
      return base::fail(base::Domain::Net, base::Code::Operator,
                        "a name server is an address in numbers with a port");
    }
  }
  std::unique_ptr<Resolver> resolver(new Resolver(loop, std::move(options)));
  SLUICE_TRY(channel, Channel::open(loop, resolver->options_));
  resolver->channel_ = std::move(channel);
  return resolver;
}

Resolver::Resolver(loop::Loop &loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      system_version_(version_of_system_file()),
      deliver_(loop, [this] { deliver(); }) {}

Resolver::~Resolver() {
  loop_.assert_here();
  retired_.clear();
  channel_.reset();
  for (auto &request : answered_) {
    if (request->query != nullptr) request->query->request_ = nullptr;
  }
}

std::unique_ptr<Resolver::Query> Resolver::resolve(std::string_view host, std::uint16_t port,
                                                   base::Millis deadline, OnAnswer on_answer) {
  loop_.assert_here();
  std::unique_ptr<Query> query(new Query(loop_, std::move(on_answer)));
  query->deadline_.start(deadline);
  auto request = std::make_unique<Request>();
  request->resolver = this;
  request->query = query.get();
  request->port = port;
  query->request_ = request.get();
  if (auto literal = parse_literal(host, port)) {
    finish(std::move(request), std::vector{*literal});
  } else if (!is_name(host)) {
    finish(std::move(request),
           base::fail(base::Domain::Net, base::Code::Malformed, "neither an address nor a name"));
  } else if (under_way_ >= options_.max_queries) {
    finish(std::move(request),
           base::fail(base::Domain::Net, base::Code::Busy, "too many names are being looked up"));
  } else {
    follow_system_changes();
    channel_->ask(std::string(host), std::move(request));
  }
  return query;
}

// A node may start before its network has told the system which name servers there are.
void Resolver::follow_system_changes() {
  std::erase_if(retired_, [](const auto &channel) { return channel->idle(); });
  if (!options_.servers.empty()) return;
  std::int64_t version = version_of_system_file();
  if (version == system_version_) return;
  auto fresh = Channel::open(loop_, options_);
  if (!fresh) return;  // the old one is better than none, and the next question tries again
  system_version_ = version;
  retired_.push_back(std::exchange(channel_, std::move(*fresh)));
}

// c-ares may not be destroyed from inside its own calls, so answers wait for the next iteration.
void Resolver::finish(std::unique_ptr<Request> request, Answer answer) {
  if (request->query == nullptr) return;
  request->answer = std::move(answer);
  answered_.push_back(std::move(request));
  deliver_.start(base::Millis(0));
}

// Whoever gets an answer may destroy other queries, which then find their request here, and this
// resolver, which is not touched again.
void Resolver::deliver() {
  auto answered = std::exchange(answered_, {});
  for (auto &request : answered) {
    Query *query = std::exchange(request->query, nullptr);
    if (query == nullptr) continue;
    query->request_ = nullptr;
    query->answer(std::move(request->answer));
  }
}

Resolver::Query::Query(loop::Loop &loop, OnAnswer on_answer)
    : on_answer_(std::move(on_answer)), deadline_(loop, [this] {
        if (request_ != nullptr) std::exchange(request_, nullptr)->query = nullptr;
        answer(base::fail(base::Domain::Net, base::Code::TimedOut,
                          "the name was not resolved in time"));
      }) {}

Resolver::Query::~Query() {
  if (request_ != nullptr) request_->query = nullptr;
}

void Resolver::Query::answer(Answer answer) {
  deadline_.stop();
  OnAnswer on_answer = std::move(on_answer_);
  on_answer(std::move(answer));
}

}  // namespace sluice::net
