#include "json_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

constexpr std::size_t kMaxLine = 16 * 1024;
constexpr std::string_view kReplacement = "\\ufffd";

/// Where to cut a line that is too long: at its limit, or before a UTF-8 sequence that reaches over it.
std::size_t cut_of(std::string_view text) {
  for (std::size_t back = 1; back <= 3; ++back) {
    const auto c = static_cast<unsigned char>(text[kMaxLine - back]);
    if ((c & 0xc0) == 0x80) continue;  // its lead stands further left
    const std::size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return length > back ? kMaxLine - back : kMaxLine;
  }
  return kMaxLine;
}

/// True if the file ends within a line: a power cut or a full disk tore its last entry.
bool ends_torn(int file) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  char last = '\n';
  return size > 0 && ::pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

void append_escape(std::string& out, unsigned char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u00";
  out += kHex[c >> 4];
  out += kHex[c & 15];
}

/// True for characters below 128 that stand for themselves.
bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

void append_special(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case 0x7f:
      out += '\x7f';
      return;
    default:
      append_escape(out, c);
  }
}

/// The length of the UTF-8 sequence that `text` starts with; 0 if it is none (RFC 3629: no overlong forms, no surrogates).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool bad = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) ||
                   (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f);
  return bad ? 0 : length;
}

/// Appends the sequence of bytes >= 128 that `text` starts with; returns how many were used.
std::size_t append_multibyte(std::string& out, std::string_view text) {
  const std::size_t length = utf8_length(text);
  if (length == 0) {
    out += kReplacement;
    return 1;
  }
  const std::string_view sequence = text.substr(0, length);
  if (sequence == "\u2028") {
    out += "\\u2028";
  } else if (sequence == "\u2029") {
    out += "\\u2029";
  } else {
    out += sequence;
  }
  return length;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    std::size_t plain = i;
    while (plain < text.size() && is_plain(static_cast<unsigned char>(text[plain]))) ++plain;
    out.append(text, i, plain - i);
    i = plain;
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      i += append_multibyte(out, text.substr(i));
    } else {
      append_special(out, c);
      ++i;
    }
  }
  out += '"';
}

JsonLogWriter::JsonLogWriter(const std::string& path) : path_(path) {
  if (path.empty()) return;
  file_.reset(
      check(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640),
            "open", path));
  if (ends_torn(file_.get())) entries_ += '\n';  // or it would take our first entry with it
}

void JsonLogWriter::write(StdioStream stream, std::string_view bytes, std::string_view time) {
  if (!file_) return;
  std::string& rest = partial_[stream == StdioStream::out ? 0 : 1];
  rest.append(bytes);
  append_lines(stream, rest, time);
  flush();
}

namespace {

void append_entry(std::string& out, StdioStream stream, std::string_view line,
                  std::string_view time) {
  out += R"({"log":)";
  append_json_string(out, line);
  out += stream == StdioStream::out ? R"(,"stream":"stdout","time":")"
                                    : R"(,"stream":"stderr","time":")";
  out.append(time).append("\"}\n");
}

}  // namespace

void JsonLogWriter::append_lines(StdioStream stream, std::string& rest, std::string_view time) {
  std::string_view text = rest;
  for (;;) {
    const std::size_t newline = text.substr(0, kMaxLine).find('\n');
    const bool whole = newline != std::string_view::npos;
    if (!whole && text.size() < kMaxLine) break;
    const std::size_t length = whole ? newline + 1 : cut_of(text);
    append_entry(entries_, stream, text.substr(0, length), time);
    text.remove_prefix(length);
  }
  rest.erase(0, rest.size() - text.size());
}

void JsonLogWriter::flush() {
  // What a full disk refuses stays in `entries_` and goes out, in order, with a later write.
  while (!entries_.empty()) {
    const ssize_t count =
        retry_on_signal([&] { return ::write(file_.get(), entries_.data(), entries_.size()); });
    if (count == static_cast<ssize_t>(entries_.size())) break;
    entries_.erase(0, static_cast<std::size_t>(check(count, "write", path_)));
  }
  entries_.clear();
}

void JsonLogWriter::finish(std::string_view time, bool sync) {
  if (!file_) return;
  for (const StdioStream stream : {StdioStream::out, StdioStream::err}) {
    std::string& rest = partial_[stream == StdioStream::out ? 0 : 1];
    if (!rest.empty()) append_entry(entries_, stream, rest, time);
    rest.clear();
  }
  flush();
  if (sync) check(::fdatasync(file_.get()), "fdatasync", path_);
}

}  // namespace slipway
