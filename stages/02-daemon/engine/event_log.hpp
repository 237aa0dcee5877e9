#pragma once
/// \file
/// What happens in the engine, for `events`: containers, and whatever modules tell of (images, volumes, networks).

#include <cstdint>
#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "02-daemon/base/feed.hpp"

namespace slipway {

struct Container;

/// One event, in Docker's words.
struct Event {
  std::string type;    ///< "container", "image", …
  std::string action;  ///< "start", "exec_create: sh", …
  std::string actor;   ///< the object's id, or its name if it has none
  std::map<std::string, std::string> attributes{};
  std::int64_t time_ns = 0;  ///< since the epoch; the log fills it in
};

/// The last thousand events, and those to come. Lives in memory: a client that has to know what happened while there was no
/// engine looks at the containers. Thread-safe.
class EventLog {
 public:
  EventLog() : feed_(kRemembered) {}

  void publish(Event event);
  /// An event of a container: its labels, image and name are added to `attributes`.
  void publish(const Container& container, std::string action,
               std::map<std::string, std::string> attributes = {});
  /// To listen: numbers, not times, say what is new.
  [[nodiscard]] const Feed<Event>& feed() const noexcept { return feed_; }

 private:
  static constexpr std::size_t kRemembered = 1000;
  Feed<Event> feed_;
};

/// As GET /events writes it.
nlohmann::json to_json(const Event& event);

}  // namespace slipway
