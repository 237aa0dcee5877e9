#pragma once
/// \file
/// Memory of a process that has nothing to do for a while.

namespace slipway {

/// Gives back to the kernel what the heap and the stack have touched and do not use now. They take it again when they need
/// it, at the price of a page fault a page (about 20 µs in a virtual machine): not for the path that somebody waits for.
/// For a process with one thread.
void give_memory_back() noexcept;

}  // namespace slipway
