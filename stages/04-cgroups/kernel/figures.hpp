#pragma once
/// \file
/// What a cgroup has used: the numbers behind `stats`.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace slipway {

/// One line of what was read from or written to a block device.
struct IoFigure {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::string operation;  ///< "Read", "Write", …; version 2 writes "read", "write"
  std::uint64_t value = 0;
};

/// Times in nanoseconds, memory in bytes.
struct Figures {
  std::uint64_t cpu_total = 0;
  std::uint64_t cpu_user = 0;
  std::uint64_t cpu_system = 0;
  std::vector<std::uint64_t> cpu_each;  ///< by processor; version 1 only
  std::uint64_t periods = 0;            ///< of cpu.max that have passed
  std::uint64_t throttled_periods = 0;
  std::uint64_t throttled_time = 0;

  std::uint64_t memory = 0;
  std::optional<std::uint64_t> memory_peak;
  std::optional<std::uint64_t> memory_limit;  ///< absent: none
  std::uint64_t memory_failures = 0;          ///< how often the limit was hit; version 1 only
  std::map<std::string, std::uint64_t> memory_detail;

  std::uint64_t pids = 0;
  std::optional<std::uint64_t> pids_limit;

  std::vector<IoFigure> io_bytes;
  std::vector<IoFigure> io_operations;
};

/// How often memory ran out, and the numbers at that.
struct OomCount {
  int kills = 0;
  std::uint64_t peak = 0;
  std::optional<std::uint64_t> limit;
};

/// "name value" lines. \param text  a file such as memory.stat
std::map<std::string, std::uint64_t> flat_keyed(const std::string& text);
/// A number, or nothing: "max", an empty or a missing file, and what version 1 calls no limit.
std::optional<std::uint64_t> limit_in(const std::string& path);
/// A number; 0 if there is none.
std::uint64_t number_in(const std::string& path);

}  // namespace slipway
