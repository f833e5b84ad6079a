// Names and what they mean at the current place of the text. A name is interned once per module; a
// declaration binds it, leaving a scope restores what was bound before. So a look-up is one hash
// probe whatever the nesting.
#pragma once

#include "frontend/ast/ast.h"
#include "frontend/support/arena.h"

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace w2w::ptx {

/// `%r<100>`: registers or variables made on first use (PTX ISA 5.4.6).
struct RegisterRange {
  std::string_view prefix;
  uint64_t count = 0;
  Type type = Type::None;
  uint8_t vector_width = 1;
  uint16_t depth = 0;
  SourceLoc loc;
  std::unordered_map<uint64_t, Register *> sparse; // beyond kDense
  std::vector<Register *> dense;
  static constexpr uint64_t kDense = 1u << 16;
};

struct Symbol {
  enum class Kind : uint8_t { None, Register, Variable, Function, Label, Prototype, TargetList };
  Kind kind = Kind::None;
  uint16_t depth = 0; // scope that declared it; 0 is the module
  union {
    Register *reg;
    Variable *variable;
    Function *function;
    Label *label;
    Prototype *prototype;
    TargetList *targets;
    const void *none = nullptr;
  };
};

struct Name {
  std::string_view text;
  uint32_t hash = 0;
  Symbol symbol;
  RegisterRange *range = nullptr; // a range whose prefix is this name
  Register *ranged = nullptr;     // what the name is by a visible range, valid while epoch agrees
  uint64_t epoch = 0;
};

class SymbolTable {
public:
  SymbolTable();

  Name *intern(std::string_view text);
  /// The name if it was ever interned.
  Name *find(std::string_view text) const;

  void enter() { marks_.push_back(log_.size()), ++depth_; }
  void leave();
  uint16_t depth() const { return depth_; }
  /// Changes whenever a range becomes visible or hidden.
  uint64_t epoch() const { return epoch_; }

  void bind(Name *name, Symbol symbol);
  /// Binds at module scope from inside a function's scope; survives leave().
  void bind_global(Name *name, Symbol symbol);
  void bind_range(Name *name, RegisterRange *range);
  /// The names bound in the innermost scope.
  template <typename F> void for_each_here(F f) const {
    for (size_t i = marks_.empty() ? log_.size() : marks_.back(); i < log_.size(); ++i)
      f(*log_[i].name);
  }
  /// All interned names, for suggestions.
  template <typename F> void for_each(F f) const {
    for (Name *n : table_)
      if (n)
        f(*n);
  }

private:
  struct Undo {
    Name *name;
    Symbol symbol;
    RegisterRange *range;
  };
  static uint32_t hash(std::string_view s);
  void rehash();

  Arena names_;
  std::vector<Name *> table_; // open addressing, power of two
  size_t count_ = 0;
  std::vector<Undo> log_;
  std::vector<size_t> marks_;
  uint16_t depth_ = 0;
  uint64_t epoch_ = 1;
};

/// Edits needed to turn a into b; stops counting above `limit`.
unsigned edit_distance(std::string_view a, std::string_view b, unsigned limit);

} // namespace w2w::ptx
