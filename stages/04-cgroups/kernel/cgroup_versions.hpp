#pragma once
/// \file
/// The two kinds of Cgroup, and what they have in common.

#include <time.h>

#include <memory>
#include <string>

#include "cgroup.hpp"

namespace slipway {

std::unique_ptr<Cgroup> make_version1(const Hierarchies& hierarchies, const std::string& path);
std::unique_ptr<Cgroup> make_version2(const Hierarchies& hierarchies, const std::string& path);

/// Asks until `done` says yes, a millisecond apart. False if it has not after some seconds: the kernel does these things at
/// once, but for a process that waits for a disk.
template <class Done>
bool patiently(Done done) {
  constexpr int kTries = 3000;
  for (int tries = 0; tries < kTries; ++tries) {
    if (done()) return true;
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return done();
}

/// Nobody can take more memory away than is free. \param kind  "limit"
[[noreturn]] void refuse_memory_limit(std::int64_t wanted, std::uint64_t usage, std::uint64_t peak);

}  // namespace slipway
