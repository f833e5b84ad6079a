// Operands against one form: the state of the check. Its methods lie by subject in operands.cpp
// (the form's operands in order), operand_scalars.cpp, operand_lists.cpp, operand_addresses.cpp and
// operand_textures.cpp.
#pragma once

#include "frontend/sema/operands.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace w2w::ptx {

/// Checks say yes, or keep the problem and its place (`fail`). With `convert`, constants get the
/// type and bits they have in this instruction.
class OperandChecker {
public:
  OperandChecker(const Candidate &c, const Module &module, bool convert)
      : c_(c), module_(module), convert_(convert) {}

  OperandProblem run(std::span<Operand> operands, SourceLoc at);

private:
  // -- operands.cpp
  size_t required() const;
  OperandProblem count_problem(size_t given, SourceLoc at);
  /// Always false.
  bool fail(SourceLoc at, std::string message);
  /// The type that an operand of the form has here.
  Type resolve(const isa::TypeRef &r) const;
  /// A scalar that the table calls .b32 or .b64, whatever the instruction's type, holds an integer:
  /// a mask, an index, a control word, a cache policy.
  static Type scalar_type(const isa::OperandSpec &spec, Type type);
  /// Registers may be wider than the type in ld, st and cvt, PTX ISA 9.4.1; conversions of packed
  /// and alternative formats are exact.
  bool relaxed() const;
  bool check(const isa::OperandSpec &spec, Operand &o);

  // -- operand_scalars.cpp
  bool check_scalar(const isa::OperandSpec &spec, Operand &o, Type type, bool sink_allowed,
                    bool only_register);
  bool check_register(const Operand &o, Type type);
  bool check_immediate(Operand &o, Type type);
  bool check_range(const isa::OperandSpec &spec, const Operand &o);
  /// Scalar video instructions select one byte or half; of the SIMD ones, sources select a byte or
  /// half for each lane, and the destination's selector is a mask of lanes (PTX ISA 9.7.18).
  bool selector_fits(const isa::OperandSpec &spec, const Operand &o) const;
  /// What mov takes beside registers: special registers, addresses of variables and functions.
  bool check_any_source(Operand &o, Type type);
  bool check_special(const Operand &o, Type type);
  bool check_special_type(const Operand &o, Type type);
  /// A special register in a list is as good as a register without type of its width.
  bool check_special_element(const Operand &o, Type type);
  /// cvt reads special registers of at least the source's width, from integer to integer.
  bool check_special_conversion(const Operand &o, Type type);

  // -- operand_lists.cpp
  bool check_vector(const isa::OperandSpec &spec, Operand &o, Type type);
  /// Whether `_` may stand in a list of results. Lists as long as the shape says are results of
  /// wgmma and tcgen05, all of them wanted; ptxas wants all of wmma.mma for .tf32 too.
  bool may_drop_results(const isa::OperandSpec &spec) const;
  /// What wmma.store does not take, as ptxas has it: special registers, 1.5 for .f32.
  bool check_stored(const Operand &e, Type type);
  /// A list whose elements make up one value of the type, as mov takes it.
  bool check_pack(Operand &o, Type type, bool dest);
  /// Neither negated, nor a byte or half.
  bool check_plain(const Operand &o);
  /// The elements of a list are registers of one size and one class, typed ones of any integer
  /// types; a constant is of the class of its form. They cannot all be `_`.
  bool check_uniform(std::span<const Operand> elements);
  /// ptxas takes no constant where a list holds a special register.
  bool check_company(std::span<const Operand> elements);
  /// A fragment of constants alone has their types: integers are .s32, 1.0 is an .f64.
  bool check_constants(const Operand &list, Type type);
  /// {byte, thread} where a scale lies, of so many threads of four; vectors of two or four scales
  /// start at every second byte or at the first (PTX ISA 9.7.14.3, table 37).
  bool check_scale_selector(Operand &o, int64_t threads);
  /// Registers in a list whose length the shape decides: fragments of wgmma (PTX ISA 9.7.15.5.1),
  /// of tcgen05.ld and .st (9.7.16.8), lanes that tcgen05.mma leaves out (9.7.16.10.9).
  unsigned list_length() const;
  /// The modifier written that starts so and goes on with a number ("x" for .x16), or nothing.
  std::optional<unsigned> numbered_modifier(std::string_view start) const;
  /// d|p, where one of the two may be `_`.
  bool check_pair(const isa::OperandSpec &spec, Operand &o, Type type);
  bool check_first(const isa::OperandSpec &spec, Operand &o, Type type);

  // -- operand_addresses.cpp
  bool check_address(const isa::OperandSpec &spec, Operand &o);
  /// Instructions whose generic and global addresses must be as wide as the module's.
  bool full_width_address() const;
  /// The state space that the instruction names.
  StateSpace space_of_form() const;
  /// An address held in a register (isspacep), or the address of a variable.
  bool check_pointer(Operand &o);
  bool check_address_of(Operand &o, Type type);
  /// An address in tensor memory: a register of 32 bits in brackets.
  bool check_tensor_memory(const Operand &o);

  // -- operand_textures.cpp
  struct Geometry {
    unsigned dimensions = 0; // of a coordinate; for multisampled textures the sample counts
    bool array = false;      // an index of the layer comes first
  };
  bool check_tex_address(const isa::OperandSpec &spec, Operand &o);
  /// A generic address in a register, or a variable in .global, PTX ISA 9.7.9.25.5.2.
  bool check_tensor_map(const Operand &o);
  bool check_query(Operand &o);
  /// What a texture or surface instruction names. In the independent mode samplers have queries of
  /// their own, PTX ISA 9.7.10.5.
  Type query_type() const;
  /// Offsets of im2col copies (.u16); offsets (.s32) and gradients (.f32) of texture instructions:
  /// a list, as long as the geometry has dimensions, three given in four; an offset in one
  /// dimension may be a register or constant.
  bool check_coordinates(Operand &o, Type type);
  Geometry geometry() const;

  const Candidate &c_;
  const Module &module_;
  bool convert_;
  const Operand *previous_ = nullptr;
  bool dest_ = false;    // the operand being checked is the destination
  bool inside_ = false;  // the problem lies in an element of a list
  bool in_list_ = false; // the operand being checked is an element of a list
  SourceLoc problem_loc_;
  std::string problem_;
};

} // namespace w2w::ptx
