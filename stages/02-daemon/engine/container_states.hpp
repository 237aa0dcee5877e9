#pragma once
/// \file
/// The state machine of a container, as one table: what may be asked of it in which state, and what it is afterwards.
/// The engine asks the table, a test walks it against an engine that runs, and the picture in README.md is checked
/// against it.

#include <array>
#include <string>
#include <string_view>

namespace slipway {

struct Container;

/// The states that a container can be in, Docker's words.
enum class Status { created, running, paused, restarting, removing, exited, dead };
std::string_view to_string(Status status);
inline constexpr std::array kAllStatuses = {Status::created,    Status::running, Status::paused,
                                            Status::restarting, Status::exited,  Status::removing,
                                            Status::dead};

/// What can be asked of a container.
enum class Request {
  start,
  stop,
  restart,
  kill,
  pause,
  unpause,
  rename,
  update,
  remove,
  force_remove,
  exec,
  attach,
  resize,
  top,
  wait
};
std::string_view to_string(Request request);
inline constexpr std::array kAllRequests = {
    Request::start,   Request::stop,   Request::restart, Request::kill,   Request::pause,
    Request::unpause, Request::rename, Request::update,  Request::remove, Request::force_remove,
    Request::exec,    Request::attach, Request::resize,  Request::top,    Request::wait};

/// The table's cell.
struct Ruling {
  Status next = Status::created;  ///< once it is done; meaningless for a refusal
  int refusal = 0;                ///< 0: it may be; else the HTTP status
  std::string_view
      words{};  ///< of the refusal, in Docker's words: {id}, {name} (with its slash), {ref} (as asked) stand in

  [[nodiscard]] bool allowed() const { return refusal == 0; }
};
Ruling ruling(Request request, Status status);

/// What a client is told: "container 4f… is not running" and so on. \param reference  how it called the container
std::string refusal_words(const Ruling& ruling, const Container& container,
                          const std::string& reference);
/// Throws if the container's state forbids it. To be called with the container's mutex held.
/// \throws ApiError with the table's status and words
void require_allowed(Request request, const Container& container, const std::string& reference);

/// It has a process, or will have one in a moment: created, exited and dead containers are down.
bool is_up(Status status);

}  // namespace slipway
