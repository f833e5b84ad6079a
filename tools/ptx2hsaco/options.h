// The command line of ptx2hsaco.
#pragma once

#include "lowering/compiler.h"

#include <optional>
#include <string>
#include <vector>

namespace w2w::tool {

enum class Action : uint8_t { Compile, DumpAst, ListImages, ListIsa, Help, Version };

struct Options {
  Action action = Action::Compile;
  std::vector<std::string> inputs;  // several: linked into one module, in this order
  std::string output;               // empty: derived from the input's name; "-": standard output
  std::vector<std::string> kernels; // --kernel=, empty: all
  std::optional<size_t> image;      // --image=: the PTX image of that number (--list)
  bool json = false;                // --list-isa=json
  bool json_diagnostics = false;
  bool verbose = false;
  CompileOptions compile;
};

/// Reads the arguments. On a mistake returns false with what is wrong and how to do it right.
bool parse_options(int argc, char **argv, Options &options, std::string &error);

/// The text of --help.
std::string help_text();

} // namespace w2w::tool
