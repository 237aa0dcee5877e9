#include "image_documents.hpp"

#include <set>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/json_fields.hpp"

namespace slipway {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxLayers = 500;  // overlayfs stacks no more

/// Watches a parse for keys that come twice in one object.
class KeyWatch {
 public:
  explicit KeyWatch(std::string_view what) : what_(what) {}

  bool operator()(int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) seen_.emplace_back();
    if (event == json::parse_event_t::object_end) seen_.pop_back();
    if (event == json::parse_event_t::key &&
        !seen_.back().insert(parsed.get<std::string>()).second) {
      throw bad_request(std::string(what_) + ": key " + parsed.dump() +
                        " stands twice in one object");
    }
    return true;
  }

 private:
  std::string_view what_;
  std::vector<std::set<std::string>> seen_;
};

/// execve(2) and files end strings at a NUL; whoever compares them first would see another text.
void check_texts(const std::vector<std::string>& texts, const std::string& path) {
  for (const std::string& text : texts) {
    if (text.find('\0') != std::string::npos)
      throw bad_request(path + ": contains a NUL character");
  }
}

void check_run_config(const JsonFields& config) {
  for (const char* name : {"Env", "OnBuild"}) check_texts(config.texts(name), config.path_of(name));
  for (const char* name : {"Cmd", "Entrypoint", "Shell"}) {
    check_texts(config.text_or_texts(name).value_or(std::vector<std::string>()),
                config.path_of(name));
  }
  for (const char* name : {"User", "WorkingDir", "StopSignal"}) {
    check_texts({config.text(name)}, config.path_of(name));
  }
  static_cast<void>(config.text_map("Labels"));
  for (const char* name : {"ExposedPorts", "Volumes", "Healthcheck"}) {
    static_cast<void>(config.object(name));
  }
}

}  // namespace

json parse_document(std::string_view text, std::string_view what) {
  if (text.size() > kMaxDocument) throw bad_request(std::string(what) + ": is larger than 4 MiB");
  parse_json(text, what);  // first: it limits the depth, and its errors name the place
  KeyWatch watch(what);
  return json::parse(text, std::ref(watch));
}

Descriptor parse_descriptor(const json& object, const std::string& path) {
  const JsonFields fields(object, path);
  const std::int64_t size = fields.integer("size", -1);
  if (size < 0) throw bad_request(fields.path_of("size") + ": expected a size in bytes");
  return {.media_type = fields.text("mediaType"),
          .digest = Digest::require(fields.text("digest"), fields.path_of("digest")),
          .size = static_cast<std::uint64_t>(size)};
}

Manifest parse_manifest(const json& document, std::string_view media_type, std::string_view what) {
  const std::string path(what);
  const JsonFields fields(document, path);
  if (fields.has("manifests")) throw bad_request(path + ": is a manifest and an index at once");
  const std::string own = fields.text("mediaType", media_type);
  if (own != media_type) {
    throw bad_request(path + ": calls itself " + own + ", but is listed as " +
                      std::string(media_type));
  }
  if (!fields.has("config")) throw bad_request(path + ".config: is missing");
  Manifest manifest{.config = parse_descriptor(document.at("config"), path + ".config"),
                    .layers = {}};
  const json& layers = fields.array("layers");
  if (layers.size() > kMaxLayers) throw bad_request(path + ".layers: are more than 500");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    manifest.layers.push_back(
        parse_descriptor(layers[i], path + ".layers[" + std::to_string(i) + "]"));
  }
  return manifest;
}

json to_json(const Descriptor& descriptor) {
  return {{"mediaType", descriptor.media_type},
          {"digest", descriptor.digest.text()},
          {"size", descriptor.size}};
}

json make_manifest(const Manifest& manifest) {
  json layers = json::array();
  for (const Descriptor& layer : manifest.layers) layers.push_back(to_json(layer));
  return {{"schemaVersion", 2},
          {"mediaType", kOciManifestType},
          {"config", to_json(manifest.config)},
          {"layers", layers}};
}

std::vector<Digest> check_config(const json& document, std::string_view what) {
  const JsonFields config(document, std::string(what));
  check_run_config(config.object("config"));
  const std::string os = config.text("os", "linux");
  if (os != "linux") throw bad_request("cannot load " + os + " image on linux");
  static_cast<void>(config.text("architecture"));
  static_cast<void>(config.text("created"));
  static_cast<void>(config.array("history"));
  const JsonFields rootfs = config.object("rootfs");
  const std::string path = rootfs.path_of("diff_ids");
  std::vector<Digest> diff_ids;
  for (const std::string& text : rootfs.texts("diff_ids")) {
    diff_ids.push_back(Digest::require(text, path + "[" + std::to_string(diff_ids.size()) + "]"));
  }
  if (diff_ids.size() > kMaxLayers) throw bad_request(path + ": are more than 500");
  return diff_ids;
}

std::string layer_media_type(std::string_view filter) {
  std::string type = "application/vnd.oci.image.layer.v1.tar";
  if (filter != "none") type.append("+").append(filter);
  return type;
}

}  // namespace slipway
