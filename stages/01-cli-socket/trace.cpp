#include "trace.hpp"

#include <time.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>

namespace slipway {

using nlohmann::json;

std::int64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000LL + now.tv_nsec / 1'000;
}

Trace::Trace(std::string id, std::string box, bool by_hand)
    : id_(std::move(id)), box_(std::move(box)), by_hand_(by_hand) {}

void Trace::add(TraceStep step) {
  if (!on()) return;
  if (step.box.empty()) step.box = box_;
  const std::scoped_lock lock(mutex_);
  steps_.push_back(std::move(step));
}

void Trace::add(std::vector<TraceStep> steps) {
  for (TraceStep& step : steps) add(std::move(step));
}

std::vector<TraceStep> Trace::steps() const {
  const std::scoped_lock lock(mutex_);
  std::vector<TraceStep> sorted = steps_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const TraceStep& a, const TraceStep& b) { return a.start_us < b.start_us; });
  return sorted;
}

std::vector<TraceStep> Trace::take_steps() {
  std::vector<TraceStep> taken = steps();
  const std::scoped_lock lock(mutex_);
  steps_ = {};  // and the room for them
  return taken;
}

Trace::Scope::Scope(Trace& trace, std::string_view stage, std::string_view name,
                    std::string_view call, std::string_view arguments, std::string by_hand)
    : trace_(trace), exceptions_(std::uncaught_exceptions()) {
  if (!trace_.on()) return;
  step_.stage = stage;
  step_.name = name;
  step_.call = call;
  step_.arguments = arguments;
  step_.by_hand = std::move(by_hand);
  step_.start_us = monotonic_us();
}

Trace::Scope::~Scope() {
  if (!trace_.on()) return;
  step_.duration_us = monotonic_us() - step_.start_us;
  if (step_.result.empty()) {
    step_.result = std::uncaught_exceptions() > exceptions_ ? "failed" : "ok";
  }
  trace_.add(std::move(step_));
}

json steps_to_json(const std::vector<TraceStep>& steps) {
  json list = json::array();
  for (const TraceStep& step : steps) {
    list.push_back({{"Box", step.box},
                    {"Stage", step.stage},
                    {"Name", step.name},
                    {"Call", step.call},
                    {"Arguments", step.arguments},
                    {"Result", step.result},
                    {"StartMicroseconds", step.start_us},
                    {"DurationMicroseconds", step.duration_us}});
    if (!step.by_hand.empty()) list.back()["ByHand"] = step.by_hand;
  }
  return list;
}

std::string steps_to_text(const std::vector<TraceStep>& steps) {
  return steps_to_json(steps).dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
}

namespace {

TraceStep step_from_json(const json& entry) {
  return {.box = entry.value("Box", ""),
          .stage = entry.value("Stage", ""),
          .name = entry.value("Name", ""),
          .call = entry.value("Call", ""),
          .arguments = entry.value("Arguments", ""),
          .result = entry.value("Result", ""),
          .by_hand = entry.value("ByHand", ""),
          .start_us = entry.value("StartMicroseconds", std::int64_t{0}),
          .duration_us = entry.value("DurationMicroseconds", std::int64_t{0})};
}

}  // namespace

std::vector<TraceStep> steps_from_json(const json& list) {
  std::vector<TraceStep> steps;
  for (const json& entry : list) steps.push_back(step_from_json(entry));
  return steps;
}

std::vector<TraceStep> steps_from_text(std::string_view text) {
  if (text.empty()) return {};
  try {
    return steps_from_json(json::parse(text));
  } catch (const json::exception&) {
    return {};
  }
}

}  // namespace slipway
