#pragma once
/// \file
/// What `rmi` may do: Docker's rules, without touching anything.

#include <string>
#include <vector>

#include "image.hpp"

namespace slipway {

/// Who needs an image.
struct ImageUser {
  std::string container;  ///< its id; empty while the container is being created
  bool running = false;
};

/// What to do, once nothing forbids it.
struct RemovalPlan {
  std::vector<ImageReference> untag;
  bool remove = false;  ///< the image itself, too
};

/// True if what was typed is this image's id or the beginning of it.
bool is_id_prefix(const Image& image, const std::string& typed);

/// By a name only that name goes, and the image with its last one. By an id the image goes, if one
/// repository alone names it. \param typed  what the client asked to remove \throws ApiError 409 in
/// Docker's words: containers use it, or several names refer to it
RemovalPlan plan_removal(const Image& image, const std::string& typed, bool force,
                         const std::vector<ImageUser>& users);

}  // namespace slipway
