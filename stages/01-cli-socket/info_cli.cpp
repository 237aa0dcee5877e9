#include "info_cli.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

#include "go_template.hpp"
#include "version.hpp"

namespace slipway {

using nlohmann::json;

namespace {

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// The lines of one answer; what is absent or empty is left out.
class Printer {
 public:
  Printer(std::ostream& out, const json& info) : out_(out), info_(info) {}

  void line(const char* label, const char* key) {
    const json value = info_.value(json::json_pointer(key), json());
    if (value.is_null() || value == "") return;
    out_ << ' ' << label << ": " << text_of(value) << '\n';
  }
  void plugins(const char* label, const char* key) {
    const json names = info_.value(json::json_pointer(key), json());
    if (!names.is_array() || names.empty()) return;
    out_ << "  " << label << ':';
    for (const json& name : names) out_ << ' ' << text_of(name);
    out_ << '\n';
  }
  /// "Storage Driver", and below it what it says of itself: [["Backing Filesystem", "ext4"], …].
  void driver() {
    line("Storage Driver", "/Driver");
    for (const json& fact : list("/DriverStatus")) {
      if (fact.is_array() && fact.size() == 2)
        out_ << "  " << text_of(fact[0]) << ": " << text_of(fact[1]) << '\n';
    }
  }
  void runtimes() {
    const json runtimes = info_.value("Runtimes", json::object());
    if (!runtimes.is_object() || runtimes.empty()) return;
    out_ << " Runtimes:";
    for (const auto& [name, runtime] : runtimes.items()) out_ << ' ' << name;
    out_ << '\n';
  }
  /// "name=seccomp,profile=builtin": the name, and below it the rest.
  void security() {
    const json options = list("/SecurityOptions");
    if (!options.empty()) out_ << " Security Options:\n";
    for (const json& option : options) {
      std::string rest = text_of(option);
      for (bool first = true; !rest.empty(); first = false) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        const std::size_t equals = std::min(rest.find('='), end);
        const std::string value = rest.substr(std::min(equals + 1, end), end - equals - 1);
        out_ << (first ? "  " + value : "   " + titled(rest.substr(0, equals)) + ": " + value)
             << '\n';
        rest.erase(0, std::min(end + 1, rest.size()));
      }
    }
  }
  void memory() {
    char text[32];
    std::snprintf(text, sizeof text, "%.4gGiB",
                  static_cast<double>(info_.value("MemTotal", 0LL)) / (1 << 30));
    out_ << " Total Memory: " << text << '\n';
  }
  void indented(const char* title, const char* key) {
    const json names = list(key);
    if (!names.empty()) out_ << ' ' << title << ":\n";
    for (const json& name : names) out_ << "  " << text_of(name) << '\n';
  }

 private:
  [[nodiscard]] json list(const char* key) const {
    json found = info_.value(json::json_pointer(key), json());
    return found.is_array() ? found : json::array();
  }
  static std::string titled(std::string word) {
    if (!word.empty() && word[0] >= 'a' && word[0] <= 'z')
      word[0] = static_cast<char>(word[0] - 32);
    return word;
  }

  std::ostream& out_;
  const json& info_;
};

void print_counts(Printer& printer) {
  printer.line("Containers", "/Containers");
  printer.line(" Running", "/ContainersRunning");
  printer.line(" Paused", "/ContainersPaused");
  printer.line(" Stopped", "/ContainersStopped");
  printer.line("Images", "/Images");
  printer.line("Server Version", "/ServerVersion");
}

void print_drivers(Printer& printer, std::ostream& out) {
  printer.driver();
  printer.line("Logging Driver", "/LoggingDriver");
  printer.line("Cgroup Driver", "/CgroupDriver");
  printer.line("Cgroup Version", "/CgroupVersion");
  out << " Plugins:\n";
  printer.plugins("Volume", "/Plugins/Volume");
  printer.plugins("Network", "/Plugins/Network");
  printer.plugins("Log", "/Plugins/Log");
  printer.line("Swarm", "/Swarm/LocalNodeState");
  printer.runtimes();
  printer.line("Default Runtime", "/DefaultRuntime");
  printer.line("Init Binary", "/InitBinary");
  printer.security();
}

void print_host(Printer& printer) {
  printer.line("Kernel Version", "/KernelVersion");
  printer.line("Operating System", "/OperatingSystem");
  printer.line("OSType", "/OSType");
  printer.line("Architecture", "/Architecture");
  printer.line("CPUs", "/NCPU");
  printer.memory();
  printer.line("Name", "/Name");
  printer.line("ID", "/ID");
  printer.line("Docker Root Dir", "/DockerRootDir");
  printer.line("Debug Mode", "/Debug");
  printer.line("HTTP Proxy", "/HttpProxy");
  printer.line("HTTPS Proxy", "/HttpsProxy");
  printer.line("No Proxy", "/NoProxy");
  printer.indented("Labels", "/Labels");
  printer.line("Experimental", "/ExperimentalBuild");
  printer.indented("Insecure Registries", "/RegistryConfig/InsecureRegistryCIDRs");
  printer.line("Live Restore Enabled", "/LiveRestoreEnabled");
}

class InfoCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "info",
            .aliases = {"system info"},
            .summary = "Show what the engine knows of itself and its host"};
  }
  std::vector<Option> options() override {
    return {{"-f,--format", &format_, "Print by this template: {{.Driver}}, or json"}};
  }

  int run(CliContext& context) override {
    if (format_.empty()) {  // the client's half is known whether or not there is an engine
      context.out << "Client:\n Version:    " << kSlipwayVersion
                  << "\n Debug Mode: false\n\nServer:\n"
                  << std::flush;
    }
    const json info = context.api.call("GET", "/info");
    if (!format_.empty()) {
      context.out << (format_ == "json" ? info.dump() : fill_template(format_, info)) << '\n';
      return 0;
    }
    Printer printer(context.out, info);
    print_counts(printer);
    print_drivers(printer, context.out);
    print_host(printer);
    context.out << '\n';
    const json warnings = info.value("Warnings", json());
    for (const json& warning : warnings.is_array() ? warnings : json::array())
      context.err << warning.get<std::string>() << '\n';
    return 0;
  }

 private:
  std::string format_;
};

}  // namespace

std::unique_ptr<Command> make_info_command() { return std::make_unique<InfoCommand>(); }

}  // namespace slipway
