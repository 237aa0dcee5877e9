#pragma once
/// \file
/// The filters of `docker ps`.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "02-daemon/base/filters.hpp"
#include "02-daemon/engine/engine.hpp"

namespace slipway {

/// One list request's filters, checked. Holds references: short-lived.
class ContainerFilters {
 public:
  /// \param text  the request's parameter  \throws ApiError 400 in docker's words for an unknown filter or a bad value,
  /// 404 if "before" or "since" name no container
  ContainerFilters(const Engine& engine, const std::string& text);

  /// True if containers that do not run are asked for, too.
  [[nodiscard]] bool implies_all() const { return !filters_.values("status").empty(); }
  /// What can be said without an entry of the list; most containers go no further.
  [[nodiscard]] bool passes(const ContainerRecord& record, const ContainerState& state) const;
  /// What only the finished entry says: networks, ports, mounts.
  [[nodiscard]] bool entry_passes(const ContainerRecord& record, const nlohmann::json& entry) const;

 private:
  [[nodiscard]] bool is_of_image(const ContainerRecord& record, const std::string& image) const;

  const Engine& engine_;
  Filters filters_;
  std::vector<TextPattern> ids_;
  std::vector<TextPattern> names_;
  std::string created_after_;  ///< RFC 3339; empty: no such bound
  std::string created_before_;
};

}  // namespace slipway
