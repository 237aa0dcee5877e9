#pragma once
/// \file
/// The routes below /volumes.

#include <nlohmann/json_fwd.hpp>

#include "01-cli-socket/router.hpp"
#include "02-daemon/engine/event_log.hpp"
#include "06-volumes/volumes/volume_store.hpp"

namespace slipway {

/// What the routes work on; all of it outlives them.
struct VolumesApi {
  VolumeStore& store;
  VolumeStore::UsersOf users_of;
  EventLog& events;
};

void add_volume_routes(Router& router, const VolumesApi& api);

/// A volume as `volume inspect` shows it.
nlohmann::json volume_view(const VolumeStore& store, const Volume& volume);

/// Tells of "create" and "destroy".
void publish_volume_event(EventLog& events, std::string action, const std::string& volume);

}  // namespace slipway
