#include "lowering/passes/lane_moves.h"

#include "lowering/passes/lane.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/IntrinsicsAMDGPU.h"

#include <map>

namespace w2w {

using namespace llvm;

std::optional<LaneMap> shuffle_map(StringRef mode, uint32_t b, uint32_t c) {
  const int distance = b & 31, clamp = c & 31, segment = c >> 8 & 31, inside = ~segment & 31;
  LaneMap map;
  for (int lane = 0; lane < 32; ++lane) {
    const int low = lane & segment, high = low | (clamp & inside);
    int from = 0;
    if (mode == "up")
      from = lane - distance;
    else if (mode == "down")
      from = lane + distance;
    else if (mode == "bfly")
      from = lane ^ distance;
    else if (mode == "idx")
      from = low | (distance & inside);
    else
      return std::nullopt;
    const bool valid = mode == "up" ? from >= high : from <= high;
    map.from[lane] = static_cast<uint8_t>(valid ? from : lane);
    map.valid |= static_cast<uint32_t>(valid) << lane;
  }
  return map;
}

namespace {

// DPP controls (AMDGPUUsage, dpp_ctrl); the number of lanes is added to the base.
constexpr unsigned kQuadPermEnd = 0x100;
constexpr unsigned kQuadIdentity = 0xE4;
constexpr unsigned kRowShl = 0x100, kRowShr = 0x110, kRowRor = 0x120;
constexpr unsigned kWaveShl1 = 0x130, kWaveShr1 = 0x138; // gfx9 alone
constexpr unsigned kRowMirror = 0x140, kRowHalfMirror = 0x141;
constexpr unsigned kRowShare = 0x150, kRowXmask = 0x160; // gfx10 and later
constexpr unsigned kRowBroadcast15 = 0x142;              // gfx9 alone
constexpr unsigned kSwizzleRotate = 0xC000;              // ds_swizzle, gfx9 and later
constexpr unsigned kAllRows = 0xF, kAllBanks = 0xF;

/// The lane that `lane` reads under a DPP control; nothing where the control leads out of the row
/// or the wave.
std::optional<unsigned> dpp_source(unsigned control, unsigned lane, unsigned lanes) {
  const unsigned row = lane & ~15u, in = lane & 15, by = control & 15;
  auto if_inside = [&](bool inside, unsigned from) {
    return inside ? std::optional(from) : std::nullopt;
  };
  if (control < kQuadPermEnd)
    return (lane & ~3u) | (control >> lane % 4 * 2 & 3);
  switch (control) {
  case kWaveShl1:
    return if_inside(lane + 1 < lanes, lane + 1);
  case kWaveShr1:
    return if_inside(lane > 0, lane - 1);
  case kRowMirror:
    return row | (15 - in);
  case kRowHalfMirror:
    return lane ^ 7;
  }
  switch (control & ~15u) {
  case kRowShl:
    return if_inside(in + by < 16, lane + by);
  case kRowShr:
    return if_inside(in >= by, lane - by);
  case kRowRor:
    return row | ((in - by) & 15);
  case kRowShare:
    return row | by;
  case kRowXmask:
    return lane ^ by;
  }
  return std::nullopt;
}

/// All controls of the target; of those that do the same for a map, the first is taken.
const std::vector<unsigned> &controls(bool gfx9) {
  auto list = [](bool gfx9) {
    std::vector<unsigned> all{kQuadIdentity};
    for (unsigned control = 0; control < kQuadPermEnd; ++control)
      if (control != kQuadIdentity)
        all.push_back(control);
    all.insert(all.end(), {kRowMirror, kRowHalfMirror});
    for (unsigned base : {kRowShl, kRowShr, kRowRor})
      for (unsigned by = 1; by < 16; ++by)
        all.push_back(base + by);
    if (gfx9)
      all.insert(all.end(), {kWaveShl1, kWaveShr1});
    else
      for (unsigned base : {kRowShare, kRowXmask})
        for (unsigned by = 0; by < 16; ++by)
          all.push_back(base + by);
    return all;
  };
  static const std::vector<unsigned> kGfx9 = list(true), kLater = list(false);
  return gfx9 ? kGfx9 : kLater;
}

/// One DPP instruction of a move.
struct Piece {
  bool across = false; // takes what across_rows() brought to the lane itself
  unsigned control = 0, rows = kAllRows, banks = kAllBanks;
  uint64_t covers = 0; // lanes of the wave that it writes, each from the lane that the map says
};

class LaneMover {
public:
  LaneMover(IRBuilderBase &b, const Processor &processor, Value *value, const LaneMap &map)
      : b_(b), processor_(processor), value_(value), map_(map), lanes_(processor.wave_size),
        gfx9_(processor.generation == Generation::Gfx9) {
    if (map_.symmetry & 16) // then no lane need read the other row
      for (unsigned lane = 0; lane < 32; ++lane)
        map_.from[lane] = (map_.from[lane] & 15) | (lane & 16);
  }

  Value *move();
  /// `value` in the lanes, `other` in those others that matter.
  Value *keep(Value *value, Value *other, uint32_t lanes);
  Value *combine(Value *other, Constant *neutral,
                 function_ref<Value *(Value *, Value *)> operation);

private:
  unsigned from(unsigned lane) const { return map_.from[lane & 31] | (lane & 32); }
  bool matters(unsigned lane) const { return map_.matters >> (lane & 31) & 1; }
  /// Whether `source` is as good as what the map says.
  bool serves(unsigned lane, unsigned source) const {
    return !matters(lane) || ((from(lane) ^ source) & ~map_.symmetry) == 0;
  }
  bool crosses(unsigned lane) const { return matters(lane) && ((from(lane) ^ lane) & 16); }
  uint64_t all_lanes() const { return lanes_ == 64 ? ~0ull : ~0u; }

  /// At most two pieces that write all lanes of `wanted` and none beside `allowed`, or no piece.
  /// `once`: no lane twice.
  SmallVector<Piece, 2> pieces(uint64_t wanted, uint64_t allowed, bool across, bool once) const;
  void add_candidates(unsigned control, bool across, uint64_t wanted, uint64_t allowed,
                      std::map<uint64_t, Piece> &found) const;
  Value *dpp(Value *old, const Piece &piece);
  std::optional<uint64_t> row_reader() const;
  Value *across_rows();
  Value *overlay(Value *own, uint64_t own_lanes);
  Value *rotation();
  Value *in_order(ArrayRef<Piece> pieces);
  Value *permlane();
  Value *swizzle();
  Value *word(unsigned v) { return b_.getInt32(v); }

  IRBuilderBase &b_;
  const Processor &processor_;
  Value *value_;
  LaneMap map_;
  const unsigned lanes_;
  const bool gfx9_;
  Value *across_ = nullptr;
};

void LaneMover::add_candidates(unsigned control, bool across, uint64_t wanted, uint64_t allowed,
                               std::map<uint64_t, Piece> &found) const {
  uint64_t right = 0, wrong = 0;
  for (unsigned lane = 0; lane < lanes_; ++lane) {
    auto source = dpp_source(control, lane, lanes_);
    if (!source && matters(lane))
      continue;
    const bool same = !matters(lane) ||
                      ((across ? crosses(lane) : serves(lane, *source)) && (allowed >> lane & 1));
    (same ? right : wrong) |= 1ull << lane;
  }
  if (!(right & wanted))
    return;
  // Both halves of a wave are alike, so a row mask names a row of 32 lanes in both.
  for (unsigned rows : {kAllRows, 0x5u, 0xAu}) {
    Piece piece{across, control, rows, 0, 0};
    uint64_t of_rows = 0;
    for (unsigned lane = 0; lane < lanes_; ++lane)
      of_rows |= static_cast<uint64_t>(rows >> lane / 16 & 1) << lane;
    for (unsigned bank = 0; bank < 4; ++bank) {
      const uint64_t lanes = of_rows & 0x000F000F000F000Full << 4 * bank;
      if (lanes & wrong)
        continue;
      piece.banks |= 1u << bank;
      piece.covers |= lanes & right;
    }
    if (piece.covers & wanted)
      found.try_emplace(piece.covers, piece);
  }
}

SmallVector<Piece, 2> LaneMover::pieces(uint64_t wanted, uint64_t allowed, bool across,
                                        bool once) const {
  std::map<uint64_t, Piece> found; // by lanes covered; the first of equals is kept
  for (unsigned control : controls(gfx9_))
    add_candidates(control, /*across=*/false, wanted, allowed, found);
  if (across && row_reader())
    add_candidates(kQuadIdentity, /*across=*/true, wanted, allowed, found);
  const Piece *best[2] = {};
  auto rank = [&](const Piece *first, const Piece *second) {
    const bool far = first->across || (second && second->across);
    const bool masked = first->covers != all_lanes();
    return (second ? 4 : 0) + (far ? 2 : 0) + (masked ? 1 : 0);
  };
  auto offer = [&](const Piece *first, const Piece *second) {
    const uint64_t covers = first->covers | (second ? second->covers : 0);
    if (once && second && (first->covers & second->covers))
      return;
    if ((covers & wanted) == wanted && (!best[0] || rank(first, second) < rank(best[0], best[1]))) {
      best[0] = first;
      best[1] = second;
    }
  };
  for (auto &[covers, piece] : found)
    offer(&piece, nullptr);
  if (!best[0])
    for (auto first = found.begin(); first != found.end(); ++first)
      for (auto second = std::next(first); second != found.end(); ++second)
        offer(&first->second, &second->second);
  SmallVector<Piece, 2> chosen;
  for (const Piece *piece : best)
    if (piece)
      chosen.push_back(*piece);
  // What comes from the other row comes later than the value itself: last.
  if (chosen.size() == 2 && chosen[0].across)
    std::swap(chosen[0], chosen[1]);
  return chosen;
}

/// How the lanes that read the other row are served by one instruction; what it gives the other
/// lanes does not matter. gfx9: the control of ds_swizzle; later: permlanex16's lane selects.
/// Each lane reads its source itself: on the way over a third lane, that one might not execute.
std::optional<uint64_t> LaneMover::row_reader() const {
  if (gfx9_) {
    unsigned ones = 31, zeros = 31, same = 31; // bits of the source that are so in all those lanes
    for (unsigned lane = 0; lane < 32; ++lane)
      if (crosses(lane)) {
        ones &= from(lane);
        zeros &= ~from(lane);
        same &= ~(from(lane) ^ lane);
      }
    const unsigned keep = same & ~ones & ~zeros;
    if ((ones | zeros | keep) != 31)
      return std::nullopt;
    return keep | ones << 5;
  }
  uint64_t select = 0;
  unsigned known = 0;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!crosses(lane))
      continue;
    const unsigned in = lane & 15, source = from(lane) & 15;
    if ((known >> in & 1) && (select >> in * 4 & 15) != source)
      return std::nullopt;
    known |= 1u << in;
    select |= static_cast<uint64_t>(source) << in * 4 & 15ull << in * 4;
  }
  return select;
}

Value *LaneMover::across_rows() {
  const uint64_t how = *row_reader();
  if (!across_ && gfx9_)
    across_ = b_.CreateIntrinsic(Intrinsic::amdgcn_ds_swizzle, {}, {value_, word(how)});
  else if (!across_)
    across_ = b_.CreateIntrinsic(Intrinsic::amdgcn_permlanex16, {b_.getInt32Ty()},
                                 {PoisonValue::get(b_.getInt32Ty()), value_,
                                  word(static_cast<uint32_t>(how)), word(how >> 32), b_.getFalse(),
                                  b_.getTrue()});
  return across_;
}

/// `old` with the piece's lanes written. Where it writes every lane, a source that does not
/// execute gives 0, which lets LLVM put the move into the instruction that uses it.
Value *LaneMover::dpp(Value *old, const Piece &piece) {
  Value *source = piece.across ? across_rows() : value_;
  const bool all = piece.covers == all_lanes();
  if (all)
    old = PoisonValue::get(b_.getInt32Ty());
  return b_.CreateIntrinsic(
      Intrinsic::amdgcn_update_dpp, {b_.getInt32Ty()},
      {old, source, word(piece.control), word(piece.rows), word(piece.banks), b_.getInt1(all)});
}

Value *LaneMover::in_order(ArrayRef<Piece> pieces) {
  Value *result = value_;
  for (const Piece &piece : pieces)
    result = dpp(result, piece);
  return result;
}

/// All lanes as the other row gives them, over these `own` in one row's lanes, over these one DPP
/// move within the rows: a shift by any distance. `own_lanes`: those that `own` is for. nullptr if
/// the map is not of that kind.
Value *LaneMover::overlay(Value *own, uint64_t own_lanes) {
  uint64_t cross = 0, inside = 0;
  for (unsigned lane = 0; lane < lanes_; ++lane)
    (crosses(lane) ? cross : inside) |= static_cast<uint64_t>(matters(lane)) << lane;
  inside &= ~own_lanes;
  if (!cross || !row_reader())
    return nullptr;
  if (!own_lanes && !inside)
    return across_rows();
  if (!inside)
    return nullptr;
  std::map<uint64_t, Piece> found;
  for (unsigned control : controls(gfx9_))
    add_candidates(control, /*across=*/false, inside, inside, found);
  auto piece = find_if(found, [&](auto &entry) { return (inside & ~entry.first) == 0; });
  if (piece == found.end())
    return nullptr;
  if (!own_lanes)
    return dpp(across_rows(), piece->second);
  for (unsigned rows : {0x5u, 0xAu}) {
    const uint64_t of_rows = all_lanes() & (0x0000FFFF0000FFFFull << (rows == 0xA ? 16 : 0));
    if ((cross & of_rows) || (own_lanes & ~of_rows))
      continue;
    Value *result = b_.CreateIntrinsic(
        Intrinsic::amdgcn_update_dpp, {b_.getInt32Ty()},
        {across_rows(), own, word(kQuadIdentity), word(rows), word(kAllBanks), b_.getFalse()});
    return dpp(result, piece->second);
  }
  return nullptr;
}

/// gfx10 and later: any lane of the own row, or any of the other row, the same in both rows.
Value *LaneMover::permlane() {
  const bool across = (from(0) & 16) != 0;
  unsigned select[2] = {};
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (((from(lane) ^ lane) & 16) != (across ? 16 : 0) ||
        (from(lane) & 15) != (from(lane & 15) & 15))
      return nullptr;
    if (lane < 16)
      select[lane / 8] |= (from(lane) & 15) << lane % 8 * 4;
  }
  auto id = across ? Intrinsic::amdgcn_permlanex16 : Intrinsic::amdgcn_permlane16;
  return b_.CreateIntrinsic(id, {b_.getInt32Ty()},
                            {PoisonValue::get(b_.getInt32Ty()), value_, word(select[0]),
                             word(select[1]), b_.getFalse(), b_.getTrue()});
}

/// ds_swizzle, bit mode, in groups of 32 lanes: lane = ((lane & and) | or) ^ xor with and_mask
/// [4:0], or_mask [9:5], xor_mask [14:10].
Value *LaneMover::swizzle() {
  const unsigned zero = from(0), differs = zero ^ from(31), fixed = ~differs & 31;
  const unsigned control = differs | (zero & fixed) << 5 | (zero & differs) << 10;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (!serves(lane, ((lane & differs) | (zero & fixed)) ^ (zero & differs)))
      return nullptr;
  return b_.CreateIntrinsic(Intrinsic::amdgcn_ds_swizzle, {}, {value_, word(control)});
}

/// ds_swizzle's rotation of 32 lanes, and over it the lanes that keep their own value: a shift by
/// any distance.
Value *LaneMover::rotation() {
  unsigned by = 0;
  for (unsigned lane = 0; lane < 32 && by == 0; ++lane)
    if (!serves(lane, lane))
      by = (from(lane) - lane) & 31;
  uint32_t turned = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (serves(lane, (lane + by) & 31))
      turned |= 1u << lane;
    else if (!serves(lane, lane))
      return nullptr;
  Value *moved = b_.CreateIntrinsic(Intrinsic::amdgcn_ds_swizzle, {},
                                    {value_, word(kSwizzleRotate | by << 5)});
  return keep(moved, value_, turned);
}

/// Lanes in whole banks are written by DPP; for others a mask is made.
Value *LaneMover::keep(Value *value, Value *other, uint32_t lanes) {
  const uint32_t others = ~lanes & map_.matters;
  if (others == 0)
    return value;
  for (unsigned rows : {kAllRows, 0x5u, 0xAu}) {
    uint32_t of_rows = (rows & 1 ? 0xFFFFu : 0) | (rows & 2 ? 0xFFFF0000u : 0), written = 0;
    unsigned banks = 0;
    for (unsigned bank = 0; bank < 4; ++bank)
      if (const uint32_t of_bank = of_rows & 0x000F000Fu << 4 * bank; of_bank & others) {
        banks |= 1u << bank;
        written |= of_bank;
      }
    if (written & lanes & map_.matters || others & ~written)
      continue;
    return b_.CreateIntrinsic(
        Intrinsic::amdgcn_update_dpp, {b_.getInt32Ty()},
        {value, other, word(kQuadIdentity), word(rows), word(banks), b_.getFalse()});
  }
  return b_.CreateSelect(in_lanes(b_, lanes, processor_), value, other);
}

Value *LaneMover::move() {
  uint64_t moved = 0, own_lanes = 0;
  std::optional<unsigned> source;
  bool one = true;
  for (unsigned lane = 0; lane < lanes_; ++lane) {
    if (!matters(lane))
      continue;
    (serves(lane, lane) ? own_lanes : moved) |= 1ull << lane;
    one &= from(lane) == source.value_or(from(lane));
    source = from(lane);
  }
  if (moved == 0)
    return value_;
  const SmallVector<Piece, 2> own = pieces(moved, all_lanes(), /*across=*/false, /*once=*/false);
  if (own.size() == 1 && own[0].covers == all_lanes())
    return in_order(own);
  if (one && lanes_ == 32)
    return b_.CreateIntrinsic(Intrinsic::amdgcn_readlane, {b_.getInt32Ty()},
                              {value_, word(*source)});
  if (own.size() == 1)
    return in_order(own);
  if (gfx9_) { // the other row only through LDS: there a swizzle costs no more
    if (Value *result = swizzle())
      return result;
    return own.empty() ? rotation() : in_order(own);
  }
  if (Value *result = permlane())
    return result;
  if (!own.empty())
    return in_order(own);
  if (const auto both = pieces(moved, all_lanes(), /*across=*/true, /*once=*/false); !both.empty())
    return in_order(both);
  if (Value *result = overlay(value_, own_lanes))
    return result;
  if (Value *result = swizzle())
    return result;
  return rotation();
}

/// Between two operations the result is held: LLVM would make one of three operands of them (as
/// v_add3_u32), which gfx9 and gfx10 cannot join with a move by DPP.
Value *LaneMover::combine(Value *other, Constant *neutral,
                          function_ref<Value *(Value *, Value *)> operation) {
  uint64_t valid = map_.valid;
  if (lanes_ == 64)
    valid |= valid << 32;
  if (valid == 0)
    return nullptr;
  const auto steps = pieces(valid, valid, /*across=*/true, /*once=*/true);
  if (steps.empty()) {
    Value *moved = overlay(neutral, all_lanes() & ~valid);
    return moved ? operation(other, moved) : nullptr;
  }
  for (const Piece &piece : steps) {
    if (&piece != steps.begin())
      other = hold_in_vgpr(b_, other);
    other = operation(other, dpp(neutral, piece));
  }
  return other;
}

} // namespace

Value *move_lanes(IRBuilderBase &builder, const Processor &processor, Value *value,
                  const LaneMap &map) {
  return LaneMover(builder, processor, value, map).move();
}

Value *in_valid_lanes(IRBuilderBase &builder, const Processor &processor, Value *value,
                      Value *other, const LaneMap &map) {
  return LaneMover(builder, processor, value, map).keep(value, other, map.valid);
}

/// Within the rows lane by lane; then what the lower row's last lane has goes to all of the upper
/// row, whose lanes' results ask for it to execute anyway. Between two operations the result is
/// held: LLVM would make one of three operands of them.
Value *scan_lanes(IRBuilderBase &b, const Processor &processor, Value *value, Constant *neutral,
                  function_ref<Value *(Value *, Value *)> combine) {
  auto step = [&](Value *source, unsigned control, unsigned rows) {
    Value *moved = b.CreateIntrinsic(Intrinsic::amdgcn_update_dpp, {b.getInt32Ty()},
                                     {neutral, source, b.getInt32(control), b.getInt32(rows),
                                      b.getInt32(kAllBanks), b.getFalse()});
    value = hold_in_vgpr(b, combine(value, moved));
  };
  for (unsigned by : {1u, 2u, 4u, 8u})
    step(value, kRowShr + by, kAllRows);
  if (processor.generation == Generation::Gfx9) {
    step(value, kRowBroadcast15, 0xA);
    return value;
  }
  Value *last = b.CreateIntrinsic(Intrinsic::amdgcn_permlanex16, {b.getInt32Ty()},
                                  {PoisonValue::get(b.getInt32Ty()), value, b.getInt32(~0u),
                                   b.getInt32(~0u), b.getFalse(), b.getTrue()});
  step(last, kQuadIdentity, 0xA);
  return value;
}

Value *reduce_lanes(IRBuilderBase &b, const Processor &processor, Value *value, Constant *neutral,
                    function_ref<Value *(Value *, Value *)> combine) {
  Type *word = b.getInt32Ty();
  auto read_by = [&](Value *old, unsigned control, unsigned rows, bool all) {
    return b.CreateIntrinsic(
        Intrinsic::amdgcn_update_dpp, {word},
        {old, value, b.getInt32(control), b.getInt32(rows), b.getInt32(kAllBanks), b.getInt1(all)});
  };
  if (processor.generation == Generation::Gfx9) {
    for (unsigned by : {1u, 2u, 4u, 8u})
      value = combine(value, read_by(neutral, kRowShr + by, kAllRows, false));
    value = combine(value, read_by(neutral, kRowBroadcast15, 0xA, false));
    auto total = [&](unsigned lane) {
      return b.CreateIntrinsic(Intrinsic::amdgcn_readlane, {word}, {value, b.getInt32(lane)});
    };
    Value *lower = total(31), *upper = total(63);
    return b.CreateSelect(in_upper_half(b), upper, lower);
  }
  for (unsigned by : {1u, 2u, 4u, 8u})
    value = combine(value, read_by(PoisonValue::get(word), kRowXmask + by, kAllRows, true));
  Value *other_row = b.CreateIntrinsic(
      Intrinsic::amdgcn_permlanex16, {word},
      {PoisonValue::get(word), value, b.getInt32(0), b.getInt32(0), b.getFalse(), b.getTrue()});
  return combine(value, other_row);
}

Value *combine_moved(IRBuilderBase &builder, const Processor &processor, Value *value, Value *other,
                     const LaneMap &map, Constant *neutral,
                     function_ref<Value *(Value *, Value *)> combine) {
  return LaneMover(builder, processor, value, map).combine(other, neutral, combine);
}

} // namespace w2w
