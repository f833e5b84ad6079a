// Which memory an instruction touches, told without executing it (observe.h).
#include "runtime/emulator/isa/memory.h"
#include "runtime/emulator/isa/observe.h"

namespace w2w::emu::isa::W2W_VARIANT {
namespace {

MemoryAccess kind_of(const Opcode &op) {
  if (std::string_view(op.name) == "buffer_store_lds_dword")
    return MemoryAccess::Write;
  switch (op.extra) {
  case kLoad:
  case kLoadLds:
  case kLoadTid:
  case kDsLoad:
    return MemoryAccess::Read;
  case kStore:
  case kStoreTid:
  case kDsStore:
  case kDsStore2:
  case kDsData:
    return MemoryAccess::Write;
  default:
    return MemoryAccess::Atomic;
  }
}

unsigned scalar(const Wave &w, const Inst &i, LaneAccesses &out) {
  const u32 *base = w.s.data() + i.src[0].index;
  std::string_view name = i.opcode->name;
  bool buffer = name.starts_with("s_buffer_");
  u32 unit = name.starts_with("s_scratch_") ? 64 : 1;
  u64 address = base[0] | u64(base[1]) << 32;
  u64 offset = u64(i.offset) + (i.src[1].where == Where::None || i.src[1].where == Where::Off
                                    ? 0
                                    : u64(scalar32(w, i.src[1])) * unit);
  u32 size = i.opcode->bytes;
  if (size >= 4)
    offset &= buffer ? ~u64(3) : ~u64(0);
  if (buffer) {
    address &= 0xffffffffffffull;
    u32 stride = base[1] >> 16 & 0x3fff;
    u64 limit = stride ? u64(stride) * base[2] : base[2];
    if (offset >= limit)
      return 0;
    size = u32(limit - offset < size ? limit - offset : size);
  }
  out.space = MemorySpace::Scalar;
  out.access = name.find("_atomic_") != name.npos  ? MemoryAccess::Atomic
               : name.find("_store_") != name.npos ? MemoryAccess::Write
                                                   : MemoryAccess::Read;
  out.size = size;
  out.mask = 1;
  out.at[0] = address + offset;
  if (!buffer && size >= 4)
    out.at[0] &= ~u64(3);
  return 1;
}

void copy(LaneAccesses &out, const Lanes &x, u32 size, MemoryAccess access) {
  out.space = x.space;
  out.access = access;
  out.size = size;
  out.mask = x.mask;
  memcpy(out.at, x.at, sizeof out.at);
}

/// LDS: one place, or the two of ds_read2 and its like, which count as half of the data each.
unsigned lds(const Wave &w, const Inst &i, LaneAccesses *out) {
  const Opcode &op = *i.opcode;
  MemoryAccess access = kind_of(op);
  std::string_view name = op.name;
  if (name == "ds_read_addtid_b32")
    access = MemoryAccess::Read;
  Lanes x;
  x.space = MemorySpace::Lds;
  x.mask = exec_mask(w);
  if (!x.mask)
    return 0;
  if (op.extra == kDsAppend || op.extra == kDsData) {
    bool one = name == "ds_append" || name == "ds_consume"; // the wave counts as one access
    u64 base = (w.s.data()[kM0] & 0xffff) + u64(i.offset);
    if (one)
      x.mask = u64(1) << first_lane(x.mask);
    for (unsigned l = 0; l < w.lanes; l++)
      x.at[l] = base + (one ? 0 : 4 * l);
    copy(out[0], x, 4, access);
    return 1;
  }
  addresses(w, i, x, u64(i.offset));
  copy(out[0], x, op.bytes, access);
  if (!op.two_places)
    return 1;
  addresses(w, i, x, i.offset1);
  copy(out[1], x, op.bytes, access);
  return 2;
}

} // namespace

unsigned accesses(const Wave &w, const Inst &i, LaneAccesses *out) {
  const Opcode &op = *i.opcode;
  if (op.form == Form::Smem)
    return scalar(w, i, out[0]);
  if (op.form == Form::Ds)
    return lds(w, i, out);
  unsigned count = 0;
  if (op.extra == kLoadTid || op.extra == kStoreTid) {
    Lanes x;
    addresses_by_lane(w, i, x);
    if (x.mask)
      copy(out[count++], x, op.bytes, kind_of(op));
    return count;
  }
  if (op.extra == kLoadLds && exec_mask(w)) {
    Lanes x;
    lds_by_lane(w, i, exec_mask(w), x);
    bool from_memory = kind_of(op) == MemoryAccess::Read;
    copy(out[count++], x, 4, from_memory ? MemoryAccess::Write : MemoryAccess::Read);
  }
  Lanes all;
  all.space = i.space;
  all.mask = exec_mask(w);
  if (all.mask)
    addresses(w, i, all, u64(i.offset));
  if (!all.mask || all.refused)
    return count;
  // Of a register block all of it, though M0 may leave registers out.
  each_segment(w, i, all, [&](Lanes &x) {
    copy(out[count++], x, op.bytes, kind_of(op));
    return true;
  });
  return count;
}

} // namespace w2w::emu::isa::W2W_VARIANT
