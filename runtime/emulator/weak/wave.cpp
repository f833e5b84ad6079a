#include "runtime/emulator/weak/wave.h"

#include "runtime/emulator/isa/observe.h"
#include "runtime/emulator/memory_map.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace w2w::emu::weak {

namespace {

using isa::Inst;
using isa::LaneAccesses;
using isa::Operand;
using isa::Where;

/// In tick(): chances that an LDS operation is performed, and that one that is performed returns.
constexpr unsigned kLdsPerformed = 4, kReturned = 10;

uint64_t exec_of(const Wave &w) {
  return w.lanes == 64 ? w.exec() : w.s[kExecLo];
}

/// Whether the access, and the alignment of atomics, is such that no handler would refuse it.
bool permitted(const Wave &w, const Inst &i, const LaneAccesses &a) {
  uint64_t lo = ~uint64_t{0}, hi = 0, misaligned = 0;
  for (uint64_t rest = a.mask; rest; rest &= rest - 1) {
    uint64_t at = a.at[__builtin_ctzll(rest)];
    lo = std::min(lo, at);
    hi = std::max(hi, at);
    misaligned |= at & (a.size - 1);
  }
  if (!a.mask)
    return true;
  if (hi + a.size < hi)
    return false;
  switch (a.space) {
  case MemorySpace::Lds:
    return hi + a.size <= w.group->lds_size;
  case MemorySpace::Scratch:
    return hi + a.size <= w.scratch_per_lane;
  default:
    break;
  }
  if (a.access == MemoryAccess::Atomic && misaligned)
    return false;
  Access access = a.access == MemoryAccess::Read ? Access::Read
                  : i.own_memory                 ? Access::OwnAtomic
                                                 : Access::Write;
  if (w.group->memory->accessible(lo, hi + a.size, access))
    return true;
  for (uint64_t rest = a.mask; rest; rest &= rest - 1) {
    uint64_t at = a.at[__builtin_ctzll(rest)];
    if (!w.group->memory->accessible(at, at + a.size, access))
      return false;
  }
  return true;
}
bool all_permitted(const Wave &w, const Inst &i, const LaneAccesses *a, unsigned n) {
  return std::all_of(a, a + n, [&](const LaneAccesses &each) { return permitted(w, i, each); });
}

unsigned registers_of(const Operand &o) {
  return std::max<unsigned>(1, o.dwords);
}
bool is_split_register(const Inst &i) {
  return i.generation >= 10 && std::string_view(i.opcode->name).find("_d16") != std::string::npos;
}

} // namespace

Op *Pipeline::make(WaveState &ws, Wave &w, const Inst &i, Kind kind, List list) {
  // A full counter holds the wave.
  while (ws.list[list].size() >= most_outstanding(i, list))
    give_back_any(ws, list);
  Op *op = memory_.make();
  op->kind = kind;
  op->list = list;
  op->inst = &i;
  op->owner = &ws;
  op->cu = ws.cu;
  op->lanes = w.lanes;
  op->group = w.group;
  op->m0 = w.s[kM0];
  return op;
}

void Pipeline::append(WaveState &ws, Op *op) {
  ws.list[op->list].push_back(op);
  note(ws, *op, 1);
}

void Pipeline::note(WaveState &ws, const Op &op, int by) {
  const Operand &o = op.inst->dst;
  if (o.where != Where::Vgpr && o.where != Where::Sgpr)
    return;
  bool vector = o.where == Where::Vgpr;
  uint16_t *counts = vector ? ws.vector : ws.scalar;
  unsigned end = vector ? std::size(ws.vector) : std::size(ws.scalar);
  for (unsigned r = o.index; r < std::min<unsigned>(end, o.index + registers_of(o)); r++)
    counts[r] = uint16_t(counts[r] + by);
  ws.results += unsigned(by);
}

int Pipeline::issue(WaveState &ws, Wave &w, const Inst &i, Kind kind, StopInfo &stop) {
  switch (kind) {
  case Kind::Load:
  case Kind::Store:
  case Kind::Atomic:
    return vector_memory(ws, w, i, kind);
  case Kind::Lds:
    return lds(ws, w, i);
  case Kind::Scalar:
    return scalar(ws, w, i);
  case Kind::ScalarResult:
    return scalar_result(ws, w, i, stop);
  case Kind::ScalarInvalidate:
    memory_.invalidate_scalar(ws.cu);
    return isa::kDone;
  case Kind::Invalidate:
  case Kind::WriteBack:
  case Kind::WriteBackInvalidate:
    if (kind != Kind::WriteBack)
      memory_.invalidate(ws.cu, reach_of(i));
    if (is_counted(i, kind)) {
      Op *op = make(ws, w, i, kind, list_of(i, kind));
      if (kind != Kind::Invalidate)
        memory_.issue(*op);
      append(ws, op);
    }
    return isa::kDone;
  default:
    return isa::kContinue;
  }
}

int Pipeline::vector_memory(WaveState &ws, Wave &w, const Inst &i, Kind kind) {
  LaneAccesses a[isa::kMostAccesses];
  unsigned count = isa::accesses(w, i, a);
  if (!all_permitted(w, i, a, count))
    return isa::kContinue;
  bool unordered = i.flat && i.generation < 10; // RDNA: flat operations count in order too
  Op *op = make(ws, w, i, kind, list_of(i, kind));
  op->unordered = unordered;
  op->bypass = bypass_of(i, kind, memory_.shape.split);
  uint64_t lds_lanes = 0, scratch_lanes = 0;
  for (unsigned k = 0; k < count; k++) {
    if (a[k].space == MemorySpace::Lds) {
      lds_lanes = a[k].mask;
    } else if (a[k].space == MemorySpace::Scratch) {
      scratch_lanes = a[k].mask;
    } else {
      op->global = a[k].mask;
      op->size = a[k].size;
      std::memcpy(op->at, a[k].at, sizeof op->at);
    }
  }
  op->mask = exec_of(w) & ~lds_lanes;
  if (i.opcode->form == isa::Form::Buffer) // lanes out of bounds read zero
    std::memset(op->results, 0, sizeof op->results);
  if (kind != Kind::Load || scratch_lanes)
    Side::snapshot(*op, w);
  // Scratch is the lane's own: when it is accessed cannot be seen, only when its value arrives.
  if (scratch_lanes)
    memory_.side.in_place(*op, scratch_lanes, &w);
  if (kind == Kind::Store && op->global) // a store reads its data when it is issued
    memory_.side.store_bytes(*op);
  if (op->global)
    memory_.issue(*op);
  append(ws, op);
  if (!i.flat)
    return isa::kDone;
  // The part in LDS is counted with LDS operations, there or not.
  Op *part = make(ws, w, i, Kind::Lds, kLds);
  part->unordered = unordered;
  part->mask = lds_lanes;
  part->requests = 1;
  Side::snapshot(*part, w);
  append(ws, part);
  return isa::kDone;
}

int Pipeline::lds(WaveState &ws, Wave &w, const Inst &i) {
  LaneAccesses a[isa::kMostAccesses];
  unsigned count = isa::accesses(w, i, a);
  if (!all_permitted(w, i, a, count))
    return isa::kContinue;
  Op *op = make(ws, w, i, Kind::Lds, kLds);
  op->mask = exec_of(w);
  op->requests = 1;
  Side::snapshot(*op, w);
  append(ws, op);
  return isa::kDone;
}

int Pipeline::scalar(WaveState &ws, Wave &w, const Inst &i) {
  LaneAccesses a[isa::kMostAccesses];
  unsigned count = isa::accesses(w, i, a);
  if (!all_permitted(w, i, a, count))
    return isa::kContinue;
  Op *op = make(ws, w, i, Kind::Scalar, kScalars);
  op->bypass = bypass_of(i, Kind::Load, true);
  std::memset(op->bytes, 0, sizeof op->bytes); // beyond a buffer's end
  op->at[0] = a[0].at[0];
  op->size = count ? a[0].size : 0;
  op->requests = 1;
  append(ws, op);
  return isa::kDone;
}

int Pipeline::scalar_result(WaveState &ws, Wave &w, const Inst &i, StopInfo &stop) {
  Op *op = make(ws, w, i, Kind::ScalarResult, kScalars);
  uint32_t *at = w.s.data() + i.dst.index;
  uint32_t old[2] = {at[0], at[1]};
  int next = i.execute(w, i, stop);
  std::memcpy(op->bytes, at, sizeof old);
  std::memcpy(at, old, sizeof old);
  append(ws, op);
  return next ? next : isa::kDone;
}

void Pipeline::perform(WaveState &ws, Op &op) {
  switch (op.kind) {
  case Kind::Lds:
    // A wave's LDS operations are performed in order.
    for (Op *each : ws.list[kLds]) {
      if (each->requests && each->mask)
        memory_.side.in_place(*each, each->mask, nullptr);
      each->requests = 0;
      if (each == &op)
        break;
    }
    break;
  case Kind::Scalar:
    if (op.requests && op.size)
      memory_.read_scalar(op.cu, op.at[0], op.bytes, op.size, op.bypass.l0);
    op.requests = 0;
    break;
  default:
    memory_.force(op);
    break;
  }
}

void Pipeline::land(WaveState &ws, Op &op) {
  const Inst &i = *op.inst;
  Wave &w = *ws.wave;
  if (i.dst.where == Where::Sgpr) {
    uint32_t *to = w.s.data() + i.dst.index;
    std::string_view name = i.opcode->name;
    if (name == "s_load_sbyte")
      *to = uint32_t(int32_t(int8_t(op.bytes[0][0])));
    else if (name == "s_load_sshort")
      *to = uint32_t(int32_t(int16_t(op.bytes[0][0] | op.bytes[0][1] << 8)));
    else
      std::memcpy(to, op.bytes, size_t(isa::dwords(i.opcode->dst)) * 4);
    return;
  }
  if (i.dst.where != Where::Vgpr)
    return;
  if (op.kind == Kind::Load && op.global)
    memory_.side.load_results(op);
  std::string_view name = i.opcode->name;
  uint32_t bits = !is_split_register(i) ? ~0u : name.ends_with("_hi") ? 0xffff0000 : 0xffff;
  for (unsigned k = 0; k < std::min(kResultRows, registers_of(i.dst)); k++) {
    uint32_t *to = w.v + i.dst.offset + size_t(k) * op.lanes;
    for (uint64_t rest = op.mask; rest; rest &= rest - 1) {
      unsigned l = unsigned(__builtin_ctzll(rest));
      to[l] = (to[l] & ~bits) | (op.results[k * op.lanes + l] & bits);
    }
  }
}

void Pipeline::give_back(WaveState &ws, List list, size_t k) {
  Op *op = ws.list[list][k];
  perform(ws, *op);
  land(ws, *op);
  note(ws, *op, -1);
  ws.list[list].erase(ws.list[list].begin() + static_cast<long>(k));
  memory_.release(op);
}

/// The next one of the list: the oldest of those in order, or any of the others.
void Pipeline::give_back_any(WaveState &ws, List list) {
  std::vector<Op *> &ops = ws.list[list];
  size_t candidates[64], count = 0;
  bool ordered = false;
  for (size_t k = 0; k < ops.size() && count < std::size(candidates); k++) {
    bool free = ops[k]->unordered || list == kScalars;
    if (free || !ordered)
      candidates[count++] = k;
    ordered |= !free;
  }
  give_back(ws, list, candidates[memory_.random.below(unsigned(count))]);
}

void Pipeline::wait(WaveState &ws, const Wait &wait) {
  for (unsigned list = 0; list < kLists; list++)
    while (ws.list[list].size() > wait.left[list])
      give_back_any(ws, List(list));
  auto &lds = ws.list[kLds], &scalars = ws.list[kScalars];
  while (lds.size() + scalars.size() > wait.lgkm) {
    bool first = scalars.empty() || (!lds.empty() && memory_.random.one_in(2));
    give_back_any(ws, first ? kLds : kScalars);
  }
}

void Pipeline::tick(WaveState &ws) {
  Random &random = memory_.random;
  if (!ws.list[kLds].empty() && random.one_in(kLdsPerformed))
    for (Op *op : ws.list[kLds])
      if (op->requests) {
        perform(ws, *op);
        break;
      }
  if (!random.one_in(kReturned))
    return;
  List list = List(random.below(kLists));
  std::vector<Op *> &ops = ws.list[list];
  if (ops.empty())
    return;
  if (list == kScalars)
    give_back(ws, list, random.below(unsigned(ops.size())));
  else if (ops.front()->requests == 0)
    give_back(ws, list, 0);
}

void Pipeline::end(WaveState &ws) {
  for (auto &ops : ws.list) {
    if (!ops.empty() && &ops == &ws.list[kLds])
      perform(ws, *ops.back());
    for (Op *op : ops) {
      note(ws, *op, -1);
      op->owner = nullptr;
      if (op->requests == 0 || op->kind == Kind::Scalar)
        memory_.release(op);
    }
    ops.clear();
  }
}

Pipeline::Hazard Pipeline::hazard(const WaveState &ws, const Inst &i, Kind kind) const {
  Hazard found;
  auto writer = [&](const Operand &o, unsigned index, List except) -> const Inst * {
    for (unsigned list = 0; list < kLists; list++)
      for (const Op *op : ws.list[list]) {
        const Operand &d = op->inst->dst;
        if (list != except && d.where == o.where && d.index <= index &&
            index < d.index + registers_of(d))
          return op->inst;
      }
    return nullptr;
  };
  auto look = [&](const Operand &o, bool written, List except) {
    bool vector = o.where == Where::Vgpr;
    if (found.by || (!vector && o.where != Where::Sgpr))
      return;
    for (unsigned r = o.index; r < o.index + registers_of(o); r++) {
      bool pending = vector ? r < std::size(ws.vector) && ws.vector[r] : r < kNull && ws.scalar[r];
      if (!pending)
        continue;
      if (const Inst *by = writer(o, r, except)) {
        std::string_view file = !vector ? "s" : r >= kFirstAgprRow ? "a" : "v";
        unsigned number = vector && r >= kFirstAgprRow ? r - kFirstAgprRow : r;
        found = {std::string(file) + std::to_string(number), written, by};
        return;
      }
    }
  };
  // Results of one list in order overwrite each other as the program says.
  List own = kind == Kind::Other                          ? kLists
             : kind == Kind::Lds                          ? kLds
             : kind == Kind::Load || kind == Kind::Atomic ? list_of(i, kind)
                                                          : kLists;
  for (const Inst *part = &i; part; part = part->second) {
    for (const Operand &o : part->src)
      look(o, false, kLists);
    look(part->dst, true, own);
    look(part->sdst, true, own);
  }
  return found;
}

} // namespace w2w::emu::weak
