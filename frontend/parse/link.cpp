// Linking of several modules: which declarations of a name are one symbol, and which definition it
// has. The modules are parsed one after the other; a symbol that was declared in a module before is
// bound to the entity it has there, so that every use points to it. Rules: PTX ISA 11.6, and what
// nvlink makes of .weak, .common and .visible, in its words.
#include "frontend/parse/parser_impl.h"

namespace w2w::ptx {
namespace {

/// Functions that the system defines (PTX interoperability, "System Calls"), or, in the case of
/// cuda*, NVIDIA's device runtime: calls of the latter are refused kernel by kernel.
bool is_system_function(std::string_view name) {
  return name == "vprintf" || name == "malloc" || name == "free" || name == "__assertfail" ||
         name.starts_with("cuda");
}

} // namespace

void Parser::begin_part() {
  const TextPart &part = parts_[part_];
  const std::string_view text = module_.text.substr(0, part.offset + part.text.size());
  lexer_ = Lexer(text);
  lexer_.seek(part.offset);
  if (part_ == 0)
    return;
  symbols_ = SymbolTable();
  so_far_ = module_;
  seen_version_ = seen_target_ = head_done_ = false;
  module_.version = module_.sm = 0;
  module_.sm_suffix = 0;
  module_.texmode_independent = false;
  mnemonics_.set_target(0, 0, 0);
  for (const DebugFile &f : debug_files_)
    first_file_ = std::max(first_file_, f.number + 1);
  debug_location_index_.clear();
  debug_strings_.clear();
  first_location_ = debug_locations_.size();
}

void Parser::end_part() {
  for (size_t i = first_location_; i < debug_locations_.size(); ++i) {
    const auto it = debug_strings_.find(debug_locations_[i].function_name);
    if (it != debug_strings_.end())
      debug_locations_[i].function_name = it->second;
  }
  if (part_ == 0)
    return;
  const SourceLoc begin{parts_[part_].offset};
  if (module_.texmode_independent != so_far_.texmode_independent)
    link_error(begin, fmt::format("'{}' and '{}' differ in their texturing mode; give both the "
                                  "same .target",
                                  parts_[0].name, parts_[part_].name));
  module_.version = std::max(module_.version, so_far_.version);
  if (so_far_.sm > module_.sm || (so_far_.sm == module_.sm && so_far_.sm_suffix)) {
    module_.sm = so_far_.sm;
    module_.sm_suffix = so_far_.sm_suffix;
  }
  module_.address_size = std::min(module_.address_size, so_far_.address_size);
  module_.debug_target |= so_far_.debug_target;
}

bool Parser::is_definition(const Variable &v) {
  return v.linkage != Linkage::Extern || !v.initialiser.empty();
}

/// `extern __shared__ T x[]`: every module's own name for the block's dynamic shared memory.
bool Parser::is_dynamic_shared(const Variable &v) {
  return v.space == StateSpace::Shared && v.linkage == Linkage::Extern && v.size == 0;
}

void Parser::link_error(SourceLoc at, std::string message) {
  diags_.report({Severity::Error, at, std::move(message), "11.6", ""});
}

void Parser::multiple_definition(std::string_view name, SourceLoc at) {
  link_error(at, fmt::format("multiple definition of '{}' in '{}', first defined in '{}'", name,
                             parts_[part_].name, parts_[linked_.at(name).part].name));
}

/// Binds a name that other modules declared, if this is its first declaration in this one.
void Parser::import_symbol(Name *name, Linkage linkage) {
  if (linkage == Linkage::Internal || name->symbol.kind != Symbol::Kind::None)
    return;
  if (const auto it = linked_.find(name->text); it != linked_.end())
    symbols_.bind_global(name, it->second.symbol);
}

/// Makes a declaration known to the modules behind this one.
void Parser::export_symbol(const Symbol &symbol, std::string_view name, Linkage linkage,
                           SourceLoc at, bool defines) {
  if (linkage == Linkage::Internal)
    return;
  const auto [it, fresh] = linked_.try_emplace(name, Linked{symbol, part_});
  if (!fresh && it->second.symbol.none != symbol.none)
    return link_error(
        at, fmt::format("'{}' is both internal and visible in '{}'", name, parts_[part_].name));
  if (defines)
    it->second.part = part_;
}

/// Names are unique in the linked module: of a name that several modules have, an internal symbol
/// gets another one.
void Parser::claim_name(const Symbol &symbol, std::string_view &name, Linkage linkage) {
  const auto [it, fresh] = owners_.try_emplace(name, NameOwner{&name, part_});
  if (fresh)
    return;
  const bool own_is_internal =
      linkage == Linkage::Internal ||
      (symbol.kind == Symbol::Kind::Variable && is_dynamic_shared(*symbol.variable));
  NameOwner renamed{&name, part_};
  if (!own_is_internal)
    std::swap(renamed, it->second);
  std::string other;
  unsigned count = 0;
  do {
    other = fmt::format("{}${}", name, renamed.part + 1);
    if (count++)
      other += fmt::format("${}", count);
  } while (owners_.contains(other));
  const std::string_view kept = arena_.copy(std::string_view(other));
  *renamed.name = kept;
  owners_.emplace(kept, renamed);
}

/// A definition of a function that was declared before. False: it does not count, since another
/// module's does.
bool Parser::link_definition(Function &old, const Function &now) {
  const auto it = linked_.find(old.name);
  if ((!old.has_body && !old.alias_of) || it == linked_.end() ||
      it->second.symbol.function != &old || it->second.part == part_)
    return true;
  const bool is_weak = now.linkage == Linkage::Weak;
  if (old.linkage == Linkage::Weak && !is_weak) {
    old.has_body = false;
    old.alias_of = nullptr;
    return true;
  }
  if (!is_weak && old.linkage != Linkage::Weak)
    multiple_definition(now.name, now.loc);
  return false;
}

/// A .common variable without an initialiser: another definition may take its place.
static bool is_tentative(const Variable &v) {
  return v.linkage == Linkage::Common && v.initialiser.empty();
}

/// As nvlink has it: initial values, a .weak variable's too, count for more than a tentative
/// definition, and make a .common variable an ordinary definition.
static int strength(const Variable &v, const Variable &other) {
  if (v.linkage == Linkage::Weak)
    return is_tentative(other) && !v.initialiser.empty() ? 3 : 1;
  return is_tentative(v) ? 2 : 4;
}

/// A further declaration of a variable that is not internal.
void Parser::link_variable(Variable &old, const Variable &now) {
  Linked &linked = linked_.at(now.name);
  const std::string_view first = parts_[linked.part].name, here = parts_[part_].name;
  if (old.space != now.space || bytes(old.type) != bytes(now.type))
    return link_error(now.loc, fmt::format("'{}' in '{}' is declared differently in '{}'", now.name,
                                           here, first));
  const bool both_tentative = is_tentative(old) && is_tentative(now);
  if (!both_tentative && !old.unsized && !now.unsized && old.size != now.size) {
    const bool old_tentative = is_tentative(old);
    const Variable &value = old_tentative ? now : old;
    if (value.initialiser.empty() || !(old_tentative || is_tentative(now)))
      return link_error(now.loc, fmt::format("size does not match for '{}' in '{}', first "
                                             "specified in '{}'; {} and {} bytes",
                                             now.name, here, first, now.size, old.size));
    if (value.size < std::max(old.size, now.size))
      return link_error(now.loc, fmt::format("'{}' is larger as .common than where it is "
                                             "initialised, in '{}' and '{}'; {} and {} bytes",
                                             now.name, here, first, now.size, old.size));
  }
  if (!is_definition(now))
    return;
  uint32_t align = now.align;
  if (is_definition(old)) {
    const int was = strength(old, now), is = strength(now, old);
    if (is == was && is == 4)
      return multiple_definition(now.name, now.loc);
    // Of several tentative definitions the largest is allocated, with the strictest alignment.
    if (is_tentative(old) || is_tentative(now))
      align = std::max(old.align, now.align);
    if (is < was || (is == was && (!both_tentative || now.size <= old.size))) {
      if (is_tentative(now))
        old.align = align;
      return;
    }
  }
  const uint32_t index = old.index;
  old = now; // uses seen before see the definition
  old.index = index;
  old.align = align;
  linked.part = part_;
}

/// What is used must be defined.
void Parser::finish_link() {
  auto undefined = [&](const void *entity, std::string_view name) {
    const auto use = references_.find(entity);
    if (use == references_.end())
      return;
    size_t user = parts_.size() - 1;
    while (user > 0 && use->second.offset < parts_[user].offset)
      --user;
    link_error(use->second,
               fmt::format("undefined reference to '{}' in '{}'; link the module that defines it",
                           name, parts_[user].name));
  };
  // nvlink merges the two and forgets the memory of both.
  for (const DynamicShared &d : dynamic_shared_)
    if (const auto it = linked_.find(d.name); it != linked_.end())
      link_error(d.loc, fmt::format("'{}' is the block's dynamic shared memory in '{}', and has a "
                                    "size in '{}'; give one of them another name",
                                    d.name, parts_[d.part].name, parts_[it->second.part].name));
  for (const Function *f : functions_)
    if (!f->has_body && !f->alias_of && !is_system_function(f->name))
      undefined(f, f->name);
  for (const Variable *v : variables_)
    if (!is_definition(*v) && !is_dynamic_shared(*v))
      undefined(v, v->name);
}

} // namespace w2w::ptx
