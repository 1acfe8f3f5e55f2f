// SPDX-License-Identifier: Apache-2.0
#include "config/secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace sluice::config {
namespace {

constexpr std::size_t kMaxSecretFile = 4096;
constexpr std::size_t kMaxVariableName = 128;

std::string_view without_line_end(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r'))
    text.remove_suffix(1);
  return text;
}

std::unexpected<std::string> system_problem() {
  return std::unexpected(fmt::format("cannot be read: {}", std::strerror(errno)));
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor &) = delete;
  FileDescriptor &operator=(const FileDescriptor &) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// Up to `limit` + 1 bytes, so that the caller sees a file that grew.
Parsed<std::string> read_some(int fd, std::size_t limit) {
  std::string text(limit + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_problem();
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

bool is_variable_name(std::string_view name) {
  const auto allowed = [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  };
  return !name.empty() && name.size() <= kMaxVariableName && std::ranges::all_of(name, allowed);
}

Parsed<std::string> secret_from_file(std::string_view path) {
  if (!path.starts_with('/') || path.contains('\0')) {
    return std::unexpected("must name its file by an absolute path, such as @/run/secrets/token");
  }
  const auto text = read_file_blocking(std::string(path), kMaxSecretFile);
  if (!text) return std::unexpected(fmt::format("names a file that {}", text.error()));
  std::string secret(without_line_end(*text));
  if (secret.empty()) return std::unexpected("names a file that is empty");
  return secret;
}

Parsed<std::string> secret_from_environment(std::string_view name) {
  if (!is_variable_name(name)) {
    return std::unexpected("must name a variable of the environment as ${NAME}");
  }
  // Nothing in the process changes the environment after it has started.
  const char *value = std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe)
  if (value == nullptr || *value == '\0') {
    return std::unexpected(fmt::format("names the variable {}, which is not set", name));
  }
  return std::string(without_line_end(value));
}

}  // namespace

Parsed<std::string> resolve_secret(std::string_view text) {
  if (text.starts_with('@')) return secret_from_file(text.substr(1));
  if (text.starts_with("${") && text.ends_with('}')) {
    return secret_from_environment(text.substr(2, text.size() - 3));
  }
  return std::string(text);
}

Parsed<std::string> read_file_blocking(const std::string &path, std::size_t limit) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return system_problem();
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return system_problem();
  if (!S_ISREG(info.st_mode)) return std::unexpected("is not a regular file");
  const auto too_large = [limit] {
    return std::unexpected(fmt::format("is larger than {}", write_size(limit)));
  };
  if (static_cast<std::uint64_t>(info.st_size) > limit) return too_large();
  auto text = read_some(file.get(), limit);
  if (text && text->size() > limit) return too_large();
  return text;
}

}  // namespace sluice::config
