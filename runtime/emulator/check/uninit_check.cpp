#include "runtime/emulator/check/uninit_check.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <sys/mman.h>

namespace w2w::emu::check {

using isa::Form;
using isa::Inst;
using isa::Operand;
using isa::Type;
using isa::Where;

namespace {

constexpr unsigned kWave = 64; // "lane" of what the whole wave does

std::string_view name_of(const Inst &i) {
  return i.opcode->name;
}
uint64_t lane_bit(unsigned lane) {
  return uint64_t{1} << lane;
}
uint64_t lanes_of(const Wave &w) {
  return w.lanes == 64 ? ~uint64_t{0} : 0xffffffffu;
}
/// Mask operands have as many dwords as the wave has halves.
unsigned mask_dwords(const Wave &w) {
  return w.lanes == 64 ? 2 : 1;
}
uint64_t vcc_value(const Wave &w) {
  return w.lanes == 64 ? w.vcc() : w.s[kVccLo];
}

} // namespace

// State

UninitCheck::UninitCheck(LaunchContext &launch) : launch_(launch) {
  const LaunchPlan &plan = launch.plan;
  const Kernel &kernel = *plan.kernel;
  shadows_.resize(plan.waves());
  defined_lds_.resize(plan.lds_bytes);
  result_.resize(128);
  result2_.resize(128);
  unsigned rows = kernel.given_agprs ? kFirstAgprRow + kernel.given_agprs : kernel.given_vgprs;
  scratch_bytes_ = uint64_t{plan.scratch_per_lane} * kernel.wave_size;
  for (Shadow &shadow : shadows_) {
    shadow.rows.resize(rows);
    shadow.bits.resize(size_t{rows} * kernel.wave_size);
    if (!scratch_bytes_)
      continue;
    void *p = mmap(nullptr, scratch_bytes_, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    shadow.defined_scratch = p == MAP_FAILED ? nullptr : static_cast<uint8_t *>(p);
  }
}

UninitCheck::~UninitCheck() {
  for (Shadow &shadow : shadows_)
    if (shadow.defined_scratch)
      munmap(shadow.defined_scratch, scratch_bytes_);
}

void UninitCheck::group_started(const Workgroup &) {
  std::fill(defined_lds_.begin(), defined_lds_.end(), 0);
}

void UninitCheck::wave_started(const Wave &w) {
  Shadow &shadow = of(w);
  const LaunchPlan &plan = launch_.plan;
  uint32_t rsrc2 = plan.kernel->rsrc2;
  std::fill(shadow.rows.begin(), shadow.rows.end(), lanes_of(w));
  std::fill(shadow.bits.begin(), shadow.bits.end(), UINT32_MAX);
  // Work-item ids (launch.cpp, start_wave).
  unsigned ids = plan.model->packed_work_item_ids ? 1 : std::min((rsrc2 >> 11 & 3) + 1, 3u);
  for (unsigned row = 0; row < ids && row < shadow.rows.size(); ++row)
    shadow.rows[row] = 0;
  // User and system SGPRs; workgroup ids, workgroup info, scratch offset.
  shadow.s.fill(0);
  unsigned sgprs =
      (rsrc2 >> 1 & 31) + static_cast<unsigned>(__builtin_popcount(rsrc2 >> 7 & 15)) + (rsrc2 & 1);
  for (unsigned r = sgprs; r < kFlatScratchLo; ++r)
    shadow.s[r] = UINT32_MAX;
  shadow.s[kVccLo] = shadow.s[kVccHi] = UINT32_MAX;
  shadow.scc = true;
  if (shadow.defined_scratch && shadow.scratch_touched)
    memset(shadow.defined_scratch, 0, shadow.scratch_touched);
  shadow.scratch_touched = 0;
}

void UninitCheck::wrong(const Step &step, const char *what, unsigned lane, std::string note) {
  if (launch_.first(Kind::Uninit, step.inst.pc))
    report(launch_, Kind::Uninit,
           fmt::format("uninitialised value: {} depends on what was never written", what),
           step.wave, step.inst.pc, lane, {std::move(note)});
}

// Registers

uint32_t UninitCheck::vgpr(const Wave &w, unsigned row, unsigned lane) {
  Shadow &shadow = of(w);
  if (row >= shadow.rows.size() || !(shadow.rows[row] >> lane & 1))
    return 0;
  return shadow.bits[size_t{row} * w.lanes + lane];
}

void UninitCheck::set_vgpr(const Wave &w, unsigned row, unsigned lane, uint32_t undefined) {
  Shadow &shadow = of(w);
  if (row >= shadow.rows.size())
    return;
  if (!undefined) {
    shadow.rows[row] &= ~lane_bit(lane);
    return;
  }
  shadow.rows[row] |= lane_bit(lane);
  shadow.bits[size_t{row} * w.lanes + lane] = undefined;
}

void UninitCheck::define_rows(const Wave &w, const Operand &o, unsigned rows, uint64_t lanes) {
  if (o.where != Where::Vgpr)
    return;
  Shadow &shadow = of(w);
  for (unsigned k = 0; k < rows && o.index + k < shadow.rows.size(); ++k)
    shadow.rows[o.index + k] &= ~lanes;
}

uint64_t UninitCheck::undefined_lanes(const Wave &w, const Operand &o, unsigned rows) {
  if (o.where != Where::Vgpr)
    return 0;
  const Shadow &shadow = of(w);
  uint64_t lanes = 0;
  for (unsigned k = 0; k < rows && o.index + k < shadow.rows.size(); ++k)
    lanes |= shadow.rows[o.index + k];
  return lanes;
}

Bits UninitCheck::scalar(const Wave &w, const Operand &o, unsigned dwords) {
  const Shadow &shadow = of(w);
  Bits bits;
  switch (o.where) {
  case Where::Sgpr:
    bits = {w.s[o.index], shadow.s[o.index]};
    if (dwords > 1 && o.index + 1u < kScalarFileSize) {
      bits.value |= uint64_t{w.s[o.index + 1u]} << 32;
      bits.undefined |= uint64_t{shadow.s[o.index + 1u]} << 32;
    }
    break;
  case Where::Imm:
    bits.value = o.imm;
    break;
  case Where::Scc:
    bits = {w.scc, shadow.scc};
    break;
  case Where::Shared:
  case Where::SharedLimit:
    bits.value = w.group->shared_base;
    break;
  case Where::Private:
  case Where::PrivateLimit:
    bits.value = w.group->private_base;
    break;
  default:
    break;
  }
  return bits;
}

void UninitCheck::set_scalar(const Wave &w, const Operand &o, unsigned dwords, uint64_t undefined) {
  if (o.where != Where::Sgpr)
    return;
  Shadow &shadow = of(w);
  for (unsigned k = 0; k < dwords && o.index + k < kNull; ++k)
    shadow.s[o.index + k] = k < 2 ? static_cast<uint32_t>(undefined >> (32 * k)) : 0;
}

// Instructions

void UninitCheck::before(const Step &step) {
  const Inst &i = step.inst;
  Form form = i.opcode->form;
  switch (form) {
  case Form::None:
  case Form::Nop:
  case Form::Fence:
    return;
  case Form::V:
  case Form::VAcc:
  case Form::VCarryOut:
  case Form::VCarryInOut:
  case Form::VCndmask:
  case Form::VDivFmas:
    vector(step);
    return;
  case Form::VCmp:
  case Form::VCmpx:
    compare(step);
    return;
  case Form::VLaneRead:
  case Form::VLaneWrite:
  case Form::VSwap:
    lanes_moved(step);
    return;
  case Form::VMatrix:
    define_rows(step.wave, i.dst, i.dst.dwords, exec_mask(step.wave));
    return;
  case Form::Smem:
    scalar_load(step);
    return;
  case Form::Ds:
    if (!i.opcode->bytes) {
      lds_lanes(step);
      return;
    }
    memory(step);
    return;
  case Form::Flat:
  case Form::Buffer:
    memory(step);
    return;
  case Form::Branch:
  case Form::S1Src:
    branch(step);
    return;
  case Form::SP:
  case Form::Call:
    set_scalar(step.wave, i.dst, 2, 0);
    return;
  case Form::SetregImm:
  case Form::GprIdx:
    return;
  default:
    scalar_alu(step);
  }
}

bool UninitCheck::clean(const Step &step, const Inst &i) {
  const Wave &w = step.wave;
  const Shadow &shadow = of(w);
  for (unsigned k = 0; k < 4; ++k) {
    const Operand &o = i.src[k];
    if (o.where == Where::Vgpr) {
      unsigned rows = std::max<unsigned>(o.dwords, 1);
      uint64_t lanes = undefined_lanes(w, o, rows);
      if (k || i.dpp == isa::DppKind::None) // otherwise it is other lanes that are read
        lanes &= exec_mask(w);
      if (lanes)
        return false;
    } else if (o.where == Where::Sgpr) {
      unsigned dwords = k == 3 ? mask_dwords(w) : std::max<unsigned>(o.dwords, 1);
      for (unsigned d = 0; d < dwords && o.index + d < kScalarFileSize; ++d)
        if (shadow.s[o.index + d])
          return false;
    } else if (o.where == Where::Scc && shadow.scc) {
      return false;
    }
  }
  return true;
}

Bits UninitCheck::source(const Step &step, const Inst &i, unsigned k, unsigned lane) {
  const Wave &w = step.wave;
  const Operand &o = i.src[k];
  Bits bits;
  if (o.where == Where::Vgpr) {
    size_t at = size_t{o.index} * w.lanes + lane;
    bits = {w.v[at], vgpr(w, o.index, lane)};
    if (o.dwords > 1) {
      bits.value |= uint64_t{w.v[at + w.lanes]} << 32;
      bits.undefined |= uint64_t{vgpr(w, o.index + 1u, lane)} << 32;
    }
  } else {
    bits = scalar(w, o, o.dwords);
  }
  bool low_from_high = i.op_sel >> k & 1, high_from_high = i.op_sel_hi >> k & 1;
  auto half = [](uint64_t x, bool high) { return (high ? x >> 16 : x) & 0xffff; };
  auto map = [&](auto f) { bits = {f(bits.value), f(bits.undefined)}; };
  if (isa::is_packed16(o.type)) {
    map([&](uint64_t x) { return half(x, low_from_high) | half(x, high_from_high) << 16; });
  } else if (o.type == Type::KB32) {
    map([&](uint64_t x) { return low_from_high ? x >> 32 : x & 0xffffffff; });
  } else if (o.type == Type::KF32) {
    map([&](uint64_t x) {
      return (low_from_high ? x >> 32 : x & 0xffffffff) |
             (high_from_high ? x >> 32 : x & 0xffffffff) << 32;
    });
  } else if (o.type == Type::Mix) {
    if (high_from_high)
      map([&](uint64_t x) { return half(x, low_from_high); });
  } else if (o.sel != isa::Sel::Dword) {
    auto s = static_cast<unsigned>(o.sel);
    unsigned at = s < 4 ? 8 * s : s == 5 ? 16 : 0, width = s < 4 ? 8 : 16;
    bool sign = o.mods & isa::kSext;
    map([&](uint64_t x) {
      uint64_t field = x >> at & ((1u << width) - 1);
      return sign && field >> (width - 1) & 1 ? (field | ~((uint64_t{1} << width) - 1)) & 0xffffffff
                                              : field;
    });
  }
  if (isa::is16(o.type))
    map([](uint64_t x) { return x & 0xffff; });
  return bits;
}

/// The undefined bits of one instruction's result, as rows of lanes.
void UninitCheck::vector_half(const Step &step, const Inst &i, std::vector<uint32_t> &result) {
  const Wave &w = step.wave;
  Rule rule = rule_of(*i.opcode);
  Form form = i.opcode->form;
  unsigned width = isa::is16(i.dst.type) ? 16 : i.dst.dwords > 1 ? 64 : 32;
  uint64_t exec = exec_mask(w), mask_undefined = 0, mask = 0, carry_out = 0;
  bool masked = form == Form::VCndmask || form == Form::VCarryInOut || form == Form::VDivFmas;
  if (masked) {
    Bits bits = scalar(w, i.src[3], mask_dwords(w));
    mask = bits.value;
    mask_undefined = bits.undefined;
  }
  bool other_lanes = i.dpp != isa::DppKind::None;
  bool same = rule == Rule::Xor && i.src[0].where == Where::Vgpr && i.src[1].where == Where::Vgpr &&
              i.src[0].index == i.src[1].index && i.sources == 2;
  each_lane(exec, [&](unsigned lane) {
    Bits s[3];
    for (unsigned k = 0; k < i.sources && k < 3; ++k)
      s[k] = source(step, i, k, lane);
    if (other_lanes)
      s[0].undefined = 0; // of another lane: counts as defined
    uint64_t out = 0;
    bool bit_undefined = mask_undefined >> lane & 1;
    if (form == Form::VCndmask) {
      out = bit_undefined ? (s[0].value ^ s[1].value) | s[0].undefined | s[1].undefined
                          : s[mask >> lane & 1].undefined;
    } else if (!same) {
      if (bit_undefined)
        s[2].undefined |= 1;
      out = apply(rule, s[0], s[1], s[2], width);
      if (s[0].undefined | s[1].undefined | s[2].undefined)
        carry_out |= lane_bit(lane);
    }
    result[lane] = static_cast<uint32_t>(out);
    result[64 + lane] = static_cast<uint32_t>(out >> 32);
  });
  if (form == Form::VCarryOut || form == Form::VCarryInOut)
    set_scalar(w, i.sdst, mask_dwords(w), carry_out);
}

void UninitCheck::store_half(const Step &step, const Inst &i, const std::vector<uint32_t> &result) {
  const Wave &w = step.wave;
  auto s = static_cast<unsigned>(i.dst_sel);
  each_lane(exec_mask(w), [&](unsigned lane) {
    uint32_t low = result[lane];
    uint32_t old = vgpr(w, i.dst.index, lane);
    if (i.dst_sel != isa::Sel::Dword) {
      unsigned at = s < 4 ? 8 * s : s == 5 ? 16 : 0, width = s < 4 ? 8 : 16;
      auto field = static_cast<uint32_t>(((uint64_t{1} << width) - 1) << at);
      low = low << at & field;
      if (i.dst_unused == isa::Unused::Preserve)
        low |= old & ~field;
      else if (i.dst_unused == isa::Unused::Sext && low >> (at + width - 1) & 1)
        low |= ~(field | (field - 1));
    } else if (i.merge16) {
      low = i.dst.sel == isa::Sel::Word1 ? (old & 0xffff) | low << 16
                                         : (old & 0xffff0000u) | (low & 0xffff);
    }
    set_vgpr(w, i.dst.index, lane, low);
    if (i.dst.dwords > 1)
      set_vgpr(w, i.dst.index + 1u, lane, result[64 + lane]);
  });
}

void UninitCheck::vector(const Step &step) {
  const Wave &w = step.wave;
  const Inst &i = step.inst;
  std::string_view name = name_of(i);
  if (name.starts_with("v_movrel")) {
    // The register that M0 chooses: copied, or counted as defined.
    define_rows(w, i.dst, 1, exec_mask(w));
    return;
  }
  uint64_t exec = exec_mask(w);
  bool keeps = i.merge16 || i.dst_sel != isa::Sel::Dword; // some bits of the old value
  if (clean(step, i) && (!i.second || clean(step, *i.second)) &&
      !(keeps && undefined_lanes(w, i.dst, 1) & exec)) {
    for (const Inst *x = &i; x; x = x->second) {
      define_rows(w, x->dst, std::max<unsigned>(x->dst.dwords, 1), exec);
      if (x->opcode->form == Form::VCarryOut || x->opcode->form == Form::VCarryInOut)
        set_scalar(w, x->sdst, mask_dwords(w), 0);
    }
    return;
  }
  vector_half(step, i, result_);
  if (i.second)
    vector_half(step, *i.second, result2_);
  store_half(step, i, result_);
  if (i.second)
    store_half(step, *i.second, result2_);
}

void UninitCheck::compare(const Step &step) {
  const Wave &w = step.wave;
  const Inst &i = step.inst;
  uint64_t undefined = 0;
  if (!clean(step, i)) {
    bool other_lanes = i.dpp != isa::DppKind::None;
    each_lane(exec_mask(w), [&](unsigned lane) {
      Bits a = source(step, i, 0, lane), b = source(step, i, 1, lane);
      if (other_lanes)
        a.undefined = 0;
      if (comparison_undefined(*i.opcode, a, b))
        undefined |= lane_bit(lane);
    });
  }
  if (i.sdst.where == Where::Sgpr)
    set_scalar(w, i.sdst, mask_dwords(w), undefined);
  if (i.opcode->form == Form::VCmpx) {
    of(w).s[kExecLo] |= static_cast<uint32_t>(undefined);
    of(w).s[kExecHi] |= static_cast<uint32_t>(undefined >> 32);
  }
  check_exec(step);
}

/// EXEC has just got undefined bits: which threads run depends on them.
void UninitCheck::check_exec(const Step &step) {
  Shadow &shadow = of(step.wave);
  uint64_t lanes = (shadow.s[kExecLo] | uint64_t{shadow.s[kExecHi]} << 32) & lanes_of(step.wave);
  shadow.s[kExecLo] = shadow.s[kExecHi] = 0;
  if (lanes)
    wrong(step, "a branch", static_cast<unsigned>(__builtin_ctzll(lanes)), "");
}

void UninitCheck::lanes_moved(const Step &step) {
  const Wave &w = step.wave;
  const Inst &i = step.inst;
  std::string_view name = name_of(i);
  if (i.opcode->form == Form::VSwap) {
    bool small = isa::is16(i.opcode->dst);
    each_lane(exec_mask(w), [&](unsigned lane) {
      uint32_t a = small ? 0 : vgpr(w, i.dst.index, lane);
      uint32_t b = small ? 0 : vgpr(w, i.src[0].index, lane);
      set_vgpr(w, i.dst.index, lane, b);
      set_vgpr(w, i.src[0].index, lane, a);
    });
    return;
  }
  if (i.opcode->form == Form::VLaneWrite) {
    unsigned lane = static_cast<unsigned>(scalar(w, i.src[1], 1).value) & (w.lanes - 1);
    set_vgpr(w, i.dst.index, lane, static_cast<uint32_t>(scalar(w, i.src[0], 1).undefined));
    return;
  }
  const Operand &o = i.src[0];
  uint64_t exec = exec_mask(w);
  unsigned lane = exec ? static_cast<unsigned>(__builtin_ctzll(exec)) : 0;
  if (name == "v_readlane_b32")
    lane = static_cast<unsigned>(scalar(w, i.src[1], 1).value) & (w.lanes - 1);
  set_scalar(w, i.dst, 1,
             o.where == Where::Vgpr ? vgpr(w, o.index, lane) : scalar(w, o, 1).undefined);
  check_exec(step);
}

void UninitCheck::branch(const Step &step) {
  const Wave &w = step.wave;
  Shadow &shadow = of(w);
  const Inst &i = step.inst;
  std::string_view name = name_of(i);
  bool undefined = false;
  if (name.starts_with("s_cbranch_scc")) {
    undefined = shadow.scc;
    shadow.scc = false;
  } else if (name.starts_with("s_cbranch_vcc")) {
    uint64_t bits = (shadow.s[kVccLo] | uint64_t{shadow.s[kVccHi]} << 32) & lanes_of(w);
    undefined = bits && !(vcc_value(w) & ~bits); // a defined 1 decides
  } else if (i.opcode->form == Form::S1Src && name == "s_setpc_b64") {
    undefined = scalar(w, i.src[0], 2).undefined;
    set_scalar(w, i.src[0], 2, 0);
  }
  if (undefined)
    wrong(step, "a branch", kWave, "");
}

void UninitCheck::scalar_alu(const Step &step) {
  const Wave &w = step.wave;
  Shadow &shadow = of(w);
  const Inst &i = step.inst;
  const isa::Opcode &op = *i.opcode;
  std::string_view name = op.name;
  Rule rule = rule_of(op);
  unsigned dwords = isa::dwords(op.dst);
  unsigned a_dwords = std::max(isa::dwords(op.src[0]), 1u);
  unsigned b_dwords = std::max(isa::dwords(op.src[1]), 1u);

  if (name == "s_swappc_b64") {
    if (scalar(w, i.src[0], 2).undefined)
      wrong(step, "a call", kWave, "");
    set_scalar(w, i.dst, 2, 0);
    return;
  }
  bool immediate = op.form == Form::SK;
  Bits a = scalar(w, immediate ? i.dst : i.src[0], a_dwords);
  Bits b = immediate ? Bits{static_cast<uint64_t>(int64_t{static_cast<int16_t>(i.imm)}), 0}
                     : scalar(w, i.src[1], b_dwords);
  if (op.form == Form::S1 || op.form == Form::S1Dst)
    b = {};
  if (op.form == Form::S1Dst)
    a = {};

  if (rule == Rule::Compare) {
    shadow.scc = comparison_undefined(op, a, b);
    return;
  }
  if (name.find("saveexec") != name.npos || name.find("wrexec") != name.npos) {
    uint64_t exec = exec_mask(w);
    uint64_t next = apply(rule, a, {exec, 0}, {}, 32 * dwords);
    set_scalar(w, i.dst, dwords, name.find("wrexec") != name.npos ? next : 0);
    shadow.s[kExecLo] = static_cast<uint32_t>(next);
    if (dwords > 1)
      shadow.s[kExecHi] = static_cast<uint32_t>(next >> 32);
    shadow.scc = false; // reported as EXEC
    check_exec(step);
    return;
  }
  if (name.starts_with("s_setreg") || name.starts_with("s_getreg")) {
    if (name.starts_with("s_getreg"))
      set_scalar(w, i.dst, 1, 0);
    return;
  }

  uint64_t out = 0;
  if (name.starts_with("s_cselect")) {
    out = shadow.scc ? (a.value ^ b.value) | a.undefined | b.undefined
          : w.scc    ? a.undefined
                     : b.undefined;
  } else if (name.starts_with("s_cmov")) {
    Bits old = scalar(w, i.dst, dwords), to = immediate ? b : a;
    out = shadow.scc ? (old.value ^ to.value) | old.undefined | to.undefined
          : w.scc    ? to.undefined
                     : old.undefined;
  } else if (name == "s_movk_i32") {
    out = 0;
  } else if (name.starts_with("s_bitset")) {
    out = scalar(w, i.dst, dwords).undefined;
    if (a.undefined)
      out = ~uint64_t{0};
    else
      out &= ~(uint64_t{1} << (a.value & (32 * dwords - 1)));
  } else {
    Bits c;
    if (op.form == Form::S3)
      c = scalar(w, i.src[2], 1);
    else if (name == "s_fmac_f32" || name == "s_fmac_f16")
      c = scalar(w, i.dst, 1);
    if (shadow.scc && (name == "s_addc_u32" || name == "s_subb_u32"))
      c.undefined |= 1;
    bool zero = rule == Rule::Xor && i.src[0].where == Where::Sgpr &&
                i.src[1].where == Where::Sgpr && i.src[0].index == i.src[1].index;
    out = zero ? 0 : apply(rule, a, b, c, 32 * dwords);
  }

  // SCC: of logic whether the result is zero, else coarse.
  bool moves = name.starts_with("s_mov") || name.starts_with("s_cselect") ||
               name.starts_with("s_cmov") || name.starts_with("s_bitset") ||
               op.form == Form::S1Dst || name.starts_with("s_brev") || name.starts_with("s_ff") ||
               name.starts_with("s_flbit") || name.starts_with("s_sext") ||
               name.starts_with("s_mul") || name.starts_with("s_pack") ||
               name.starts_with("s_bfm") || name.starts_with("s_bitrep") || name == "s_add_u64" ||
               name == "s_sub_u64" || op.fp || name.starts_with("v_s_");
  if (!moves) {
    uint64_t ones = 0; // bits of the result that are surely set
    switch (rule) {
    case Rule::And:
      ones = name.starts_with("s_and_") ? a.value & b.value : ~(a.value & b.value);
      break;
    case Rule::Or:
      ones = name.starts_with("s_or_") ? a.value | b.value : ~(a.value | b.value);
      break;
    case Rule::Andn2:
      ones = a.value & ~b.value;
      break;
    case Rule::Orn2:
      ones = a.value | ~b.value;
      break;
    case Rule::Not:
      ones = ~a.value;
      break;
    case Rule::Xor:
      ones = name.starts_with("s_xor") ? a.value ^ b.value : ~(a.value ^ b.value);
      break;
    default:
      break;
    }
    uint64_t width = dwords > 1 ? ~uint64_t{0} : 0xffffffffu;
    shadow.scc = out && !(ones & ~out & width);
  }
  set_scalar(w, i.dst, dwords, out);
  check_exec(step);
}

} // namespace w2w::emu::check
