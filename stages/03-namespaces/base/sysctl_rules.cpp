#include "sysctl_rules.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace slipway {
namespace {

constexpr auto kIpcSettings = std::to_array<std::string_view>(
    {"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall",
     "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"});

/// The namespace that it belongs to; empty if to none.
std::string_view namespace_of(std::string_view name) {
  if (name.starts_with("net.")) return "network";
  if (name.starts_with("fs.mqueue.")) return "ipc";
  if (std::ranges::find(kIpcSettings, name) != kIpcSettings.end()) return "ipc";
  if (name == "kernel.domainname") return "uts";
  return {};
}

bool is_name(std::string_view name) {
  const bool letters = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  return letters && name.find("..") == std::string_view::npos && !name.ends_with('.');
}

bool is_one_line(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= ' ' && byte != 0x7f) || c == '\t';
  });
}

}  // namespace

void check_sysctl(const std::string& name, const std::string& value, const HasNamespace& has_own) {
  if (name == "kernel.hostname") {
    throw std::runtime_error("sysctl \"" + name + "\" is not allowed: use the option hostname");
  }
  const std::string_view kind = is_name(name) ? namespace_of(name) : std::string_view();
  if (kind.empty()) {
    throw std::runtime_error("sysctl \"" + name + "\" is not in a separate kernel namespace");
  }
  if (!has_own(kind)) {
    throw std::runtime_error("sysctl \"" + name + "\" not allowed in host " + std::string(kind) +
                             " namespace");
  }
  if (!is_one_line(value)) {
    throw std::runtime_error("sysctl \"" + name + "\": its value must be one line of text");
  }
}

}  // namespace slipway
