// The rows of the instruction table, for those who walk it: parser, --list-isa, conformance.
#pragma once

#include "frontend/isa/isa.h"

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace w2w::ptx::isa {

inline constexpr Mod kNoMod = static_cast<Mod>(std::numeric_limits<uint16_t>::max());

/// An architecture- or family-specific target: {90, 'a'} is sm_90a; {100, 'f'} is sm_100f and all
/// of its family (PTX ISA 11.1.2).
struct ArchSpecific {
  uint16_t sm = 0;
  char suffix = 0;
};

/// What a form, or one modifier or type in it, asks of the module; zero means nothing.
struct Requirement {
  uint16_t ptx = 0;      // 80 for PTX ISA 8.0
  uint16_t sm = 0;       // 90 for sm_90 or higher
  uint16_t until_sm = 0; // removed for this sm and higher from PTX ISA 6.4 on
  ArchSpecific arch[4] = {};
  uint16_t earlier_ptx = 0; // this version is enough, where the target is earlier_sm or higher
  uint16_t earlier_sm = 0;
};

/// A modifier or a type that may stand in a mnemonic.
struct Term {
  static constexpr uint8_t kAnySlot = 255;
  Mod mod = kNoMod;
  Type type = Type::None;
  uint8_t slot = kAnySlot; // of a type: which type slot
};

struct ConditionalRequirement {
  std::span<const Term> when; // applies when all of these are written
  Requirement requirement;
};

/// What may stand together: where all of `when` are written, one of `what` must be (needs), or none
/// may be.
struct Rule {
  std::span<const Term> when;
  std::span<const Term> what;
  bool needs = false;
};

/// One suffix position of a mnemonic: a choice of modifiers, or a choice of types.
struct Slot {
  bool is_type = false;
  bool optional = false;
  /// Which slots may not be written before this one: all later ones, where it is part of the
  /// instruction's name; the next one, where two state spaces say from where to where.
  enum class Before : uint8_t { None, All, Next };
  Before before = Before::None;
  std::span<const Mod> mods;
  std::span<const Type> types;
};

/// How an operand's type follows from the instruction's types.
struct TypeRef {
  enum class Kind : uint8_t {
    None,
    Slot,     // the `index`th type of the instruction
    SlotWide, // twice as wide (mul.wide)
    Fixed,    // `type`
    Pointer   // an address: 32 or 64 bits
  };
  Kind kind = Kind::None;
  uint8_t index = 0;
  Type type = Type::None;
};

struct OperandSpec {
  static constexpr uint8_t kByModifier = 255; // .v2, .v4, .v8; a scalar if none is written
  static constexpr uint8_t kPack = 254;       // mov: elements together as wide as the type

  static constexpr uint8_t kAnyLength = 253; // as many as the shape asks for; not checked

  enum class Shape : uint8_t {
    Register,        // only a register
    Source,          // register or immediate
    Immediate,       // only a constant
    Sink,            // only `_`
    Pair,            // first|second
    Address,         // [register | variable | immediate, + offset]
    RegisterAddress, // [register + offset]
    AnySource, // mov: register, special register, immediate, address of a variable or function
    AddressOf, // cvta: register or variable with offset
    Label,
    Targets, // name of a .branchtargets list
    CallOperands,
    Texture,        // [texture, {coordinates}] or [texture, sampler, {coordinates}]
    Surface,        // [surface, {coordinates}]
    Coordinates,    // offsets, gradients: a register or a list
    Query,          // [texture | sampler | surface]
    Tensor,         // [tensor map, {coordinates}]
    ScaleSelectorA, // {byte, thread} of a scale of mma's first and
    ScaleSelectorB, // second matrix
    TensorMemory    // [32-bit register + offset]
  };
  enum class Relation : uint8_t { None, AtMost, AtLeast };
  Shape shape = Shape::Source;
  bool dest = false;
  bool optional = false;
  bool sink = false; // `_` allowed
  bool second_optional = false;
  bool second_sink = false;
  bool negatable = false; // `!p`, or `-a` in vmad
  bool selector = false;  // `.b0`, `.h1`, ... of video instructions
  bool exact = false;     // a register of this very type
  TypeRef type;
  TypeRef second_type;    // of a Pair
  uint8_t vector = 0;     // elements of a brace list; 0: no vector
  Mod condition = kNoMod; // present exactly when this modifier is written
  Mod space = kNoMod;     // Address: state space if no modifier tells
  // Of a constant:
  bool ranged = false; // it lies in low to high; a floating-point one above low
  int64_t low = 0, high = 0;
  uint32_t multiple = 0;     // it is a multiple of this
  uint64_t one_of = 0;       // bit n is set where low + n is allowed
  bool power_of_two = false; // it is one
  Relation relation{};       // to the constant that is the operand before
};

/// One row: every PTX instruction matches exactly one.
struct Form {
  Opcode opcode{};
  uint16_t index = 0;       // in forms()
  std::string_view syntax;  // as in the table, macros expanded
  std::string_view section; // PTX ISA section
  std::span<const Slot> slots;
  std::span<const OperandSpec> operands;
  Requirement requirement;
  std::span<const ConditionalRequirement> needs;
  std::span<const Rule> rules;
};

/// All rows, grouped by opcode.
std::span<const Form> forms();
/// The rows of one opcode.
std::span<const Form> forms(Opcode opcode);

/// The opcode spelled `name`, or null.
const Opcode *find_opcode(std::string_view name);
/// Whether any form has a modifier spelled so ("shared::cta").
bool is_modifier(std::string_view name);

struct SpecialRegisterInfo {
  std::string_view name; // with %
  Type type;
  uint8_t vector_width; // 4 for %tid: .x .y .z .w
  Requirement requirement;
  std::string_view section;
};
const SpecialRegisterInfo &info(SpecialRegister r);
/// The special register spelled `name` (with %), or null.
const SpecialRegister *find_special_register(std::string_view name);

/// Whether a module of this version and target satisfies a requirement.
bool satisfies(const Requirement &r, unsigned ptx_version, unsigned sm, char sm_suffix);
/// Whether a mnemonic of these modifiers and types (by type slot) holds a term; all of them.
bool holds(const Term &t, const ModifierSet &mods, std::span<const Type> types);
bool holds_all(std::span<const Term> terms, const ModifierSet &mods, std::span<const Type> types);
/// "PTX ISA 8.0 and sm_90 or higher".
std::string describe(const Requirement &r);

} // namespace w2w::ptx::isa
