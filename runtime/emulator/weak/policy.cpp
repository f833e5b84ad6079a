#include "runtime/emulator/weak/policy.h"

#include "runtime/emulator/isa/opcodes.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace w2w::emu::weak {

namespace {

using isa::Form;
using isa::Inst;
using isa::Opcode;

Kind find_kind(const Opcode &op) {
  struct Named {
    std::string_view name;
    Kind kind;
  };
  static constexpr Named named[] = {{"s_memtime", Kind::ScalarResult},
                                    {"s_memrealtime", Kind::ScalarResult},
                                    {"s_sendmsg_rtn_b32", Kind::ScalarResult},
                                    {"s_sendmsg_rtn_b64", Kind::ScalarResult},
                                    {"s_gl1_inv", Kind::Invalidate},
                                    {"s_dcache_inv", Kind::ScalarInvalidate},
                                    {"s_dcache_inv_vol", Kind::ScalarInvalidate},
                                    {"buffer_wbl2", Kind::WriteBack},
                                    {"global_wb", Kind::WriteBack},
                                    {"global_wbinv", Kind::WriteBackInvalidate},
                                    {"s_waitcnt_depctr", Kind::Other},
                                    {"s_wait_alu", Kind::Other},
                                    {"s_wait_event", Kind::Other}};
  std::string_view name = op.name;
  for (const Named &n : named)
    if (name == n.name)
      return n.kind;
  if (name.starts_with("s_wait"))
    return Kind::Wait;
  switch (op.form) {
  case Form::Smem:
    return Kind::Scalar;
  case Form::Ds:
    return Kind::Lds;
  case Form::Fence:
    return Kind::Invalidate;
  case Form::Flat:
  case Form::Buffer:
    return op.extra == isa::kLoad    ? Kind::Load
           : op.extra == isa::kStore ? Kind::Store
                                     : Kind::Atomic;
  default:
    return Kind::Other;
  }
}

unsigned scope(const Inst &i) {
  return i.policy >> isa::kScopeShift;
}
bool has(const Inst &i, isa::Policy bit) {
  return i.policy & bit;
}
bool named(const Inst &i, std::string_view name) {
  return name == i.opcode->name;
}

} // namespace

Kind kind_of(const Inst &i) {
  static const std::vector<Kind> kinds = [] {
    std::vector<Kind> all;
    for (const Opcode &op : isa::all_opcodes())
      all.push_back(find_kind(op));
    return all;
  }();
  return kinds[size_t(i.opcode - isa::all_opcodes().data())];
}

List list_of(const Inst &i, Kind kind) {
  if (i.generation < 10)
    return kLoads;
  bool returns = kind == Kind::Load || (kind == Kind::Atomic && i.dst.where != isa::Where::None) ||
                 kind == Kind::Invalidate;
  return returns ? kLoads : kStores;
}

Wait wait_of(const Wave &w, const Inst &i) {
  Wait r;
  std::string_view name = i.opcode->name;
  uint32_t imm = i.imm;
  if (name == "s_waitcnt") {
    // GFX9: vmcnt [3:0] and [15:14], lgkmcnt [11:8]; GFX10: lgkmcnt [13:8]; GFX11: lgkmcnt [9:4],
    // vmcnt [15:10].
    r.left[kLoads] = i.generation >= 11 ? imm >> 10 & 63 : (imm & 15) | (imm >> 14 & 3) << 4;
    r.lgkm = i.generation >= 11 ? imm >> 4 & 63 : imm >> 8 & (i.generation == 10 ? 63 : 15);
    return r;
  }
  if (name == "s_wait_idle") {
    std::fill(std::begin(r.left), std::end(r.left), 0);
    return r;
  }
  // SOPK of GFX10 and GFX11: the immediate and a scalar register together.
  uint32_t word;
  std::memcpy(&word, reinterpret_cast<const void *>(i.pc), sizeof word);
  auto with_register = [&] {
    constexpr unsigned kNull10 = 125, kNull11 = 124;
    unsigned sdst = word >> 16 & 0x7f;
    bool null = sdst == (i.generation == 10 ? kNull10 : kNull11);
    return (null ? 0 : w.s[sdst] & 63) + (imm & 63);
  };
  struct Named {
    std::string_view name;
    List low, high; // bits [5:0] and [13:8]
  };
  static constexpr Named sopp[] = {
      {"s_wait_loadcnt", kLoads, kLists},     {"s_wait_storecnt", kStores, kLists},
      {"s_wait_dscnt", kLds, kLists},         {"s_wait_kmcnt", kScalars, kLists},
      {"s_wait_loadcnt_dscnt", kLds, kLoads}, {"s_wait_storecnt_dscnt", kLds, kStores}};
  for (const Named &n : sopp)
    if (name == n.name) {
      r.left[n.low] = imm & 63;
      if (n.high != kLists)
        r.left[n.high] = imm >> 8 & 63;
      return r;
    }
  if (name == "s_waitcnt_vscnt")
    r.left[kStores] = with_register();
  else if (name == "s_waitcnt_vmcnt")
    r.left[kLoads] = with_register();
  else if (name == "s_waitcnt_lgkmcnt")
    r.lgkm = with_register();
  return r; // expcnt, samplecnt, bvhcnt: nothing that a compute kernel has outstanding
}

unsigned most_outstanding(const Inst &i, List list) {
  if (list == kLds || list == kScalars)
    return i.generation == 9 ? 15 : list == kScalars && i.generation >= 12 ? 31 : 63;
  return 63;
}

Bypass bypass_of(const Inst &i, Kind kind, bool split) {
  Bypass r;
  if (kind == Kind::Atomic) // executed in L2 or behind it
    return {true, true, true};
  switch (i.generation) {
  case 9:
    // gfx90a: glc. gfx942: sc1 is agent or system scope, sc0 alone the workgroup's, whose waves
    // share the L1 unless they are split. A store with sc1 is written through.
    r.l0 = has(i, isa::kGlc) || has(i, isa::kSc1) || (has(i, isa::kSc0) && split);
    r.l2 = has(i, isa::kSc1);
    return r;
  case 10:
    r.l0 = has(i, isa::kGlc);
    r.gl1 = has(i, isa::kDlc);
    return r;
  case 11: // an atomic load of agent scope has glc alone
    r.l0 = r.gl1 = has(i, isa::kGlc);
    return r;
  default:
    r.l0 = scope(i) >= 1;
    return r;
  }
}

Reach reach_of(const Inst &i) {
  Reach r;
  if (named(i, "buffer_wbl2"))
    r.l2 = has(i, isa::kSc1); // with sc0 alone, the workgroup's scope, there is nothing to do
  else if (named(i, "buffer_inv"))
    r.l0 = has(i, isa::kSc0) || has(i, isa::kSc1), r.l2 = has(i, isa::kSc1);
  else if (named(i, "buffer_gl1_inv") || named(i, "s_gl1_inv"))
    r.gl1 = true;
  else if (named(i, "buffer_wbinvl1") || named(i, "buffer_wbinvl1_vol") ||
           named(i, "buffer_gl0_inv"))
    r.l0 = true;
  else if (named(i, "global_inv") || named(i, "global_wbinv"))
    r.l0 = scope(i) >= 1;
  return r; // buffer_invl2, gfx90a: see README.md
}

bool is_counted(const Inst &i, Kind kind) {
  return i.generation >= 12 || kind == Kind::WriteBack;
}

} // namespace w2w::emu::weak
