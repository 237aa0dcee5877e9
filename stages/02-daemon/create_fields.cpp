#include "create_fields.hpp"

#include <charconv>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "human_text.hpp"

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

/// "{key: value}" of every word.
json map_of(const Words& values, char separator) {
  json map = json::object();
  for (const std::string& word : values) {
    const std::size_t at = std::min(word.find(separator), word.size());
    map[word.substr(0, at)] = at < word.size() ? word.substr(at + 1) : "";
  }
  return map;
}

json restart_policy(const std::string& text) {
  const Words parts = split(text, ':');
  if (parts.size() > 2) throw unreadable("restart policy", text);
  json policy = {{"Name", parts[0]}};
  policy["MaximumRetryCount"] = parts.size() > 1 ? number_of<int>("restart policy", parts[1]) : 0;
  return policy;
}

json ulimit(const std::string& text) {
  const auto [name, limits] = key_value(text);
  const Words parts = split(limits, ':');
  if (name.empty() || parts.size() > 2) throw unreadable("ulimit", text);
  return {{"Name", name},
          {"Soft", number_of<long>("ulimit", parts.front())},
          {"Hard", number_of<long>("ulimit", parts.back())}};
}

json device(const std::string& text) {
  const Words parts = split(text, ':');
  if (parts.size() > 3) throw unreadable("device", text);
  const bool only_permissions =
      parts.size() == 2 && parts[1].find_first_not_of("rwm") == std::string::npos;
  return {{"PathOnHost", parts[0]},
          {"PathInContainer", parts.size() > 1 && !only_permissions ? parts[1] : parts[0]},
          {"CgroupPermissions", parts.size() == 3  ? parts[2]
                                : only_permissions ? parts[1]
                                                   : "rwm"}};
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
      return each(values, ulimit);
    case FieldKind::devices:
      return each(values, device);
    case FieldKind::mounts:
      return each(values, mount);
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

Words read_env_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open the env file '" + path + "'");
  Words lines;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin != std::string::npos && line[begin] != '#') lines.push_back(line.substr(begin));
  }
  return lines;
}

void add_environment(const std::vector<std::string>& words, json& env) {
  for (const std::string& word : words) {
    if (word.find('=') != std::string::npos) {
      env.push_back(word);
    } else if (const char* value = std::getenv(word.c_str())) {
      env.push_back(word + "=" + value);
    }
  }
}

}  // namespace slipway
