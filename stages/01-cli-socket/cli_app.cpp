#include "cli_app.hpp"

#include <sys/random.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <iostream>

#include "api_error.hpp"
#include "cli_help.hpp"
#include "error_text.hpp"
#include "explain_story.hpp"
#include "version.hpp"

namespace slipway {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kAbout = "A container runtime to learn from and to run every day";
constexpr std::string_view kDefaultHost = "unix:///run/slipway/slipway.sock";

/// CLI11 takes the word behind "--name=" as its value. This mark, which no shell user types, keeps
/// the value apart until parsing is over; then it becomes the empty value that was meant.
constexpr char kEmptyValue = '\x01';

Words marked(Words words) {
  for (std::string& word : words) {
    if (word.starts_with("--") && word.find('=') == word.size() - 1) word += kEmptyValue;
  }
  return words;
}

std::string unmarked(std::string word) {
  if (word.ends_with(kEmptyValue)) word.pop_back();
  return word;
}

UsageError bad_value(const Option& option, const std::string& value, const std::string& expected) {
  return UsageError("invalid argument \"" + value + "\" for \"" + option.names +
                    "\" flag: expected " + expected);
}

long number_of(const Option& option, const std::string& value) {
  long number = 0;
  const char* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) throw bad_value(option, value, "a whole number");
  return number;
}

bool bool_of(const Option& option, const std::string& value) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  throw bad_value(option, value, "true or false");
}

CurlMode curl_of(const Option& option, const std::string& value) {
  if (value == "true") return CurlMode::show;
  if (value == "only") return CurlMode::only;
  throw bad_value(option, value, "nothing or \"only\"");
}

ExplainMode explain_of(const Option& option, const std::string& value) {
  if (value == "true") return ExplainMode::story;
  if (value == "by-hand") return ExplainMode::by_hand;
  if (value == "json") return ExplainMode::json;
  throw bad_value(option, value, "nothing, \"by-hand\" or \"json\"");
}

/// Puts what was given (at least one value; the last one wins) where the option wants it.
void store(const Option& option, const Words& values) {
  const std::string& last = values.back();
  struct Store {
    const Option& option;
    const Words& values;
    const std::string& last;
    void operator()(bool* target) const { *target = bool_of(option, last); }
    void operator()(CurlMode* target) const { *target = curl_of(option, last); }
    void operator()(ExplainMode* target) const { *target = explain_of(option, last); }
    void operator()(std::string* target) const { *target = last; }
    void operator()(std::optional<std::string>* target) const { *target = last; }
    void operator()(long* target) const { *target = number_of(option, last); }
    void operator()(std::optional<long>* target) const { *target = number_of(option, last); }
    void operator()(Words* target) const { *target = values; }
  };
  std::visit(Store{option, values, last}, option.target);
}

/// True if a word may be this option, by one of its names: "--name", "--name=…", or 'n' in "-itn".
/// `run` has seventy options and is given three; a parser object for each would cost more page
/// faults than all the rest of the command line.
bool may_be_given(const Option& option, const Words& words) {
  const auto named = [&](std::string_view name) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      if (!word.starts_with('-')) return false;
      if (name.starts_with("--")) return word.starts_with(name);
      return !word.starts_with("--") && word.find(name[1]) != std::string::npos;
    });
  };
  std::string_view names = option.names;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    if (named(names.substr(0, end))) return true;
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return false;
}

UsageError unknown_flag(const std::string& word) {
  if (word.starts_with("--")) return UsageError("unknown flag: " + word.substr(0, word.find('=')));
  return UsageError(std::string("unknown shorthand flag: '") + word[1] + "' in " + word);
}

/// What CLI11 left over: positionals, and the options that it does not know, which it lets pass in
/// this mode.
Words positionals_of(const Words& left, bool stop_at_positional) {
  Words positionals;
  bool options_ended = false;
  for (const std::string& word : left) {
    if (!options_ended && word == "--") {
      options_ended = true;
    } else if (!options_ended && word.size() > 1 && word.starts_with('-')) {
      throw unknown_flag(word);
    } else {
      positionals.push_back(unmarked(word));
      options_ended = options_ended || stop_at_positional;
    }
  }
  return positionals;
}

/// Hands the positionals to the options that want them. \throws UsageError for too few or too many
void store_positionals(const Words& words, const std::vector<Option>& options) {
  std::size_t used = 0;
  for (const Option& option : options) {
    if (!is_positional(option)) continue;
    const bool all = std::holds_alternative<Words*>(option.target);
    const std::size_t end = all ? words.size() : std::min(used + 1, words.size());
    if (end > used) store(option, Words(words.begin() + used, words.begin() + end));
    used = end;
  }
}

std::string plural(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " argument" : " arguments");
}

/// What is wrong with this number of positionals, in docker's words; empty if nothing.
std::string arity_error(std::size_t given, const std::vector<Option>& options) {
  std::size_t least = 0;
  std::size_t most = 0;
  bool endless = false;
  for (const Option& option : options) {
    if (!is_positional(option)) continue;
    least += option.required ? 1 : 0;
    most += 1;
    endless = endless || std::holds_alternative<Words*>(option.target);
  }
  if (given >= least && (endless || given <= most)) return "";
  if (most == 0) return "accepts no arguments";
  if (endless) return "requires at least " + plural(least);
  if (least == most) return "requires " + plural(least);
  return given < least ? "requires at least " + plural(least) : "accepts at most " + plural(most);
}

struct GlobalFlags {
  std::string host;
  CurlMode curl = CurlMode::off;
  ExplainMode explain = ExplainMode::off;
  bool version = false;
  bool help = false;
};

std::vector<Option> visible_everywhere(GlobalFlags& flags) {
  return {
      {"--curl", &flags.curl, "Print each request as a curl command; --curl=only does not send it"},
      {"--explain", &flags.explain,
       "Tell step by step what each box did; --explain=by-hand adds the shell command for each "
       "step"},
      {"--help", &flags.help, "Print usage"}};
}

std::vector<Option> global_options(GlobalFlags& flags) {
  std::vector<Option> options{
      {"-H,--host", &flags.host, "Socket of the engine: unix://PATH (else DOCKER_HOST)"},
      {"-v,--version", &flags.version, "Print the version"}};
  for (Option& option : visible_everywhere(flags)) options.push_back(std::move(option));
  return options;
}

std::string engine_of(const GlobalFlags& flags) {
  if (!flags.host.empty()) return flags.host;
  const char* host = std::getenv("DOCKER_HOST");
  return std::string(host && *host ? std::string_view(host) : kDefaultHost);
}

/// How many of the first words name the command `info`: 0 if they do not.
std::size_t words_matched(const CommandInfo& info, const Words& words) {
  std::string typed;
  std::size_t best = 0;
  for (std::size_t count = 1; count <= words.size() && count <= 3; ++count) {
    typed += (count > 1 ? " " : "") + words[count - 1];
    const bool same = typed == info.name || std::find(info.aliases.begin(), info.aliases.end(),
                                                      typed) != info.aliases.end();
    if (same) best = count;
  }
  return best;
}

/// The command with the most matching words, and how many these are; null if there is none.
std::pair<Command*, std::size_t> find_command(const Commands& commands, const Words& words) {
  std::pair<Command*, std::size_t> found{nullptr, 0};
  for (const auto& command : commands) {
    const std::size_t matched = words_matched(command->info(), words);
    if (matched > found.second) found = {command.get(), matched};
  }
  return found;
}

std::string joined(const Words& words, std::size_t count) {
  std::string text = "slipway";
  for (std::size_t i = 0; i < count; ++i) text += " " + words[i];
  return text;
}

std::string random_trace_id() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) < 0)
    number = static_cast<std::uint64_t>(monotonic_us());
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

/// Runs the parsed command against the engine, then tells the story if it was asked for.
int run_command(Command& command, const GlobalFlags& flags, const std::string& program) {
  Trace trace(flags.explain != ExplainMode::off ? random_trace_id() : "", "cli");
  const std::int64_t start = monotonic_us();
  int code = 0;
  try {
    ApiClient api(socket_path_of(engine_of(flags)), trace, flags.curl, std::cerr);
    CliContext context{api, std::cin, std::cout, std::cerr};
    code = command.run(context);
  } catch (const CurlOnly&) {  // all that was asked for has been printed
  } catch (const std::exception& error) {
    std::cout.flush();
    std::cerr << error_text(error);
    code = 1;
  }
  std::cout.flush();
  if (trace.on()) {
    std::cerr << explain_story(program, trace.steps(), start, monotonic_us(), flags.explain);
  }
  return code;
}

/// What there is to say when the words name no command.
int no_such_command(const Commands& commands, const Words& words) {
  const std::string group = group_help(words[0], commands);
  if (!group.empty() && (words.size() == 1 || words[1] == "--help")) {
    std::cout << group;
    return 0;
  }
  std::cerr << "slipway: unknown command: " << joined(words, group.empty() ? 1 : 2) << "\n\nRun '"
            << joined(words, group.empty() ? 0 : 1) << " --help' for more information\n";
  return 1;
}

int usage_error(const std::string& program, const std::string& message, int code) {
  std::cerr << message << "\nSee '" << program << " --help'.\n";
  return code;
}

/// Parses what stands behind the command's words, and runs it.
int parse_and_run(Command& command, const std::string& program, const Words& words,
                  GlobalFlags& flags) {
  const CommandInfo info = command.info();
  std::vector<Option> options = command.options();
  for (Option& option : visible_everywhere(flags)) options.push_back(std::move(option));
  try {
    const Words positionals = parse_options(words, options, info.stop_at_positional);
    if (flags.help) {
      std::cout << command_help(program, info, options);
      return 0;
    }
    const std::string error = arity_error(positionals.size(), options);
    if (!error.empty()) {
      return usage_error(
          program,
          "'" + program + "' " + error + "\n\nUsage:  " + usage_line(program, options) + "\n", 1);
    }
    store_positionals(positionals, options);
  } catch (const UsageError& error) {
    return usage_error(program, error.what(), info.usage_error_code);
  }
  return run_command(command, flags, program);
}

}  // namespace

std::vector<std::string> parse_options(const std::vector<std::string>& words,
                                       const std::vector<Option>& options,
                                       bool stop_at_positional) {
  CLI::App app;
  app.set_help_flag();
  // Unknown options land in remaining(), where positionals_of() finds them. CLI11's own positionals
  // are not used: a repeatable one splits a word such as "[a,b]".
  app.allow_extras();
  app.prefix_command(stop_at_positional);
  std::vector<std::pair<const Option*, CLI::Option*>> given;
  for (const Option& option : options) {
    if (is_positional(option) || !may_be_given(option, words)) continue;
    CLI::Option* added =
        is_flag(option) ? app.add_flag(option.names) : app.add_option(option.names);
    given.emplace_back(&option, added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll));
  }
  Words reversed = marked(words);
  std::reverse(reversed.begin(), reversed.end());  // CLI11 eats from the back
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ArgumentMismatch&) {
    throw UsageError("flag needs an argument: " + words.back());
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  Words positionals = positionals_of(app.remaining(), stop_at_positional);
  for (const auto& [option, parsed] : given) {
    Words values = parsed->results();
    std::transform(values.begin(), values.end(), values.begin(), unmarked);
    if (!values.empty()) store(*option, values);
  }
  return positionals;
}

int run_cli(int argc, char** argv, Commands commands) {
  GlobalFlags flags;
  const std::vector<Option> globals = global_options(flags);
  Words words;
  try {
    words = parse_options(Words(argv + 1, argv + argc), globals, /*stop_at_positional=*/true);
  } catch (const UsageError& error) {
    return usage_error("slipway", error.what(), 125);
  }
  if (flags.version) {
    std::cout << "Slipway version " << kSlipwayVersion << '\n';
    return 0;
  }
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    flags.help = true;
  }
  if (words.empty()) {
    std::cout << program_help(std::string(kAbout), commands, globals);
    return 0;
  }
  const auto [command, count] = find_command(commands, words);
  if (!command) return no_such_command(commands, words);
  return parse_and_run(*command, joined(words, count), Words(words.begin() + count, words.end()),
                       flags);
}

std::optional<int> parse_flags(int argc, char** argv, const std::string& about,
                               const std::vector<Option>& options) {
  bool help = false;
  bool version = false;
  std::vector<Option> all = options;
  all.push_back({"--help", &help, "Print usage"});
  all.push_back({"-v,--version", &version, "Print the version"});
  const std::string path = argc > 0 ? argv[0] : "slipwayd";
  const std::string program = path.substr(path.find_last_of('/') + 1);
  try {
    const Words rest = parse_options(Words(argv + std::min(argc, 1), argv + argc), all, false);
    if (!rest.empty()) throw UsageError("unexpected argument: " + rest[0]);
  } catch (const UsageError& error) {
    return usage_error(program, error.what(), 1);
  }
  if (version) std::cout << program << " version " << kSlipwayVersion << '\n';
  if (help)
    std::cout << "Usage:  " << usage_line(program, all) << "\n\n"
              << about << "\n"
              << options_help(all);
  return help || version ? std::optional(0) : std::nullopt;
}

std::string socket_path_of(const std::string& endpoint) {
  constexpr std::string_view kScheme = "unix://";
  if (endpoint.starts_with(kScheme) && endpoint.size() > kScheme.size()) {
    return endpoint.substr(kScheme.size());
  }
  throw std::runtime_error("unsupported host '" + endpoint + "': only unix://PATH is supported");
}

}  // namespace slipway
