#include "container_states.hpp"

#include "01-cli-socket/api_error.hpp"
#include "containers.hpp"

namespace slipway {
namespace {

constexpr Ruling to(Status next) { return {.next = next}; }
constexpr Ruling no(int status, std::string_view words) {
  return {.refusal = status, .words = words};
}

constexpr auto kCreated = Status::created;
constexpr auto kRunning = Status::running;
constexpr auto kPaused = Status::paused;
constexpr auto kRestarting = Status::restarting;
constexpr auto kExited = Status::exited;
constexpr auto kRemoving = Status::removing;
constexpr auto kDead = Status::dead;

constexpr Ruling kStarted = no(304, "container already started");
constexpr Ruling kStopped = no(304, "container already stopped");
constexpr Ruling kDoomed = no(409, "container is marked for removal and cannot be started");
constexpr Ruling kNotRunning = no(409, "container {id} is not running");
constexpr Ruling kNobodyToKill =
    no(409, "cannot kill container: {ref}: container {id} is not running");
constexpr Ruling kComing =
    no(409, "Container {id} is restarting, wait until the container is running");
constexpr Ruling kNotPaused = no(500, "Container {id} is not paused");
constexpr Ruling kUnalterable =
    no(409, "Container {id} is marked for removal and cannot be \"update\"");
constexpr Ruling kUnnameable =
    no(409, "Container {id} is marked for removal and cannot be renamed");
constexpr Ruling kGoing = no(409, "removal of container {ref} is already in progress");

constexpr std::size_t kColumns = kAllStatuses.size();

//@region table
// created, running, paused, restarting, exited, removing, dead: the order of kAllStatuses
constexpr Ruling kTable[][kColumns] = {
    /* start */
    {to(kRunning), kStarted, no(409, "cannot start a paused container, try unpause instead"),
     kStarted, to(kRunning), kDoomed, kDoomed},
    /* stop */
    {kStopped, to(kExited), to(kExited), to(kExited), kStopped, kStopped, kStopped},
    /* restart */
    {to(kRunning), to(kRunning), to(kRunning), to(kRunning), to(kRunning), kDoomed, kDoomed},
    /* kill */
    {kNobodyToKill, to(kRunning), to(kPaused), to(kExited), kNobodyToKill, kNobodyToKill,
     kNobodyToKill},
    /* pause */
    {kNotRunning, to(kPaused), no(409, "Container {id} is already paused"), kComing, kNotRunning,
     kNotRunning, kNotRunning},
    /* unpause */
    {kNotPaused, kNotPaused, to(kRunning), kNotPaused, kNotPaused, kNotPaused, kNotPaused},
    /* rename */
    {to(kCreated), to(kRunning), to(kPaused), to(kRestarting), to(kExited), kUnnameable,
     kUnnameable},
    /* update */
    {to(kCreated), to(kRunning), to(kPaused), to(kRestarting), to(kExited), kUnalterable,
     kUnalterable},
    /* remove */
    {to(kRemoving),
     no(409,
        "cannot remove container \"{name}\": container is running: stop the container before "
        "removing or force remove"),
     no(409, "cannot remove container \"{name}\": container is paused and must be unpaused first"),
     no(409,
        "cannot remove container \"{name}\": container is restarting: stop the container before "
        "removing or force remove"),
     to(kRemoving), kGoing, to(kRemoving)},
    /* remove by force */
    {to(kRemoving), to(kRemoving), to(kRemoving), to(kRemoving), to(kRemoving), kGoing,
     to(kRemoving)},
    /* exec */
    {kNotRunning, to(kRunning),
     no(409, "Container {id} is paused, unpause the container before exec"), kComing, kNotRunning,
     kNotRunning, kNotRunning},
    /* attach */
    {to(kCreated), to(kRunning),
     no(409, "container {id} is paused, unpause the container before attach"),
     no(409, "container {id} is restarting, wait until the container is running"), to(kExited),
     to(kRemoving), to(kDead)},
    /* resize */
    {kNotRunning, to(kRunning), to(kPaused), kNotRunning, kNotRunning, kNotRunning, kNotRunning},
    /* top */
    {kNotRunning, to(kRunning), to(kPaused), kComing, kNotRunning, kNotRunning, kNotRunning},
    /* wait */
    {to(kCreated), to(kRunning), to(kPaused), to(kRestarting), to(kExited), to(kRemoving),
     to(kDead)},
};
//@endregion
static_assert(std::size(kTable) == kAllRequests.size());

std::size_t column_of(Status status) {
  std::size_t column = 0;
  while (kAllStatuses[column] != status) ++column;
  return column;
}

void replace_all(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

std::string_view to_string(Status status) {
  constexpr std::array<std::string_view, kColumns> kNames = {
      "created", "running", "paused", "restarting", "removing", "exited", "dead"};
  return kNames[static_cast<std::size_t>(status)];
}

std::string_view to_string(Request request) {
  constexpr std::array<std::string_view, kAllRequests.size()> kNames = {
      "start", "stop",  "restart", "kill",   "pause",  "unpause", "rename", "update",
      "rm",    "rm -f", "exec",    "attach", "resize", "top",     "wait"};
  return kNames[static_cast<std::size_t>(request)];
}

Ruling ruling(Request request, Status status) {
  return kTable[static_cast<std::size_t>(request)][column_of(status)];
}

std::string refusal_words(const Ruling& ruling, const Container& container,
                          const std::string& reference) {
  std::string text(ruling.words);
  replace_all(text, "{id}", container.record.id);
  replace_all(text, "{name}", "/" + container.record.name);
  replace_all(text, "{ref}", reference);
  return text;
}

void require_allowed(Request request, const Container& container, const std::string& reference) {
  const Ruling found = ruling(request, container.state.status);
  if (found.allowed()) return;
  throw ApiError(found.refusal, refusal_words(found, container, reference));
}

bool is_up(Status status) {
  return status == Status::running || status == Status::paused || status == Status::restarting;
}

}  // namespace slipway
