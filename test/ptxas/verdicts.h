// The recorded verdicts of ptxas (verdicts.py writes them).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace w2w::ptxas {

/// One instruction inside a standard function, and whether ptxas takes it.
struct InstructionCase {
  bool accepted = false;
  unsigned version = 0; // of the PTX ISA, times 10
  std::string target;   // "sm_89"
  std::string text;     // "add.f32 %f1, %f1, %f1;"

  /// "9.0 sm_89 add.f32 ...": how differences.txt calls it.
  std::string name() const;
};

/// A whole module.
struct ModuleCase {
  bool accepted = false;
  std::string text;
};

class Verdicts {
public:
  /// Reads text, or text compressed by zstd:
  ///
  ///   %header                 lines up to the next '%': the head of every module; @V and @T stand
  ///                           for the PTX version and the target
  ///   %function VERSION       one line: the function around an instruction (@I) from this version
  ///   on %cases 9.0 sm_89        then one instruction a line, '+' (ptxas accepts) or '-' (rejects)
  ///                           before it
  ///   %modules                then one whole module a line, '\n' for a line end
  ///
  /// Ends the program with a message if there is no such file.
  static Verdicts read(const char *path);

  /// The head of a module for the version and target of a case.
  std::string header(const InstructionCase &c) const;
  /// The function `k` around `instructions`, which may be several.
  std::string function(unsigned version, std::string_view instructions) const;

  std::vector<InstructionCase> instructions; // those of a version and target stand together
  std::vector<ModuleCase> modules;

private:
  struct Template {
    unsigned version = 0;
    std::string text;
  };
  std::string header_;
  std::vector<Template> functions_;
};

/// The text of a file, decompressed where it is compressed. Ends the program if there is none.
std::string read_text(const char *path);

/// Replaces every `what` in `s`.
void replace(std::string &s, std::string_view what, std::string_view by);

} // namespace w2w::ptxas
