// Textures, samplers, surfaces and tensor maps, and their coordinates.
#include "frontend/sema/operand_checker.h"
#include "frontend/sema/operand_types.h"

#include <fmt/format.h>

namespace w2w::ptx {

using isa::Mod;
using isa::Opcode;
using isa::OperandSpec;
using isa::TypeRef;
using Shape = isa::OperandSpec::Shape;

bool OperandChecker::check_tex_address(const OperandSpec &spec, Operand &o) {
  if (o.kind != Operand::Kind::TexAddress)
    return fail(o.loc, fmt::format("expected '[{}, {{coordinates}}]', not {}",
                                   spec.shape == Shape::Surface  ? "surface"
                                   : spec.shape == Shape::Tensor ? "tensor map"
                                                                 : "texture",
                                   describe(o)));
  const size_t most = spec.shape == Shape::Texture ? 3 : 2;
  if (o.elements.size() < 2 || o.elements.size() > most)
    return fail(o.loc, "expected the texture or surface, and its coordinates");
  if (spec.shape == Shape::Tensor ? !check_tensor_map(o.elements[0])
                                  : !check_query(const_cast<Operand &>(o.elements[0])))
    return false;
  if (o.elements.size() == 3 && o.elements[1].kind != Operand::Kind::Register &&
      o.elements[1].kind != Operand::Kind::Variable)
    return fail(o.elements[1].loc,
                fmt::format("expected a sampler, not {}", describe(o.elements[1])));
  const Operand &coordinates = o.elements.back();
  const Geometry shape = geometry();
  const unsigned want = shape.dimensions + shape.array;
  // Textures take 32-bit integers or floats as the last type says, the index of an array's layer
  // an integer; surfaces and tensors integers.
  const Type type = spec.shape == Shape::Texture ? c_.types.back() : Type::S32;
  auto fits = [&](const Operand &e, bool layer) {
    if (e.kind == Operand::Kind::Immediate)
      return is_float(e.imm_type) == (is_float(type) && !layer);
    if (e.kind == Operand::Kind::SpecialRegister)
      return bits(isa::info(e.special).type) == 32 &&
             check_special_element(e, layer ? Type::S32 : type);
    return e.kind == Operand::Kind::Register && check_plain(e) && whole_vector(e).second == 1 &&
           compatible(layer ? Type::S32 : type, e.reg->type, false);
  };
  if (coordinates.kind == Operand::Kind::Register && spec.shape != Shape::Tensor) {
    const auto [element, width] = whole_vector(coordinates);
    if (want == 1 ? fits(coordinates, false)
                  : !coordinates.negated && width >= want && bits(element) == 32 &&
                        (is_float(type) || !is_float(element)))
      return true;
  } else if (coordinates.kind == Operand::Kind::Vector) {
    // Lists have 1, 2 or 4 elements (PTX ISA 9.7.10.3); what is too many is ignored.
    const size_t n = coordinates.elements.size();
    if (spec.shape == Shape::Tensor ? n != want : n < want || (n != 1 && n != 2 && n != 4))
      return fail(coordinates.loc,
                  fmt::format("expected {} coordinates, not {}",
                              want == 3 && spec.shape != Shape::Tensor ? 4 : want, n));
    for (size_t i = 0; i < n; ++i)
      if (i < want ? !fits(coordinates.elements[i], shape.array && i == 0)
                   : coordinates.elements[i].kind == Operand::Kind::Sink)
        return fail(coordinates.elements[i].loc, fmt::format("{} cannot be a coordinate here",
                                                             describe(coordinates.elements[i])));
    return check_company(coordinates.elements);
  } else if (coordinates.kind == Operand::Kind::Immediate && want == 1 &&
             spec.shape != Shape::Tensor) {
    return fits(coordinates, false) ||
           fail(coordinates.loc,
                fmt::format("{} cannot be a coordinate here", describe(coordinates)));
  }
  return fail(coordinates.loc, fmt::format("expected {} coordinates", want));
}

bool OperandChecker::check_tensor_map(const Operand &o) {
  const bool good = o.kind == Operand::Kind::Address && o.offset == 0 &&
                    (o.reg || (o.variable && o.variable->space == StateSpace::Global));
  return good || fail(o.loc, "a tensor map is named by a register, or by a variable in .global, "
                             "without an offset");
}

bool OperandChecker::check_query(Operand &o) {
  if (o.kind != Operand::Kind::Address || o.offset != 0)
    return fail(o.loc, fmt::format("expected a texture, sampler or surface in brackets, not {}",
                                   describe(o)));
  if (!o.variable && !o.reg)
    return fail(o.loc, "expected a texture, sampler or surface, not a constant");
  const Type want = query_type();
  if (o.variable && o.variable->type != want &&
      (o.variable->space != StateSpace::Param || bits(o.variable->type) != 64 ||
       !o.variable->dimensions.empty()))
    return fail(o.loc, fmt::format("'{}' is not a .{}", o.variable->name, info(want).spelling));
  if (o.reg && (bits(o.reg->type) != 64 || is_float(o.reg->type)))
    return fail(o.loc,
                fmt::format("{} cannot be a handle; it needs 64 bits", describe_register(*o.reg)));
  return true;
}

Type OperandChecker::query_type() const {
  const Opcode op = c_.form->opcode;
  if (op == Opcode::suld || op == Opcode::sust || op == Opcode::sured || op == Opcode::suq)
    return Type::SurfRef;
  if (c_.mods.has(Mod::force_unnormalized_coords))
    return Type::SamplerRef;
  if (module_.texmode_independent)
    for (const Mod m : {Mod::filter_mode, Mod::addr_mode_0, Mod::addr_mode_1, Mod::addr_mode_2})
      if (c_.mods.has(m))
        return Type::SamplerRef;
  return Type::TexRef;
}

bool OperandChecker::check_coordinates(Operand &o, Type type) {
  const bool gradient = is_float(type);
  // Offsets of multisampled textures have no sample.
  const unsigned dimensions =
      c_.mods.has(Mod::_2dms) || c_.mods.has(Mod::a2dms) ? 2 : geometry().dimensions;
  if (o.kind != Operand::Kind::Vector) {
    if (gradient || c_.form->opcode == Opcode::cp || dimensions != 1)
      return fail(o.loc, fmt::format("expected a list in braces, not {}", describe(o)));
    OperandSpec offset;
    offset.type = {TypeRef::Kind::Fixed, 0, type};
    return check_scalar(offset, o, type, false, false);
  }
  const size_t n = o.elements.size();
  const bool im2col = c_.form->opcode == Opcode::cp; // PTX ISA 9.7.9.25.5.2
  const size_t want = !im2col                    ? (dimensions == 3 ? 4 : dimensions)
                      : c_.mods.has(Mod::im2col) ? dimensions - 2
                                                 : 2;
  if (gradient || im2col ? n != want : n < want || (n != 1 && n != 2 && n != 4))
    return fail(o.loc, fmt::format("expected a list of {} elements, not {}", want, n));
  in_list_ = true;
  for (const Operand &e : o.elements)
    if (!check_scalar({}, const_cast<Operand &>(e), type, false, false))
      return false;
  return check_company(o.elements);
}

OperandChecker::Geometry OperandChecker::geometry() const {
  static constexpr struct {
    std::string_view name;
    Geometry geometry;
  } kGeometries[] = {{"1d", {1, false}},   {"2d", {2, false}},   {"3d", {3, false}},
                     {"4d", {4, false}},   {"5d", {5, false}},   {"a1d", {1, true}},
                     {"a2d", {2, true}},   {"cube", {3, false}}, {"acube", {3, true}},
                     {"2dms", {3, false}}, {"a2dms", {3, true}}};
  // Gather and scatter take one column and four rows, PTX ISA 5.5.3.4.
  if (c_.mods.has(Mod::tile_gather4) || c_.mods.has(Mod::tile_scatter4))
    return {5, false};
  for (const isa::Slot &slot : c_.form->slots)
    for (const Mod m : slot.mods)
      if (c_.mods.has(m))
        for (const auto &k : kGeometries)
          if (k.name == isa::spelling(m))
            return k.geometry;
  return {};
}

} // namespace w2w::ptx
