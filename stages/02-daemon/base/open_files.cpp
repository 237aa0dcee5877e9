#include "open_files.hpp"

#include <sys/resource.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

namespace slipway {
namespace {

constexpr char kVariable[] = "SLIPWAY_OPEN_FILES";

/// Fails only for a limit above the hard one, and ours is not.
void set_soft_limit(rlim_t soft) noexcept {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (soft > limit.rlim_max) return;
  limit.rlim_cur = soft;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

void raise_open_files_limit() noexcept {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  ::setenv(kVariable, std::to_string(limit.rlim_cur).c_str(), /*overwrite=*/0);
  set_soft_limit(limit.rlim_max);
}

void restore_open_files_limit() noexcept {
  const char* const text = ::getenv(kVariable);
  rlim_t soft = 0;
  if (text == nullptr) return;
  const auto read = std::from_chars(text, text + std::strlen(text), soft);
  if (read.ec == std::errc() && soft > 0) set_soft_limit(soft);
}

}  // namespace slipway
