#include "start_story.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/base/atomic_file.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr char kFile[] = "/last-start.json";

}  // namespace

void save_start_story(const std::string& folder, const StartStory& story) noexcept {
  try {
    const json document{{"BeganAt", story.began_at},
                        {"Error", story.error},
                        {"Advice", story.advice},
                        {"Steps", steps_to_json(story.steps)}};
    write_file_atomically(folder + kFile, dump_json(document) + "\n", Durability::volatile_);
  } catch (const std::exception& error) {
    log_line(LogLevel::warning, std::string("the story of a start is lost: ") + error.what());
  }
}

std::optional<StartStory> read_start_story(const std::string& folder) {
  try {
    const auto text = read_file(folder + kFile);
    if (!text) return std::nullopt;
    const json document = parse_json(*text, "last-start.json");
    const JsonFields fields(document);
    return StartStory{.began_at = fields.text("BeganAt"),
                      .error = fields.text("Error"),
                      .advice = fields.text("Advice"),
                      .steps = steps_from_json(fields.array("Steps"))};
  } catch (const std::exception&) {  // a power cut leaves an empty file
    return std::nullopt;
  }
}

}  // namespace slipway
