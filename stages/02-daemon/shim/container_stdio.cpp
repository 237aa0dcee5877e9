#include "container_stdio.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Pipe make_pipe() {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void do_not_block(const UniqueFd& fd) {
  check(::fcntl(fd.get(), F_SETFL, O_NONBLOCK), "fcntl", "O_NONBLOCK");
}

}  // namespace

StdioPipes no_stdio_pipes() {
  StdioPipes pipes;
  for (UniqueFd& end : pipes.child) {
    end.reset(check(::open("/dev/null", O_RDWR | O_CLOEXEC), "open", "/dev/null"));
  }
  return pipes;
}

void take_terminal(StdioPipes& pipes, const UniqueFd& master) {
  do_not_block(master);  // a flag of the open file: it holds for the copies
  for (UniqueFd* end : {&pipes.stdin_writer, &pipes.stdout_reader}) {
    end->reset(check(::fcntl(master.get(), F_DUPFD_CLOEXEC, 3), "fcntl", "F_DUPFD_CLOEXEC"));
  }
}

StdioPipes make_stdio_pipes(bool open_stdin) {
  StdioPipes pipes;
  if (open_stdin) {
    Pipe in = make_pipe();
    do_not_block(in.writer);
    pipes.child[0] = std::move(in.reader);
    pipes.stdin_writer = std::move(in.writer);
  } else {
    pipes.child[0].reset(check(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open", "/dev/null"));
  }
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  do_not_block(out.reader);
  do_not_block(err.reader);
  pipes.child[1] = std::move(out.writer);
  pipes.child[2] = std::move(err.writer);
  pipes.stdout_reader = std::move(out.reader);
  pipes.stderr_reader = std::move(err.reader);
  return pipes;
}

}  // namespace slipway
