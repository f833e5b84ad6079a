#include "runtime/emulator/weak/memory.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace w2w::emu::weak {

namespace {

constexpr unsigned kL0Lines = 128, kGl1Lines = 256, kScalarLines = 128, kL2Lines = 512;
/// Busy and idle, and with a few requests that take much longer than the others: those show what a
/// load may be behind (load buffering).
constexpr Mood kMoods[] = {{1, 400, 64}, {2, 12, 4}, {6, 400, 64}, {24, 12, 4}};
/// For how many ticks one of these rules.
constexpr unsigned kLongestMood = 600;
constexpr unsigned kSlow = 3; ///< of requests: one in so many is slow
/// How far behind the oldest request tick() reaches.
constexpr size_t kReach = 24;
constexpr unsigned kEviction = 192; ///< one line in so many ticks
constexpr unsigned kNoFill = 8;     ///< one load in so many leaves no line behind

/// Memory is shared with the host's threads and with other launches: words go in one access.
void write_memory(uint64_t at, const uint8_t *from, unsigned bytes) {
  auto *to = reinterpret_cast<uint8_t *>(at);
  if (bytes == 8 && at % 8 == 0) {
    uint64_t x;
    std::memcpy(&x, from, 8);
    __atomic_store_n(reinterpret_cast<uint64_t *>(to), x, __ATOMIC_SEQ_CST);
  } else if (bytes == 4 && at % 4 == 0) {
    uint32_t x;
    std::memcpy(&x, from, 4);
    __atomic_store_n(reinterpret_cast<uint32_t *>(to), x, __ATOMIC_SEQ_CST);
  } else {
    std::memcpy(to, from, bytes);
  }
}
void read_memory(uint64_t line, uint8_t *to) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  std::memcpy(to, reinterpret_cast<const void *>(line), kLineBytes);
}

/// The part of a lane's bytes that lies in the line.
struct Span {
  unsigned lane_offset, line_offset, bytes;
};
Span span(const Op &op, unsigned lane, uint64_t line) {
  uint64_t lo = std::max(op.at[lane], line),
           hi = std::min(op.at[lane] + op.size, line + kLineBytes);
  return {unsigned(lo - op.at[lane]), unsigned(lo - line), unsigned(hi - lo)};
}
template <class F> void each_lane(uint64_t lanes, F f) {
  for (; lanes; lanes &= lanes - 1)
    f(unsigned(__builtin_ctzll(lanes)));
}
void copy_out(Op &op, uint64_t lanes, uint64_t line, const uint8_t *data) {
  each_lane(lanes, [&](unsigned l) {
    Span s = span(op, l, line);
    std::memcpy(op.bytes[l] + s.lane_offset, data + s.line_offset, s.bytes);
  });
}
/// A store's bytes over the line's, ascending lanes; `state` is added to their state.
void lay_over(const Op &op, uint64_t lanes, Line &line, uint8_t set, uint8_t clear) {
  each_lane(lanes, [&](unsigned l) {
    Span s = span(op, l, line.address);
    std::memcpy(line.data + s.line_offset, op.bytes[l] + s.lane_offset, s.bytes);
    for (unsigned k = 0; k < s.bytes; k++)
      line.state[s.line_offset + k] =
          uint8_t((line.state[s.line_offset + k] | set) & ~unsigned(clear));
  });
}

} // namespace

Shape Shape::of(std::string_view gfx, bool split) {
  Shape s;
  s.split = split;
  if (gfx == "gfx942")
    s.xcds = 8, s.cus = 2;
  else if (gfx.starts_with("gfx9"))
    s.cus = 4;
  else if (gfx.starts_with("gfx10") || gfx.starts_with("gfx11"))
    s.array_cus = 4;
  return s;
}

Memory::Memory(const Shape &of, uint64_t seed)
    : random(seed), shape(of), cus_(of.all_cus()), l2_(of.xcds > 1 ? of.xcds : 0) {
  for (unsigned k = 0; shape.array_cus && k < shape.all_cus(); k += shape.array_cus)
    gl1_.emplace_back(kGl1Lines);
  for (unsigned k = 0; k < shape.all_cus(); k += kScalarCus)
    scalar_.emplace_back(kScalarLines);
}

Op *Memory::make() {
  if (free_.empty()) {
    ops_.push_back(std::make_unique<Op>());
    free_.push_back(ops_.back().get());
  }
  Op *op = free_.back();
  free_.pop_back();
  op->requests = 0;
  op->mask = op->global = 0;
  op->bypass = {};
  op->unordered = op->converted = false;
  return op;
}

void Memory::release(Op *op) {
  free_.push_back(op);
}

Cache &Memory::l0_of(Cu &cu) {
  if (!cu.l0)
    cu.l0 = std::make_unique<Cache>(kL0Lines);
  return *cu.l0;
}

Cache *Memory::l2_of(unsigned cu, uint64_t line) {
  if (l2_.empty() || (shape.local && !shape.local->contains(line)))
    return nullptr;
  auto &l2 = l2_[cu / shape.cus];
  if (!l2)
    l2 = std::make_unique<Cache>(kL2Lines);
  return l2.get();
}

void Memory::write_back(Line &line) {
  for (unsigned k = 0; k < kLineBytes;) {
    auto dirty = [&](unsigned n) {
      if (k % n)
        return false;
      for (unsigned j = 0; j < n; j++)
        if (!(line.state[k + j] & Line::kDirty))
          return false;
      return true;
    };
    unsigned n = dirty(8) ? 8 : dirty(4) ? 4 : 1;
    if (n > 1 || dirty(1))
      write_memory(line.address + k, line.data + k, n);
    k += n;
  }
  for (uint8_t &s : line.state)
    s &= uint8_t(~Line::kDirty);
}

void Memory::write_back(Cache &l2) {
  l2.each([&](Line &line) {
    write_back(line);
    return true;
  });
}

void Memory::push(Cu &cu, Request r) {
  cu.queue.push_back(r);
  r.op->requests++;
}

void Memory::issue(Op &op) {
  Cu &cu = cus_[op.cu];
  if (op.kind == Kind::WriteBack || op.kind == Kind::WriteBackInvalidate) {
    push(cu, {&op, kWriteBack, 0, random.one_in(kSlow)});
    return;
  }
  struct Part {
    uint64_t line, lanes;
  };
  Part parts[128];
  unsigned count = 0;
  each_lane(op.global, [&](unsigned l) {
    uint64_t last = (op.at[l] + op.size - 1) & ~uint64_t(kLineBytes - 1);
    for (uint64_t line = op.at[l] & ~uint64_t(kLineBytes - 1); line <= last; line += kLineBytes) {
      unsigned k = count;
      while (k > 0 && parts[k - 1].line != line)
        k--;
      if (k == 0)
        parts[count++] = {line, 0}, k = count;
      parts[k - 1].lanes |= uint64_t{1} << l;
    }
  });
  Cache &l0 = l0_of(cu);
  for (unsigned k = 0; k < count; k++) {
    auto [line, lanes] = parts[k];
    Line *hit = l0.find(line);
    if (hit && op.kind == Kind::Load && !op.bypass.l0) {
      copy_out(op, lanes, line, hit->data);
      continue;
    }
    if (hit && op.kind == Kind::Store && random.one_in(2))
      lay_over(op, lanes, *hit, 0, 0);
    else if (hit)
      l0.drop(*hit);
    push(cu, {&op, line, lanes, random.one_in(kSlow)});
  }
  while (cu.queue.size() > kLongestQueue)
    perform(op.cu, 0);
}

void Memory::force(Op &op) {
  std::deque<Request> &queue = cus_[op.cu].queue;
  while (op.requests) {
    size_t k = 0;
    while (queue[k].op != &op)
      k++;
    perform(op.cu, k);
  }
}

/// Performs the k-th request of the CU's queue, or one that must come before it: the oldest of the
/// same line; before a write-back, any.
void Memory::perform(unsigned cu, size_t k) {
  std::deque<Request> &queue = cus_[cu].queue;
  uint64_t line = queue[k].line;
  size_t first = 0;
  while (line != kWriteBack && queue[first].line != line)
    first++;
  Request r = queue[first];
  queue.erase(queue.begin() + static_cast<long>(first));
  switch (r.op->kind) {
  case Kind::Load:
    load(cu, r);
    break;
  case Kind::Store:
    store(cu, r);
    break;
  case Kind::Atomic:
    atomic(cu, r);
    break;
  default:
    if (!l2_.empty() && reach_of(*r.op->inst).l2)
      if (auto &l2 = l2_[cu / shape.cus])
        write_back(*l2);
    break;
  }
  if (--r.op->requests == 0 && !r.op->owner)
    release(r.op);
}

/// What the CU finds behind its L0.
void Memory::fetch(unsigned cu, uint64_t line, const Bypass &bypass, uint8_t *to) {
  Cache *gl1 = gl1_of(cu);
  if (gl1 && !bypass.gl1)
    if (Line *hit = gl1->find(line)) {
      std::memcpy(to, hit->data, kLineBytes);
      return;
    }
  Cache *l2 = l2_of(cu, line);
  if (l2 && bypass.l2) {
    if (Line *hit = l2->find(line)) {
      write_back(*hit);
      l2->drop(*hit);
    }
    read_memory(line, to);
  } else if (l2) {
    Line &place = l2->place(line, [&](Line &leaves) { write_back(leaves); });
    uint8_t now[kLineBytes];
    read_memory(line, now);
    for (unsigned k = 0; k < kLineBytes; k++)
      if (!(place.state[k] & Line::kValid))
        place.data[k] = now[k], place.state[k] |= Line::kValid;
    std::memcpy(to, place.data, kLineBytes);
  } else {
    read_memory(line, to);
  }
  if (gl1 && bypass.gl1)
    gl1->drop(line);
  else if (gl1)
    std::memcpy(gl1->place(line, [](Line &) {}).data, to, kLineBytes);
}

void Memory::load(unsigned cu, const Request &r) {
  alignas(64) uint8_t data[kLineBytes];
  fetch(cu, r.line, r.op->bypass, data);
  copy_out(*r.op, r.lanes, r.line, data);
  Cache &l0 = l0_of(cus_[cu]);
  l0.drop(r.line);
  if (r.op->bypass.l0 || random.one_in(kNoFill))
    return;
  // What this CU has issued since is in the line that it sees; a load or atomic that passes the L0
  // by leaves none.
  for (const Request &later : cus_[cu].queue)
    if (later.line == r.line && later.op->kind != Kind::Store && later.op->bypass.l0)
      return;
  Line &line = l0.place(r.line, [](Line &) {});
  std::memcpy(line.data, data, kLineBytes);
  for (const Request &later : cus_[cu].queue)
    if (later.line == r.line && later.op->kind == Kind::Store)
      lay_over(*later.op, later.lanes, line, 0, 0);
}

void Memory::store(unsigned cu, const Request &r) {
  Cache *l2 = l2_of(cu, r.line);
  Op &op = *r.op;
  if (l2 && !op.bypass.l2) {
    Line &line = l2->place(r.line, [&](Line &leaves) { write_back(leaves); });
    lay_over(op, r.lanes, line, Line::kValid | Line::kDirty, 0);
  } else {
    each_lane(r.lanes, [&](unsigned l) {
      Span s = span(op, l, r.line);
      write_memory(r.line + s.line_offset, op.bytes[l] + s.lane_offset, s.bytes);
    });
    if (Line *hit = l2 ? l2->find(r.line) : nullptr)
      lay_over(op, r.lanes, *hit, Line::kValid, Line::kDirty);
  }
  if (Cache *gl1 = gl1_of(cu))
    if (Line *hit = gl1->find(r.line))
      lay_over(op, r.lanes, *hit, 0, 0);
}

/// Where all caches of the device agree: L2, or memory behind several of them.
void Memory::atomic(unsigned cu, const Request &r) {
  l0_of(cus_[cu]).drop(r.line);
  if (Cache *gl1 = gl1_of(cu))
    gl1->drop(r.line);
  if (Cache *l2 = l2_of(cu, r.line))
    if (Line *hit = l2->find(r.line)) {
      write_back(*hit);
      l2->drop(*hit);
    }
  Op &op = *r.op;
  // The host and other devices may update the same memory.
  auto update = [&](auto *p, unsigned l) {
    auto old = __atomic_load_n(p, __ATOMIC_SEQ_CST), next = old;
    do {
      std::memcpy(op.bytes[l], &old, sizeof old);
      side.update(op, l);
      std::memcpy(&next, op.bytes[l], sizeof next);
    } while (
        !__atomic_compare_exchange_n(p, &old, next, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  };
  each_lane(r.lanes, [&](unsigned l) {
    if (op.size == 8)
      update(reinterpret_cast<uint64_t *>(op.at[l]), l);
    else
      update(reinterpret_cast<uint32_t *>(op.at[l]), l);
  });
}

void Memory::invalidate(unsigned cu, const Reach &reach) {
  if (reach.l0 && cus_[cu].l0)
    cus_[cu].l0->drop_all();
  if (Cache *gl1 = gl1_of(cu); gl1 && reach.gl1)
    gl1->drop_all();
  if (reach.l2 && !l2_.empty() && l2_[cu / shape.cus])
    l2_[cu / shape.cus]->each([](Line &line) { // what is dirty stays, and nothing else
      bool any = false;
      for (uint8_t &s : line.state) {
        s = s & Line::kDirty ? uint8_t(Line::kDirty | Line::kValid) : uint8_t(0);
        any |= s != 0;
      }
      return any;
    });
}

void Memory::read_scalar(unsigned cu, uint64_t at, void *to, unsigned bytes, bool bypass) {
  Cache &cache = scalar_of(cu);
  auto *out = static_cast<uint8_t *>(to);
  for (uint64_t line = at & ~uint64_t(kLineBytes - 1); line < at + bytes; line += kLineBytes) {
    Line *hit = cache.find(line);
    if (!hit || bypass) {
      Line &place = cache.place(line, [](Line &) {});
      fetch(cu, line, {}, place.data);
      hit = &place;
    }
    uint64_t lo = std::max(at, line), hi = std::min(at + bytes, line + kLineBytes);
    std::memcpy(out + (lo - at), hit->data + (lo - line), hi - lo);
  }
}

void Memory::invalidate_scalar(unsigned cu) {
  scalar_of(cu).drop_all();
}

void Memory::tick() {
  if (mood_left_-- == 0) {
    mood_ = kMoods[random.below(std::size(kMoods))];
    mood_left_ = random.below(kLongestMood);
  }
  if (random.one_in(mood_.ticks)) {
    unsigned first = random.below(shape.all_cus());
    for (unsigned k = 0; k < shape.all_cus(); k++) {
      unsigned cu = (first + k) % shape.all_cus();
      std::deque<Request> &queue = cus_[cu].queue;
      if (queue.empty())
        continue;
      size_t n = random.below(unsigned(std::min(queue.size(), kReach)));
      if (!queue[n].slow || random.one_in(mood_.patience))
        perform(cu, n);
      break;
    }
  }
  if (random.one_in(kEviction))
    evict();
}

/// One place of each kind of cache loses its line.
void Memory::evict() {
  auto lose = [&](Cache &cache) {
    if (Line *line = cache.nth(random.below(1 << 16)))
      cache.drop(*line);
  };
  // Few lines are in use as a rule: look at some places.
  for (unsigned k = 0; k < 16; k++) {
    if (auto &l0 = cus_[random.below(shape.all_cus())].l0)
      lose(*l0);
    if (!gl1_.empty())
      lose(gl1_[random.below(unsigned(gl1_.size()))]);
    lose(scalar_[random.below(unsigned(scalar_.size()))]);
    if (l2_.empty())
      continue;
    if (auto &l2 = l2_[random.below(unsigned(l2_.size()))])
      if (Line *line = l2->nth(random.below(1 << 16))) {
        write_back(*line);
        l2->drop(*line);
      }
  }
}

void Memory::drain() {
  for (unsigned cu = 0; cu < cus_.size(); cu++)
    while (!cus_[cu].queue.empty())
      perform(cu, 0);
  for (auto &l2 : l2_)
    if (l2)
      write_back(*l2);
}

} // namespace w2w::emu::weak
