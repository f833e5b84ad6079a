// Module-level directives, PTX ISA 11.1, 11.2.3, 11.5; tokens, errors and recovery.
#include "frontend/parse/parser_impl.h"

#include <algorithm>
#include <cstdlib>

namespace w2w::ptx {

ParsedModule::ParsedModule() : impl_(std::make_unique<Impl>()) {}
ParsedModule::~ParsedModule() = default;
ParsedModule::ParsedModule(ParsedModule &&) noexcept = default;
ParsedModule &ParsedModule::operator=(ParsedModule &&) noexcept = default;
const Module &ParsedModule::module() const {
  return impl_->module;
}

ParsedModule parse(std::string_view file_name, std::string_view text, Diagnostics &diags) {
  ParsedModule result;
  // Offsets are 32 bits wide.
  if (text.size() >= UINT32_MAX) {
    diags.report({Severity::Error, {}, "PTX text of 4 GiB or more is not supported", "", ""});
    return result;
  }
  while (!text.empty() && text.back() == '\0')
    text.remove_suffix(1);
  Parser(result.impl(), file_name, text, diags).parse_module();
  return result;
}

Parser::Parser(ParsedModule::Impl &impl, std::string_view name, std::string_view text,
               Diagnostics &diags)
    : impl_(impl), arena_(impl.arena), module_(impl.module), diags_(diags), lexer_(text),
      mnemonics_(impl.arena) {
  module_.name = arena_.copy(name);
  module_.text = text;
  if (auto parts = split_modules(name, text))
    parts_ = std::move(*parts);
  debug_locations_.push_back({});
}

bool Parser::accept(Tok k) {
  if (tok_.kind != k)
    return false;
  advance();
  return true;
}

std::string Parser::found() const {
  switch (tok_.kind) {
  case Tok::End:
    return "found the end of the file";
  case Tok::Bad:
    return tok_.problem;
  case Tok::DotWord:
    return fmt::format("found '.{}'", tok_.text);
  case Tok::String:
    return "found a string";
  default:
    return fmt::format("found '{}'", tok_.text.substr(0, 80));
  }
}

bool Parser::expect(Tok k, std::string_view where) {
  if (accept(k))
    return true;
  error(loc(), fmt::format("expected {} {}; {}", describe(k), where, found()), statement_section());
  return false;
}

bool Parser::expect_name(std::string_view &name, std::string_view what) {
  if (!at(Tok::Identifier)) {
    error(loc(), fmt::format("expected {}; {}", what, found()), statement_section());
    return false;
  }
  name = tok_.text;
  advance();
  return true;
}

void Parser::error(SourceLoc at, std::string message, std::string_view section) {
  if (function_)
    function_->poisoned = true;
  if (diags_.error_count() >= kMaxErrors)
    return;
  diags_.report({Severity::Error, at, std::move(message), std::string(section),
                 function_ ? std::string(function_->name) : ""});
  if (diags_.error_count() == kMaxErrors)
    diags_.report({Severity::Note, at, "too many errors; further ones are not shown", "", ""});
}

void Parser::warning(SourceLoc at, std::string message, std::string_view section) {
  diags_.report({Severity::Warning, at, std::move(message), std::string(section),
                 function_ ? std::string(function_->name) : ""});
}

void Parser::note(SourceLoc at, std::string message) {
  if (diags_.error_count() < kMaxErrors)
    diags_.report({Severity::Note, at, std::move(message), "",
                   function_ ? std::string(function_->name) : ""});
}

bool Parser::skip_list() {
  const Token first = tok_;
  const uint32_t resume = lexer_.offset();
  while (!at(Tok::RBrace) && !at(Tok::Semicolon) && !at(Tok::End))
    advance();
  if (accept(Tok::RBrace))
    return true;
  tok_ = first;
  lexer_.seek(resume);
  return false;
}

void Parser::recover() {
  // A list of operands that the error lies in, or that follows it, belongs to the broken statement;
  // any other brace is the function's.
  const bool inside = open_lists_ != 0;
  open_lists_ = 0;
  if (inside)
    skip_list();
  bool bracketed = false; // an operand, in which no scope begins
  while (!at(Tok::End)) {
    if (at(Tok::Semicolon)) {
      advance();
      return;
    }
    bracketed |= at(Tok::LBracket) || at(Tok::LParen);
    if (at(Tok::LBrace) && function_ && !bracketed) {
      if (!skip_list())
        return; // a scope
      continue;
    }
    if (at(Tok::RBrace) && function_)
      return;
    if (at(Tok::RBrace)) {
      advance();
      return;
    }
    // A directive that starts a new entity: the ';' was forgotten.
    if (at(Tok::DotWord) && (at_word("entry") || at_word("func") || at_word("visible")))
      return;
    advance();
  }
}

void Parser::skip_braces() {
  unsigned depth = 0;
  while (!at(Tok::End)) {
    if (at(Tok::LBrace))
      ++depth;
    if (at(Tok::RBrace) && --depth == 0) {
      advance();
      return;
    }
    advance();
  }
}

void Parser::require(unsigned ptx, unsigned sm, SourceLoc at, std::string_view what,
                     std::string_view section) {
  isa::Requirement r;
  r.ptx = static_cast<uint16_t>(ptx);
  r.sm = static_cast<uint16_t>(sm);
  if (!isa::satisfies(r, module_.version, module_.sm, module_.sm_suffix))
    error(at, fmt::format("{} requires {}", what, isa::describe(r)), section);
}

void Parser::parse_module() {
  if (parts_.empty())
    return error({0}, "the list of linked PTX modules is damaged");
  for (part_ = 0; part_ < parts_.size(); ++part_) {
    begin_part();
    parse_directives();
    end_part();
  }
  finish_module();
}

void Parser::parse_directives() {
  advance();
  while (!at(Tok::End)) {
    if (at(Tok::DotWord)) {
      parse_directive();
    } else {
      error(loc(),
            at(Tok::Bad) ? std::string(tok_.problem)
                         : fmt::format("expected a directive at module level; {}", found()),
            "4.3.1");
      advance();
      recover();
    }
  }
  const SourceLoc begin{parts_[part_].offset};
  if (!seen_version_)
    error(begin, "the module has no .version directive", "11.1.1");
  else if (!seen_target_)
    error(begin, "the module has no .target directive", "11.1.2");
  for (const PendingAlias &a : aliases_)
    finish_alias(a);
  aliases_.clear();
}

void Parser::finish_module() {
  if (linking())
    finish_link();
  module_.functions = arena_.copy(functions_);
  module_.variables = arena_.copy(variables_);
  module_.debug_files = arena_.copy(debug_files_);
  module_.debug_locations = arena_.copy(debug_locations_);
  module_.pragmas = arena_.copy(pragmas_);
}

void Parser::parse_directive() {
  const std::string_view word = tok_.text;
  const SourceLoc at_ = loc();
  if (!seen_version_ && word != "version") {
    error(at_, "a module begins with a .version directive", "11.1.1");
    seen_version_ = true; // once is enough
    module_.version = 90;
  } else if (!seen_target_ && word != "target" && word != "version") {
    error(at_, ".version must be followed by a .target directive", "11.1.2");
    seen_target_ = true;
    module_.sm = 50;
  }
  if (word == "version")
    return parse_version();
  if (head_done_ && (word == "target" || word == "address_size")) {
    error(
        at_,
        fmt::format(".{} belongs to the head of a module, once, in front of everything else", word),
        word == "target" ? "11.1.2" : "11.1.3");
  }
  if (word == "target")
    return parse_target();
  head_done_ = true;
  if (word == "address_size")
    return parse_address_size();
  if (word == "file")
    return parse_file();
  if (word == "section")
    return parse_section();
  if (word == "alias")
    return parse_alias();
  if (word == "pragma") {
    const std::string_view text = parse_pragma_text();
    if (text.data())
      pragmas_.push_back(text);
    return;
  }
  if (word == "loc") {
    error(at_, ".loc belongs in the body of a function", "11.5.4");
    return parse_loc();
  }
  Linkage linkage = Linkage::Internal;
  if (const auto l = linkage_of(word)) {
    linkage = *l;
    advance();
    if (at(Tok::DotWord) && linkage_of(tok_.text)) {
      error(loc(), fmt::format("only one linkage directive is allowed; {}", found()), "11.6");
      advance();
    }
  }
  if (at_word("entry") || at_word("func")) {
    const bool is_entry = at_word("entry");
    advance();
    return parse_function(linkage, is_entry);
  }
  if (at(Tok::DotWord) && space_of(tok_.text))
    return parse_variables(linkage);
  if (at_word("reg")) {
    error(loc(), "registers can only be declared inside a function", "5.1.1");
    advance();
    return recover();
  }
  error(loc(),
        at(Tok::DotWord) ? fmt::format("unknown directive '.{}'", tok_.text)
                         : fmt::format("expected .entry, .func or a state space; {}", found()),
        "4.3.1");
  advance();
  recover();
}

void Parser::parse_version() {
  const SourceLoc at_ = loc();
  advance();
  // "8.10" is not a number for this purpose: read major and minor from the text.
  unsigned major = 0, minor = 0;
  const std::string_view t = tok_.text;
  const size_t dot = t.find('.');
  auto number = [](std::string_view s, unsigned &out) {
    if (s.empty() || s.size() > 2)
      return false;
    for (const char c : s) {
      if (c < '0' || c > '9')
        return false;
      out = out * 10 + static_cast<unsigned>(c - '0');
    }
    return true;
  };
  if (!at(Tok::Float) || dot == std::string_view::npos || !number(t.substr(0, dot), major) ||
      !number(t.substr(dot + 1), minor) || minor > 9) {
    error(loc(), fmt::format("expected a version such as 8.0 after .version; {}", found()),
          "11.1.1");
    return recover();
  }
  advance();
  if (seen_version_ && module_.version != 0)
    error(at_, "a module has only one .version directive", "11.1.1");
  seen_version_ = true;
  module_.version = static_cast<uint16_t>(major * 10 + minor);
  static constexpr unsigned kLastMinor[] = {0, 5, 3, 2, 3, 1, 5, 8, 8, 0}; // by major version
  if (major == 9 && minor > kLastMinor[9]) {
    // Minor versions add to the language: what is not in the tables is refused where it stands.
    warning(at_,
            fmt::format("PTX ISA version {}.{} is newer than 9.0; what is new in it is not known",
                        major, minor),
            "11.1.1");
  } else if (major < 1 || major > 9 || minor > kLastMinor[major]) {
    error(
        at_,
        fmt::format("PTX ISA version {}.{} is not supported; versions up to 9.0 are", major, minor),
        "11.1.1");
    module_.version = 90; // once is enough
  }
  mnemonics_.set_target(module_.version, module_.sm, module_.sm_suffix);
}

namespace {

/// An architecture, and the first PTX version that knows it, plain, with 'a' and with 'f'; 0: there
/// is none. PTX ISA 11.1.2 and the release notes.
struct Architecture {
  uint16_t sm, since, since_a, since_f;
};
constexpr Architecture kArchitectures[] = {
    {10, 10, 0, 0},    {11, 10, 0, 0},    {12, 12, 0, 0},    {13, 12, 0, 0},    {20, 20, 0, 0},
    {21, 20, 0, 0},    {30, 30, 0, 0},    {32, 40, 0, 0},    {35, 31, 0, 0},    {37, 41, 0, 0},
    {50, 40, 0, 0},    {52, 41, 0, 0},    {53, 42, 0, 0},    {60, 50, 0, 0},    {61, 50, 0, 0},
    {62, 50, 0, 0},    {70, 51, 0, 0},    {72, 61, 0, 0},    {75, 63, 0, 0},    {80, 70, 0, 0},
    {86, 71, 0, 0},    {87, 74, 0, 0},    {88, 73, 0, 0},    {89, 78, 0, 0},    {90, 78, 80, 0},
    {100, 86, 86, 88}, {101, 86, 86, 88}, {103, 88, 88, 88}, {110, 90, 90, 90}, {120, 87, 87, 88},
    {121, 88, 88, 88}};

} // namespace

void Parser::parse_target() {
  seen_target_ = true;
  bool any = false;
  std::string_view texture_mode;
  do {
    advance(); // .target or ','
    const SourceLoc name_loc = loc();
    std::string_view name;
    if (!expect_name(name, "a target such as sm_80 after .target"))
      return recover();
    std::string_view digits = name;
    if (name.starts_with("sm_") || name.starts_with("compute_")) {
      digits.remove_prefix(name.find('_') + 1);
      char suffix = 0;
      if (!digits.empty() && (digits.back() == 'a' || digits.back() == 'f')) {
        suffix = digits.back();
        digits.remove_suffix(1);
      }
      unsigned sm = 0;
      for (const char c : digits.substr(0, 4))
        sm = c >= '0' && c <= '9' ? sm * 10 + static_cast<unsigned>(c - '0') : 100000;
      const Architecture *known = std::ranges::find(
          kArchitectures, sm, [](const Architecture &a) { return unsigned{a.sm}; });
      const unsigned since = known == std::end(kArchitectures) ? 0
                             : suffix == 'a'                   ? known->since_a
                             : suffix == 'f'                   ? known->since_f
                                                               : known->since;
      if (since == 0) {
        error(name_loc, fmt::format("unknown target '{}'", name), "11.1.2");
        continue;
      }
      if (module_.version < since)
        error(name_loc,
              fmt::format("target '{}' requires PTX ISA {}.{}; the module has .version {}.{}", name,
                          since / 10, since % 10, module_.version / 10, module_.version % 10),
              "11.1.2");
      if (any && sm != module_.sm)
        error(name_loc, "a .target directive names one architecture", "11.1.2");
      any = true;
      if (sm > module_.sm || (sm == module_.sm && suffix))
        module_.sm = static_cast<uint16_t>(sm), module_.sm_suffix = suffix;
    } else if (module_.sm == 0) {
      error(name_loc, fmt::format("the architecture comes first in .target; found '{}'", name),
            "11.1.2");
      module_.sm = 50;
      any = true;
    } else if (name == "map_f64_to_f32" && module_.sm >= 13) {
      error(name_loc, "map_f64_to_f32 is for targets without double precision, sm_12 and below",
            "11.1.2");
    } else if (name == "texmode_independent" || name == "texmode_unified") {
      if (!texture_mode.empty() && texture_mode != name)
        error(name_loc, "a module has one texture mode", "11.1.2");
      texture_mode = name;
      module_.texmode_independent = name == "texmode_independent";
    } else if (name == "debug") {
      module_.debug_target = true;
    } else if (name != "map_f64_to_f32") {
      error(name_loc, fmt::format("unknown target '{}'", name), "11.1.2");
    }
  } while (at(Tok::Comma));
  mnemonics_.set_target(module_.version, module_.sm, module_.sm_suffix);
}

void Parser::parse_address_size() {
  const SourceLoc at_ = loc();
  advance();
  if (!at(Tok::Integer) || (tok_.value != 32 && tok_.value != 64)) {
    error(loc(), fmt::format("expected 32 or 64 after .address_size; {}", found()), "11.1.3");
    return recover();
  }
  module_.address_size = static_cast<uint8_t>(tok_.value);
  advance();
  if (module_.address_size == 32)
    error(at_, "32-bit addresses are not supported; compile the program for 64 bits", "11.1.3");
}

void Parser::parse_file() {
  const SourceLoc at_ = loc();
  advance();
  DebugFile f;
  if (!at(Tok::Integer)) {
    error(loc(), fmt::format("expected a file number after .file; {}", found()), "11.5.3");
    return recover();
  }
  f.number = first_file_ + static_cast<uint32_t>(tok_.value);
  advance();
  if (!at(Tok::String)) {
    error(loc(), fmt::format("expected a file name; {}", found()), "11.5.3");
    return recover();
  }
  f.path = tok_.text;
  advance();
  for (int i = 0; i < 2 && accept(Tok::Comma); ++i) // timestamp, size
    if (!accept(Tok::Integer))
      error(loc(), fmt::format("expected an integer; {}", found()), "11.5.3");
  for (const DebugFile &old : debug_files_)
    if (old.number == f.number && old.path != f.path)
      error(at_, fmt::format("file {} is '{}' already", f.number, old.path), "11.5.3");
  debug_files_.push_back(f);
}

void Parser::parse_section() {
  advance();
  const std::string_view name = tok_.text;
  if (!at(Tok::DotWord)) {
    error(loc(), fmt::format("expected a section name such as .debug_str; {}", found()), "11.5.2");
    return recover();
  }
  advance();
  if (!at(Tok::LBrace)) {
    error(loc(), fmt::format("expected '{{' after the section's name; {}", found()), "11.5.2");
    return recover();
  }
  advance();
  // What .debug_str holds names inlined functions: `label: .b8 95, 90, ...`. The rest is DWARF of
  // the PTX's producer, checked and left aside: rows of our own are made from .loc.
  std::string_view label;
  std::string bytes;
  auto flush = [&] {
    // One label may hold several strings; `label+offset` names are rare and keep the label.
    if (name == "debug_str" && !label.empty())
      debug_strings_[label] = arena_.copy(std::string_view(bytes).substr(0, bytes.find('\0')));
    bytes.clear();
  };
  while (!at(Tok::RBrace) && !at(Tok::End)) {
    if (at(Tok::Identifier)) {
      flush();
      label = tok_.text;
      advance();
      if (!expect(Tok::Colon, "after a label of a section"))
        return skip_section();
    } else if (!parse_section_data(bytes)) {
      return skip_section();
    }
  }
  flush();
  expect(Tok::RBrace, "at the end of the section");
}

void Parser::skip_section() {
  while (!at(Tok::RBrace) && !at(Tok::End))
    advance();
  accept(Tok::RBrace);
}

bool Parser::parse_section_data(std::string &bytes) {
  const unsigned width = at_word("b8")    ? 8
                         : at_word("b16") ? 16
                         : at_word("b32") ? 32
                         : at_word("b64") ? 64
                                          : 0;
  if (!width) {
    error(loc(), fmt::format("expected .b8, .b16, .b32 or .b64 in a section; {}", found()),
          "11.5.2");
    return false;
  }
  advance();
  // A name, and a number behind it; or the distance of two labels.
  if (width >= 32 && (at(Tok::Identifier) || at(Tok::DotWord))) {
    const bool label = at(Tok::Identifier);
    advance();
    if (accept(Tok::Plus))
      return expect(Tok::Integer, "behind '+' in a section");
    return !label || !accept(Tok::Minus) || expect(Tok::Identifier, "behind '-' in a section");
  }
  do {
    const SourceLoc at_ = loc();
    const bool negative = accept(Tok::Minus);
    const uint64_t value = tok_.value;
    if (!expect(Tok::Integer, "in a section"))
      return false;
    if (width < 32 && value > (uint64_t{1} << (negative ? width - 1 : width)) - !negative) {
      error(at_, fmt::format("the number does not fit .b{}", width), "11.5.2");
      return false;
    }
    if (width == 8)
      bytes += static_cast<char>(negative ? -value : value);
  } while (accept(Tok::Comma));
  return true;
}

void Parser::parse_alias() {
  const SourceLoc at_ = loc();
  advance();
  require(63, 30, at_, ".alias", "11.2.3");
  std::string_view alias, target;
  if (!expect_name(alias, "the alias' name") || !expect(Tok::Comma, "after the alias' name") ||
      !expect_name(target, "the name of the function it stands for"))
    return recover();
  expect(Tok::Semicolon, "after .alias");
  const Symbol a = lookup(alias), t = lookup(target);
  references_.erase(a.none); // an alias' declaration is no use of it
  if (a.kind != Symbol::Kind::Function || t.kind != Symbol::Kind::Function)
    return error(at_,
                 fmt::format("'{}' is not a function declared before",
                             a.kind != Symbol::Kind::Function ? alias : target),
                 "11.2.3");
  if (a.function->is_entry || t.function->is_entry)
    return error(at_, "an alias and what it stands for must not be kernels", "11.2.3");
  if (a.function->alias_of)
    return error(at_,
                 fmt::format("'{}' stands for '{}' already", alias, a.function->alias_of->name),
                 "11.2.3");
  if (!same_parameters(*a.function, *t.function))
    return error(at_, fmt::format("'{}' and '{}' have different parameters", alias, target),
                 "11.2.3");
  if (a.function->noreturn != t.function->noreturn)
    return error(at_, fmt::format("only one of '{}' and '{}' is .noreturn", alias, target),
                 "11.2.3");
  a.function->alias_of = t.function;
  aliases_.push_back({a.function, t.function, at_});
}

void Parser::finish_alias(const PendingAlias &a) {
  const Function *target = a.target;
  for (size_t links = aliases_.size(); target->alias_of && links; --links)
    target = target->alias_of; // an alias of an alias
  a.alias->alias_of = target;
  if (a.alias->has_body || !target->has_body)
    return error(a.loc,
                 fmt::format("'{}' must {} body", (a.alias->has_body ? a.alias : target)->name,
                             a.alias->has_body ? "not have a" : "have a"),
                 "11.2.3");
  if (target->linkage == Linkage::Weak)
    error(a.loc,
          fmt::format("'{}' is .weak; an alias must not stand for a weak function", target->name),
          "11.2.3");
}

std::string_view Parser::parse_pragma_text() {
  advance();
  if (!at(Tok::String)) {
    error(loc(), fmt::format("expected a string after .pragma; {}", found()), "11.4.7");
    recover();
    return {};
  }
  const std::string_view text = tok_.text;
  advance();
  while (accept(Tok::Comma))
    if (!accept(Tok::String))
      error(loc(), fmt::format("expected a string; {}", found()), "11.4.7");
  if (!expect(Tok::Semicolon, "after .pragma"))
    recover();
  return text;
}

} // namespace w2w::ptx
