// What the programs of this folder have in common: their command line, and text that becomes code.
#pragma once

#include "lowering/compiler.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::conformance {

struct RunOptions {
  CompileOptions compile; ///< with the verifier
  std::string hip = W2W_HIPEMU_PATH;
  std::string filter; ///< what a case's name must contain
  size_t sample = 1;  ///< every so many cases

  bool matches(std::string_view name) const { return name.find(filter) != name.npos; }

  /// Leaves the cases, called name(case), that the filter and the sample ask for.
  template <class Case, class Name> void choose(std::vector<Case> &cases, Name name) const {
    size_t next = 0;
    std::erase_if(cases, [&](const Case &c) { return !matches(name(c)) || next++ % sample != 0; });
  }
};

/// Reads --mcpu=, -O, --hip=, --filter= and --sample=. `more` is asked about every other argument
/// and says whether it knows it. Ends the process with status 2 at one that nobody knows.
RunOptions read_options(int argc, char **argv,
                        const std::function<bool(std::string_view)> &more = {});

class Device;

struct CompiledText {
  std::vector<uint8_t> bytes;                ///< empty if there is no code
  std::map<std::string, std::string> errors; ///< by function
};
CompiledText compile_text(const std::string &text, const CompileOptions &options);

/// Compiles the text for the device and loads it there; false, with what is wrong printed, if any
/// of it cannot be.
bool load_text(Device &device, const std::string &text, const CompileOptions &options);

} // namespace w2w::conformance
