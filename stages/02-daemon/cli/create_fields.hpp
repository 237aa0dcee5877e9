#pragma once
/// \file
/// What people type behind a flag of `run`, turned into the JSON that the API has for it. Pure functions; each
/// \throws std::runtime_error that quotes the text.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// How a flag's value becomes JSON.
enum class FieldKind {
  flag,      ///< true
  text,      ///< the word
  texts,     ///< a list of words
  number,    ///< a whole number
  size,      ///< "512m" in bytes
  duration,  ///< "10s" in nanoseconds
  cpus,      ///< "1.5" in billionths of a processor
  map,       ///< KEY=VALUE …, as an object
  paths,     ///< PATH[:OPTIONS] …, as an object (--tmpfs)
  shell,     ///< ["CMD-SHELL", word]
  restart,   ///< "on-failure:3"
  ulimits,   ///< "nofile=1024:2048" …
  devices,   ///< "/dev/a:/dev/b:rwm" …
  mounts,    ///< "type=bind,src=/a,dst=/b,readonly" …
  powers,    ///< capabilities in any spelling, as the kernel's names, sorted, each once
  rules,     ///< "c 1:3 rwm" … (--device-cgroup-rule)
  weights,   ///< "/dev/a:300" …
  rates,     ///< "/dev/a:1mb" …
  counts,    ///< "/dev/a:1000" …
  gpus,      ///< "all" (--gpus)
};

nlohmann::json field_json(FieldKind kind, const std::vector<std::string>& values);

/// `-p [IP:][HOST:]CONTAINER[/PROTOCOL]`, with ranges of the same length on both sides ("8000-8002:80-82").
/// Adds to `bindings` ({"80/tcp":[{"HostIp":"","HostPort":"8080"}]}) and `exposed` ({"80/tcp":{}}).
void add_published_port(const std::string& text, nlohmann::json& bindings, nlohmann::json& exposed);

/// `--expose 80`, `--expose 7000-7002/udp`.
void add_exposed_ports(const std::string& text, nlohmann::json& exposed);

/// {"key": "value"} of every word "key=value"; a word without the separator has an empty value.
nlohmann::json map_of(const std::vector<std::string>& values, char separator);

}  // namespace slipway
