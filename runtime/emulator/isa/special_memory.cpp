// Vector memory accesses beyond plain ones: memory to LDS and back, addresses by lane, register
// blocks.
#include "runtime/emulator/isa/memory.h"

namespace w2w::emu::isa::W2W_VARIANT {

void lds_by_lane(const Wave &w, const Inst &i, u64 mask, Lanes &x) {
  x.space = MemorySpace::Lds;
  x.mask = mask;
  for (unsigned l = 0; l < w.lanes; l++)
    x.at[l] = (w.s.data()[kM0] & 0xffff) + u64(i.offset) + 4 * l;
}
void addresses_by_lane(const Wave &w, const Inst &i, Lanes &x) {
  const Operand &base = i.src[2];
  bool none = base.where == Where::None || base.where == Where::Off;
  x.space = MemorySpace::Global;
  x.mask = exec_mask(w);
  for (unsigned l = 0; l < w.lanes; l++)
    x.at[l] = (none ? 0 : scalar64(w, base)) + u64(i.offset) + 4 * l;
}

namespace {

template <class T> int load_lds(Wave &w, const Inst &i, StopInfo &s) {
  u64 exec = exec_mask(w);
  if (!exec)
    return kContinue;
  Lanes x, y;
  x.space = i.space;
  x.mask = exec;
  addresses(w, i, x, u64(i.offset));
  if (x.refused)
    return refuse(w, i, s, x.refused);
  u64 inside = x.mask;
  if (inside && !permitted(w, x, sizeof(T), MemoryAccess::Read, s))
    return kStop;
  lds_by_lane(w, i, exec, y);
  if (!permitted(w, y, 4, MemoryAccess::Write, s))
    return kStop;
  EACH_LANE(l, exec) {
    // Lanes outside a buffer's bounds read zero.
    bool in = inside >> l & 1;
    write_at<u32>(w, y, unsigned(l), 0, in ? u32(i32(read_at<T>(w, x, unsigned(l), 0))) : 0);
  }
  return kContinue;
}

} // namespace

int load_lds_u8(Wave &w, const Inst &i, StopInfo &s) {
  return load_lds<u8>(w, i, s);
}
int load_lds_i8(Wave &w, const Inst &i, StopInfo &s) {
  return load_lds<i8>(w, i, s);
}
int load_lds_u16(Wave &w, const Inst &i, StopInfo &s) {
  return load_lds<u16>(w, i, s);
}
int load_lds_i16(Wave &w, const Inst &i, StopInfo &s) {
  return load_lds<i16>(w, i, s);
}
int load_lds_b32(Wave &w, const Inst &i, StopInfo &s) {
  return load_lds<u32>(w, i, s);
}
int store_lds_b32(Wave &w, const Inst &i, StopInfo &s) {
  Lanes x, y;
  x.space = i.space;
  x.mask = exec_mask(w);
  if (!x.mask)
    return kContinue;
  addresses(w, i, x, u64(i.offset));
  if (x.refused)
    return refuse(w, i, s, x.refused);
  if (!x.mask)
    return kContinue;
  lds_by_lane(w, i, x.mask, y);
  if (!permitted(w, y, 4, MemoryAccess::Read, s) || !permitted(w, x, 4, MemoryAccess::Write, s))
    return kStop;
  EACH_LANE(l, x.mask) {
    write_at<u32>(w, x, unsigned(l), 0, read_at<u32>(w, y, unsigned(l), 0));
  }
  return kContinue;
}

int load_addtid(Wave &w, const Inst &i, StopInfo &s) {
  Lanes x;
  addresses_by_lane(w, i, x);
  if (x.mask && !permitted(w, x, 4, MemoryAccess::Read, s))
    return kStop;
  EACH_LANE(l, x.mask) {
    w.v[i.dst.offset + l] = read_at<u32>(w, x, unsigned(l), 0);
  }
  return kContinue;
}
int store_addtid(Wave &w, const Inst &i, StopInfo &s) {
  Lanes x;
  addresses_by_lane(w, i, x);
  if (x.mask && !permitted(w, x, 4, MemoryAccess::Write, s))
    return kStop;
  EACH_LANE(l, x.mask) {
    write_at<u32>(w, x, unsigned(l), 0, w.v[i.src[1].offset + l]);
  }
  return kContinue;
}

namespace {
/// f(register, lanes) for each register that M0 chooses, with its addresses: 4 bytes further each.
template <class F>
int each_of_block(Wave &w, const Inst &i, StopInfo &s, MemoryAccess access, F f) {
  Lanes first;
  first.space = i.space;
  first.mask = exec_mask(w);
  if (!first.mask)
    return kContinue;
  addresses(w, i, first, u64(i.offset));
  for (unsigned k = 0; k < 32; k++) {
    if (!(w.s.data()[kM0] >> k & 1))
      continue;
    Lanes x = first;
    for (unsigned l = 0; l < w.lanes; l++)
      x.at[l] += 4 * k;
    if (!permitted(w, x, 4, access, s))
      return kStop;
    f(k, x);
  }
  return kContinue;
}
} // namespace
int load_block(Wave &w, const Inst &i, StopInfo &s) {
  return each_of_block(w, i, s, MemoryAccess::Read, [&](unsigned k, const Lanes &x) {
    u32 *d = w.v + i.dst.offset + k * w.lanes;
    EACH_LANE(l, x.mask) {
      d[l] = read_at<u32>(w, x, unsigned(l), 0);
    }
  });
}
int store_block(Wave &w, const Inst &i, StopInfo &s) {
  return each_of_block(w, i, s, MemoryAccess::Write, [&](unsigned k, const Lanes &x) {
    const u32 *d = w.v + i.src[1].offset + k * w.lanes;
    EACH_LANE(l, x.mask) {
      write_at<u32>(w, x, unsigned(l), 0, d[l]);
    }
  });
}

} // namespace w2w::emu::isa::W2W_VARIANT
