#include "device_program.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ranges>

#include "01-cli-socket/sys_error.hpp"
#include "01-cli-socket/unique_fd.hpp"

namespace slipway {
namespace {

// Registers. The kernel calls with its question's address in r1 (struct bpf_cgroup_dev_ctx), and takes r0 as our answer.
constexpr int kAnswer = BPF_REG_0;
constexpr int kQuestion = BPF_REG_1;
constexpr int kScratch = BPF_REG_1;  // once the question has been read
constexpr int kType = BPF_REG_2;
constexpr int kAccess = BPF_REG_3;
constexpr int kMajor = BPF_REG_4;
constexpr int kMinor = BPF_REG_5;

constexpr std::int32_t kAllAccess = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

bpf_insn load(int to, short offset) {
  return {.code = BPF_LDX | BPF_MEM | BPF_W,
          .dst_reg = static_cast<__u8>(to),
          .src_reg = kQuestion,
          .off = offset,
          .imm = 0};
}

bpf_insn with_number(int operation, int to, std::int32_t number) {
  return {.code = static_cast<__u8>(BPF_ALU | BPF_K | operation),
          .dst_reg = static_cast<__u8>(to),
          .src_reg = 0,
          .off = 0,
          .imm = number};
}

bpf_insn copy(int to, int from) {
  return {.code = BPF_ALU | BPF_X | BPF_MOV,
          .dst_reg = static_cast<__u8>(to),
          .src_reg = static_cast<__u8>(from),
          .off = 0,
          .imm = 0};
}

/// A jump over the rest of a rule; how far is filled in when the rule is complete.
bpf_insn skip_if(int comparison, int left, std::int32_t number) {
  return {.code = static_cast<__u8>(BPF_JMP | BPF_K | comparison),
          .dst_reg = static_cast<__u8>(left),
          .src_reg = 0,
          .off = 0,
          .imm = number};
}

bpf_insn skip_if_other(int left, int right) {
  return {.code = BPF_JMP | BPF_X | BPF_JNE,
          .dst_reg = static_cast<__u8>(left),
          .src_reg = static_cast<__u8>(right),
          .off = 0,
          .imm = 0};
}

void answer(std::vector<bpf_insn>& program, bool allow) {
  program.push_back(with_number(BPF_MOV, kAnswer, allow ? 1 : 0));
  program.push_back({.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0});
}

std::int32_t access_bits(const std::string& access) {
  std::int32_t bits = 0;
  for (const char c : access) {
    bits |= c == 'r' ? BPF_DEVCG_ACC_READ : c == 'w' ? BPF_DEVCG_ACC_WRITE : BPF_DEVCG_ACC_MKNOD;
  }
  return bits;
}

/// All that is asked for must be allowed; one part of it that is forbidden is enough to forbid it.
void compare_access(std::vector<bpf_insn>& program, const DeviceRule& rule) {
  const std::int32_t bits = access_bits(rule.access);
  if (bits == kAllAccess) return;
  program.push_back(copy(kScratch, kAccess));
  program.push_back(with_number(BPF_AND, kScratch, bits));
  program.push_back(rule.allow ? skip_if_other(kScratch, kAccess) : skip_if(BPF_JEQ, kScratch, 0));
}

//@region rule
void add_rule(std::vector<bpf_insn>& program, const DeviceRule& rule) {
  //@exercise 04.5 Write the instructions of one rule: skip it unless all of it fits, else answer
  //@hint  a jump counts from the instruction behind it; its target is known when the rule is complete
  const std::size_t begin = program.size();
  if (rule.type != 'a') {
    const int type = rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    program.push_back(skip_if(BPF_JNE, kType, type));
  }
  compare_access(program, rule);
  if (rule.major) {
    program.push_back(skip_if(BPF_JNE, kMajor, static_cast<std::int32_t>(*rule.major)));
  }
  if (rule.minor) {
    program.push_back(skip_if(BPF_JNE, kMinor, static_cast<std::int32_t>(*rule.minor)));
  }
  answer(program, rule.allow);
  for (std::size_t at = begin; at < program.size(); ++at) {
    const bool jump =
        BPF_CLASS(program[at].code) == BPF_JMP && BPF_OP(program[at].code) != BPF_EXIT;
    if (jump) program[at].off = static_cast<short>(program.size() - at - 1);
  }
  //@end
}
//@endregion

long bpf(int command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

}  // namespace

std::vector<bpf_insn> device_program(const DeviceRules& rules) {
  constexpr int kTypeBits = 0xFFFF;
  constexpr int kAccessShift = 16;
  std::vector<bpf_insn> program = {load(kType, offsetof(bpf_cgroup_dev_ctx, access_type)),
                                   copy(kAccess, kType),
                                   with_number(BPF_AND, kType, kTypeBits),
                                   with_number(BPF_RSH, kAccess, kAccessShift),
                                   load(kMajor, offsetof(bpf_cgroup_dev_ctx, major)),
                                   load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor))};
  for (const DeviceRule& rule : rules | std::views::reverse) {
    add_rule(program, rule);
    // What comes behind it would never run, and such a program the kernel refuses.
    if (to_string(rule) == "a") return program;
  }
  answer(program, false);
  return program;
}

void attach_device_program(const std::string& folder, const DeviceRules& rules) {
  constexpr char kLicense[] = "Apache-2.0";
  const std::vector<bpf_insn> program = device_program(rules);
  bpf_attr to_load{};
  to_load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  to_load.insns = reinterpret_cast<std::uint64_t>(program.data());
  to_load.insn_cnt = static_cast<__u32>(program.size());
  to_load.license = reinterpret_cast<std::uint64_t>(kLicense);
  const UniqueFd loaded(
      static_cast<int>(check(bpf(BPF_PROG_LOAD, to_load), "bpf", "BPF_PROG_LOAD")));
  const UniqueFd group(
      check(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open", folder));
  bpf_attr to_attach{};
  to_attach.target_fd = static_cast<__u32>(group.get());
  to_attach.attach_bpf_fd = static_cast<__u32>(loaded.get());
  to_attach.attach_type = BPF_CGROUP_DEVICE;
  to_attach.attach_flags = BPF_F_ALLOW_MULTI;
  check(bpf(BPF_PROG_ATTACH, to_attach), "bpf", "BPF_CGROUP_DEVICE on " + folder);
}

}  // namespace slipway
