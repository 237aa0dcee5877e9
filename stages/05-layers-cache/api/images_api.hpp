#pragma once
/// \file
/// The routes for images.

#include "01-cli-socket/router.hpp"
#include "02-daemon/engine/event_log.hpp"
#include "05-layers-cache/images/image_loader.hpp"
#include "05-layers-cache/images/image_store.hpp"

namespace slipway {

/// What the routes work on; all outlive the router.
struct ImagesApi {
  ImageStore& store;
  const ImageLoader& loader;
  UsersOf users_of;
  EventLog& events;
};

/// GET /images/json, POST /images/load, GET /images/get and /images/{name}/get (save),
/// POST /images/create (says that there is no registry client yet),
/// GET /images/{name}/json and …/history, POST /images/{name}/tag, DELETE /images/{name}.
void add_image_routes(Router& router, const ImagesApi& api);

}  // namespace slipway
