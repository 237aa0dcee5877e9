#pragma once
/// \file
/// Writes tars that honest tools do not write: any name, any type, any header. Format: pax(1),
/// "ustar Interchange Format".

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace slipway::test {

/// Everything of one entry, as it will stand in the header.
struct TarMember {
  std::string name;
  char type =
      '0';  ///< '0' file, '1' hard link, '2' symbolic link, '3'/'4' devices, '5' folder, '6' fifo
  std::string content;
  std::string link;
  unsigned mode = 0644;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::int64_t mtime = 1704067200;
  /// Extended header records ("path", "SCHILY.xattr.user.x"); NUL and all.
  std::map<std::string, std::string> pax;
  bool bad_checksum = false;
};

/// A tar in the making.
class TarWriter {
 public:
  TarWriter& add(const TarMember& member) {
    if (!member.pax.empty()) add_pax(member.pax);
    add_header(member, member.content.size());
    add_padded(member.content);
    return *this;
  }
  TarWriter& file(const std::string& name, const std::string& content, unsigned mode = 0644) {
    return add({.name = name, .content = content, .mode = mode});
  }
  TarWriter& folder(const std::string& name, unsigned mode = 0755) {
    return add({.name = name, .type = '5', .mode = mode});
  }
  TarWriter& symbolic_link(const std::string& name, const std::string& target) {
    return add({.name = name, .type = '2', .link = target, .mode = 0777});
  }
  TarWriter& hard_link(const std::string& name, const std::string& target) {
    return add({.name = name, .type = '1', .link = target});
  }
  /// Bytes of one's own, in place of an entry.
  TarWriter& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  /// So far, with the end mark.
  [[nodiscard]] std::string done() const { return bytes_ + std::string(1024, '\0'); }
  /// So far, without it.
  [[nodiscard]] const std::string& open_end() const { return bytes_; }

 private:
  static std::string pax_record(const std::string& key, const std::string& value) {
    const std::string rest = " " + key + "=" + value + "\n";
    std::size_t length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length) ++length;
    return std::to_string(length) + rest;
  }
  void add_pax(const std::map<std::string, std::string>& records) {
    std::string text;
    for (const auto& [key, value] : records) text += pax_record(key, value);
    add_header({.name = "pax", .type = 'x'}, text.size());
    add_padded(text);
  }
  void add_header(const TarMember& member, std::size_t size) {
    char header[512] = {};
    const auto text = [&](std::size_t at, std::size_t room, const std::string& value) {
      std::memcpy(header + at, value.data(), std::min(room, value.size()));
    };
    const auto octal = [&](std::size_t at, int digits, std::uint64_t value) {  // ends in a NUL
      for (int i = digits; i-- > 0; value >>= 3)
        header[at + static_cast<std::size_t>(i)] = static_cast<char>('0' + (value & 7));
    };
    text(0, 100, member.name);
    octal(100, 7, member.mode);
    octal(108, 7, member.uid & 07777777);
    octal(116, 7, member.gid & 07777777);
    octal(124, 11, size);
    octal(136, 11, static_cast<std::uint64_t>(member.mtime));
    header[156] = member.type;
    text(157, 100, member.link);
    text(257, 8,
         std::string("ustar\0"
                     "00",
                     8));
    text(148, 8, "        ");
    unsigned sum = member.bad_checksum ? 1 : 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    octal(148, 6, sum);
    bytes_.append(header, sizeof header);
  }
  void add_padded(const std::string& content) {
    bytes_ += content;
    bytes_.append((512 - content.size() % 512) % 512, '\0');
  }

  std::string bytes_;
};

}  // namespace slipway::test
