#pragma once
/// \file
/// How many descriptors a process may have: RLIMIT_NOFILE, see getrlimit(2).
///
/// A daemon with a thousand clients needs more than the usual soft limit of 1024. The programs in containers are to have
/// what the engine was started with, as docker's have: some close every possible descriptor at their start, and select(2)
/// knows no number above 1023. So what was there first travels in the environment, from box to box.

namespace slipway {

/// Raises the soft limit to the hard one. To be called before there are threads; whoever we start inherits it.
void raise_open_files_limit() noexcept;

/// Goes back to the soft limit that the first of our boxes was started with.
void restore_open_files_limit() noexcept;

}  // namespace slipway
