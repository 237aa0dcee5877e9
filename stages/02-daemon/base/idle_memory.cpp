#include "idle_memory.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace slipway {
namespace {

/// How deep a stack may have been. The kernel keeps the MiB below one free of other mappings (stack_guard_gap).
constexpr std::uintptr_t kDepth = 512 * 1024;
/// Room for the calls that we are about to make, and for the red zone below them.
constexpr std::uintptr_t kInUse = 1024;

/// madvise(2) drops what was written: everything below the frame that runs is dead.
[[gnu::noinline]] void drop_dead_stack() noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const std::uintptr_t end = (here - kInUse) & ~(page - 1);
  ::madvise(reinterpret_cast<void*>(end - kDepth), kDepth,
            MADV_DONTNEED);  // ENOMEM: less was there
}

}  // namespace

void give_memory_back() noexcept {
  ::malloc_trim(0);
  drop_dead_stack();
}

}  // namespace slipway
