#include "runtime/emulator/insight/classify.h"

#include "runtime/emulator/isa/opcodes.h"

#include <string_view>
#include <vector>

namespace w2w::emu {

using isa::Form;
using isa::Opcode;

namespace {

bool is_wide(isa::Type t) {
  return isa::dwords(t) == 2 && t != isa::Type::KF32 && t != isa::Type::KB32;
}
bool is_packed(isa::Type t) {
  return isa::is_packed16(t) || t == isa::Type::KF32 || t == isa::Type::KB32;
}

InstClass vector_class(const Opcode &op, std::string_view name) {
  for (std::string_view t : {"v_exp_", "v_log_", "v_rcp_", "v_rsq_", "v_sqrt_", "v_sin_", "v_cos_"})
    if (name.starts_with(t))
      return InstClass::Transcendental;
  for (std::string_view t : {"v_permlane", "v_mbcnt"})
    if (name.starts_with(t))
      return InstClass::Lane;
  bool wide = is_wide(op.dst), half = isa::is16(op.dst), packed = is_packed(op.dst);
  for (isa::Type t : op.src) {
    wide |= is_wide(t);
    packed |= is_packed(t);
    half |= isa::is16(t);
  }
  return packed ? InstClass::Packed
         : wide ? InstClass::Valu64
         : half ? InstClass::Valu16
                : InstClass::Valu32;
}

InstClass memory_class(const Opcode &op) {
  switch (op.extra) {
  case isa::kLoad:
    return InstClass::VectorLoad;
  case isa::kStore:
    return InstClass::VectorStore;
  default:
    return InstClass::VectorAtomic;
  }
}

InstClass classify(const Opcode &op) {
  std::string_view name = op.name;
  switch (op.form) {
  case Form::None:
  case Form::Nop:
    return name.starts_with("s_wait") ? InstClass::Wait : InstClass::Other;
  case Form::Fence:
    return InstClass::Cache;
  case Form::S1Src:
  case Form::SP:
    if (name.starts_with("s_barrier"))
      return InstClass::Barrier;
    if (name.starts_with("s_setpc"))
      return InstClass::Branch;
    return op.form == Form::S1Src ? InstClass::Salu : InstClass::Other;
  case Form::S1:
    return name.starts_with("s_swappc") ? InstClass::Branch : InstClass::Salu;
  case Form::Branch:
  case Form::Call:
    return InstClass::Branch;
  case Form::Smem:
    return InstClass::ScalarLoad;
  case Form::V:
  case Form::VAcc:
  case Form::VCmp:
  case Form::VCmpx:
  case Form::VCarryOut:
  case Form::VCarryInOut:
  case Form::VCndmask:
  case Form::VDivFmas:
  case Form::VSwap:
    return vector_class(op, name);
  case Form::VLaneRead:
  case Form::VLaneWrite:
    return InstClass::Lane;
  case Form::VMatrix:
    return InstClass::Matrix;
  case Form::Flat:
  case Form::Buffer:
    return memory_class(op);
  case Form::Ds:
    return InstClass::Lds;
  default:
    return InstClass::Salu;
  }
}

} // namespace

const char *key(InstClass c) {
  static constexpr const char *keys[] = {
#define X(NAME, KEY, TEXT) KEY,
      INSIGHT_CLASSES(X)
#undef X
  };
  return keys[unsigned(c)];
}
const char *description(InstClass c) {
  static constexpr const char *texts[] = {
#define X(NAME, KEY, TEXT) TEXT,
      INSIGHT_CLASSES(X)
#undef X
  };
  return texts[unsigned(c)];
}

InstClass class_of(const Opcode &op) {
  static const std::vector<InstClass> classes = [] {
    std::vector<InstClass> list;
    for (const Opcode &each : isa::all_opcodes())
      list.push_back(classify(each));
    return list;
  }();
  return classes[size_t(&op - isa::all_opcodes().data())];
}

} // namespace w2w::emu
