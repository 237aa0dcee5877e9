#include "json_text.hpp"

#include <array>

namespace slipway {
namespace {

constexpr std::string_view kReplacement = "\\ufffd";

/// What stands for each byte below 128; empty for those that stand for themselves.
struct Escapes {
  std::array<std::array<char, 6>, 128> text{};
  std::array<std::uint8_t, 256> length{};  ///< of `text`; 0xff for bytes that need a closer look

  constexpr Escapes() {
    for (int c = 0; c < 0x20; ++c) add_code(c);
    for (const char c : {'<', '>', '&'}) add_code(c);
    for (const auto& [c, letter] :
         {std::pair{'"', '"'}, {'\\', '\\'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}}) {
      text[static_cast<std::size_t>(c)] = {'\\', letter};
      length[static_cast<std::size_t>(c)] = 2;
    }
    for (std::size_t c = 128; c < 256; ++c) length[c] = 0xff;
  }
  constexpr void add_code(int c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    text[static_cast<std::size_t>(c)] = {'\\',
                                         'u',
                                         '0',
                                         '0',
                                         kHex[static_cast<std::size_t>(c) >> 4],
                                         kHex[static_cast<std::size_t>(c) & 15]};
    length[static_cast<std::size_t>(c)] = 6;
  }
};
constexpr Escapes kEscapes;

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

/// The value of four hexadecimal digits; -1 if they are none.
int hex_value(std::string_view digits) {
  int value = 0;
  for (const char c : digits.substr(0, 4)) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) return -1;
    value = value * 16 + static_cast<int>(digit);
  }
  return digits.size() < 4 ? -1 : value;
}

/// Appends a character of the Basic Multilingual Plane as UTF-8.
void append_utf8(std::string& out, int code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

/// Appends what the escape at the start of `text` (behind its backslash) stands for; how many bytes it has, 0 if it is
/// not one of ours.
std::size_t append_unescaped(std::string& out, std::string_view text) {
  if (text.empty()) return 0;
  if (text[0] == 'u') {
    const int code = hex_value(text.substr(1));
    if (code < 0 || (code >= 0xd800 && code < 0xe000)) return 0;
    append_utf8(out, code);
    return 5;
  }
  constexpr std::string_view kLetters = "\"\\nrt";
  const std::size_t at = kLetters.find(text[0]);
  if (at == std::string_view::npos) return 0;
  out += "\"\\\n\r\t"[at];
  return 1;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    std::size_t plain = i;
    while (plain < text.size() && kEscapes.length[static_cast<unsigned char>(text[plain])] == 0)
      ++plain;
    out.append(text, i, plain - i);
    i = plain;
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      i += append_multibyte(out, text.substr(i));
    } else {
      out.append(kEscapes.text[c].data(), kEscapes.length[c]);
      ++i;
    }
  }
  out += '"';
}

std::optional<std::string> take_json_string(std::string_view& text) {
  if (!text.starts_with('"')) return std::nullopt;
  std::string out;
  for (std::size_t i = 1;;) {
    std::size_t stop = i;
    while (stop < text.size() && text[stop] != '"' && text[stop] != '\\') ++stop;
    if (stop == text.size()) return std::nullopt;
    out.append(text, i, stop - i);
    i = stop + 1;
    if (text[stop] == '"') {
      text.remove_prefix(i);
      return out;
    }
    const std::size_t used = append_unescaped(out, text.substr(i));
    if (used == 0) return std::nullopt;
    i += used;
  }
}

}  // namespace slipway
