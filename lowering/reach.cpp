#include "lowering/reach.h"

#include <algorithm>
#include <unordered_set>

namespace w2w {
namespace {

const ptx::Function &resolve(const ptx::Function &f) {
  const ptx::Function *g = &f;
  while (g->alias_of)
    g = g->alias_of;
  return *g;
}

template <typename Visit> void walk(const ptx::Operand &operand, Visit visit) {
  visit(operand);
  for (const ptx::Operand &element : operand.elements)
    walk(element, visit);
}

} // namespace

Reach::Reach(const ptx::Module &module) {
  std::unordered_set<const ptx::Function *> taken;
  auto take = [&](const ptx::Function *f) {
    if (taken.insert(&resolve(*f)).second)
      address_taken_.push_back(&resolve(*f));
  };
  auto scan_initialisers = [&](std::span<const ptx::Variable *const> variables) {
    for (const ptx::Variable *v : variables)
      for (const ptx::InitialiserElement &e : v->initialiser)
        if (e.kind == ptx::InitialiserElement::Kind::FunctionAddress && e.function)
          take(e.function);
  };

  scan_initialisers(module.variables);
  for (const ptx::Function *f : module.functions) {
    scan_initialisers(f->variables);
    Mentions &m = mentions_[f];
    for (const ptx::Statement &s : f->statements) {
      if (s.kind != ptx::Statement::Kind::Instruction || !s.instruction)
        continue;
      const ptx::Instruction &i = *s.instruction;
      bool is_call = i.opcode == ptx::isa::Opcode::call;
      bool direct = false;
      for (const ptx::Operand &top : i.operands)
        walk(top, [&](const ptx::Operand &o) {
          if (o.kind == ptx::Operand::Kind::Function && o.function) {
            m.functions.push_back(&resolve(*o.function));
            direct = true;
            if (!is_call)
              take(o.function);
          }
          if (o.kind == ptx::Operand::Kind::TargetList)
            for (const ptx::Function *target : o.target_list->functions)
              m.functions.push_back(&resolve(*target));
          if (o.variable &&
              (o.kind == ptx::Operand::Kind::Variable || o.kind == ptx::Operand::Kind::Address))
            m.variables.push_back(o.variable);
        });
      m.indirect_call |= is_call && !direct;
    }
    std::sort(m.variables.begin(), m.variables.end());
    m.variables.erase(std::unique(m.variables.begin(), m.variables.end()), m.variables.end());
  }
}

std::vector<const ptx::Function *> Reach::functions(const ptx::Function &root) const {
  std::vector<const ptx::Function *> list{&root};
  std::unordered_set<const ptx::Function *> seen{&root};
  auto add = [&](const ptx::Function *f) {
    if (seen.insert(f).second)
      list.push_back(f);
  };
  for (size_t i = 0; i < list.size(); ++i) {
    auto it = mentions_.find(list[i]);
    if (it == mentions_.end())
      continue;
    for (const ptx::Function *f : it->second.functions)
      add(f);
    if (it->second.indirect_call)
      for (const ptx::Function *f : address_taken_)
        add(f);
  }
  return list;
}

const std::vector<const ptx::Variable *> &Reach::variables(const ptx::Function &f) const {
  static const std::vector<const ptx::Variable *> none;
  auto it = mentions_.find(&f);
  return it == mentions_.end() ? none : it->second.variables;
}

} // namespace w2w
