#include "images_cli.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <ctime>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "01-cli-socket/go_template.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/human_text.hpp"
#include "02-daemon/cli/container_cli.hpp"
#include "02-daemon/cli/text_table.hpp"
#include "history_cli.hpp"
#include "save_cli.hpp"

namespace slipway {
namespace {

using nlohmann::json;

constexpr std::size_t kShortId = 12;

std::string image_path(const std::string& name) { return "/images/" + percent_encode(name); }

/// "busybox:1.36" in two; a colon before the last slash belongs to a port.
std::pair<std::string, std::string> split_tag(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  const std::size_t colon = name.rfind(':');
  const bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  return {name.substr(0, tagged ? colon : name.size()), tagged ? name.substr(colon + 1) : ""};
}

/// Prints the texts of a stream of JSON objects. \throws std::runtime_error for an error in the stream
void print_stream(const std::string& body, std::ostream& out) {
  for (std::size_t start = 0; start < body.size();) {
    const std::size_t end = std::min(body.find('\n', start), body.size());
    const json line = parse_json(body.substr(start, end - start), "the engine's answer");
    if (line.contains("error")) throw std::runtime_error(line["error"].get<std::string>());
    out << line.value("stream", "");
    start = end + 1;
  }
}

class LoadCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "load",
            .aliases = {"image load"},
            .summary = "Load images from a tar archive or stdin"};
  }
  std::vector<Option> options() override {
    return {{"-i,--input", &file_, "Read this file instead of stdin"},
            {"-q,--quiet", &quiet_, "Do not show the progress"}};
  }

  int run(CliContext& context) override {
    UniqueFd opened;
    if (!file_.empty())
      opened.reset(check(::open(file_.c_str(), O_RDONLY | O_CLOEXEC), "open", file_));
    const int fd = opened ? opened.get() : STDIN_FILENO;
    if (::isatty(fd)) throw std::runtime_error("requested load from stdin, but stdin is empty");
    const auto source = [fd](std::span<char> part) {
      return static_cast<std::size_t>(
          check(retry_on_signal([&] { return ::read(fd, part.data(), part.size()); }), "read",
                "archive"));
    };
    const std::string target = std::string("/images/load?quiet=") + (quiet_ ? "1" : "0");
    const auto answer = context.api.open("POST", target, {}, source, "application/x-tar");
    print_stream(answer->read_all(), context.out);
    return 0;
  }

 private:
  std::string file_;
  bool quiet_ = false;
};

/// One line of the list: an image under one of its names.
json row_of(const json& image, const std::string& name, bool whole) {
  const auto [repository, tag] =
      name.empty() ? std::pair<std::string, std::string>{"<none>", "<none>"} : split_tag(name);
  const std::string id = image.value("Id", "");
  const std::int64_t created = image.value("Created", std::int64_t{0});
  return {
      {"Repository", repository},
      {"Tag", tag},
      {"ID", whole ? id : id.substr(id.find(':') + 1, kShortId)},
      {"CreatedSince", created > 0 ? human_duration(std::time(nullptr) - created) + " ago" : "N/A"},
      {"CreatedAt", created},
      {"Digest", "<none>"},
      {"Size", human_size(image.value("Size", 0.0), 3)}};
}

class ImagesCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "images", .aliases = {"image ls", "image list"}, .summary = "List images"};
  }
  std::vector<Option> options() override {
    return {{"-q,--quiet", &quiet_, "Show ids only"},
            {"-a,--all", &all_, "Show all images (there are no hidden ones)"},
            {"--no-trunc", &whole_, "Do not shorten"},
            {"-f,--filter", &filters_, "Show those that match: dangling=true, label=a=b"},
            {"--format", &format_, "Print by this template: {{.Repository}}, or json"},
            {"repository", &name_, ""}};
  }

  int run(CliContext& context) override {
    const json rows =
        rows_of(context.api.call("GET", "/images/json?filters=" + percent_encode(filters())));
    const std::string format = quiet_ ? "{{.ID}}" : format_;
    if (format.empty() || format == "table") {
      context.out << table(rows);
      return 0;
    }
    for (const json& row : rows) {
      context.out << (format == "json" ? dump_json(row) : fill_template(format, row)) << '\n';
    }
    return 0;
  }

 private:
  [[nodiscard]] json rows_of(const json& images) const {
    json rows = json::array();
    for (const json& image : images) {
      const json tags = image.value("RepoTags", json::array());
      for (const json& tag : tags) rows.push_back(row_of(image, tag.get<std::string>(), whole_));
      if (tags.empty()) rows.push_back(row_of(image, "", whole_));
    }
    return rows;
  }

  [[nodiscard]] static std::string table(const json& rows) {
    std::vector<std::vector<std::string>> lines{
        {"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"}};
    for (const json& row : rows) {
      lines.push_back({row["Repository"], row["Tag"], row["ID"], row["CreatedSince"], row["Size"]});
    }
    return text_table(lines);
  }

  [[nodiscard]] std::string filters() const {
    json map = json::object();
    if (!name_.empty()) map["reference"] = {name_};
    for (const std::string& filter : filters_) {
      const std::size_t equals = std::min(filter.find('='), filter.size());
      map[filter.substr(0, equals)].push_back(filter.substr(std::min(equals + 1, filter.size())));
    }
    return dump_json(map);
  }

  bool quiet_ = false;
  bool all_ = false;
  bool whole_ = false;
  std::string format_;
  std::string name_;
  std::vector<std::string> filters_;
};

class RemoveImageCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "rmi",
            .aliases = {"image rm", "image remove"},
            .summary = "Remove one or more images"};
  }
  std::vector<Option> options() override {
    return {{"-f,--force", &force_, "Remove it even if stopped containers use it"},
            {"--no-prune", &no_prune_,
             "Accepted for docker's sake: images here have no untagged parents"},
            {"image", &names_, "", true}};
  }

  int run(CliContext& context) override {
    return for_each_name(context, names_, [&](const std::string& name) {
      const std::string query = force_ ? "?force=1" : "";
      for (const json& record : context.api.call("DELETE", image_path(name) + query)) {
        for (const auto& [what, value] : record.items())
          context.out << what << ": " << value.get<std::string>() << '\n';
      }
    });
  }

 private:
  bool force_ = false;
  bool no_prune_ = false;
  std::vector<std::string> names_;
};

class TagCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "tag", .aliases = {"image tag"}, .summary = "Give an image one more name"};
  }
  std::vector<Option> options() override {
    return {{"source", &source_, "", true}, {"target", &target_, "", true}};
  }

  int run(CliContext& context) override {
    const auto [repository, tag] = split_tag(target_);
    context.api.call("POST", image_path(source_) + "/tag?repo=" + percent_encode(repository) +
                                 "&tag=" + percent_encode(tag));
    return 0;
  }

 private:
  std::string source_;
  std::string target_;
};

}  // namespace

Commands image_commands() {
  Commands commands;
  commands.push_back(std::make_unique<LoadCommand>());
  commands.push_back(std::make_unique<ImagesCommand>());
  commands.push_back(std::make_unique<RemoveImageCommand>());
  commands.push_back(std::make_unique<TagCommand>());
  commands.push_back(make_history_command());
  commands.push_back(make_save_command());
  commands.push_back(make_inspect_command("image inspect", {"image", "/images/", "/json"}));
  return commands;
}

}  // namespace slipway
