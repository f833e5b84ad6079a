#include "runtime/emulator/weak/side.h"

#include "runtime/emulator/isa/opcodes.h"

#include <algorithm>
#include <cstring>
#include <vector>
#include <xmmintrin.h>

namespace w2w::emu::weak {

namespace {

/// The opcode as one of plain addresses: handlers ask for the form to find a buffer's.
const isa::Opcode *plain(const isa::Opcode *op) {
  static const std::vector<isa::Opcode> all = [] {
    std::vector<isa::Opcode> copies(isa::all_opcodes().begin(), isa::all_opcodes().end());
    for (isa::Opcode &o : copies)
      o.form = isa::Form::Flat;
    return copies;
  }();
  return &all[size_t(op - isa::all_opcodes().data())];
}

unsigned rows_of(const isa::Operand &o) {
  return std::max<unsigned>(1, o.dwords);
}

} // namespace

void Side::snapshot(Op &op, const Wave &w) {
  for (unsigned k = 0; k < 3; k++) {
    const isa::Operand &o = op.inst->src[k];
    if (o.where == isa::Where::Vgpr)
      std::memcpy(op.rows + kSourceRow[k] * w.lanes, w.v + o.offset,
                  size_t(rows_of(o)) * w.lanes * 4);
  }
}

void Side::prepare(const Op &op) {
  wave_.v = rows_;
  wave_.lanes = op.lanes;
  for (unsigned k = 0; k < 3; k++) {
    const isa::Operand &o = op.inst->src[k];
    if (o.where == isa::Where::Vgpr)
      std::memcpy(rows_ + kSourceRow[k] * op.lanes, op.rows + kSourceRow[k] * op.lanes,
                  size_t(rows_of(o)) * op.lanes * 4);
  }
  std::memset(rows_ + kResultRow * op.lanes, 0, size_t(kResultRows) * op.lanes * 4);
}

void Side::stage(const Op &op) {
  for (unsigned l = 0; l < op.lanes; l++)
    rows_[l] = l * kLaneBytes;
  staging_group_.lds = staging_;
  staging_group_.lds_size = sizeof staging_;
  wave_.group = &staging_group_;
}

/// The instruction on this object's registers: a load, store or atomic of LDS at 16 bytes times the
/// lane.
isa::Inst Side::staged(const Op &op) const {
  isa::Inst i = *op.inst;
  i.opcode = plain(i.opcode);
  i.space = MemorySpace::Lds;
  i.flat = false;
  i.offset = 0;
  i.src[0] = {.where = isa::Where::Vgpr, .dwords = 1};
  i.src[1].offset = kSourceRow[1] * op.lanes;
  i.src[2] = i.src[3] = {};
  i.dst.offset = kResultRow * op.lanes;
  return i;
}

void Side::run(const Op &op, const isa::Inst &i, uint64_t exec) {
  constexpr unsigned kDefaultMxcsr = 0x1f80;
  wave_.set_exec(exec);
  unsigned host = _mm_getcsr();
  _mm_setcsr(kDefaultMxcsr);
  StopInfo stop; // nothing can stop it: addresses were checked at issue
  op.inst->execute(wave_, i, stop);
  _mm_setcsr(host);
}

void Side::take_results(Op &op, uint64_t exec) {
  unsigned n = op.lanes, rows = std::min(kResultRows, rows_of(op.inst->dst));
  for (unsigned k = 0; k < rows; k++)
    for (unsigned l = 0; l < n; l++)
      if (exec >> l & 1)
        op.results[k * n + l] = rows_[(kResultRow + k) * n + l];
}

void Side::store_bytes(Op &op) {
  prepare(op);
  stage(op);
  run(op, staged(op), op.global);
  std::memcpy(op.bytes, staging_, sizeof staging_);
}

void Side::load_results(Op &op) {
  prepare(op);
  stage(op);
  std::memcpy(staging_, op.bytes, sizeof staging_);
  run(op, staged(op), op.global);
  take_results(op, op.global);
}

void Side::update(Op &op, unsigned lane) {
  prepare(op);
  stage(op);
  std::memcpy(staging_ + lane * kLaneBytes, op.bytes[lane], kLaneBytes);
  uint64_t exec = uint64_t{1} << lane;
  run(op, staged(op), exec);
  std::memcpy(op.bytes[lane], staging_ + lane * kLaneBytes, kLaneBytes);
  if (op.inst->dst.where != isa::Where::None)
    take_results(op, exec);
}

void Side::in_place(Op &op, uint64_t exec, const Wave *wave) {
  prepare(op);
  isa::Inst i = *op.inst;
  for (unsigned k = 0; k < 3; k++)
    if (i.src[k].where == isa::Where::Vgpr)
      i.src[k].offset = kSourceRow[k] * op.lanes;
  i.dst.offset = kResultRow * op.lanes;
  wave_.group = op.group;
  if (wave) {
    wave_.s = wave->s;
    wave_.scratch = wave->scratch;
    wave_.scratch_per_lane = wave->scratch_per_lane;
  }
  wave_.s[kM0] = op.m0;
  run(op, i, exec);
  if (op.inst->dst.where != isa::Where::None)
    take_results(op, exec);
}

} // namespace w2w::emu::weak
