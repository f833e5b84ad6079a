#include "tools/ptx2hsaco/options.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace w2w::tool {
namespace {

/// What an option does with its value; returns false if the value is not one of those it takes.
using Apply = bool (*)(Options &, const std::string &value);

enum class Takes : uint8_t { Nothing, Value, OptionalValue };

struct Row {
  const char *name; // with dashes, without value
  Takes takes;
  const char *value; // for the help; the choices are listed here
  const char *help;  // nullptr: for developers, not shown
  Apply apply;
};

template <typename E> struct Choice {
  const char *name;
  E value;
};
template <typename E, size_t N>
bool choose(const Choice<E> (&choices)[N], const std::string &text, E &out) {
  for (const Choice<E> &c : choices)
    if (text == c.name) {
      out = c.value;
      return true;
    }
  return false;
}

bool apply_emit(Options &o, const std::string &value) {
  if (value == "ast") {
    o.action = Action::DumpAst;
    return true;
  }
  static constexpr Choice<EmitKind> kKinds[] = {
      {"llvm", EmitKind::Llvm}, {"llvm-opt", EmitKind::LlvmOpt}, {"asm", EmitKind::Asm},
      {"obj", EmitKind::Obj},   {"hsaco", EmitKind::Hsaco},
  };
  return choose(kKinds, value, o.compile.emit);
}

bool apply_version(Options &o, const std::string &value) {
  if (value != "4" && value != "5" && value != "6")
    return false;
  o.compile.code_object_version = value[0] - '0';
  return true;
}

template <typename T> bool parse_number(const std::string &text, T &number) {
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  return ec == std::errc() && end == text.data() + text.size();
}

bool apply_image(Options &o, const std::string &value) {
  size_t number = 0;
  if (!parse_number(value, number))
    return false;
  o.image = number;
  return true;
}

constexpr Choice<Linker> kLinkers[] = {{"lld", Linker::Lld}, {"comgr", Linker::Comgr}};
constexpr Choice<WarpMode> kWarpModes[] = {{"auto", WarpMode::Auto},
                                           {"paired", WarpMode::Paired},
                                           {"scheduled", WarpMode::Scheduled},
                                           {"solo", WarpMode::Solo}};
constexpr Choice<KernelAbi> kAbis[] = {{"standalone", KernelAbi::Standalone},
                                       {"runtime", KernelAbi::Runtime}};

// The one list of options: parsing and --help both come from it.
constexpr Row kRows[] = {
    {"-mcpu", Takes::Value, "gfxNNN", "processor to compile for (required unless --emit=ast)",
     [](Options &o, const std::string &v) {
       o.compile.mcpu = v;
       return true;
     }},
    {"-o", Takes::Value, "FILE",
     "output file; - is standard output (default: input's name with "
     "the extension of what is written)",
     [](Options &o, const std::string &v) {
       o.output = v;
       return !v.empty();
     }},
    {"--emit", Takes::Value, "ast|llvm|llvm-opt|asm|obj|hsaco",
     "what to write: checked PTX, LLVM IR before or after the passes, assembly, object or code "
     "object (default hsaco)",
     apply_emit},
    {"--kernel", Takes::Value, "NAME", "compile this kernel only; may be given several times",
     [](Options &o, const std::string &v) {
       o.kernels.push_back(v);
       return !v.empty();
     }},
    {"--image", Takes::Value, "N", "compile PTX image N of --list instead of all", apply_image},
    {"-v", Takes::Nothing, "", "print the resources that each kernel uses",
     [](Options &o, const std::string &) { return o.verbose = true; }},
    {"--code-object-version", Takes::Value, "4|5|6", "version of AMD's code object (default 5)",
     apply_version},
    {"--linker", Takes::Value, "lld|comgr", "built-in lld, or ROCm's code object manager",
     [](Options &o, const std::string &v) { return choose(kLinkers, v, o.compile.linker); }},
    {"--warp-mode", Takes::Value, "auto|paired|scheduled|solo",
     "what serves threads that wait for each other (default auto): scheduled gives each a resume "
     "point "
     "of its own; solo, one warp a wave, is the runtime's alone",
     [](Options &o, const std::string &v) { return choose(kWarpModes, v, o.compile.warp_mode); }},
    {"--device-memory", Takes::Nothing, "",
     "promise that pointer parameters are null or point to memory of the device itself "
     "(hipMalloc): not to the host's, managed or another device's; atomic operations become single "
     "instructions",
     [](Options &o, const std::string &) { return o.compile.device_memory = true; }},
    {"--stack-bytes", Takes::Value, "N",
     "size of a thread's stack, from which alloca takes what is not known at compile time (default "
     "4096); kernels without such need no stack",
     [](Options &o, const std::string &v) { return parse_number(v, o.compile.stack_bytes); }},
    {"--contract", Takes::Nothing, "", "allow multiply and add to be fused where PTX does",
     [](Options &o, const std::string &) { return o.compile.contract = true; }},
    {"--diagnostics", Takes::Value, "text|json", "how messages are written to standard error",
     [](Options &o, const std::string &v) {
       o.json_diagnostics = v == "json";
       return v == "json" || v == "text";
     }},
    {"--list", Takes::Nothing, "", "list the device code images in the input",
     [](Options &o, const std::string &) {
       o.action = Action::ListImages;
       return true;
     }},
    {"--list-isa", Takes::OptionalValue, "json", "list every PTX instruction form that is known",
     [](Options &o, const std::string &v) {
       o.action = Action::ListIsa;
       o.json = v == "json";
       return v.empty() || v == "json" || v == "text";
     }},
    {"--abi", Takes::Value, "standalone|runtime", nullptr,
     [](Options &o, const std::string &v) { return choose(kAbis, v, o.compile.abi); }},
    {"--verify", Takes::Nothing, "", nullptr,
     [](Options &o, const std::string &) { return o.compile.verify = true; }},
    {"--print-after-all", Takes::Nothing, "", nullptr,
     [](Options &o, const std::string &) { return o.compile.print_after_all = true; }},
    {"--help", Takes::Nothing, "", "print this text",
     [](Options &o, const std::string &) {
       o.action = Action::Help;
       return true;
     }},
    {"--version", Takes::Nothing, "", "print the version",
     [](Options &o, const std::string &) {
       o.action = Action::Version;
       return true;
     }},
};

} // namespace

bool parse_options(int argc, char **argv, Options &o, std::string &error) {
  bool have_mcpu = false;
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    if (arg.size() < 2 || arg[0] != '-') {
      o.inputs.push_back(arg);
      continue;
    }
    if (arg.size() == 3 && arg.starts_with("-O")) {
      if (arg[2] < '0' || arg[2] > '3') {
        error =
            fmt::format("unknown optimisation level '{}'; there are -O0, -O1, -O2 and -O3", arg);
        return false;
      }
      o.compile.opt_level = arg[2] - '0';
      continue;
    }
    size_t equals = arg.find('=');
    std::string name = arg.substr(0, equals);
    // LLVM's habit: one dash is as good as two.
    auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row &r) {
      return name == r.name || "-" + name == r.name || name == "-" + std::string(r.name) ||
             (name == "-h" && r.name == std::string("--help"));
    });
    if (row == std::end(kRows)) {
      error = fmt::format("unknown option '{}'; --help lists the options", arg);
      return false;
    }
    bool has_value = equals != std::string::npos;
    std::string value = has_value ? arg.substr(equals + 1) : "";
    if (row->takes == Takes::Nothing && has_value) {
      error = fmt::format("option {} takes no value", row->name);
      return false;
    }
    if (row->takes == Takes::Value && !has_value) {
      if (i + 1 == argc) {
        error = fmt::format("option {} needs a value: {}", row->name, row->value);
        return false;
      }
      value = argv[++i];
    }
    if (!row->apply(o, value)) {
      error =
          fmt::format("option {} does not take '{}'; it takes {}", row->name, value, row->value);
      return false;
    }
    have_mcpu |= row->name == std::string("-mcpu");
  }
  if (o.action == Action::Help || o.action == Action::Version || o.action == Action::ListIsa)
    return true;
  if (o.inputs.empty()) {
    error = "no input file; usage: ptx2hsaco IN... -mcpu=gfxNNN -o OUT";
    return false;
  }
  if (o.action != Action::Compile)
    return true;
  auto names = supported_processors();
  if (!have_mcpu || std::find(names.begin(), names.end(), o.compile.mcpu) == names.end()) {
    error = have_mcpu ? fmt::format("unsupported processor '{}'; supported are", o.compile.mcpu)
                      : "no processor given; add -mcpu= with one of";
    for (std::string_view n : names)
      error += fmt::format(" {}", n);
    return false;
  }
  return true;
}

std::string help_text() {
  std::string text =
      "ptx2hsaco compiles NVIDIA PTX to an AMD GPU code object.\n\n"
      "usage: ptx2hsaco IN... -mcpu=gfxNNN [-O0|-O1|-O2|-O3] [options] [-o OUT]\n\n"
      "IN is PTX text, a fatbinary, an executable or a shared library with PTX in it.\n"
      "With several PTX images in one IN, each goes to a file of its own: OUT.0.hsaco, ...\n"
      "The PTX of several INs is linked into one code object.\n\n";
  for (const Row &r : kRows) {
    if (!r.help)
      continue;
    std::string left = r.name;
    if (r.takes != Takes::Nothing)
      left += r.takes == Takes::OptionalValue ? fmt::format("[={}]", r.value)
                                              : fmt::format("={}", r.value);
    text += fmt::format("  {}\n      {}\n", left, r.help);
  }
  text += "  -O0 -O1 -O2 -O3\n      optimisation level (default 3)\n\nProcessors:";
  for (std::string_view n : supported_processors())
    text += fmt::format(" {}", n);
  return text + "\n";
}

} // namespace w2w::tool
