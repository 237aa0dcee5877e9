#pragma once
/// \file
/// The tracer: what each box did for one request, as named steps. `--explain` prints them, an error
/// quotes them, `slipway explain` reads them again later, and they travel from box to box with the request itself:
///
///   - a client that wants a trace sends the header `X-Slipway-Trace: ID`;
///   - the box that serves it records its steps, asks the next box with the same header, and
///   - answers with `X-Slipway-Steps: [...]`, its own steps and those of the boxes behind it
///     (a header of a plain answer, a trailer of a streamed one).
///
/// All boxes run on one kernel, so CLOCK_MONOTONIC orders their steps.

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// One thing that one box did.
struct TraceStep {
  std::string box;    ///< who: "cli", "engine", "supervisor", "shim", "container"
  std::string stage;  ///< the stage that adds this step: "01"…"07", "final"
  std::string name;   ///< the step's name ("rootfs")
  /// The request ("POST"), or the system call by the name of its manual page ("pivot_root"), or several ("fsopen,
  /// move_mount"). What is neither has a space in it ("the spec"). A test compares the system calls with what strace(1) sees.
  std::string call;
  /// Its arguments as a person would write them. Of a system call the main one stands first, as strace prints it.
  std::string arguments;
  std::string result;  ///< "ok", or why it failed
  std::string
      by_hand{};  ///< a shell command that does the same; empty if there is none, or nobody asked
  std::int64_t start_us = 0;     ///< CLOCK_MONOTONIC, microseconds
  std::int64_t duration_us = 0;  ///< microseconds
};

/// CLOCK_MONOTONIC in microseconds.
std::int64_t monotonic_us();

/// The steps of one request in one box. Thread-safe. A trace without an id is off: it records
/// nothing.
class Trace {
 public:
  /// A trace that is off.
  Trace() = default;
  /// \param id   the request's trace id; empty means off
  /// \param box  the box that records ("engine")
  /// \param by_hand  the steps are to say how they are done by hand: costs a few microseconds each
  Trace(std::string id, std::string box, bool by_hand = true);

  [[nodiscard]] bool on() const noexcept { return !id_.empty(); }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] bool tells_by_hand() const noexcept { return on() && by_hand_; }

  /// Adds a finished step; the box's name is filled in if it is empty. Ignored when off.
  void add(TraceStep step);
  /// Adds the steps of another box. Ignored when off.
  void add(std::vector<TraceStep> steps);
  /// The steps so far, in order of their start.
  [[nodiscard]] std::vector<TraceStep> steps() const;
  /// The same, and forgets them: each step is told once.
  [[nodiscard]] std::vector<TraceStep> take_steps();

  /// Records the time from its making to its end as one step. If the scope is left by an exception
  /// the result is "failed"; set one with `result()`.
  class Scope {
   public:
    Scope(Trace& trace, std::string_view stage, std::string_view name, std::string_view call,
          std::string_view arguments, std::string by_hand);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    void result(std::string_view text) { step_.result = text; }
    /// For a step of which more is known when it is done.
    void call(std::string_view name) { step_.call = name; }
    void arguments(std::string_view text) { step_.arguments = text; }
    void by_hand(std::string_view text) { step_.by_hand = text; }
    /// For a step that another box takes, and that only we can tell of.
    void box(std::string_view name) { step_.box = name; }

   private:
    Trace& trace_;
    TraceStep step_;
    int exceptions_;
  };

  /// Starts a step: `auto step = trace.begin("02", "record", "rename", path);`
  /// \param by_hand  how it is done by hand: text, or a function that makes the text, which is called only if it is wanted
  template <class ByHand = std::string_view>
  [[nodiscard]] Scope begin(std::string_view stage, std::string_view name, std::string_view call,
                            std::string_view arguments = {}, const ByHand& by_hand = {}) {
    return Scope(*this, stage, name, call, arguments, by_hand_text(by_hand));
  }

 private:
  template <class ByHand>
  [[nodiscard]] std::string by_hand_text(const ByHand& by_hand) const {
    if (!tells_by_hand()) return {};
    if constexpr (std::is_invocable_v<ByHand>) {
      return by_hand();
    } else {
      return std::string(by_hand);
    }
  }

  std::string id_;
  std::string box_;
  bool by_hand_ = true;
  mutable std::mutex mutex_;
  std::vector<TraceStep> steps_;
};

/// The steps as a JSON array.
nlohmann::json steps_to_json(const std::vector<TraceStep>& steps);
/// The reverse. \throws nlohmann::json::exception
std::vector<TraceStep> steps_from_json(const nlohmann::json& list);
/// The steps as JSON text in one line of ASCII, fit for a header.
std::string steps_to_text(const std::vector<TraceStep>& steps);
/// The reverse. Text that is no such JSON gives no steps: a trace never makes a request fail.
std::vector<TraceStep> steps_from_text(std::string_view text);

/// Header names of the protocol above.
inline constexpr std::string_view kTraceHeader = "X-Slipway-Trace";
inline constexpr std::string_view kStepsHeader = "X-Slipway-Steps";

}  // namespace slipway
