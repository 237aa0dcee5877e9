#include "create_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>

#include "02-daemon/base/human_text.hpp"
#include "resource_fields.hpp"

namespace slipway {

using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

std::runtime_error unreadable(const std::string& what, const std::string& text) {
  return std::runtime_error("invalid " + what + ": '" + text + "'");
}

template <class Number>
Number number_of(const std::string& what, const std::string& text) {
  Number number{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) throw unreadable(what, text);
  return number;
}

Words split(const std::string& text, char separator) {
  Words parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// "KEY=VALUE" as a pair; the value is empty without a '='.
std::pair<std::string, std::string> key_value(const std::string& text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  return {text.substr(0, equals), equals < text.size() ? text.substr(equals + 1) : ""};
}

json restart_policy(const std::string& text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string name = text.substr(0, colon);
  const std::string count = colon < text.size() ? text.substr(colon + 1) : "";
  const auto refuse = [](const char* why) {
    return std::runtime_error(std::string("invalid restart policy format: ") + why);
  };
  if (name.empty() && !text.empty()) throw refuse("no policy provided before colon");
  json policy = {{"Name", name}, {"MaximumRetryCount", 0}};
  try {
    if (!count.empty()) policy["MaximumRetryCount"] = number_of<int>("restart policy", count);
  } catch (const std::runtime_error&) {
    throw refuse("maximum retry count must be an integer");
  }
  return policy;
}

constexpr auto kLimitNames = std::to_array<std::string_view>(
    {"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc",
     "rss", "rtprio", "rttime", "sigpending", "stack"});

json ulimit(const std::string& text) {
  const auto [name, limits] = key_value(text);
  if (text.find('=') == std::string::npos) {
    throw std::runtime_error("invalid ulimit argument: '" + text + "'");
  }
  if (std::find(kLimitNames.begin(), kLimitNames.end(), name) == kLimitNames.end()) {
    throw std::runtime_error("invalid ulimit type: '" + name + "'");
  }
  const Words parts = split(limits, ':');
  if (parts.size() > 2) throw unreadable("ulimit", text);
  const auto soft = number_of<long>("ulimit", parts.front());
  const auto hard = number_of<long>("ulimit", parts.back());
  if (hard != -1 && (soft == -1 || soft > hard)) {
    throw std::runtime_error("ulimit soft limit must be less than or equal to hard limit: " +
                             parts.front() + " > " + parts.back());
  }
  return {{"Name", name}, {"Soft", soft}, {"Hard", hard}};
}

/// Each limit once, the last one given, in the order of their names.
json ulimits(const Words& values) {
  std::map<std::string, json> by_name;
  for (const std::string& word : values) {
    json limit = ulimit(word);
    const std::string name = limit["Name"];
    by_name[name] = std::move(limit);
  }
  json list = json::array();
  for (auto& [name, limit] : by_name) list.push_back(std::move(limit));
  return list;
}

/// Capabilities as docker's client sends them.
json capabilities(const Words& values) {
  std::set<std::string> names;
  for (std::string name : values) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    names.insert(name == "ALL" || name.starts_with("CAP_") ? name : "CAP_" + name);
  }
  return names;
}

bool is_permissions(const std::string& text) {
  return !text.empty() && text.find_first_not_of("rwm") == std::string::npos &&
         std::set<char>(text.begin(), text.end()).size() == text.size();
}

json device(const std::string& text) {
  Words parts = split(text, ':');
  if (parts.size() > 3) throw std::runtime_error("bad format for path: '" + text + "'");
  std::string permissions = "rwm";
  if (parts.size() == 3 || (parts.size() == 2 && is_permissions(parts[1]))) {
    permissions = parts.back();
    parts.pop_back();
  }
  if (!is_permissions(permissions)) {
    throw std::runtime_error("bad mode specified: '" + permissions + "'");
  }
  for (const std::string& path : parts) {
    if (!path.starts_with('/')) throw std::runtime_error("'" + path + "' is not an absolute path");
  }
  return {{"PathOnHost", parts.front()},
          {"PathInContainer", parts.back()},
          {"CgroupPermissions", permissions}};
}

bool is_number_or_star(const std::string& text) {
  return text == "*" ||
         (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos);
}

/// "TYPE MAJOR:MINOR PERMISSIONS"
json device_rule(const std::string& text) {
  const Words parts = split(text, ' ');
  const Words numbers = parts.size() == 3 ? split(parts[1], ':') : Words();
  const bool fine =
      numbers.size() == 2 && (parts[0] == "a" || parts[0] == "b" || parts[0] == "c") &&
      is_number_or_star(numbers[0]) && is_number_or_star(numbers[1]) && is_permissions(parts[2]);
  if (!fine) throw std::runtime_error("invalid device cgroup format '" + text + "'");
  return text;
}

json mount(const std::string& text) {
  json mount = {{"Type", "volume"}};
  for (const std::string& part : split(text, ',')) {
    const auto [key, value] = key_value(part);
    const bool on = value.empty() || value == "true" || value == "1";
    if (key == "type") {
      mount["Type"] = value;
    } else if (key == "src" || key == "source") {
      mount["Source"] = value;
    } else if (key == "dst" || key == "destination" || key == "target") {
      mount["Target"] = value;
    } else if (key == "ro" || key == "readonly") {
      mount["ReadOnly"] = on;
    } else if (key == "bind-propagation") {
      mount["BindOptions"]["Propagation"] = value;
    } else if (key == "volume-nocopy") {
      mount["VolumeOptions"]["NoCopy"] = on;
    } else if (key == "tmpfs-size") {
      mount["TmpfsOptions"]["SizeBytes"] = parse_size(value);
    } else {
      throw std::runtime_error("invalid mount: unexpected key '" + key + "' in '" + part + "'");
    }
  }
  if (!mount.contains("Target"))
    throw std::runtime_error("invalid mount '" + text + "': target is required");
  return mount;
}

json each(const Words& values, json (*convert)(const std::string&)) {
  json list = json::array();
  for (const std::string& word : values) list.push_back(convert(word));
  return list;
}

json cpus(const std::string& text) {
  return std::llround(number_of<double>("number of processors", text) * 1e9);
}

/// "80" or "80-82".
struct PortRange {
  int first = 0;
  int last = 0;
};

PortRange port_range(const std::string& text) {
  const Words parts = split(text, '-');
  const PortRange range{number_of<int>("port", parts.front()),
                        number_of<int>("port", parts.back())};
  if (parts.size() > 2 || range.first < 1 || range.last > 65535 || range.last < range.first) {
    throw unreadable("port", text);
  }
  return range;
}

/// "80/udp" as {"80", "udp"}.
std::pair<std::string, std::string> port_and_protocol(const std::string& text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string protocol = slash < text.size() ? text.substr(slash + 1) : "tcp";
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
    throw unreadable("protocol", protocol);
  return {text.substr(0, slash), protocol};
}

std::string port_key(int port, const std::string& protocol) {
  return std::to_string(port) + "/" + protocol;
}

}  // namespace

json map_of(const std::vector<std::string>& values, char separator) {
  json map = json::object();
  for (const std::string& word : values) {
    const std::size_t at = std::min(word.find(separator), word.size());
    map[word.substr(0, at)] = at < word.size() ? word.substr(at + 1) : "";
  }
  return map;
}

json field_json(FieldKind kind, const Words& values) {
  const std::string& last = values.back();
  switch (kind) {
    case FieldKind::flag:
      return true;
    case FieldKind::text:
      return last;
    case FieldKind::texts:
      return values;
    case FieldKind::number:
      return number_of<long>("number", last);
    case FieldKind::size:
      return last == "-1" ? -1 : parse_size(last);
    case FieldKind::duration:
      return parse_duration(last);
    case FieldKind::cpus:
      return cpus(last);
    case FieldKind::map:
      return map_of(values, '=');
    case FieldKind::paths:
      return map_of(values, ':');
    case FieldKind::shell:
      return json::array({"CMD-SHELL", last});
    case FieldKind::restart:
      return restart_policy(last);
    case FieldKind::ulimits:
      return ulimits(values);
    case FieldKind::devices:
      return each(values, device);
    case FieldKind::mounts:
      return each(values, mount);
    case FieldKind::powers:
      return capabilities(values);
    case FieldKind::rules:
      return each(values, device_rule);
    case FieldKind::weights:
      return each(values, weight_device);
    case FieldKind::rates:
      return each(values, bytes_rate);
    case FieldKind::counts:
      return each(values, operations_rate);
    case FieldKind::gpus:
      return each(values, gpu_request);
  }
  return {};
}

void add_published_port(const std::string& text, json& bindings, json& exposed) {
  const auto [address, protocol] = port_and_protocol(text);
  const std::size_t colon = address.rfind(':');
  const PortRange inside =
      port_range(colon == std::string::npos ? address : address.substr(colon + 1));
  std::string host = colon == std::string::npos ? "" : address.substr(0, colon);
  std::string ip;
  const std::size_t ip_end = host.rfind(':');
  if (ip_end != std::string::npos) {
    ip = host.substr(0, ip_end);
    host = host.substr(ip_end + 1);
    if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);  // [::1]
  }
  const std::optional<PortRange> outside =
      host.empty() ? std::nullopt : std::optional(port_range(host));
  const bool same_length = outside && outside->last - outside->first == inside.last - inside.first;
  if (outside && !same_length && inside.first != inside.last) {
    throw std::runtime_error("invalid ranges specified for container and host ports: '" + text +
                             "'");
  }
  for (int port = inside.first; port <= inside.last; ++port) {
    const std::string key = port_key(port, protocol);
    const std::string host_port =
        same_length ? std::to_string(outside->first + port - inside.first) : host;
    bindings[key].push_back({{"HostIp", ip}, {"HostPort", host_port}});
    exposed[key] = json::object();
  }
}

void add_exposed_ports(const std::string& text, json& exposed) {
  const auto [ports, protocol] = port_and_protocol(text);
  const PortRange range = port_range(ports);
  for (int port = range.first; port <= range.last; ++port)
    exposed[port_key(port, protocol)] = json::object();
}

}  // namespace slipway
