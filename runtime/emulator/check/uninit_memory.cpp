// The uninit check of memory instructions.
#include "runtime/emulator/check/uninit_check.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace w2w::emu::check {

using isa::Form;
using isa::Inst;
using isa::Operand;
using isa::Where;

namespace {

bool has(const Inst &i, std::string_view part) {
  return std::string_view(i.opcode->name).find(part) != std::string_view::npos;
}
bool is_high(const Inst &i, const Operand &o) {
  return o.sel == isa::Sel::Word1 || has(i, "d16_hi");
}
/// Where byte `a` of a lane's scratch lies in the wave's (Wave::scratch).
uint64_t scratch_at(const Wave &w, uint64_t a, unsigned lane) {
  return (a / 4 * w.lanes + lane) * 4 + a % 4;
}
/// Data register of a store's or atomic's place.
const Operand &data_of(const Inst &i, unsigned place) {
  return i.src[1 + place];
}

} // namespace

void UninitCheck::read_memory(const Wave &w, MemorySpace space, uint64_t a, unsigned n,
                              unsigned lane, uint8_t *undefined) {
  memset(undefined, 0, n);
  switch (space) {
  case MemorySpace::Global:
  case MemorySpace::Scalar: {
    const Block *block = cache_.find(a);
    if (!block || !block->defined)
      return;
    for (unsigned k = 0; k < n && a + k < block->hi; ++k)
      undefined[k] = static_cast<uint8_t>(~block->defined[a + k - block->lo]);
    return;
  }
  case MemorySpace::Lds:
    for (unsigned k = 0; k < n && a + k < defined_lds_.size(); ++k)
      undefined[k] = static_cast<uint8_t>(~defined_lds_[a + k]);
    return;
  case MemorySpace::Scratch: {
    const Shadow &shadow = of(w);
    for (unsigned k = 0; k < n && shadow.defined_scratch; ++k) {
      uint64_t at = scratch_at(w, a + k, lane);
      if (at < scratch_bytes_)
        undefined[k] = static_cast<uint8_t>(~shadow.defined_scratch[at]);
    }
    return;
  }
  }
}

void UninitCheck::write_memory(const Wave &w, MemorySpace space, uint64_t a, unsigned n,
                               unsigned lane, const uint8_t *undefined) {
  switch (space) {
  case MemorySpace::Global:
  case MemorySpace::Scalar: {
    const Block *block = cache_.find(a);
    if (!block || !block->defined)
      return;
    for (unsigned k = 0; k < n && a + k < block->hi; ++k)
      block->defined[a + k - block->lo] = static_cast<uint8_t>(~undefined[k]);
    return;
  }
  case MemorySpace::Lds:
    for (unsigned k = 0; k < n && a + k < defined_lds_.size(); ++k)
      defined_lds_[a + k] = static_cast<uint8_t>(~undefined[k]);
    return;
  case MemorySpace::Scratch: {
    Shadow &shadow = of(w);
    for (unsigned k = 0; k < n && shadow.defined_scratch; ++k) {
      uint64_t at = scratch_at(w, a + k, lane);
      if (at >= scratch_bytes_)
        continue;
      shadow.defined_scratch[at] = static_cast<uint8_t>(~undefined[k]);
      shadow.scratch_touched = std::max(shadow.scratch_touched, at + 1);
    }
    return;
  }
  }
}

/// Reports undefined bits of what makes the address of an active lane.
void UninitCheck::addresses(const Step &step) {
  const Wave &w = step.wave;
  const Inst &i = step.inst;
  Shadow &shadow = of(w);
  const Operand &v = i.src[0];
  uint64_t exec = exec_mask(w);
  bool used = v.where == Where::Vgpr && (i.opcode->form != Form::Buffer || i.idxen || i.offen);
  unsigned rows = std::max<unsigned>(v.dwords, 1);
  if (uint64_t lanes = used ? undefined_lanes(w, v, rows) & exec : 0) {
    wrong(step, "an address", static_cast<unsigned>(__builtin_ctzll(lanes)), "");
    define_rows(w, v, rows, exec);
  }
  if (!exec || i.opcode->form == Form::Ds)
    return;
  uint32_t undefined = 0;
  for (unsigned k : {2u, 3u}) {
    const Operand &o = i.src[k];
    if (o.where != Where::Sgpr)
      continue;
    // A buffer's last word describes formats.
    unsigned dwords = k == 3                           ? 1
                      : i.opcode->form == Form::Buffer ? 3
                                                       : std::max<unsigned>(o.dwords, 1);
    for (unsigned d = 0; d < dwords && o.index + d < kScalarFileSize; ++d)
      undefined |= std::exchange(shadow.s[o.index + d], 0);
  }
  if (undefined)
    wrong(step, "an address", static_cast<unsigned>(__builtin_ctzll(exec)), "");
}

void UninitCheck::memory(const Step &step) {
  const Inst &i = step.inst;
  addresses(step);
  bool result = i.dst.where == Where::Vgpr;
  uint64_t touched = 0;
  for (unsigned k = 0; k < step.count; ++k) {
    const isa::LaneAccesses &a = step.at[k];
    unsigned place = i.opcode->two_places ? k : 0;
    touched |= a.mask;
    if (a.access == MemoryAccess::Read)
      load(step, a, place);
    else if (a.access == MemoryAccess::Write)
      store(step, a, place);
    else
      atomic(step, a, place);
  }
  // Lanes outside of a buffer's bounds read zero.
  if (result)
    define_rows(step.wave, i.dst, std::max<unsigned>(i.dst.dwords, 1),
                exec_mask(step.wave) & ~touched);
}

void UninitCheck::load(const Step &step, const isa::LaneAccesses &a, unsigned place) {
  const Wave &w = step.wave;
  const Inst &i = step.inst;
  if (i.dst.where != Where::Vgpr)
    return;
  bool d16 = has(i, "d16"), high = has(i, "d16_hi");
  bool sign = has(i, "sbyte") || has(i, "sshort") || has(i, "_i8") || has(i, "_i16");
  unsigned first = i.dst.index + place * (a.size / 4);
  each_lane(a.mask, [&](unsigned lane) {
    uint8_t undefined[16];
    unsigned n = std::min<unsigned>(a.size, sizeof undefined);
    read_memory(w, a.space, a.at[lane], n, lane, undefined);
    if (n >= 4) {
      for (unsigned k = 0; k < n / 4; ++k) {
        uint32_t u;
        memcpy(&u, undefined + 4 * k, 4);
        set_vgpr(w, first + k, lane, u);
      }
      return;
    }
    uint32_t u = undefined[0] | (n > 1 ? uint32_t{undefined[1]} << 8 : 0);
    if (sign && u >> (8 * n - 1) & 1)
      u |= ~uint32_t{0} << (8 * n);
    if (d16) {
      uint32_t old = i.generation == 9 ? 0 : vgpr(w, first, lane);
      u = high ? (old & 0xffff) | u << 16 : (old & 0xffff0000u) | (u & 0xffff);
    }
    set_vgpr(w, first, lane, u);
  });
}

void UninitCheck::store(const Step &step, const isa::LaneAccesses &a, unsigned place) {
  const Wave &w = step.wave;
  const Inst &i = step.inst;
  const Operand &data = data_of(i, place);
  bool high = is_high(i, data);
  unsigned rows = std::max(a.size / 4, 1u);
  bool defined = !(undefined_lanes(w, data, rows) & a.mask);
  each_lane(a.mask, [&](unsigned lane) {
    uint8_t undefined[16] = {};
    unsigned n = std::min<unsigned>(a.size, sizeof undefined);
    for (unsigned k = 0; !defined && k < rows; ++k) {
      uint32_t u = vgpr(w, data.index + k, lane);
      u = high ? u >> 16 : u;
      memcpy(undefined + 4 * k, &u, 4);
    }
    write_memory(w, a.space, a.at[lane], n, lane, undefined);
  });
}

void UninitCheck::atomic(const Step &step, const isa::LaneAccesses &a, unsigned place) {
  const Wave &w = step.wave;
  const Inst &i = step.inst;
  bool swap = has(i, "_swap") || has(i, "wrxchg");
  unsigned rows = std::max(a.size / 4, 1u), first = i.dst.index + place * rows;
  const Operand &data = data_of(i, place);
  unsigned operands = has(i, "cmpswap") ? 2 * rows : rows;
  if (!swap) {
    if (uint64_t lanes = undefined_lanes(w, data, operands) & a.mask) {
      wrong(step, "an atomic operation", static_cast<unsigned>(__builtin_ctzll(lanes)),
            "its operand");
      define_rows(w, data, operands, a.mask);
    }
  }
  each_lane(a.mask, [&](unsigned lane) {
    uint8_t memory[16], undefined[16] = {};
    unsigned n = std::min<unsigned>(a.size, sizeof memory);
    read_memory(w, a.space, a.at[lane], n, lane, memory);
    bool any = std::any_of(memory, memory + n, [](uint8_t x) { return x; });
    if (!swap && any) {
      std::string where = fmt::format("the memory at {:#x}", a.at[lane]);
      bool freed = false;
      if (a.space == MemorySpace::Global)
        where += ", " + Blocks::instance().describe(a.at[lane], freed);
      else
        where = fmt::format("the LDS at offset {:#x}", a.at[lane]);
      wrong(step, "an atomic operation", lane, std::move(where));
      memset(memory, 0, sizeof memory);
    }
    for (unsigned k = 0; k < rows; ++k) {
      if (swap && data.where == Where::Vgpr) {
        uint32_t u = vgpr(w, data.index + k, lane);
        memcpy(undefined + 4 * k, &u, 4);
      }
      uint32_t old;
      memcpy(&old, memory + 4 * k, 4);
      if (i.dst.where == Where::Vgpr)
        set_vgpr(w, first + k, lane, old);
    }
    write_memory(w, a.space, a.at[lane], n, lane, undefined);
  });
  // ds_append and ds_consume give all lanes the result.
  if (i.dst.where == Where::Vgpr && (has(i, "ds_append") || has(i, "ds_consume")))
    define_rows(w, i.dst, 1, exec_mask(w));
}

void UninitCheck::scalar_load(const Step &step) {
  const Wave &w = step.wave;
  const Inst &i = step.inst;
  Shadow &shadow = of(w);
  bool buffer = has(i, "s_buffer_");
  unsigned base = buffer ? 3 : 2;
  uint32_t undefined = 0;
  for (unsigned d = 0; d < base && i.src[0].where == Where::Sgpr; ++d)
    undefined |= std::exchange(shadow.s[i.src[0].index + d], 0);
  if (i.src[1].where == Where::Sgpr)
    undefined |= std::exchange(shadow.s[i.src[1].index], 0);
  if (undefined)
    wrong(step, "an address", 64, "");
  unsigned dwords = std::max(isa::dwords(i.opcode->dst), 1u);
  uint8_t bytes[64] = {};
  if (step.count)
    read_memory(w, MemorySpace::Scalar, step.at[0].at[0],
                std::min<unsigned>(step.at[0].size, sizeof bytes), 0, bytes);
  if (i.opcode->bytes && i.opcode->bytes < 4 && (has(i, "sbyte") || has(i, "sshort"))) {
    uint8_t top = bytes[i.opcode->bytes - 1];
    if (top & 0x80)
      memset(bytes + i.opcode->bytes, 0xff, 4 - i.opcode->bytes);
  }
  for (unsigned d = 0; d < dwords && i.dst.index + d < kNull && d < 16; ++d)
    memcpy(&shadow.s[i.dst.index + d], bytes + 4 * d, 4);
  check_exec(step);
}

/// Permutes through LDS hardware.
void UninitCheck::lds_lanes(const Step &step) {
  const Wave &w = step.wave;
  const Inst &i = step.inst;
  if (i.dst.where != Where::Vgpr)
    return;
  uint64_t exec = exec_mask(w);
  if (!has(i, "ds_bpermute") || !undefined_lanes(w, i.src[1], 1)) {
    define_rows(w, i.dst, 1, exec);
    return;
  }
  unsigned n = w.lanes;
  unsigned reach = n == 64 && (i.generation == 10 || i.generation == 11) ? 32 : n;
  uint64_t readable = has(i, "_fi_") ? ~uint64_t{0} : exec;
  const uint32_t *address = w.v + i.src[0].offset;
  uint32_t out[64] = {};
  each_lane(exec, [&](unsigned lane) {
    unsigned from = (lane & ~(reach - 1)) |
                    ((address[lane] + static_cast<uint32_t>(i.offset)) / 4 & (reach - 1));
    if (readable >> from & 1)
      out[lane] = vgpr(w, i.src[1].index, from);
  });
  each_lane(exec, [&](unsigned lane) { set_vgpr(w, i.dst.index, lane, out[lane]); });
}

} // namespace w2w::emu::check
