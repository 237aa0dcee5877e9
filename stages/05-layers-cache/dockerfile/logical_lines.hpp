#pragma once
/// \file
/// From the file's lines to logical lines: what an instruction's parser sees.
///
///     # escape=`            a directive: only before everything else
///     RUN echo a \          one logical line of three: joined where they end in the escape character,
///       # a comment         comments and empty lines inside left out
///       b
///     COPY <<EOF /etc/motd  the lines down to the terminator belong to it
///     hello
///     EOF
///
/// Source: docs.docker.com, "Dockerfile reference", sections "Parser directives", "Escape" and "Here-documents".

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile_error.hpp"

namespace slipway {

/// `<<EOF` and what stands down to EOF.
struct Heredoc {
  std::string name;     ///< "EOF", without quotes
  std::string content;  ///< its lines, each with its newline
  bool expand = true;   ///< false if the name is quoted: variables are left alone
  bool strip = false;   ///< `<<-`: leading tabs are dropped (they already are in `content`)
};

/// One instruction's text, and where each part of it came from.
class LogicalLine {
 public:
  /// Appends a part of a file's line that begins at `at`.
  void append(std::string_view part, Position at);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// The place in the file of the byte at `offset`.
  [[nodiscard]] Position position_of(std::size_t offset) const;

  std::vector<Heredoc> heredocs;

 private:
  struct Part {
    std::size_t offset;
    Position at;
  };
  std::string text_;
  std::vector<Part> parts_;
};

/// A file taken apart.
struct LogicalLines {
  std::map<std::string, std::string> directives;  ///< "escape", "syntax", "check"
  char escape = '\\';
  std::vector<LogicalLine> lines;
};

/// \throws DockerfileError: a directive twice or with a value that is none; a heredoc without its end
LogicalLines split_lines(std::string_view file);

}  // namespace slipway
