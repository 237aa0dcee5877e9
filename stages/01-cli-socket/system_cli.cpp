#include "system_cli.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "api_error.hpp"
#include "go_template.hpp"
#include "info_cli.hpp"
#include "router.hpp"
#include "system_facts.hpp"
#include "version.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// A label and where its value stands in the answer.
struct Line {
  std::string_view label;
  json::json_pointer key;
};

/// "Label:   value", the values below each other; what is absent or empty is left out.
void print_lines(std::ostream& out, const json& document, const std::vector<Line>& lines,
                 std::string_view indent, std::size_t width) {
  for (const Line& line : lines) {
    const json value = document.value(line.key, json());
    if (value.is_null() || value == "") continue;
    std::string label = std::string(line.label) + ": ";
    if (label.size() < width) label.resize(width, ' ');
    out << indent << label << (value.is_string() ? value.get<std::string>() : value.dump()) << '\n';
  }
}

class VersionCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "version", .aliases = {}, .summary = "Show the version of client and engine"};
  }
  std::vector<Option> options() override {
    return {{"-f,--format", &format_, "Print by this template: {{.Server.Version}}"}};
  }

  int run(CliContext& context) override {
    const std::string arch = go_architecture(read_system_facts().machine);
    const json client = {
        {"Version", kSlipwayVersion}, {"ApiVersion", kApiVersion}, {"Os", "linux"}, {"Arch", arch}};
    if (format_.empty()) print_client(context.out, client);
    const json server = context.api.call("GET", "/version");
    if (format_.empty()) {
      print_server(context.out, server);
    } else {
      context.out << fill_template(format_, {{"Client", client}, {"Server", server}}) << '\n';
    }
    return 0;
  }

 private:
  /// Before the engine is asked: the client's half is known whether or not there is an engine.
  static void print_client(std::ostream& out, const json& client) {
    out << "Client:\n";
    print_lines(out, with_platform(client),
                {{"Version", "/Version"_json_pointer},
                 {"API version", "/ApiVersion"_json_pointer},
                 {"OS/Arch", "/OsArch"_json_pointer}},
                " ", 19);
    out << std::flush;
  }

  static void print_server(std::ostream& out, json server) {
    server["Range"] = server.value("ApiVersion", "") + " (minimum version " +
                      server.value("MinAPIVersion", "") + ")";
    out << "\nServer: " << server.value("/Platform/Name"_json_pointer, "") << "\n Engine:\n";
    print_lines(out, with_platform(server),
                {{"Version", "/Version"_json_pointer},
                 {"API version", "/Range"_json_pointer},
                 {"OS/Arch", "/OsArch"_json_pointer},
                 {"Kernel version", "/KernelVersion"_json_pointer}},
                "  ", 18);
  }

  static json with_platform(json document) {
    document["OsArch"] = document.value("Os", "") + "/" + document.value("Arch", "");
    return document;
  }

  std::string format_;
};

/// `slipway api GET /containers/json`: any request at all, for people who want to see what the API says.
class ApiCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "api",
            .aliases = {},
            .summary = "Send one request to the engine's API and print the answer"};
  }
  std::vector<Option> options() override {
    return {{"method", &method_, "GET, HEAD, POST, PUT or DELETE", true},
            {"path", &path_, "Path and query: /containers/json?all=1", true},
            {"body", &body_, "Body of the request (JSON)"},
            {"-i,--include", &include_, "Print status and headers, too"},
            {"--raw", &raw_, "Print JSON as it came, not indented"}};
  }

  int run(CliContext& context) override {
    const auto stream = context.api.open(method_, path_, body_);
    if (include_) print_head(context.out, stream->head());
    const bool json_document =
        stream->head().headers.get("Content-Type").starts_with("application/json") &&
        stream->head().headers.has("Content-Length");
    if (raw_ || !json_document) {
      copy(*stream, context.out);
      return 0;
    }
    const std::string text = stream->read_all();
    if (!text.empty()) context.out << parse_json(text, "the engine's answer").dump(2) << '\n';
    return 0;
  }

 private:
  static void print_head(std::ostream& out, const HttpResponse& head) {
    out << "HTTP/1.1 " << head.status << ' ' << reason_phrase(head.status) << '\n';
    for (const auto& [name, value] : head.headers) out << name << ": " << value << '\n';
    out << '\n';
  }

  /// As it comes: a stream of events must be seen when they happen.
  static void copy(HttpStream& stream, std::ostream& out) {
    std::array<char, 16384> buffer;
    while (const std::size_t count = stream.read_some(buffer)) {
      out.write(buffer.data(), static_cast<std::streamsize>(count)).flush();
    }
  }

  std::string method_;
  std::string path_;
  std::string body_;
  bool include_ = false;
  bool raw_ = false;
};

}  // namespace

Commands system_commands() {
  Commands commands;
  commands.push_back(std::make_unique<VersionCommand>());
  commands.push_back(make_info_command());
  commands.push_back(std::make_unique<ApiCommand>());
  return commands;
}

}  // namespace slipway
