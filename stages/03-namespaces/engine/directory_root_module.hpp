#pragma once
/// \file
/// A container's root before there are images: a folder on the host, named by its absolute path in
/// place of an image.

#include "02-daemon/engine/engine_module.hpp"

namespace slipway {

/// Owns Image of the create body; writes root.path of the spec. All containers of one folder share
/// it, and their changes stay in it. Stateless, so thread-safe.
class DirectoryRootModule : public EngineModule {
 public:
  [[nodiscard]] std::string_view name() const override { return "root"; }
  /// \throws ApiError 400 for what is no absolute path, 404 for what is no folder
  void check(CreateRequest& request) override;
  void prepare(StartContext& start) override;
};

}  // namespace slipway
