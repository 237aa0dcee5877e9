#include "env_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace slipway {

using Words = std::vector<std::string>;

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string name_of(const std::string& word) { return word.substr(0, word.find('=')); }

std::runtime_error poor_line(const std::string& path, const std::string& reason) {
  return std::runtime_error("invalid env file (" + path + "): " + reason);
}

bool is_utf8(const std::string& text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());  // strict about its strings
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

void check_line(const std::string& path, const std::string& line) {
  const std::string name = name_of(line);
  if (name.find_first_of(" \t") != std::string::npos) {
    throw poor_line(path, "variable '" + name + "' contains whitespaces");
  }
  if (name.empty()) throw poor_line(path, "no variable name on line '" + line + "'");
}

/// Adds it in place of an earlier one of the same name.
void set(Words& environment, const std::string& word) {
  std::erase_if(environment,
                [&](const std::string& other) { return name_of(other) == name_of(word); });
  environment.push_back(word);
}

void add_variable(Words& environment, const std::string& word, bool keep_unset) {
  const char* value = word.find('=') == std::string::npos ? std::getenv(word.c_str()) : nullptr;
  if (value) {
    set(environment, word + "=" + value);
  } else if (keep_unset || word.find('=') != std::string::npos) {
    set(environment, word);
  }
}

}  // namespace

Words read_env_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("open " + path + ": no such file or directory");
  Words lines;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    if (++number == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    if (!is_utf8(line)) {
      throw poor_line(path, "invalid utf8 bytes at line " + std::to_string(number));
    }
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line[begin] == '#') continue;
    lines.push_back(line.substr(begin));
    check_line(path, lines.back());
  }
  return lines;
}

Words environment_of(const Words& files, const Words& words) {
  Words environment;
  for (const std::string& path : files) {
    for (const std::string& line : read_env_file(path)) add_variable(environment, line, false);
  }
  for (const std::string& word : words) {
    if (name_of(word).empty()) throw std::runtime_error("invalid environment variable: " + word);
    add_variable(environment, word, true);
  }
  return environment;
}

Words labels_of(const Words& files, const Words& words) {
  Words labels;
  for (const std::string& path : files) {
    for (const std::string& line : read_env_file(path)) {
      if (line.find('=') != std::string::npos) labels.push_back(line);
    }
  }
  for (const std::string& word : words) {
    if (name_of(word).empty()) {
      throw std::runtime_error("invalid label '" + word + "': empty name");
    }
    labels.push_back(word);
  }
  return labels;
}

}  // namespace slipway
