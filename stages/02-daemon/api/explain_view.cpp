#include "explain_view.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/human_text.hpp"
#include "02-daemon/engine/oci_spec.hpp"
#include "container_view.hpp"
#include "exit_meaning.hpp"
#include "status_text.hpp"

namespace slipway {

using nlohmann::json;

namespace {

using Sentences = std::vector<std::string>;

/// "2026-11-24 09:23:10": nobody reads nanoseconds.
std::string moment(const std::string& time) {
  std::string text = time.substr(0, 19);
  if (text.size() > 10) text[10] = ' ';
  return text;
}

std::string policy_text(const ContainerRecord& record) {
  const JsonFields policy = JsonFields(record.host_config, "HostConfig").object("RestartPolicy");
  const std::string name = policy.text("Name");
  const std::int64_t retries = policy.integer("MaximumRetryCount");
  return name + (retries > 0 ? ":" + std::to_string(retries) : "");
}

std::string times(int count) { return count == 1 ? "once" : std::to_string(count) + " times"; }

void tell_restarts(const Container& container, int count, Sentences& sentences) {
  if (count == 0) return;
  sentences.push_back("Its restart policy (" + policy_text(container.record) + ") has started it " +
                      times(count) + " since somebody did.");
}

void tell_end(const Engine& engine, const Container& container, const ExitRecord& end,
              Sentences& sentences) {
  const std::int64_t ran = unix_seconds_of(end.finished_at) - unix_seconds_of(end.started_at);
  std::string duration = human_duration(std::max<std::int64_t>(ran, 0));
  if (!duration.empty()) duration[0] = static_cast<char>(std::tolower(duration[0]));
  sentences.push_back("It ended at " + moment(end.finished_at) + " after " + duration +
                      ": exit code " + std::to_string(end.exit_code) + ".");
  for (std::string& sentence : exit_meaning(end, container.record.name.get())) {
    sentences.push_back(std::move(sentence));
  }
  for (const auto& module : engine.modules()) {
    module->explain_end(container.record, end, sentences);
  }
}

/// The run before the one that goes on is in the ledger, too: it would be needed again if this one were taken back.
void tell_run_before(const ExitRecord& run, Sentences& sentences) {
  if (run.previous.empty()) return;
  const ExitRecord before = exit_record_from_json(json::parse(run.previous));
  sentences.push_back("The run before ended at " + moment(before.finished_at) + ": exit code " +
                      std::to_string(before.exit_code) + ".");
}

void tell_failed_start(const ContainerState& state, const StartStory& story, Sentences& sentences) {
  sentences.push_back("The start failed: " + story.error);
  std::string_view rest = story.advice;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    sentences.push_back("  " + std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  sentences.push_back("Its exit code for that is " + failed_start_meaning(state.exit_code) + ".");
}

/// What became of it.
Sentences after(const Engine& engine, const Container& container, const ContainerState& state,
                const std::optional<ExitRecord>& run, const std::optional<StartStory>& story) {
  Sentences sentences;
  const bool failed = story && !story->error.empty();
  if (failed) tell_failed_start(state, *story, sentences);
  if (!container.broken.empty()) sentences.push_back("It is listed as dead: " + container.broken);
  if (is_up(state.status)) {
    sentences.push_back("It runs since " + moment(state.started_at) + ", as pid " +
                        std::to_string(state.pid) +
                        (state.status == Status::paused ? ", and is paused." : "."));
    if (run) tell_run_before(*run, sentences);
  } else if (run && run->finished() && run->started_at != kNever) {
    ExitRecord end = *run;
    // The ledger keeps what a failed start said with the run before it; it is no part of that run's end.
    if (failed && end.error == story->error) {
      sentences.push_back("The run before it ended at " + moment(end.finished_at) + ".");
    } else {
      tell_end(engine, container, end, sentences);
    }
  } else if (!failed && container.broken.empty()) {
    sentences.emplace_back("It has not been started yet.");
  }
  tell_restarts(container, state.restart_count, sentences);
  if (state.status == Status::restarting) sentences.emplace_back("It will be started again soon.");
  return sentences;
}

Sentences before(const Container& container, const std::optional<StartStory>& story) {
  const ContainerRecord& record = container.record;
  Sentences sentences;
  if (!record.created.empty()) {
    sentences.push_back("Created at " + moment(record.created) + " from " +
                        JsonFields(record.config, "Config").text("Image") + ": " +
                        shell_line(command_of(record.config)));
  }
  if (story && !story->began_at.empty()) {
    sentences.push_back("Its latest start began at " + moment(story->began_at) + ".");
  }
  if (story && is_auto_remove(record)) {
    sentences.emplace_back(
        "It removes itself at its end (--rm) and keeps no story: these are the steps of its shim.");
  }
  return sentences;
}

}  // namespace

json explain_container(Engine& engine, const Container& container) {
  const ContainerState state = state_of(container);
  const auto story = engine.start_story(container);
  const auto run = engine.latest_run(container);
  return {{"Id", container.record.id},
          {"Name", container.record.name.get()},
          {"Before", before(container, story)},
          {"Steps", story ? steps_to_json(story->steps) : json::array()},
          {"After", after(engine, container, state, run, story)}};
}

}  // namespace slipway
