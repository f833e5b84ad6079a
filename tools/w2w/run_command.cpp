// w2w run: sets up the environment in which a program meets our libraries, and becomes the program.
#include "tools/w2w/commands.h"
#include "tools/w2w/program.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

namespace w2w::tool {
namespace {

constexpr std::string_view kVerb = "run";

/// Puts `value` before what the variable holds.
void prepend(const char *variable, const std::string &value, char separator) {
  const char *old = std::getenv(variable);
  std::string joined = value;
  if (old && *old)
    joined += separator + std::string(old);
  ::setenv(variable, joined.c_str(), 1);
}

bool known_device(std::string_view d) {
  return d == "auto" || d == "hip" || d == "emulator" || d == "nvidia" ||
         (d.starts_with("emulator:gfx") && d.size() > 12);
}

/// The emulator checks; a real GPU cannot be asked. Without a choice of device it is the emulator.
bool set_check(const std::string &words, std::string &error) {
  const char *device = std::getenv("W2W_DEVICE");
  std::string_view d = device ? device : "";
  if (d.empty() || d == "auto")
    ::setenv("W2W_DEVICE", "emulator", 1);
  else if (!d.starts_with("emulator"))
    error =
        fmt::format("--check needs the emulator, the device is '{}'; take --device=emulator", d);
  ::setenv("W2W_CHECK", words.c_str(), 1);
  return error.empty();
}

} // namespace

int run_command(const Args &args) {
  std::string value, check, error;
  size_t i = 1;
  for (; i < args.size(); ++i) {
    if (args[i] == "--") {
      ++i;
      break;
    }
    if (!args[i].starts_with("-"))
      break;
    if (option_value(args[i], "--device", value)) {
      if (!known_device(value))
        return misuse(kVerb,
                      fmt::format("unknown device '{}': auto, hip or emulator[:gfxNNN]", value));
      ::setenv("W2W_DEVICE", value.c_str(), 1);
    } else if (option_value(args[i], "--check", check)) {
      // With the device, which may be named later.
    } else if (option_value(args[i], "--log", value)) {
      ::setenv("W2W_LOG", value.c_str(), 1);
    } else if (option_value(args[i], "--counters", value)) {
      ::setenv("W2W_COUNTERS", value.c_str(), 1);
    } else if (option_value(args[i], "--trace", value)) {
      ::setenv("W2W_TRACE", value.c_str(), 1);
    } else if (option_value(args[i], "--config", value)) {
      ::setenv("W2W_CONFIG", value.c_str(), 1);
    } else {
      return misuse(kVerb, fmt::format("unknown option '{}'", args[i]));
    }
  }
  if (i >= args.size())
    return misuse(kVerb, "no program given");
  if (!check.empty() && !set_check(check, error))
    return fail(kVerb, error);

  const std::string program = find_executable(args[i]);
  if (program.empty())
    return fail(kVerb,
                fmt::format("{}: no such program, or it may not be executed{}", args[i],
                            ::access(args[i].c_str(), X_OK) == 0 ? "; write ./" + args[i] : ""));

  std::string preload = library_path("libw2w-preload.so"), audit = library_path("libw2w-audit.so");
  if (preload.empty() || audit.empty() || library_path("libcuda.so.1").empty())
    return fail(kVerb, fmt::format("warp2wave's libraries are not in {}; build them, or keep bin/ "
                                   "and lib/ together when moving them",
                                   library_folder()));

  // What can be said before the program starts is said here; scripts and other formats are left to
  // the kernel.
  Program p;
  std::string ignored;
  if (read_program(program, p, ignored)) {
    if (p.use == CudaUse::StrippedRuntime)
      return fail(kVerb, fmt::format("{}: has the CUDA runtime linked in statically, and no symbol "
                                     "table; link it with `-cudart shared`, or do not strip it",
                                     program));
    if (p.is_setuid)
      return fail(kVerb, fmt::format("{}: is set-user-ID or set-group-ID, so the loader ignores "
                                     "LD_PRELOAD; run a copy without that bit",
                                     program));
    if (!p.is_dynamic && p.use != CudaUse::None)
      return fail(kVerb, fmt::format("{}: is linked wholly statically (no dynamic loader), so no "
                                     "library can be put in; link it without -static",
                                     program));
  }

  prepend("LD_LIBRARY_PATH", library_folder(), ':');
  prepend("LD_PRELOAD", preload, ':');
  prepend("LD_AUDIT", audit, ':');
  std::vector<char *> argv;
  for (; i < args.size(); ++i)
    argv.push_back(const_cast<char *>(args[i].c_str()));
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  return fail(kVerb, fmt::format("{}: cannot be executed: {}", program, std::strerror(errno)));
}

} // namespace w2w::tool
