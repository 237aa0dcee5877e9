#pragma once
/// \file
/// A container's root: its image's layers, read-only and shared, and on top its own layer.

#include <string>
#include <vector>

namespace slipway {

/// The folders of a container's overlay.
struct ContainerLayers {
  std::vector<std::string>
      lower;  ///< topmost first, as overlayfs wants them; none for an image without layers
  std::string upper;
  std::string work;
  std::string root;  ///< what becomes "/": the overlay's mountpoint; `upper` itself if there is
                     ///< nothing to put it on
};

/// \param folder  the container's own (DATA_ROOT/containers/ID)
/// \param image   the roots of the image's layers, bottom first; may be empty ("FROM scratch")
ContainerLayers layers_of(const std::string& folder, const std::vector<std::string>& image);

/// Makes the container's own folders, as far as they are missing. \throws SysError,
/// std::runtime_error if a layer is missing
void make_container_layers(const ContainerLayers& layers);

}  // namespace slipway
