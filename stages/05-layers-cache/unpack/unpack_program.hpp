#pragma once
/// \file
/// The program `slipway-unpack`: all parsing of what strangers send, in a process that can do nothing else (`jail.hpp`).
///
///     slipway-unpack archive LIMIT=N…   an image archive: each file in it becomes a file in the folder, flat, under a
///                                       name of ours ("0", "1", …), hashed on the way
///     slipway-unpack layer LIMIT=N…     one layer: the folder becomes its root
///
/// stdin: the stream. The folder and the report come as open descriptors, so no path crosses the border.

namespace slipway {

inline constexpr int kUnpackFolderFd = 3;  ///< the folder to fill, empty
inline constexpr int kUnpackReportFd = 4;  ///< the report (`unpack_report.hpp`), a file

/// Runs it. \returns 0; 1 if the archive was refused; 2 if the program failed (both with a reason in the report)
int run_unpack(int argc, char** argv);

}  // namespace slipway
