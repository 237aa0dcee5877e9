#include "images_api.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/log_line.hpp"
#include "05-layers-cache/images/image_saver.hpp"
#include "image_view.hpp"

namespace slipway {
namespace {

using nlohmann::json;

constexpr std::size_t kChunk = 256 * 1024;
constexpr std::string_view kAnyName = "/images/{name:.*}";

void list_images(Exchange& exchange, const ImageStore& store) {
  const HttpRequest& request = exchange.request();
  json list = json::array();
  for (const ImagePtr& image : filter_images(store.all(), request.query.value("filters"))) {
    json entry = image_summary(*image, api_version_below(request, "1.43"));
    if (api_version_below(request, "1.44")) entry["VirtualSize"] = image->size;
    list.push_back(std::move(entry));
  }
  exchange.respond(json_response(200, list));
}

void inspect_image(Exchange& exchange, const ImageStore& store) {
  const HttpRequest& request = exchange.request();
  const ImagePtr image = store.find(exchange.parameter("name"));
  json details = image_details(*image, api_version_below(request, "1.50"));
  if (api_version_below(request, "1.44")) details["VirtualSize"] = image->size;
  exchange.respond(json_response(200, details));
}

void show_history(Exchange& exchange, const ImageStore& store) {
  const ImagePtr image = store.find(exchange.parameter("name"));
  std::vector<std::uint64_t> sizes;
  for (const Digest& layer : image->layers) sizes.push_back(store.layer_size(layer));
  exchange.respond(json_response(200, image_history(*image, sizes)));
}

void publish(EventLog& events, std::string action, const Digest& image, std::string name) {
  events.publish(Event{.type = "image",
                       .action = std::move(action),
                       .actor = image.text(),
                       .attributes = {{"name", std::move(name)}}});
}

/// Loads. After a refusal the rest of the body is read, too: a client that is still sending would not see our answer.
std::vector<LoadedImage> load_whole_body(Exchange& exchange, const ImageLoader& loader) {
  bool more = true;
  const auto body = [&](std::span<char> buffer) {
    more = false;  // if this throws, there is nothing more to be had
    const std::size_t count = exchange.read_body_some(buffer);
    more = count > 0;
    return count;
  };
  try {
    return loader.load(body, exchange.trace());
  } catch (const std::exception&) {
    std::array<char, 65536> buffer;
    while (more) body(buffer);
    throw;
  }
}

/// Docker answers 200 as soon as the body begins and puts errors into the stream. Here nothing is said before all is
/// durable, so that a bad archive gets its own status; clients understand both.
void load_images(Exchange& exchange, const ImagesApi& api) {
  const std::vector<LoadedImage> loaded = load_whole_body(exchange, api.loader);
  for (const LoadedImage& image : loaded) publish(api.events, "load", image.id, image.id.text());
  exchange.begin_stream({.status = 200, .headers = {{"Content-Type", "application/json"}}});
  const auto say = [&](const std::string& text) {
    exchange.write_chunk(dump_json({{"stream", text + "\n"}}) + "\r\n");
  };
  for (const LoadedImage& image : loaded) {
    for (const ImageReference& name : image.names) say("Loaded image: " + name.familiar());
    if (image.names.empty()) say("Loaded image ID: " + image.id.text());
  }
  exchange.end_stream();
}

/// The archive, in chunks. A blob that turns out to be damaged breaks it off: the client sees that, but not why.
void stream_archive(Exchange& exchange, const ImageSaver& saver) try {
  std::string gathered;
  saver.write([&](std::span<const char> bytes) {
    gathered.append(bytes.data(), bytes.size());
    if (gathered.size() < kChunk) return;
    exchange.write_chunk(gathered);
    gathered.clear();
  });
  exchange.write_chunk(gathered);
} catch (const std::exception& error) {
  log_line(LogLevel::warning, "a save broke off: " + std::string(error.what()));
  throw;
}

/// All that can be refused is refused before the stream begins.
void save_images(Exchange& exchange, const ImagesApi& api, const std::vector<std::string>& names) {
  const ImageSaver saver(api.store, names);
  exchange.begin_stream({.status = 200, .headers = {{"Content-Type", "application/x-tar"}}});
  stream_archive(exchange, saver);
  for (const Digest& image : saver.images()) publish(api.events, "save", image, image.text());
  exchange.end_stream();
}

void tag_image(Exchange& exchange, const ImagesApi& api) {
  const HttpQuery& query = exchange.request().query;
  ImageReference name = ImageReference::parse(query.value("repo"));
  if (name.digest()) throw bad_request("refusing to create a tag with a digest reference");
  const std::string tag = query.value("tag");
  if (!tag.empty()) name = name.with_tag(tag);
  name = name.with_default_tag();
  api.store.tag(exchange.parameter("name"), name);
  publish(api.events, "tag", api.store.find(name.familiar())->id, name.familiar());
  exchange.respond({.status = 201});
}

void remove_image(Exchange& exchange, const ImagesApi& api) {
  const bool force = exchange.request().query.flag("force");
  const Digest id = api.store.find(exchange.parameter("name"))->id;
  json answer = json::array();
  for (const RemovalRecord& record :
       api.store.remove(exchange.parameter("name"), force, api.users_of)) {
    publish(api.events, record.untagged ? "untag" : "delete", id, id.text());
    answer.push_back({{record.untagged ? "Untagged" : "Deleted", record.what}});
  }
  exchange.respond(json_response(200, answer));
}

/// Pulling comes with the registry client. Until then every image that is not here is one that cannot be had, and
/// the client that asked for it ("docker run busybox") ends with docker's own words.
void refuse_pull(Exchange& exchange) {
  const HttpQuery& query = exchange.request().query;
  const std::string from = query.value("fromImage");
  if (from.empty())
    throw ApiError(501, "import is not supported by this daemon: load an image archive instead");
  throw not_found("pull access denied for " + ImageReference::parse(from).familiar_name() +
                  ", repository does not exist or may require 'docker login': "
                  "this daemon does not pull images; load one with 'load -i FILE'");
}

}  // namespace

void add_image_routes(Router& router, const ImagesApi& api) {
  const std::string name(kAnyName);
  ImageStore& store = api.store;
  router.add("GET", "/images/json", [&store](Exchange& e) { list_images(e, store); });
  router.add("POST", "/images/load", [api](Exchange& e) { load_images(e, api); });
  router.add("GET", "/images/get",
             [api](Exchange& e) { save_images(e, api, e.request().query.all("names")); });
  router.add("GET", name + "/get",
             [api](Exchange& e) { save_images(e, api, {std::string(e.parameter("name"))}); });
  router.add("POST", "/images/create", refuse_pull);
  router.add("GET", name + "/json", [&store](Exchange& e) { inspect_image(e, store); });
  router.add("GET", name + "/history", [&store](Exchange& e) { show_history(e, store); });
  router.add("POST", name + "/tag", [api](Exchange& e) { tag_image(e, api); });
  router.add("DELETE", name, [api](Exchange& e) { remove_image(e, api); });
}

}  // namespace slipway
