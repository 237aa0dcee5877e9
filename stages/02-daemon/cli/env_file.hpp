#pragma once
/// \file
/// Files of `NAME=VALUE` lines: --env-file and --label-file, and the same text on the command line.

#include <string>
#include <vector>

namespace slipway {

/// The lines of such a file, without comments, empty lines and leading spaces.
/// \throws std::runtime_error in docker's words: a name with spaces in it, no name, bytes that are no UTF-8
std::vector<std::string> read_env_file(const std::string& path);

/// An environment of files and words, later ones over earlier ones of the same name. `NAME` alone takes the value from our
/// own environment; unset there, a word stays as it is, which takes the image's variable away, and a file's line is left
/// out. \throws std::runtime_error
std::vector<std::string> environment_of(const std::vector<std::string>& files,
                                        const std::vector<std::string>& words);

/// Labels of files and words as "KEY=VALUE"; a word may be a key alone, a file's line without '=' is no label. \throws std::runtime_error
std::vector<std::string> labels_of(const std::vector<std::string>& files,
                                   const std::vector<std::string>& words);

}  // namespace slipway
