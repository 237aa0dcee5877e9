/// \file
/// What a person sees while the tests run: a line per test, everything about one that fails, and
/// one last line that a script can read: "N passed, N failed, N skipped". Plus the listener that
/// looks for leaks around each test.

#define CATCH_CONFIG_EXTERNAL_INTERFACES  // Catch2 shows its reporter classes only on demand
#include <catch2/catch.hpp>
#include <chrono>

#include "engine.hpp"
#include "environment.hpp"
#include "leak_check.hpp"

namespace slipway::test {

namespace {

/// Looks at the machine before and after each test.
class LeakListener : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testRunStarting(const Catch::TestRunInfo& info) override {
    TestEventListenerBase::testRunStarting(info);
    at_start_ = machine_state();
  }
  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    TestEventListenerBase::testCaseStarting(info);
    Environment::get().start_test();
    before_ = machine_state();
  }
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    look("test '" + stats.testInfo.name + "'", before_);
    TestEventListenerBase::testCaseEnded(stats);
  }
  void testRunEnded(const Catch::TestRunStats& stats) override {
    Environment::get().start_test();
    stop_shared_engine();
    look("the run", at_start_);
    TestEventListenerBase::testRunEnded(stats);
  }

 private:
  static void look(const std::string& who, const MachineState& before) {
    Environment& environment = Environment::get();
    environment.leaks = left_since(before);
    if (environment.leaks.empty()) return;
    environment.leaky_tests.push_back(who);
    clean_up(before);
  }
  MachineState at_start_, before_;
};

/// Prints.
class FriendlyReporter : public Catch::StreamingReporterBase<FriendlyReporter> {
 public:
  using StreamingReporterBase::StreamingReporterBase;
  static std::string getDescription() { return "A line per test, and all about those that fail"; }

  void testRunStarting(const Catch::TestRunInfo& info) override {
    StreamingReporterBase::testRunStarting(info);
    const Environment& environment = Environment::get();
    stream << "seed " << environment.seed << " (SLIPWAY_TEST_SEED=" << environment.seed
           << " repeats its random names), time limits x" << environment.slowness << "\n";
  }
  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    StreamingReporterBase::testCaseStarting(info);
    started_ = std::chrono::steady_clock::now();
  }
  void assertionStarting(const Catch::AssertionInfo&) override {}
  bool assertionEnded(const Catch::AssertionStats& stats) override {
    if (!stats.assertionResult.isOk()) failures_ += describe(stats);
    return true;
  }
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const Environment& environment = Environment::get();
    const bool failed = !stats.totals.assertions.allOk() || !environment.leaks.empty();
    const bool skipped = !failed && !environment.skipped.empty();
    ++(failed ? failed_ : skipped ? skipped_ : passed_);
    stream << (failed ? "  FAIL  " : skipped ? "  skip  " : "  ok    ") << stats.testInfo.name;
    if (skipped) stream << ": " << environment.skipped;
    stream << duration() << "\n";
    if (failed) explain(environment);
    stream << std::flush;
    failures_.clear();
    StreamingReporterBase::testCaseEnded(stats);
  }
  void testRunEnded(const Catch::TestRunStats& stats) override {
    if (!Environment::get().leaks.empty()) {
      ++failed_;
      stream << "  FAIL  the run left something behind\n";
      explain(Environment::get());
    }
    stream << passed_ << " passed, " << failed_ << " failed, " << skipped_ << " skipped\n"
           << std::flush;
    StreamingReporterBase::testRunEnded(stats);
  }

 private:
  // With -d yes: which tests are worth their time on a slow machine?
  [[nodiscard]] std::string duration() const {
    if (m_config->showDurations() != Catch::ShowDurations::Always) return "";
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started_;
    return " (" + std::to_string(taken.count()).substr(0, 5) + " s)";
  }
  static std::string indented(std::string text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 9)
      text.insert(at + 1, 8, ' ');
    return "        " + text + "\n";
  }
  static std::string describe(const Catch::AssertionStats& stats) {
    const Catch::AssertionResult& result = stats.assertionResult;
    const Catch::SourceLineInfo where = result.getSourceInfo();
    std::string text = indented(std::string(where.file) + ":" + std::to_string(where.line));
    if (result.hasExpression()) text += indented("expected  " + result.getExpressionInMacro());
    if (result.hasExpandedExpression())
      text += indented("got       " + result.getExpandedExpression());
    if (result.hasMessage()) text += indented("because   " + std::string(result.getMessage()));
    for (const Catch::MessageInfo& info : stats.infoMessages) text += indented(info.message);
    return text;
  }
  void explain(const Environment& environment) {
    stream << failures_;
    for (const std::string& leak : environment.leaks) stream << indented("left behind: " + leak);
    for (const std::string& command : environment.commands) stream << indented(command);
    for (const TestEngine* engine : TestEngine::all()) {
      const std::string log = engine->log();
      stream << indented("log of " + engine->folder().string() + ":\n" +
                         log.substr(log.size() - std::min<std::size_t>(log.size(), 2000)));
    }
    stream << indented("seed " + std::to_string(environment.seed));
  }

  std::string failures_;
  std::chrono::steady_clock::time_point started_;
  int passed_ = 0, failed_ = 0, skipped_ = 0;
};

}  // namespace

CATCH_REGISTER_LISTENER(LeakListener)
CATCH_REGISTER_REPORTER("friendly", FriendlyReporter)

}  // namespace slipway::test
