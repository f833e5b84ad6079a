// w2w: runs CUDA programs on AMD GPUs or the emulated one, and looks into programs and images.
#include "tools/w2w/commands.h"

#include <cstdio>
#include <fmt/format.h>

namespace w2w::tool {
namespace {

constexpr Command kCommands[] = {
    {"run",
     "w2w run [--device=D] [--log=L] [--config=K] [--check=C] [--counters=F] [--trace=T] [--] "
     "PROGRAM [ARG...]",
     "run a CUDA program with warp2wave's libraries", run_command},
    {"doctor", "w2w doctor PROGRAM", "say whether and how a program would run, and what is missing",
     doctor_command},
    {"inspect", "w2w inspect FILE [--ptx[=N]]",
     "list the device code images and kernels in a program, fatbinary, cubin or PTX file",
     inspect_command},
    {"fatbin",
     "w2w fatbin {--ptx=ARCH,FILE | --cubin=ARCH,FILE}... [--compress=none|zstd|lz4] -o OUT",
     "write a fatbinary, as clang's -fcuda-include-gpubinary takes it", fatbin_command},
    {"cache", "w2w cache {stats | prune [--max-size=BYTES] | clear}",
     "look at, shrink or empty the cache of compiled kernels", cache_command},
};

const Command *find(std::string_view name) {
  for (const Command &c : kCommands)
    if (c.name == name)
      return &c;
  return nullptr;
}

void print_help(FILE *to) {
  fmt::print(to, "w2w runs CUDA programs on AMD GPUs, or on one emulated on the CPU.\n\n");
  for (const Command &c : kCommands)
    fmt::print(to, "  {}\n      {}\n", c.usage, c.purpose);
  fmt::print(to, "\nDevices: auto (an AMD GPU if there is one, else the emulator), hip, "
                 "emulator[:gfx90a|gfx942|gfx1030|gfx1100|gfx1201]\n"
                 "Environment: W2W_DEVICE, W2W_LOG=error|warn|info|trace, W2W_LOG_FILE, "
                 "W2W_CONFIG=a,b=c\n"
                 "Checks (emulator): --check=memory,race,uninit,barrier or W2W_CHECK=...\n");
}

} // namespace

int fail(std::string_view verb, std::string_view message) {
  fmt::print(stderr, "w2w {}: error: {}\n", verb, message);
  return 1;
}

int misuse(std::string_view verb, std::string_view message) {
  const Command *c = find(verb);
  fmt::print(stderr, "w2w {}: error: {}\nusage: {}\n", verb, message, c ? c->usage : "w2w --help");
  return 2;
}

bool option_value(std::string_view arg, std::string_view name, std::string &value) {
  if (!arg.starts_with(name) || arg.size() <= name.size() || arg[name.size()] != '=')
    return false;
  value = arg.substr(name.size() + 1);
  return true;
}

} // namespace w2w::tool

int main(int argc, char **argv) {
  using namespace w2w::tool;
  if (argc < 2) {
    print_help(stderr);
    return 2;
  }
  std::string_view verb = argv[1];
  if (verb == "--help" || verb == "-h" || verb == "help") {
    print_help(stdout);
    return 0;
  }
  const Command *c = find(verb);
  if (!c) {
    fmt::print(stderr, "w2w: error: unknown verb '{}'; `w2w --help` lists them\n", verb);
    return 2;
  }
  Args args(argv + 1, argv + argc);
  if (args.size() == 2 && (args[1] == "--help" || args[1] == "-h")) {
    fmt::print("usage: {}\n{}\n", c->usage, c->purpose);
    return 0;
  }
  return c->run(args);
}
