#include "test/conformance/enumerate.h"

#include "frontend/parse/parse.h"
#include "test/conformance/kernel.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace w2w::conformance {

namespace isa = ptx::isa;

namespace {

bool register_operands_only(const isa::Form &form) {
  if (form.operands.empty())
    return false;
  for (const isa::OperandSpec &o : form.operands) {
    using Shape = isa::OperandSpec::Shape;
    bool plain = o.shape == Shape::Register || o.shape == Shape::Source || o.shape == Shape::Pair ||
                 o.shape == Shape::AnySource || o.shape == Shape::Immediate;
    if (!plain || o.vector != 0)
      return false;
  }
  return true;
}

/// Whether the modifiers and types chosen so far ask for more than the module's target.
bool legal(const isa::Form &form, const std::vector<isa::Mod> &chosen,
           const std::vector<ptx::Type> &types, const Target &target) {
  auto target_has = [&](const isa::Requirement &r) {
    return isa::satisfies(r, target.version, target.sm, target.suffix);
  };
  if (!target_has(form.requirement))
    return false;
  isa::ModifierSet mods;
  for (isa::Mod m : chosen)
    mods.add(m);
  for (const isa::ConditionalRequirement &need : form.needs)
    if (isa::holds_all(need.when, mods, types) && !target_has(need.requirement))
      return false;
  for (const isa::Rule &rule : form.rules) {
    const bool any = std::any_of(rule.what.begin(), rule.what.end(),
                                 [&](const isa::Term &t) { return isa::holds(t, mods, types); });
    if (isa::holds_all(rule.when, mods, types) && any != rule.needs)
      return false;
  }
  return true;
}

class Expander {
public:
  Expander(const isa::Form &form, const Target &target,
           const std::function<void(const std::string &)> &use)
      : form_(form), target_(target), use_(use) {}

  void expand(size_t slot, const std::string &text) {
    if (slot == form_.slots.size()) {
      if (legal(form_, mods_, types_, target_))
        use_(text);
      return;
    }
    const isa::Slot &s = form_.slots[slot];
    if (s.optional) {
      if (s.is_type)
        types_.push_back(ptx::Type::None);
      expand(slot + 1, text);
      if (s.is_type)
        types_.pop_back();
    }
    for (ptx::Type t : s.types) {
      types_.push_back(t);
      expand(slot + 1, text + "." + std::string(ptx::info(t).spelling));
      types_.pop_back();
    }
    for (isa::Mod m : s.mods) {
      mods_.push_back(m);
      expand(slot + 1, text + "." + std::string(isa::spelling(m)));
      mods_.pop_back();
    }
  }

private:
  const isa::Form &form_;
  const Target &target_;
  const std::function<void(const std::string &)> &use_;
  std::vector<isa::Mod> mods_;
  std::vector<ptx::Type> types_;
};

/// Values of the form's constant operand: its borders, and steps of a prime over the rest.
std::vector<uint64_t> constants(const isa::Form &form) {
  for (const isa::OperandSpec &o : form.operands)
    if (o.shape == isa::OperandSpec::Shape::Immediate) {
      std::vector<uint64_t> values;
      for (int64_t v = o.low; v < o.high; v += 11)
        values.push_back(static_cast<uint64_t>(v));
      values.push_back(static_cast<uint64_t>(o.high));
      return values;
    }
  return {};
}

void add_cases(const isa::Form &form, const std::string &text, Enumeration &result) {
  auto meaning = reference::meaning_of(text);
  if (!meaning)
    result.without_reference.push_back(text);
  else if (!meaning->constant_input)
    result.cases.push_back({text, &form, std::move(*meaning)});
  else
    for (uint64_t constant : constants(form))
      result.cases.push_back({text, &form, *meaning, constant});
}

/// Not every combination of a form's modifiers and types is legal PTX: the frontend says which are.
void drop_illegal(std::vector<Case> &cases) {
  std::string text = module_text(cases);
  ptx::Diagnostics diags;
  ptx::ParsedModule parsed = ptx::parse("enumeration.ptx", text, diags);
  std::set<std::string> illegal;
  for (const ptx::Diagnostic &d : diags.list())
    if (d.severity == ptx::Severity::Error)
      illegal.insert(d.function);
  size_t index = 0;
  std::erase_if(cases, [&](const Case &) { return illegal.contains(kernel_name(index++)); });
}

} // namespace

std::string Case::name() const {
  return meaning.constant_input ? fmt::format("{} 0x{:x}", instruction, constant) : instruction;
}

void for_each_spelling(const isa::Form &form, const Target &target,
                       const std::function<void(const std::string &)> &use) {
  Expander(form, target, use).expand(0, std::string(isa::spelling(form.opcode)));
}

Enumeration enumerate(const Target &target) {
  Enumeration result;
  for (const isa::Form &form : isa::forms())
    if (register_operands_only(form))
      for_each_spelling(form, target,
                        [&](const std::string &text) { add_cases(form, text, result); });
  // A row may be covered by two forms (an optional operand in one of them); each spelling is run
  // once.
  std::set<std::string> seen;
  std::erase_if(result.cases, [&](const Case &c) { return !seen.insert(c.name()).second; });
  drop_illegal(result.cases);
  return result;
}

} // namespace w2w::conformance
