// The recursive-descent parser's state. Its methods lie in module.cpp (directives), variable.cpp
// (declarations), initialiser.cpp, expression.cpp (constant expressions), function.cpp (functions
// and statements) and operand.cpp.
//
// The current token is `tok_`; the lexer stands right behind it. Errors are reported where they are
// found, parsing goes on behind the next ';' (or brace), and the enclosing function is marked
// poisoned.
#pragma once

#include "frontend/parse/lexer.h"
#include "frontend/parse/parse.h"
#include "frontend/parse/symbols.h"
#include "frontend/sema/mnemonic.h"
#include "frontend/support/arena.h"
#include "frontend/support/linked_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace w2w::ptx {

struct ParsedModule::Impl {
  Arena arena;
  Module module;
};

/// Value of a constant expression, PTX ISA 4.5.
struct Constant {
  Type type = Type::S64; // S64, U64, F64, or F32 for a 0f literal
  uint64_t bits = 0;
  bool is_float() const { return type == Type::F64 || type == Type::F32; }
};

class Parser {
public:
  Parser(ParsedModule::Impl &impl, std::string_view name, std::string_view text,
         Diagnostics &diags);
  void parse_module();

private:
  // -- tokens and errors (module.cpp)
  void advance() { tok_ = lexer_.next(); }
  bool at(Tok k) const { return tok_.kind == k; }
  bool at_word(std::string_view w) const { return tok_.kind == Tok::DotWord && tok_.text == w; }
  bool accept(Tok k);
  bool expect(Tok k, std::string_view where); // reports if absent
  bool expect_name(std::string_view &name, std::string_view what);
  SourceLoc loc() const { return {tok_.offset}; }
  void error(SourceLoc at, std::string message, std::string_view section = {});
  void warning(SourceLoc at, std::string message, std::string_view section = {});
  void note(SourceLoc at, std::string message);
  std::string found() const; // "found ';'"
  /// Where the syntax of statements stands: of instructions, of directives.
  std::string_view statement_section() const { return function_ ? "4.3.2" : "4.3.1"; }
  bool skip_list();   // to behind the next '}', if no ';' comes before it
  void recover();     // behind the next ';', or before '}' or the end
  void skip_braces(); // from '{' to behind its '}'
  void require(unsigned ptx, unsigned sm, SourceLoc at, std::string_view what,
               std::string_view section);

  // -- linking of several modules (link.cpp)
  bool linking() const { return parts_.size() > 1; }
  void begin_part(); // a module begins: nothing is declared
  void end_part();
  void finish_link();
  static bool is_definition(const Variable &v);
  static bool is_dynamic_shared(const Variable &v);
  void import_symbol(Name *name, Linkage linkage);
  void export_symbol(const Symbol &symbol, std::string_view name, Linkage linkage, SourceLoc at,
                     bool defines);
  void claim_name(const Symbol &symbol, std::string_view &name, Linkage linkage);
  bool link_definition(Function &old, const Function &now);
  void link_variable(Variable &old, const Variable &now);
  void multiple_definition(std::string_view name, SourceLoc at);
  void link_error(SourceLoc at, std::string message);

  // -- module (module.cpp)
  void parse_directives();
  void parse_directive();
  void parse_version();
  void parse_target();
  void parse_address_size();
  void parse_file();
  void parse_section();
  bool parse_section_data(std::string &bytes); // one .b8 ... .b64; adds what .b8 holds
  void skip_section();                         // from inside, to behind its '}'
  void parse_alias();
  struct PendingAlias { // what it stands for may be defined later
    Function *alias, *target;
    SourceLoc loc;
  };
  void finish_alias(const PendingAlias &a);
  std::string_view parse_pragma_text();
  void finish_module();

  // -- declarations (variable.cpp)
  struct Declaration { // what stands before the name
    StateSpace space = StateSpace::None;
    Linkage linkage = Linkage::Internal;
    Type type = Type::None;
    uint8_t vector_width = 1;
    uint32_t align = 0; // 0: natural
    uint32_t const_bank = 0;
    bool managed = false, unified = false;
    bool is_pointer = false;
    StateSpace pointee_space = StateSpace::None;
    uint32_t pointee_align = 0;
    SourceLoc loc;
  };
  static std::optional<StateSpace> space_of(std::string_view word);
  static std::optional<Linkage> linkage_of(std::string_view word);
  bool
  parse_declaration_prefix(Declaration &d); // space, alignment, vector, type in the text's order
  void parse_variables(Linkage linkage);    // a whole declaration statement, ';' included
  void declare_registers(const Declaration &d);
  Variable *parse_declarator(const Declaration &d, bool is_parameter);
  void parse_attributes(Declaration &d);
  /// A size, alignment or number in a directive: a literal or WARP_SZ. ptxas takes no expression.
  std::optional<uint64_t> parse_count(std::string_view what);
  void layout(Variable &v, const Declaration &d);
  bool declare(Name *name, Symbol symbol, SourceLoc at, std::string_view what); // false: duplicate
  void check_register_type(const Declaration &d);
  void check_variable(const Declaration &d);
  void parse_declared_variables(const Declaration &d);
  bool check_name(std::string_view name, SourceLoc at); // false: not a name to declare
  /// What .param memory cannot hold; kernel: d is a parameter of a kernel.
  void check_parameter(const Declaration &d, const Variable &v, bool kernel);
  void merge_declarations(Variable &old, const Variable &now);

  // -- initialisers (initialiser.cpp)
  void parse_initialiser(Variable &v, std::vector<uint64_t> &dimensions);
  struct InitialiserCursor {
    Variable &variable;
    std::span<const uint64_t> dimensions; // vector width appended
    std::vector<InitialiserElement> elements = {};
    uint64_t offset = 0;                      // of the next value: lists are packed, as by ptxas
    uint64_t outer_extent = 0;                // elements of the first dimension seen
    std::optional<SourceLoc> incomplete = {}; // a list with fewer values than its dimension
  };
  uint64_t parse_opaque_values(const Variable &v, std::span<const uint64_t> dimensions,
                               uint64_t first, std::vector<InitialiserElement> &out);
  void parse_opaque_field(const Variable &v, uint64_t index, std::vector<InitialiserElement> &out);
  void parse_initialiser_list(InitialiserCursor &c, size_t level);
  void parse_initialiser_value(InitialiserCursor &c);
  bool parse_address_expression(InitialiserElement &e);

  // -- constant expressions (expression.cpp)
  bool parse_constant(Constant &out); // reports and returns false on error
  bool parse_binary(Constant &out, int precedence, unsigned depth);
  bool parse_unary(Constant &out, unsigned depth);
  bool parse_integer_constant(int64_t &out, std::string_view what);
  static uint64_t convert(const Constant &c, Type to); // bits of `to`

  // -- functions (function.cpp)
  void parse_function(Linkage linkage, bool is_entry);
  void parse_parameters(std::vector<Variable *> &params, std::vector<const Register *> &registers,
                        bool kernel, bool named, bool inputs);
  void parse_performance(Function &f, PerformanceDirectives &p);
  /// The number behind `.abi_preserve` or `.abi_preserve_control`, which stands at `at`.
  void parse_preserved(std::string_view word, SourceLoc at, PreservedRegisters &out);
  /// `.noreturn`, before the registers preserved, once.
  void parse_noreturn(SourceLoc at, bool &noreturn, const PreservedRegisters &preserved);
  bool parse_dimensions(uint32_t (&out)[3]);
  static bool same_parameters(const Function &old, const Function &now);
  void check_redeclaration(const Function &old, const Function &now, SourceLoc at);
  void check_redeclared_linkage(const Function &old, const Function &now, SourceLoc at);
  void parse_body(Function &f);
  void parse_statement();
  void parse_scope();
  void parse_labelled(std::string_view label, SourceLoc at);
  void parse_prototype(std::string_view name, SourceLoc at);
  void parse_branch_targets(std::string_view name, SourceLoc at);
  void parse_call_targets(std::string_view name, SourceLoc at);
  void parse_loc();
  bool parse_loc_operands(DebugLocation &l);
  void leave_scope();
  Label *new_label(std::string_view name, SourceLoc at);
  void add_statement(const Statement &s) { statements_.push_back(s); }

  // -- instructions (instruction.cpp)
  void parse_instruction(const Token &opcode, Guard guard);
  bool parse_guard(Guard &guard);
  bool parse_operands();
  bool parse_branch_operands(isa::Opcode opcode);
  bool parse_call_operands();
  bool check_call(std::span<const Operand> operands, SourceLoc at);
  void finish_instruction(const Mnemonic &m, const Token &opcode, Guard guard);
  void undefined(const Token &name);

  // -- operands (operand.cpp)
  bool parse_operand(Operand &out, unsigned depth = 0);
  bool parse_primary_operand(Operand &out, unsigned depth);
  /// The special register of this name, or null; says what it requires and the module lacks.
  const isa::SpecialRegister *find_special_register(const Token &name);
  bool parse_name_operand(Operand &out);
  bool parse_address(Operand &out, unsigned depth);
  bool parse_list(Operand &out, Operand::Kind kind, Tok close, unsigned depth);
  bool parse_label_operand(Operand &out);
  bool parse_component(Operand &out);
  bool parse_offset(int64_t &offset);
  /// The visible range that holds a register of this name, and its number there.
  RegisterRange *find_range(std::string_view text, uint64_t &number) const;
  Register *range_register(Name *name);
  Symbol lookup(std::string_view text);

  ParsedModule::Impl &impl_;
  Arena &arena_;
  Module &module_;
  Diagnostics &diags_;
  Lexer lexer_;
  Token tok_;
  SymbolTable symbols_;
  MnemonicTable mnemonics_;

  // Module
  std::vector<Function *> functions_;
  std::vector<const Variable *> variables_;
  std::vector<DebugFile> debug_files_;
  std::vector<DebugLocation> debug_locations_;
  std::unordered_map<uint64_t, uint32_t> debug_location_index_;
  std::unordered_map<std::string_view, std::string_view>
      debug_strings_; // label of .debug_str -> text
  std::vector<std::string_view> pragmas_;
  std::vector<PendingAlias> aliases_;
  std::vector<TextPart> parts_; // the modules linked; empty: damaged
  size_t part_ = 0;             // the one being parsed
  struct Linked {
    Symbol symbol;
    size_t part; // that defines it, else that declares it first
  };
  std::unordered_map<std::string_view, Linked> linked_; // symbols that all modules see
  struct NameOwner {
    std::string_view *name; // of the function or variable
    size_t part;
  };
  struct DynamicShared {
    std::string_view name; // in its own module
    SourceLoc loc;
    size_t part;
  };
  std::vector<DynamicShared> dynamic_shared_;
  std::unordered_map<std::string_view, NameOwner> owners_; // names given in the linked module
  std::unordered_map<const void *, SourceLoc> references_; // first use of functions and variables
  Module so_far_;                                          // version, target of the modules before
  uint32_t first_file_ = 0;                                // added to this module's file numbers
  size_t first_location_ = 0;                              // of this module in debug_locations_
  bool seen_version_ = false, seen_target_ = false;
  bool head_done_ = false; // .address_size or an entity was seen: no .target or .address_size now

  // The function being parsed
  Function *function_ = nullptr;
  std::vector<const Register *> registers_;
  std::vector<const Variable *> locals_;
  std::vector<const Label *> labels_;
  std::vector<Statement> statements_;
  struct PendingLabel {
    Name *name;
    const Label **slot;
    SourceLoc loc;
    uint16_t depth;
  };
  std::vector<PendingLabel> pending_labels_;
  std::vector<std::unique_ptr<RegisterRange>> ranges_;
  std::vector<Operand> operands_; // of the instruction being parsed
  bool unified_ = false;          // `.unified` behind an address
  unsigned open_lists_ = 0;       // `{` of operands whose `}` was not seen
  uint32_t debug_loc_ = 0;

  static constexpr unsigned kMaxDepth = 200;   // of expressions and scopes
  static constexpr unsigned kMaxErrors = 1000; // reported; further ones only poison
};

} // namespace w2w::ptx
