// SPDX-License-Identifier: Apache-2.0
// FFmpeg's tools as judges of what the muxers make, and as makers of streams. Tests say so and pass
// where they are not installed.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace sluice::test {

// What a shell command prints, on either output.
inline std::string run(const std::string &command) {
  std::FILE *pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe))
    out.append(buffer, n);
  ::pclose(pipe);
  return out;
}

inline bool have_ffmpeg() {
  if (std::system("command -v ffprobe >/dev/null && command -v ffmpeg >/dev/null") == 0)
    return true;
  MESSAGE("ffprobe or ffmpeg is not installed: nothing was checked");
  return false;
}

// Whether ffmpeg was built with the encoder.
inline bool have_encoder(const std::string &name) {
  if (!have_ffmpeg()) return false;
  if (run("ffmpeg -hide_banner -encoders").find(' ' + name + ' ') != std::string::npos) return true;
  MESSAGE("ffmpeg has no " << name << ": nothing was checked");
  return false;
}

class TempFile {
 public:
  explicit TempFile(const std::string &bytes = {}) {
    const int fd = ::mkstemp(path_.data());
    REQUIRE(fd >= 0);
    ::close(fd);
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TempFile() { ::unlink(path_.c_str()); }
  TempFile(const TempFile &) = delete;
  TempFile &operator=(const TempFile &) = delete;

  [[nodiscard]] const std::string &path() const { return path_; }

 private:
  std::string path_ = "/tmp/sluice-media-XXXXXX";
};

}  // namespace sluice::test
