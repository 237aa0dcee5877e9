#include "launch_advice.hpp"

#include "01-cli-socket/sys_error.hpp"
#include "launch_step.hpp"

namespace slipway {
namespace {

/// What an errno value most often means where containers are set up.
std::string general_advice(const std::exception& error) {
  const auto* failed = dynamic_cast<const SysError*>(&error);
  switch (failed ? failed->error() : 0) {
    case EPERM:
    case EACCES:
      return "is slipwayd root, with all capabilities, and not itself under a seccomp filter? "
             "`make doctor` tells";
    case ENOSPC:
    case EDQUOT:
      return "make room: `df -h` and `df -i` show which file system is full";
    case EMFILE:
    case ENFILE:
      return "too many open files: `ulimit -n` of slipwayd, or close some containers";
    case ENOMEM:
    case EAGAIN:
      return "memory or processes are short: `free -h`, `ulimit -u`, /proc/sys/kernel/pid_max";
    case ENOSYS:
    case EOPNOTSUPP:
      return "this kernel lacks the call: `uname -r`, `make doctor`";
    default:
      return {};
  }
}

std::string where(const LaunchStep& step, std::string_view phase) {
  const std::string place =
      phase == "child" ? "in the container, before its program" : "in the shim";
  return "step '" + std::string(step.name()) + "' (stage " + std::string(step.stage()) +
         ") failed " + place;
}

}  // namespace

std::string launch_advice(const LaunchStep& step, std::string_view phase,
                          const std::exception& error) {
  std::string advice = step.advice(error);
  if (advice.empty()) advice = general_advice(error);
  return where(step, phase) + (advice.empty() ? "" : "\ntry: " + advice);
}

std::string exec_advice(const std::string& program, int error) {
  const std::string place = "step 'start' (stage 02) failed in the container: execve " + program;
  switch (error) {
    case ENOEXEC:
      return place +
             "\ntry: is the image for this machine (`uname -m`)? A script needs a first line " +
             "\"#!/bin/sh\"";
    case ENOENT:  // the file is there: the step "program" has seen it
      return place +
             "\ntry: the interpreter in its \"#!\" line, or its dynamic loader, is not in the " +
             "image: `ldd`, `head -1`; a line that ends in CR LF names \"sh\\r\"";
    case EACCES:
      return place +
             "\ntry: is it on a file system mounted noexec, or its interpreter not executable?";
    case E2BIG:
      return place + "\ntry: a shorter command line, or fewer environment variables";
    default:
      return place;
  }
}

}  // namespace slipway
