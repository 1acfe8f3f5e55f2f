// SPDX-License-Identifier: Apache-2.0
// Reads /proc/PID/stat, /proc/PID/task/*/{schedstat,status} and /proc/stat.
#include "support/usage.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace sluice::bench {
namespace {

std::string read_whole(const std::filesystem::path &path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

double ticks(std::uint64_t n) {
  return static_cast<double>(n) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void add_task(const std::filesystem::path &task, ProcessUsage &usage) {
  std::istringstream schedstat(read_whole(task / "schedstat"));
  std::uint64_t ran_ns = 0;
  schedstat >> ran_ns;
  usage.cpu_s += static_cast<double>(ran_ns) / 1e9;
  std::ifstream status(task / "status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string key;
    std::uint64_t value = 0;
    words >> key >> value;
    if (key == "voluntary_ctxt_switches:") usage.voluntary_switches += value;
    if (key == "nonvoluntary_ctxt_switches:") usage.involuntary_switches += value;
  }
}

}  // namespace

ProcessUsage process_usage(pid_t pid) {
  ProcessUsage usage;
  std::filesystem::path folder = "/proc/" + std::to_string(pid);
  std::string stat = read_whole(folder / "stat");
  auto name_end = stat.rfind(')');  // the name in front of it may hold anything
  if (name_end == std::string::npos) return usage;
  std::istringstream fields(stat.substr(name_end + 2));
  std::string field;
  for (int i = 0; i <= 21 && fields >> field; i++) {  // numbered from the state, which is field 0
    if (i == 11) usage.user_s = ticks(std::stoull(field));
    if (i == 12) usage.system_s = ticks(std::stoull(field));
    if (i == 21)
      usage.resident_bytes = std::stoull(field) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  }
  std::error_code gone;
  for (const auto &task : std::filesystem::directory_iterator(folder / "task", gone))
    add_task(task.path(), usage);
  return usage;
}

std::vector<CoreUsage> core_usage() {
  std::vector<CoreUsage> cores;
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    if (!line.starts_with("cpu") || line.size() < 4 || line[3] == ' ') continue;
    std::istringstream words(line);
    std::string name;
    // user, nice, system, idle, iowait, irq, softirq, steal
    std::uint64_t v[8] = {};
    words >> name;
    for (std::uint64_t &value : v)
      words >> value;
    cores.push_back({ticks(v[0] + v[1] + v[2] + v[5] + v[6] + v[7]), ticks(v[0] + v[1]),
                     ticks(v[2]), ticks(v[6]), ticks(v[7])});
  }
  return cores;
}

}  // namespace sluice::bench
