#pragma once
/// \file
/// The one part of a container's record that may change while others read it.

#include <mutex>
#include <string>

#include <nlohmann/json.hpp>

namespace slipway {

/// A name without the leading slash. Thread-safe.
class ContainerName {
 public:
  ContainerName() = default;
  ContainerName(std::string name) : name_(std::move(name)) {}
  ContainerName(const ContainerName& other) : name_(other.get()) {}
  ContainerName& operator=(const ContainerName& other) { return *this = other.get(); }
  ContainerName& operator=(std::string name) {
    const std::scoped_lock lock(mutex_);
    name_ = std::move(name);
    return *this;
  }

  [[nodiscard]] std::string get() const {
    const std::scoped_lock lock(mutex_);
    return name_;
  }
  operator std::string() const { return get(); }
  [[nodiscard]] bool empty() const { return get().empty(); }

  friend std::string operator+(const std::string& text, const ContainerName& name) {
    return text + name.get();
  }
  friend bool operator==(const ContainerName& name, const std::string& text) {
    return name.get() == text;
  }
  friend void to_json(nlohmann::json& document, const ContainerName& name) {
    document = name.get();
  }

 private:
  mutable std::mutex mutex_;
  std::string name_;
};

}  // namespace slipway
