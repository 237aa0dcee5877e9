#pragma once
/// \file
/// The part of a container's record that `update` replaces while others read it.

#include <list>
#include <mutex>

#include <nlohmann/json.hpp>

namespace slipway {

/// HostConfig, as a document that is replaced as a whole. Thread-safe: whoever reads keeps a reference to the document as
/// it was; a replaced one stays until it has been replaced kKept times more, longer than anybody looks at one.
class HostConfigDocument {
 public:
  HostConfigDocument() : versions_{nlohmann::json::object()} {}
  HostConfigDocument(nlohmann::json document) : versions_{std::move(document)} {}
  HostConfigDocument(const HostConfigDocument& other) : versions_{other.get()} {}
  HostConfigDocument& operator=(const HostConfigDocument& other) { return *this = other.get(); }
  HostConfigDocument& operator=(nlohmann::json document) {
    const std::scoped_lock lock(mutex_);
    versions_.push_back(std::move(document));
    if (versions_.size() > kKept) versions_.pop_front();
    return *this;
  }

  [[nodiscard]] const nlohmann::json& get() const {
    const std::scoped_lock lock(mutex_);
    return versions_.back();
  }
  operator const nlohmann::json&() const { return get(); }

 private:
  static constexpr std::size_t kKept = 64;
  mutable std::mutex mutex_;
  std::list<nlohmann::json> versions_;
};

}  // namespace slipway
