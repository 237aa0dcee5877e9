/// \file
/// Docker's stdio frames, byte for byte.

#include "02-daemon/base/stdio_mux.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;

namespace {

/// What a demuxer makes of the bytes: "1:hello;2:oops;".
std::string taken_apart(const std::vector<std::string>& reads) {
  std::string text;
  int last = -1;
  StdioDemuxer demuxer([&](StdioStream stream, std::string_view bytes) {
    const int number = static_cast<int>(stream);
    if (number != last) text += (text.empty() ? "" : ";") + std::to_string(number) + ":";
    text += bytes;
    last = number;
  });
  for (const std::string& bytes : reads) demuxer.feed(bytes);
  return text;
}

}  // namespace

TEST_CASE("a frame is eight bytes and the payload", "[stdio]") {
  CHECK(encode_frame(StdioStream::out, "hi\n") == std::string("\1\0\0\0\0\0\0\3hi\n", 11));
  CHECK(encode_frame(StdioStream::err, "x") == std::string("\2\0\0\0\0\0\0\1x", 9));
  CHECK(encode_frame(StdioStream::out, "").empty());
  const FrameHead head = frame_head(StdioStream::in, 0x01020304);
  CHECK(std::string(head.data(), head.size()) == std::string("\0\0\0\0\1\2\3\4", 8));
}

TEST_CASE("frames come apart wherever the reads are cut", "[stdio]") {
  const std::string bytes =
      encode_frame(StdioStream::out, "hello ") + encode_frame(StdioStream::out, "world") +
      encode_frame(StdioStream::err, "oops") + encode_frame(StdioStream::system_error, "!");
  const std::string whole = "1:hello world;2:oops;3:!";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    CAPTURE(cut);
    CHECK(taken_apart({bytes.substr(0, cut), bytes.substr(cut)}) == whole);
  }
  std::vector<std::string> single;
  for (const char c : bytes) single.emplace_back(1, c);
  CHECK(taken_apart(single) == whole);
}

TEST_CASE("payload is handed on before its frame is whole", "[stdio]") {
  std::string got;
  StdioDemuxer demuxer([&](StdioStream, std::string_view bytes) { got += bytes; });
  CHECK(demuxer.at_border());
  demuxer.feed(std::string("\1\0\0\0\x7f\xff\xff\xff", 8) +
               "the first of two thousand million");  // nothing is reserved for it
  CHECK(got == "the first of two thousand million");
  CHECK_FALSE(demuxer.at_border());
}

TEST_CASE("empty frames are no end and no output", "[stdio]") {
  CHECK(taken_apart({std::string("\1\0\0\0\0\0\0\0", 8) + encode_frame(StdioStream::out, "x")}) ==
        "1:x");
}

TEST_CASE("bytes that are no frames are refused", "[stdio][attack]") {
  CHECK_THROWS(taken_apart({"hello, this is raw text"}));
  CHECK_THROWS(taken_apart({std::string("\4\0\0\0\0\0\0\1x", 9)}));
  CHECK_THROWS(taken_apart({std::string("\1\0\1\0\0\0\0\1x", 9)}));
}
