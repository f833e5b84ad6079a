// The checked PTX module: what the parser produces and lowering reads. No LLVM here.
//
// Everything is allocated in the module's arena and lives as long as the Module; names are
// string_views into the source text or the arena. Scopes `{ }` are resolved: a function holds one
// flat list of registers, variables and statements, and every name in an operand is already a
// pointer to what it names.
#pragma once

#include "frontend/ast/opaque_fields.h"
#include "frontend/ast/slice.h"
#include "frontend/isa/isa.h"
#include "frontend/isa/types.h"
#include "frontend/support/source.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace w2w::ptx {

struct Function;
struct Variable;
struct Label;
struct Prototype;
struct TargetList;

enum class StateSpace : uint8_t { None, Reg, Sreg, Const, Global, Local, Param, Shared, Tex };
enum class Linkage : uint8_t { Internal, Visible, Extern, Weak, Common };

/// A virtual register (`.reg`). Vector registers (`.reg .v4 .f32 v`) have vector_width 2 or 4.
struct Register {
  std::string_view name;
  Type type = Type::None;
  uint8_t vector_width = 1;
  uint32_t index = 0; // dense, unique in the function
  SourceLoc loc;
};

/// A scalar in an initialiser, or a field of a texture, sampler or surface.
struct InitialiserElement {
  enum class Kind : uint8_t {
    Bits,            // `bits`, already converted to the variable's element type
    VariableAddress, // address of `variable` + addend in its own state space
    GenericAddress,  // generic(variable) + addend
    FunctionAddress, // address of `function` (a stable id, see DESIGN.md section 4) + addend
    Field // `field` is `word`, or else the number `bits`; a later element of the field replaces it
  };
  Kind kind = Kind::Bits;
  OpaqueField field = OpaqueField::Width;
  OpaqueWord word = OpaqueWord::None;
  uint8_t mask_shift = 0; // right shift that brings the masked byte to bit 0
  SourceLoc loc;          // of a Field
  uint64_t bits = 0;
  const Variable *variable = nullptr;
  const Function *function = nullptr;
  int64_t addend = 0;
  uint64_t mask =
      ~uint64_t{0}; // mask(sym) operator, PTX ISA 5.4.5: applied to the address; all ones if absent
  uint64_t offset = 0; // byte offset in the variable
};

/// A variable of any state space but .reg: module scope, function scope, or a parameter.
struct Variable {
  std::string_view name;
  StateSpace space = StateSpace::None;
  Linkage linkage = Linkage::Internal;
  Type type = Type::None;               // element type
  uint8_t vector_width = 1;             // .v2, .v4
  std::span<const uint64_t> dimensions; // empty: scalar; first may be 0 for `[]`
  bool unsized = false; // declared with `[]` and no initialiser (extern shared arrays)
  uint32_t align = 1;   // bytes, natural if not given
  uint64_t size = 0;    // bytes, 0 if unsized
  std::span<const InitialiserElement> initialiser; // empty: zero; bytes not covered are zero
  const Function *function = nullptr;              // enclosing function; nullptr at module scope
  uint32_t index = 0;      // dense in Module::variables or Function::variables
  uint32_t const_bank = 0; // .const[n]
  // Kernel parameters
  uint64_t param_offset =
      0; // offset in the parameter buffer, natural alignment (kernel parameters only)
  bool is_parameter = false;                   // input of a kernel or function, not to be written
  bool is_pointer = false;                     // `.ptr`
  StateSpace pointee_space = StateSpace::None; // `.ptr .global`
  uint32_t pointee_align = 0;                  // `.ptr .align n`; 0 if not given
  // Attributes
  bool managed = false; // .attribute(.managed)
  SourceLoc loc;
};

struct Label {
  std::string_view name;
  uint32_t index = 0; // dense in the function
  SourceLoc loc;
};

struct Operand {
  enum class Kind : uint8_t {
    None,
    Register,        // reg, with component and negated
    SpecialRegister, // special, with component (%tid.x)
    Immediate,       // imm (bits already converted to the instruction's type where that is known),
                     // imm_type
    Variable,        // address of variable + offset (mov, cvta, call argument, ld's base)
    Function,        // address of function
    Label,           // branch target
    Address,         // [base + offset]: base is register, variable or immediate
    Vector,          // {a, b, c, d} -> elements
    Pair,            // p|q -> elements[0], elements[1]
    List,            // (a, b) of call -> elements
    TexAddress,      // [tex, {x,y}] / [tex, smp, {..}] / [tensor, {..}, ..] -> elements
    Prototype,       // call's prototype
    TargetList,      // .branchtargets / .calltargets label
    Sink             // _
  };
  /// .x .y .z .w of vectors; .b0 .. .h1 of scalar video instructions; Halves and Bytes: the lists
  /// of SIMD video instructions (.h10, .b3210), whose digits are the nibbles of `selector`, first
  /// digit in the highest.
  enum class Component : uint8_t { None, X, Y, Z, W, B0, B1, B2, B3, H0, H1, Halves, Bytes };

  Kind kind = Kind::None;
  Component component = Component::None;
  uint8_t selector_count = 0; // digits of Halves or Bytes
  bool indexed : 1 = false;   // Variable written as an array element: a[3]
  bool negated : 1 = false;   // !p for predicates, -a in video instructions
  Type imm_type = Type::None; // S64/U64 integer, F32 0f, F64 0d or decimal; as written
  StateSpace address_space = StateSpace::None; // of an Address whose base is an immediate: unused
  uint16_t selector = 0;
  isa::SpecialRegister special{};
  SourceLoc loc;
  const Register *reg = nullptr;      // Register, or base of Address
  const Variable *variable = nullptr; // Variable, or base of Address
  union {                             // as `kind` says; for other kinds `elements` is empty
    const Function *function = nullptr;
    const Label *label;
    const Prototype *prototype;
    const TargetList *target_list;
    Slice<Operand> elements;
  };
  uint64_t imm = 0;   // integer bits (two's complement, 64 bit), or IEEE bits of imm_type
  int64_t offset = 0; // Address and Variable
};
static_assert(sizeof(Operand) == 56); // the AST is mostly operands

/// Guard predicate `@p` / `@!p`: a register, or a special register of type .pred.
struct Guard {
  const Register *reg = nullptr;
  isa::SpecialRegister special{}; // where `is_special`
  bool is_special = false;
  bool negated = false;
  /// Whether there is a guard.
  explicit operator bool() const { return reg || is_special; }
};

/// The modifiers of a mnemonic; instructions with the same mnemonic share them.
class Modifiers {
public:
  Modifiers() = default;
  explicit Modifiers(const isa::ModifierSet &set) : set_(&set) {}
  bool has(isa::Mod m) const { return set_->has(m); }

private:
  const isa::ModifierSet *set_ = nullptr;
};

/// An instruction that matched exactly one form of the isa table.
struct Instruction {
  const isa::Form *form = nullptr;
  Modifiers mods;          // every modifier written
  Slice<Type> types;       // type suffixes in the form's order: cvt.dtype.atype -> {dtype, atype}
  Slice<Operand> operands; // destination first, in PTX's order
  Guard guard;
  uint32_t debug_loc = 0; // index into Module::debug_locations; 0: none
  SourceLoc loc;
  isa::Opcode opcode{};

  bool has(isa::Mod m) const { return mods.has(m); }
  Type type(unsigned i = 0) const { return i < types.size() ? types[i] : Type::None; }
  const Operand &operand(unsigned i) const { return operands[i]; }
};
static_assert(sizeof(Instruction) == 64);

struct Statement {
  enum class Kind : uint8_t { Instruction, Label, Pragma };
  Kind kind = Kind::Instruction;
  union { // as `kind` says
    const Instruction *instruction = nullptr;
    const Label *label;
    const std::string_view *pragma; // text inside the quotes
  };
  static Statement of(const Instruction &i) {
    Statement s;
    s.instruction = &i;
    return s;
  }
  static Statement of(const Label &l) {
    Statement s;
    s.kind = Kind::Label;
    s.label = &l;
    return s;
  }
  static Statement of(const std::string_view &pragma) {
    Statement s;
    s.kind = Kind::Pragma;
    s.pragma = &pragma;
    return s;
  }
};

/// Signature of an indirect call (`.callprototype`).
struct Prototype {
  std::string_view name;
  std::span<const Variable *const> returns;
  std::span<const Variable *const> params;
  bool variadic = false; // `_` / unsized last parameter
  bool noreturn = false;
  SourceLoc loc;
};

/// `.branchtargets` (labels) or `.calltargets` (functions).
struct TargetList {
  std::string_view name;
  std::span<const Label *const> labels;
  std::span<const Function *const> functions;
  SourceLoc loc;
};

/// Performance and launch-bound directives; 0 means not given.
struct PerformanceDirectives {
  uint32_t maxntid[3] = {0, 0, 0};
  uint32_t reqntid[3] = {0, 0, 0};
  uint32_t minnctapersm = 0;
  uint32_t maxnreg = 0;
  uint32_t reqnctapercluster[3] = {0, 0, 0};
  uint32_t maxclusterrank = 0;
  bool explicitcluster = false;
  bool blocksareclusters = false;
};

/// How many registers a function preserves, `.abi_preserve` and `.abi_preserve_control`: of
/// NVIDIA's calling convention, and read for the sake of declarations that must agree.
struct PreservedRegisters {
  std::optional<uint32_t> general, control;
  bool operator==(const PreservedRegisters &) const = default;
};

struct Function {
  std::string_view name;
  bool is_entry = false;
  bool noreturn = false;
  bool has_body = false; // false: a declaration (.extern or forward)
  Linkage linkage = Linkage::Internal;
  std::span<Variable *const> returns; // .reg or .param
  std::span<Variable *const> params;
  /// A `.reg` parameter or return value of a .func is a Variable of space Reg; this is its
  /// register.
  std::span<const Register *const> return_registers; // parallel to returns; nullptr for .param ones
  std::span<const Register *const> param_registers;  // parallel to params
  bool variadic = false;
  PerformanceDirectives performance;
  PreservedRegisters preserved;
  std::span<const Register *const> registers; // by index
  std::span<const Variable *const>
      variables; // by index: .local, .shared, .param (call depots), .global/.const in scope
  std::span<const Label *const> labels; // by index
  std::span<const Statement> statements;
  const Function *alias_of = nullptr; // .alias
  uint32_t index =
      0; // dense in Module::functions; declarations and their definition share one Function
  bool poisoned = false; // an error of severity Error was reported inside it
  SourceLoc loc;
};

/// `.loc file line column[, function_name label+offset, inlined_at file line column]`
struct DebugLocation {
  uint32_t file = 0;
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t inlined_at = 0; // index into debug_locations; 0: none
  std::string_view function_name;
};

struct DebugFile {
  uint32_t number = 0;
  std::string_view path;
};

struct Module {
  std::string_view name; // file name for messages
  std::string_view text; // the whole source; must outlive the module
  uint16_t version = 0;  // 90 for .version 9.0
  uint16_t sm = 0;       // 89 for sm_89
  char sm_suffix = 0;    // 'a', 'f' or 0
  bool texmode_independent = false;
  bool debug_target = false;
  uint8_t address_size = 64;
  std::span<Function *const>
      functions; // by index; kernels and device functions in order of first mention
  std::span<const Variable *const> variables; // by index; module-scope variables
  std::span<const DebugFile> debug_files;
  std::span<const DebugLocation> debug_locations; // [0] is unused
  std::span<const std::string_view> pragmas;      // module-level
};

} // namespace w2w::ptx
