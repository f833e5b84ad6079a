// What a PTX function mentions, and everything a kernel reaches through calls.
#pragma once

#include "frontend/ast/ast.h"

#include <unordered_map>
#include <vector>

namespace w2w {

/// Call graph of a module. Indirect calls reach every function whose address is taken anywhere,
/// initialisers included.
class Reach {
public:
  explicit Reach(const ptx::Module &module);

  /// `root` and every function it can call, in order of discovery; aliases are resolved.
  std::vector<const ptx::Function *> functions(const ptx::Function &root) const;
  /// Module-scope and function-scope variables (not parameters, not registers) that one function
  /// mentions.
  const std::vector<const ptx::Variable *> &variables(const ptx::Function &f) const;

private:
  struct Mentions {
    std::vector<const ptx::Function *> functions;
    std::vector<const ptx::Variable *> variables;
    bool indirect_call = false;
  };
  std::unordered_map<const ptx::Function *, Mentions> mentions_;
  std::vector<const ptx::Function *> address_taken_;
};

} // namespace w2w
