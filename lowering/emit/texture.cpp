// tex, tld4, txq, istypep, PTX ISA 9.7.10. All sampling is lowering/devicelib's; emit/ hands over
// handles, coordinates and flags, and brings the four values into the destination's type.
#include "frontend/isa/form.h"
#include "lowering/abi/texture_descriptor.h"
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/emitter_table.h"
#include "lowering/emit/image.h"

namespace w2w::emit {

using namespace llvm;
using namespace devicelib;
using Spec = ptx::isa::OperandSpec;

ImageShape image_shape(const Instruction &i) {
  static constexpr struct {
    Mod mod;
    ImageShape shape;
  } kShapes[] = {
      {Mod::_1d, {Shape::OneD, "1d", 1, false}},
      {Mod::_2d, {Shape::TwoD, "2d", 2, false}},
      {Mod::_3d, {Shape::ThreeD, "3d", 3, false}},
      {Mod::a1d, {Shape::OneD, "1d", 1, true}},
      {Mod::a2d, {Shape::TwoD, "2d", 2, true}},
      {Mod::cube, {Shape::Cube, "cube", 3, false}},
      {Mod::acube, {Shape::Cube, "cube", 3, true}},
      {Mod::_2dms, {Shape::Multisample, "ms", 3, false}}, // sample, x, y
      {Mod::a2dms, {Shape::Multisample, "ms", 3, true}},
  };
  for (const auto &row : kShapes)
    if (i.has(row.mod))
      return row.shape;
  return kShapes[0].shape; // not reached: every form has a geometry
}

Value *image_handle(FunctionEmitter &e, const Operand &op) {
  IRBuilder<> &b = e.b;
  if (!op.variable) {
    Operand base = op;
    base.kind = Operand::Kind::Register;
    return e.read(base, Type::U64);
  }
  if (op.variable->space != StateSpace::Param)
    return e.pointer_to_int64(e.variable_pointer(*op.variable));
  MemoryRef ref = e.memory(op, StateSpace::Param); // the parameter holds the handle
  if (ref.direct)
    return b.CreateZExtOrTrunc(ref.direct, b.getInt64Ty());
  return b.CreateAlignedLoad(b.getInt64Ty(), ref.pointer, Align(8));
}

std::array<Value *, 3> image_vector(FunctionEmitter &e, const Operand *op, unsigned count,
                                    Type type, unsigned first) {
  Value *zero = Constant::getNullValue(e.value_type(type));
  std::array<Value *, 3> v{zero, zero, zero};
  for (unsigned k = 0; op && k < count && k < 3; ++k)
    v[k] = e.read_value(FunctionEmitter::element(*op, first + k), type);
  return v;
}

ImageCoordinates image_coordinates(FunctionEmitter &e, const Operand &op, const ImageShape &shape,
                                   Type type) {
  ImageCoordinates c;
  c.layer = shape.array ? e.read(FunctionEmitter::element(op, 0), Type::U32) : e.b.getInt32(0);
  c.at = image_vector(e, &op, shape.dimensions, type, shape.array);
  return c;
}

namespace {

/// The parts of tex and tld4 behind the texture, by the form's operand list.
struct Extras {
  const Operand *lod = nullptr;
  const Operand *gradient[2] = {nullptr, nullptr};
  const Operand *offset = nullptr;
  const Operand *compare = nullptr;
};
Extras extras_of(const Instruction &i) {
  Extras x;
  unsigned gradients = 0;
  for (unsigned k = 2; k < i.operands.size(); ++k) {
    const Spec &spec = i.form->operands[k];
    const Operand *op = &i.operand(k);
    if (k == 2 && i.has(Mod::level))
      x.lod = op;
    else if (spec.shape == Spec::Shape::Coordinates && gradients < 2 && i.has(Mod::grad))
      x.gradient[gradients++] = op;
    // A scalar of no type (.b32) can only be an offset in one dimension.
    else if (spec.shape == Spec::Shape::Coordinates &&
             (op->kind == Operand::Kind::Vector || image_shape(i).dimensions == 1))
      x.offset = op;
    else
      x.compare = op;
  }
  return x;
}

/// Four 32-bit values into the destination's type; the residency predicate is true, since every
/// image is resident as a whole.
void write_texels(FunctionEmitter &e, const Instruction &i, Value *texels) {
  IRBuilder<> &b = e.b;
  const Operand *dest = &i.operand(0), *resident = nullptr;
  if (dest->kind == Operand::Kind::Pair) {
    resident = &dest->elements[1];
    dest = &dest->elements[0];
  }
  Type t = i.type(0);
  llvm::Type *half = b.getHalfTy();
  auto part = [&](unsigned k) { return b.CreateExtractElement(texels, k); };
  auto narrow = [&](unsigned k) {
    return b.CreateFPTrunc(b.CreateBitCast(part(k), b.getFloatTy()), half);
  };
  if (t == Type::F16x2) {
    for (unsigned k = 0; k < 2; ++k) {
      Value *pair = PoisonValue::get(FixedVectorType::get(half, 2));
      pair = b.CreateInsertElement(pair, narrow(2 * k), uint64_t{0});
      pair = b.CreateInsertElement(pair, narrow(2 * k + 1), uint64_t{1});
      e.write(FunctionEmitter::element(*dest, k), pair, t);
    }
  } else {
    for (unsigned k = 0; k < 4; ++k)
      e.write(FunctionEmitter::element(*dest, k), t == Type::F16 ? narrow(k) : part(k), t);
  }
  if (resident)
    e.write(*resident, b.getTrue(), Type::Pred);
}

void emit_texture(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  const Operand &place = i.operand(1);
  ImageShape shape = image_shape(i);
  Extras x = extras_of(i);
  bool is_gather = i.opcode == Opcode::tld4;
  Type ctype = i.types[i.types.size() - 1];
  bool integer = ctype == Type::S32;
  bool half = i.type(0) == Type::F16 || i.type(0) == Type::F16x2;

  Value *texture = image_handle(e, place.elements[0]);
  Value *sampler = place.elements.size() > 2 ? image_handle(e, place.elements[1]) : texture;
  ImageCoordinates c =
      image_coordinates(e, place.elements[place.elements.size() - 1], shape, ctype);
  uint32_t flags = (shape.array ? kTexArray : 0) | (x.compare ? kTexCompare : 0) |
                   (half ? kTexFloatResult : 0) | (x.lod || x.gradient[0] ? kTexLevel : 0);
  if (is_gather)
    flags |= (i.has(Mod::a)   ? 3u
              : i.has(Mod::b) ? 2u
              : i.has(Mod::g) ? 1u
                              : 0u)
             << kTexComponentShift;
  Value *line = b.getInt32(e.line());
  std::string suffix = std::string("_") + shape.name;

  Value *lod = Constant::getNullValue(e.value_type(ctype));
  if (x.lod)
    lod = e.read_value(*x.lod, ctype);
  if (x.gradient[0]) {
    SmallVector<Value *> args{texture, sampler, b.getInt32(flags)};
    args.append(c.at.begin(), c.at.end());
    for (const Operand *gradient : x.gradient)
      for (Value *v : image_vector(e, gradient, shape.dimensions, Type::F32))
        args.push_back(v);
    args.push_back(line);
    lod = e.call_w2w("w2w_image_lod" + suffix, b.getFloatTy(), args, W2wKind::Effect);
  }
  SmallVector<Value *> args{texture, sampler, b.getInt32(flags), c.layer};
  args.append(c.at.begin(), c.at.end());
  args.push_back(lod);
  args.push_back(x.compare ? e.read_value(*x.compare, Type::F32)
                           : Constant::getNullValue(b.getFloatTy()));
  unsigned offsets = shape.shape == Shape::Multisample ? 2 : shape.dimensions;
  for (Value *v : image_vector(e, x.offset, offsets, Type::S32))
    args.push_back(v);
  args.push_back(line);
  std::string name = is_gather ? "w2w_image_tld4" + suffix
                               : "w2w_image_tex" + suffix + (integer ? "_s32" : "_f32");
  write_texels(e, i,
               e.call_w2w(name, FixedVectorType::get(b.getInt32Ty(), 4), args, W2wKind::Effect));
}

struct Query {
  Mod mod;
  bool of_sampler;
  uint32_t number;
};
constexpr Query kQueries[] = {
    {Mod::width, false, uint32_t(ImageQuery::Width)},
    {Mod::height, false, uint32_t(ImageQuery::Height)},
    {Mod::depth, false, uint32_t(ImageQuery::Depth)},
    {Mod::channel_data_type, false, uint32_t(ImageQuery::ChannelDataType)},
    {Mod::channel_order, false, uint32_t(ImageQuery::ChannelOrder)},
    {Mod::normalized_coords, false, uint32_t(ImageQuery::NormalizedCoords)},
    {Mod::array_size, false, uint32_t(ImageQuery::ArraySize)},
    {Mod::num_mipmap_levels, false, uint32_t(ImageQuery::MipmapLevels)},
    {Mod::num_samples, false, uint32_t(ImageQuery::Samples)},
    {Mod::memory_layout, false, uint32_t(ImageQuery::MemoryLayout)},
    {Mod::force_unnormalized_coords, true, uint32_t(SamplerQuery::ForceUnnormalized)},
    {Mod::filter_mode, true, uint32_t(SamplerQuery::FilterMode)},
    {Mod::addr_mode_0, true, uint32_t(SamplerQuery::AddressMode0)},
    {Mod::addr_mode_1, true, uint32_t(SamplerQuery::AddressMode1)},
    {Mod::addr_mode_2, true, uint32_t(SamplerQuery::AddressMode2)},
};

/// txq and suq.
void emit_query(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  Value *handle = image_handle(e, i.operand(1));
  Value *line = b.getInt32(e.line());
  auto kind = i.opcode == Opcode::suq ? abi::DescriptorKind::Surface : abi::DescriptorKind::Texture;
  for (const Query &q : kQueries) {
    if (!i.has(q.mod))
      continue;
    Value *lod = i.has(Mod::level) ? e.read(i.operand(2), Type::S32) : b.getInt32(0);
    Value *v =
        q.of_sampler
            ? e.call_w2w("w2w_image_query_sampler", b.getInt32Ty(),
                         {handle, b.getInt32(q.number), line}, W2wKind::Effect)
            : e.call_w2w("w2w_image_query", b.getInt32Ty(),
                         {handle, b.getInt32(uint32_t(kind)), b.getInt32(q.number), lod, line},
                         W2wKind::Effect);
    e.write(i.operand(0), v, Type::U32);
    return;
  }
  e.error(i, "this query is not supported");
}

void emit_istypep(FunctionEmitter &e, const Instruction &i) {
  IRBuilder<> &b = e.b;
  auto kind = i.type() == Type::TexRef       ? abi::DescriptorKind::Texture
              : i.type() == Type::SamplerRef ? abi::DescriptorKind::Sampler
                                             : abi::DescriptorKind::Surface;
  Value *v =
      e.call_w2w("w2w_image_is_kind", b.getInt32Ty(),
                 {e.read(i.operand(1), Type::U64), b.getInt32(uint32_t(kind))}, W2wKind::Effect);
  e.write(i.operand(0), b.CreateICmpNE(v, b.getInt32(0)), Type::Pred);
}

} // namespace

std::span<const EmitterRow> texture_emitters() {
  static const EmitterRow rows[] = {
      {Opcode::tex, emit_texture, has_no_integer_gradient},
      {Opcode::tld4, emit_texture},
      {Opcode::txq, emit_query},
      {Opcode::suq, emit_query},
      {Opcode::istypep, emit_istypep},
  };
  return rows;
}

} // namespace w2w::emit
