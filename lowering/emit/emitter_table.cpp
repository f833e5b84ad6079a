#include "lowering/emit/emitter_table.h"

#include "frontend/isa/form.h"
#include "lowering/emit/arithmetic.h"
#include "lowering/emit/matrix.h"

#include <algorithm>
#include <vector>

namespace w2w::emit {

namespace {

/// All rows by opcode.
const std::vector<std::vector<EmitterRow>> &table() {
  static const auto rows = [] {
    std::vector<std::vector<EmitterRow>> t;
    for (auto family :
         {integer_emitters, extended_emitters, float_emitters,        approximate_emitters,
          compare_emitters, logic_emitters,    memory_emitters,       address_emitters,
          convert_emitters, atomic_emitters,   control_flow_emitters, call_emitters,
          warp_emitters,    barrier_emitters,  misc_emitters,         video_emitters,
          texture_emitters, surface_emitters,  mbarrier_emitters,     async_copy_emitters,
          matrix_emitters})
      for (const EmitterRow &row : family()) {
        auto at = static_cast<size_t>(row.opcode);
        if (t.size() <= at)
          t.resize(at + 1);
        t[at].push_back(row);
      }
    return t;
  }();
  return rows;
}

} // namespace

const EmitterRow *find_emitter(Opcode opcode, const ptx::isa::Form &form) {
  auto at = static_cast<size_t>(opcode);
  if (at >= table().size())
    return nullptr;
  for (const EmitterRow &row : table()[at])
    if (!row.supports || row.supports(form))
      return &row;
  return nullptr;
}

std::string_view refusal_reason(const ptx::isa::Form &form) {
  struct Refusal {
    Opcode opcode;
    bool (*is_refused)(const ptx::isa::Form &form);
    std::string_view reason;
  };
  static constexpr Refusal refusals[] = {
      {Opcode::cvt, [](const ptx::isa::Form &f) { return !is_plain_conversion_form(f); },
       "stochastic rounding (.rs) is not lowered; use .rn"},
      {Opcode::cp, [](const ptx::isa::Form &f) { return !is_copy_without_tensor_form(f); },
       "copies by tensor maps are not lowered; use cp.async.bulk or plain loads"},
      {Opcode::tex, [](const ptx::isa::Form &f) { return !has_no_integer_gradient(f); },
       "ptxas takes the bits of integer coordinates for floats here, against the PTX ISA; use .f32 "
       "coordinates"},
  };
  for (const Refusal &r : refusals)
    if (r.opcode == form.opcode && r.is_refused(form))
      return r.reason;
  return {};
}

bool is_implemented(const ptx::isa::Form &form) {
  return find_emitter(form.opcode, form) != nullptr;
}

// --- Predicates on forms
// ----------------------------------------------------------------------------------------------

namespace {

bool mentions(const ptx::isa::Form &form, Mod mod) {
  for (const ptx::isa::Slot &s : form.slots)
    if (std::find(s.mods.begin(), s.mods.end(), mod) != s.mods.end())
      return true;
  return false;
}

/// The first alternative of the first type position.
Type first_type(const ptx::isa::Form &form) {
  for (const ptx::isa::Slot &s : form.slots)
    if (s.is_type && !s.types.empty())
      return s.types[0];
  return Type::None;
}

} // namespace

bool is_float_form(const ptx::isa::Form &form) {
  return ptx::is_float(first_type(form));
}
bool is_integer_form(const ptx::isa::Form &form) {
  return !is_float_form(form);
}
bool has_carry(const ptx::isa::Form &form) {
  return mentions(form, Mod::cc);
}
bool is_plain_integer_form(const ptx::isa::Form &form) {
  return !is_float_form(form) && !has_carry(form);
}
bool signals_mbarrier_form(const ptx::isa::Form &form) {
  return mentions(form, Mod::mbarrier_complete_tx_bytes);
}
bool completes_by_itself_form(const ptx::isa::Form &form) {
  return !signals_mbarrier_form(form);
}
bool is_mbarrier_form(const ptx::isa::Form &form) {
  return mentions(form, Mod::mbarrier);
}
bool is_copy_without_tensor_form(const ptx::isa::Form &form) {
  return !mentions(form, Mod::tensor);
}
bool is_bulk_form(const ptx::isa::Form &form) {
  return mentions(form, Mod::bulk);
}
bool is_plain_conversion_form(const ptx::isa::Form &form) {
  return !mentions(form, Mod::rs);
}
bool is_quad_pair_form(const ptx::isa::Form &form) {
  return mentions(form, Mod::m8n8k4) && first_type(form) != Type::F64;
}
bool is_dense_matrix_form(const ptx::isa::Form &form) {
  for (Mod other : {Mod::sp, Mod::sp_ordered_metadata, Mod::kind_f8f6f4, Mod::kind_mxf4,
                    Mod::kind_mxf4nvf4, Mod::kind_mxf8f6f4})
    if (mentions(form, other))
      return false;
  return true;
}
bool is_matrix_multiply_form(const ptx::isa::Form &form) {
  return mentions(form, Mod::mma);
}
bool is_matrix_load_form(const ptx::isa::Form &form) {
  return mentions(form, Mod::load);
}
bool is_16_bit_matrix_form(const ptx::isa::Form &form) {
  return mentions(form, Mod::m8n8);
}
bool has_no_integer_gradient(const ptx::isa::Form &form) {
  return !mentions(form, Mod::grad) || form.slots.back().types.front() != Type::S32;
}

} // namespace w2w::emit
