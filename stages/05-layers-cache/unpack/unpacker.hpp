#pragma once
/// \file
/// The engine's side of `slipway-unpack`: starts it, feeds it, reads its report. The engine itself
/// never looks into an archive of a stranger.

#include <string>

#include "01-cli-socket/http_client.hpp"
#include "unpack_budget.hpp"
#include "unpack_report.hpp"

namespace slipway {

/// Runs one child per call. Thread-safe.
class Unpacker {
 public:
  /// \param program  the path of slipway-unpack
  explicit Unpacker(std::string program) : program_(std::move(program)) {}

  /// Unpacks an image archive that arrives in parts. Stops asking `stream` when the child has
  /// enough of it. \param folder  gets the members; its report stands beside it while the child
  /// runs \throws Refused; whatever `stream` throws; SysError, std::runtime_error
  [[nodiscard]] UnpackReport archive(const BodySource& stream, const std::string& folder,
                                     const UnpackBudget& budget) const;
  /// Unpacks one layer.
  /// \param blob    the file that holds it
  /// \param folder  becomes the layer's root
  /// \throws Refused; SysError, std::runtime_error
  [[nodiscard]] UnpackReport layer(const std::string& blob, const std::string& folder,
                                   const UnpackBudget& budget) const;

 private:
  std::string program_;
};

}  // namespace slipway
