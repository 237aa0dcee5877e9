// Dockerfiles taken apart: what each instruction becomes, and where and how a wrong one is refused.

#include "05-layers-cache/dockerfile/dockerfile.hpp"

#include <array>

#include "harness/harness.hpp"

using namespace slipway;
using Catch::Contains;
using Words = std::vector<std::string>;

namespace {

/// The first step of a Dockerfile that begins with FROM x.
Instruction step(const std::string& text) {
  const Dockerfile file = parse_dockerfile("FROM x\n" + text);
  return file.stages.front().steps.at(0);
}

struct Wrong {
  const char* file;
  const char* message;
};

constexpr auto kWrong = std::to_array<Wrong>({
    {"", "line 1: file with no instructions"},
    {"# only a comment\n", "line 1: file with no instructions"},
    {"FROM x\nFOO bar", "line 2: unknown instruction: FOO (column 1)"},
    {"FROM x\n\n  RUNN ls", "line 3: unknown instruction: RUNN (column 3, did you mean RUN?)"},
    {"FROM x\nCPOY a b", "line 2: unknown instruction: CPOY (column 1, did you mean COPY?)"},
    {"FROM x\nELEPHANTS", "line 2: unknown instruction: ELEPHANTS (column 1)"},
    {"RUN ls", "line 1: no build stage in current context"},
    {"ARG a=1", "no build stage in current context: there is no FROM"},
    {"FROM", "FROM requires at least one argument"},
    {"FROM x y", "FROM requires either one or three arguments (column 8)"},
    {"FROM x az y", "FROM requires either one or three arguments (column 8, did you mean AS?)"},
    {"FROM x AS 1a", "invalid name for build stage: \"1a\""},
    {"FROM x AS a\nFROM y AS A", "line 2: duplicate name for build stage: \"a\""},
    {"FROM x\nRUN", "line 2: RUN requires at least one argument (column 4)"},
    {"FROM x\nCOPY a", "COPY requires at least two arguments, but only 1 provided"},
    {"FROM x\nCOPY --form=a b c", "unknown flag: --form for COPY (column 6, did you mean --from?)"},
    {"FROM x\nCOPY \\\n  --chmud=1 b c", "line 3: unknown flag: --chmud for COPY (column 3, did"},
    {"FROM x\nENV a", "ENV must have two arguments"},
    {"FROM x\nENV a=1 b", "can't find = in \"b\". Must be of the form: name=value (column 9)"},
    {"FROM x\nENV a=1 =2", "ENV names can not be blank (column 9)"},
    {"FROM x\nSHELL bash -c", "SHELL requires the arguments to be in JSON form (column 7)"},
    {"FROM x\nHEALTHCHECK CDM ls", "Unknown type \"CDM\" in HEALTHCHECK (try CMD) (column 13, did"},
    {"FROM x\nHEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"},
    {"FROM x\nHEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments (column 18)"},
    {"FROM x\nONBUILD ONBUILD RUN ls", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"},
    {"FROM x\nONBUILD FROM y", "FROM isn't allowed as an ONBUILD trigger (column 9)"},
    {"FROM x\nONBUILD RNU y", "unknown instruction: RNU (column 9, did you mean RUN?)"},
    {"FROM x\nRUN <<EOF\nls\n", "line 2: unterminated heredoc: no line is EOF (column 5)"},
    {"# escape=x\nFROM x", "line 1: invalid ESCAPE 'x' does not match ` or \\"},
    {"# escape=`\n# escape=`\nFROM x", "line 2: only one escape parser directive can be used"},
});

}  // namespace

TEST_CASE("a wrong Dockerfile is refused with its line, its column and what may be meant",
          "[05][dockerfile]") {
  for (const Wrong& row : kWrong) {
    INFO(row.file);
    CHECK_THROWS_WITH(parse_dockerfile(row.file),
                      Contains("dockerfile parse error line ") && Contains(row.message));
  }
}

TEST_CASE("lines are joined, comments and empty lines inside left out", "[05][dockerfile]") {
  CHECK(step("RUN a \\\n  # no\n\n  b").words == Words{"a   b"});
  CHECK(step("run a\\\\\nRUN b").words == Words{"a\\\\"});  // a doubled escape joins nothing
  CHECK(step("RUN a \\  \r\nb\r\n").words == Words{"a b"});
  CHECK(step("RUN a # not a comment").words == Words{"a # not a comment"});
  CHECK(parse_dockerfile("\xEF\xBB\xBF"
                         "FROM x")
            .stages.size() == 1);
}

TEST_CASE("directives count only at the top", "[05][dockerfile]") {
  CHECK(split_lines("# syntax=a/b:1\n# Escape = `\nFROM x").directives ==
        std::map<std::string, std::string>{{"syntax", "a/b:1"}, {"escape", "`"}});
  CHECK(split_lines("# hello\n# escape=`\nFROM x").escape == '\\');
  CHECK(split_lines("FROM x\n# escape=`\n").escape == '\\');
  const Dockerfile file = parse_dockerfile("# escape=`\nFROM x\nRUN dir C:\\ `\n  a");
  CHECK(file.stages[0].steps[0].words == Words{"dir C:\\   a"});
}

TEST_CASE("exec form is a JSON array of strings, all else is a command line", "[05][dockerfile]") {
  CHECK(step("CMD [\"a\", \"b c\"]").words == Words{"a", "b c"});
  CHECK(step("CMD [\"a\", \"b c\"]").exec_form);
  CHECK_FALSE(step("CMD [\"a\", 1]").exec_form);
  CHECK(step("CMD ['a']").words == Words{"['a']"});
  CHECK(step("RUN echo  \"a  b\" ").words == Words{"echo  \"a  b\""});
  CHECK(step("VOLUME [\"/a b\"]").words == Words{"/a b"});
  CHECK(step("VOLUME /a /b").words == Words{"/a", "/b"});
}

TEST_CASE("flags stand before the arguments", "[05][dockerfile]") {
  const Instruction copy = step("COPY --from=0 --link --chown=a:b x --y /z");
  CHECK(copy.flag("from") == "0");
  CHECK(copy.flag("link") == "");
  CHECK(copy.flag("chown") == "a:b");
  CHECK_FALSE(copy.flag("chmod"));
  CHECK(copy.words == Words{"x", "--y", "/z"});
  CHECK(step("RUN --mount=type=cache,target=/a --network=none ls").words == Words{"ls"});
  CHECK(step("RUN -- --x").words == Words{"--x"});
  CHECK(step("HEALTHCHECK --retries=3 CMD curl  x").words == Words{"curl  x"});
}

TEST_CASE("ENV, LABEL and ARG: names and values", "[05][dockerfile]") {
  const Instruction env = step("ENV a=1 b=\"2 3\" c=4\\ 5");
  REQUIRE(env.assignments.size() == 3);
  CHECK(env.assignments[1].value == "\"2 3\"");
  CHECK(env.assignments[2].value == "4\\ 5");
  CHECK(step("ENV a b  c").assignments.at(0).value == "b  c");
  CHECK_FALSE(step("ARG a").assignments.at(0).value);
  CHECK(step("ARG a b=1").assignments.at(1).value == "1");
}

TEST_CASE("heredocs belong to RUN, COPY and ADD", "[05][dockerfile]") {
  const Instruction run = step("RUN <<EOF\na\n\n# b\nEOF\nRUN c");
  REQUIRE(run.heredocs.size() == 1);
  CHECK(run.heredocs[0].content == "a\n\n# b\n");
  const Instruction copy = step("COPY <<-'A' <<B /x/\n\t\tone $x\n\tA\ntwo\nB\n");
  REQUIRE(copy.heredocs.size() == 2);
  CHECK(copy.heredocs[0].content == "one $x\n");
  CHECK_FALSE(copy.heredocs[0].expand);
  CHECK(copy.heredocs[1].name == "B");
  CHECK(copy.heredocs[1].expand);
  CHECK(step("CMD cat <<EOF").heredocs.empty());
}

TEST_CASE("stages by name and by number", "[05][dockerfile]") {
  const Dockerfile file = parse_dockerfile("ARG v=1\nFROM a:$v as One\nFROM b\nRUN x");
  CHECK(file.arguments.size() == 1);
  CHECK(file.stages[0].name == "one");
  CHECK(file.find_stage("ONE") == 0);
  CHECK(file.find_stage("1") == 1);
  CHECK_FALSE(file.find_stage("2"));
  CHECK_FALSE(file.find_stage(""));
}
