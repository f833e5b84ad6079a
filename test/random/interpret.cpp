// The reference interpreter: all threads of a block go through the tree together, each statement
// for the threads that are active there. Cross-thread statements see the warp's active threads, as
// the printed kernel's masks name them.
#include "test/random/program.h"

#include <bit>

namespace w2w::random_programs {

namespace {

constexpr unsigned kWarp = 32;
struct Registers {
  uint64_t value[4][kRegisters] = {};
  uint64_t &at(Class c, unsigned r) { return value[static_cast<unsigned>(c)][r]; }
};

struct Thread {
  Registers registers;
  uint32_t local[kLocalWords] = {};
};

using Active = std::vector<bool>; // by thread of the block

class BlockInterpreter {
public:
  BlockInterpreter(const Program &p, unsigned block, const uint64_t *in, uint64_t *counters)
      : program_(p), block_(block), counters_(counters), threads_(p.threads), shared_(p.threads),
        gone_(p.threads), in_call_when_gone_(p.threads), returned_(p.threads) {
    for (unsigned t = 0; t < p.threads; ++t)
      for (unsigned k = 0; k < kStateWords; ++k)
        threads_[t].registers.value[k / kRegisters][k % kRegisters] = in[t * kStateWords + k];
  }

  void run(uint64_t *out) {
    Active all(program_.threads, true);
    run(program_.body, all, program_.whole_block());
    for (unsigned t = 0; t < program_.threads; ++t)
      for (unsigned k = 0; k < kStateWords && !in_call_when_gone_[t]; ++k)
        out[t * kStateWords + k] = threads_[t].registers.value[k / kRegisters][k % kRegisters];
  }

private:
  using Kind = Statement::Kind;

  uint64_t read(unsigned t, const Operand &o) {
    return o.immediate ? o.bits : threads_[t].registers.at(o.cls, o.reg);
  }
  void write(unsigned t, const Operand &o, uint64_t v) {
    threads_[t].registers.at(o.cls, o.reg) = v;
  }

  template <typename F> void each(const Active &active, F f) {
    for (unsigned t = 0; t < program_.threads; ++t)
      if (active[t] && !gone_[t] && !returned_[t])
        f(t);
  }

  Active where(const Active &active, const std::function<bool(unsigned)> &condition) {
    Active result(program_.threads);
    each(active, [&](unsigned t) { result[t] = condition(t); });
    return result;
  }

  uint32_t warp_mask(const Active &active, unsigned t) {
    uint32_t mask = 0;
    for (unsigned lane = 0; lane < kWarp; ++lane) {
      unsigned other = t / kWarp * kWarp + lane;
      mask |= uint32_t{other < program_.threads && active[other] && !gone_[other]} << lane;
    }
    return mask;
  }

  void run(const Body &body, const Active &active, const Group &group) {
    for (const Statement &s : body)
      run(s, active, group);
  }

  void operation(const Statement &s, unsigned t) {
    const reference::Meaning &m = s.operation->meaning;
    uint64_t in[4] = {}, out[2] = {};
    for (size_t i = 0; i < s.inputs.size(); ++i)
      in[i] = read(t, s.inputs[i]);
    m.evaluate(in, out);
    for (size_t i = 0; i < s.outputs.size(); ++i)
      write(t, s.outputs[i],
            reference::is_nan(m.outputs[i], out[i]) ? canonical_nan(m.outputs[i]) : out[i]);
  }

  /// shfl.sync as PTX ISA 9.7.9.6 writes it down.
  void shuffle(const Statement &s, const Active &active) {
    std::vector<uint64_t> values(program_.threads);
    each(active, [&](unsigned t) { values[t] = read(t, s.inputs[0]); });
    std::vector<std::pair<uint64_t, bool>> results(program_.threads);
    each(active, [&](unsigned t) {
      int lane = static_cast<int>(t % kWarp);
      unsigned base = t / kWarp * kWarp;
      if (s.mode == "leader") {
        results[t] = {
            values[base + 31u - static_cast<unsigned>(std::countl_zero(warp_mask(active, t)))],
            true};
        return;
      }
      int b = static_cast<int>(read(t, s.inputs[1]) & 31);
      int clamp = static_cast<int>(s.clamp & 31), segment = static_cast<int>((s.clamp >> 8) & 31);
      int max_lane = (lane & segment) | (clamp & ~segment), min_lane = lane & segment;
      int j;
      bool valid;
      if (s.mode == "up")
        j = lane - b, valid = j >= max_lane;
      else if (s.mode == "down")
        j = lane + b, valid = j <= max_lane;
      else if (s.mode == "bfly")
        j = lane ^ b, valid = j <= max_lane;
      else
        j = min_lane | (b & ~segment), valid = j <= max_lane;
      results[t] = {values[base + static_cast<unsigned>(valid ? j : lane)], valid};
    });
    each(active, [&](unsigned t) {
      write(t, s.outputs[0], results[t].first);
      write(t, s.outputs[1], results[t].second);
    });
  }

  /// vote.sync and redux.sync: f(values of the warp's active threads, their mask) is everyone's
  /// result.
  template <typename F> void collective(const Statement &s, const Active &active, F f) {
    std::vector<uint64_t> results(program_.threads);
    each(active, [&](unsigned t) {
      std::vector<uint64_t> values;
      uint32_t mask = warp_mask(active, t), set = 0;
      for (unsigned lane = 0; lane < kWarp; ++lane)
        if (mask >> lane & 1) {
          values.push_back(read(t / kWarp * kWarp + lane, s.inputs[0]));
          set |= uint32_t{values.back() != 0} << lane;
        }
      results[t] = f(values, set, mask);
    });
    each(active, [&](unsigned t) { write(t, s.outputs[0], results[t]); });
  }

  void vote(const Statement &s, const Active &active) {
    collective(s, active,
               [&](const std::vector<uint64_t> &, uint32_t set, uint32_t mask) -> uint64_t {
                 return s.mode == "ballot" ? set
                        : s.mode == "all"  ? set == mask
                        : s.mode == "any"  ? set != 0
                                           : set == 0 || set == mask;
               });
  }

  void redux(const Statement &s, const Active &active) {
    collective(s, active, [&](const std::vector<uint64_t> &values, uint32_t, uint32_t) -> uint64_t {
      uint32_t acc = static_cast<uint32_t>(values[0]);
      for (size_t i = 1; i < values.size(); ++i) {
        uint32_t v = static_cast<uint32_t>(values[i]);
        int32_t sa = static_cast<int32_t>(acc), sv = static_cast<int32_t>(v);
        acc = s.mode == "add.u32"   ? acc + v
              : s.mode == "min.u32" ? std::min(acc, v)
              : s.mode == "max.u32" ? std::max(acc, v)
              : s.mode == "min.s32" ? static_cast<uint32_t>(std::min(sa, sv))
              : s.mode == "max.s32" ? static_cast<uint32_t>(std::max(sa, sv))
              : s.mode == "and.b32" ? acc & v
              : s.mode == "or.b32"  ? acc | v
                                    : acc ^ v;
      }
      return acc;
    });
  }

  /// The word that a thread stored last of those of `warps`' threads, chosen by `choice`.
  uint32_t taken(uint32_t warps, uint64_t choice) {
    uint32_t k =
        static_cast<uint32_t>(choice) % (kWarp * static_cast<unsigned>(std::popcount(warps)));
    uint32_t left = warps;
    for (unsigned skip = k / kWarp; skip > 0; --skip)
      left &= left - 1;
    unsigned warp = static_cast<unsigned>(std::countr_zero(left));
    return shared_[std::min(warp * kWarp + k % kWarp, program_.threads - 1)];
  }

  void exchange(const Statement &s, const Active &active, const Group &group) {
    // The chosen slot is read before the stores as it may lie in the register that is loaded.
    std::vector<uint64_t> choice(program_.threads);
    each(active, [&](unsigned t) { choice[t] = read(t, s.inputs[1]); });
    each(active, [&](unsigned t) { shared_[t] = static_cast<uint32_t>(read(t, s.inputs[0])); });
    each(active, [&](unsigned t) { write(t, s.outputs[0], taken(group.warps, choice[t])); });
  }

  void handoff(const Statement &s, const Active &active, const Group &group) {
    uint32_t from = group.warps & s.warps;
    if (from == 0)
      return;
    auto gives = [&](unsigned t) { return (from >> (t / kWarp) & 1) != 0; };
    each(active, [&](unsigned t) {
      if (gives(t))
        shared_[t] = static_cast<uint32_t>(read(t, s.inputs[0]));
    });
    each(active, [&](unsigned t) {
      if (!gives(t))
        write(t, s.outputs[0], taken(from, read(t, s.inputs[1])));
    });
  }

  void barrier_vote(const Statement &s, const Active &active) {
    uint64_t set = 0, all = 0;
    each(active, [&](unsigned t) {
      set += read(t, s.inputs[0]);
      ++all;
    });
    uint64_t result = s.mode == "popc.u32" ? set : s.mode == "and.pred" ? set == all : set != 0;
    each(active, [&](unsigned t) { write(t, s.outputs[0], result); });
  }

  void contribute(const Statement &s, unsigned t) {
    uint64_t &counter = counters_[2 + s.count];
    uint32_t old = static_cast<uint32_t>(counter), v = static_cast<uint32_t>(read(t, s.inputs[0]));
    counter =
        s.mode == "add.u64"   ? counter + v
        : s.mode == "add.u32" ? uint32_t{old + v}
        : s.mode == "min.s32"
            ? static_cast<uint32_t>(std::min(static_cast<int32_t>(old), static_cast<int32_t>(v)))
        : s.mode == "max.u32" ? std::max(old, v)
        : s.mode == "or.b32"  ? old | v
                              : old ^ v;
  }

  void loop(const Statement &s, const Active &active, const Group &group) {
    std::vector<uint64_t> left(program_.threads);
    each(active, [&](unsigned t) { left[t] = read(t, s.inputs[0]) & 7; });
    Active inside = where(active, [&](unsigned t) { return left[t] != 0; });
    while (any(inside)) {
      run(s.bodies[0], inside, group);
      inside = where(inside, [&](unsigned t) { return --left[t] != 0 && !read(t, s.inputs[1]); });
    }
  }

  void two_entries(const Statement &s, const Active &active, const Group &group) {
    std::vector<uint64_t> left(program_.threads);
    each(active, [&](unsigned t) { left[t] = read(t, s.inputs[0]) & 3; });
    Active first = where(active, [&](unsigned t) { return !read(t, s.inputs[1]); });
    Active second = active;
    while (any(second)) {
      run(s.bodies[0], first, group);
      run(s.bodies[1], second, group);
      first = second = where(second, [&](unsigned t) { return left[t]-- != 0; });
    }
  }

  static bool any(const Active &active) {
    return std::find(active.begin(), active.end(), true) != active.end();
  }

  /// f(warp) iterations of the body.
  template <typename F>
  void counted_loop(const Statement &s, const Active &active, const Group &group, F f) {
    for (unsigned done = 0;; ++done) {
      Active inside = where(active, [&](unsigned t) { return f(t / kWarp) > done; });
      if (!any(inside))
        return;
      run(s.bodies[0], inside, group);
    }
  }

  void call(const Statement &s, const Active &active) {
    // The callee has registers of its own: two parameters, the rest zero.
    std::vector<Thread> saved = threads_;
    Active returned = returned_;
    each(active, [&](unsigned t) {
      uint64_t a = read(t, s.inputs[0]), b = read(t, s.inputs[1]);
      threads_[t] = {};
      threads_[t].registers.at(Class::B32, 0) = a;
      threads_[t].registers.at(Class::B32, 1) = b;
    });
    ++calls_;
    run(program_.functions[s.callee].body, active, {});
    --calls_;
    returned_ = returned;
    each(active, [&](unsigned t) {
      uint64_t result = threads_[t].registers.at(Class::B32, 0);
      threads_[t] = saved[t];
      write(t, s.outputs[0], result);
    });
  }

  void run(const Statement &s, const Active &active, const Group &group) {
    switch (s.kind) {
    case Kind::Operation:
      return each(active, [&](unsigned t) { operation(s, t); });
    case Kind::If: {
      Active yes = where(active, [&](unsigned t) { return read(t, s.inputs[0]) != 0; });
      Active no = where(active, [&](unsigned t) { return !yes[t]; });
      run(s.bodies[0], yes, group);
      return run(s.bodies[1], no, group);
    }
    case Kind::Loop:
      return loop(s, active, group);
    case Kind::TwoEntries:
      return two_entries(s, active, group);
    case Kind::BlockIf:
      if (block_ & 1)
        run(s.bodies[0], active, group);
      return;
    case Kind::CountedLoop:
      return counted_loop(s, active, group, [&](unsigned) { return s.count + (block_ & 1); });
    case Kind::WarpLoop:
      return counted_loop(s, active, group, [&](unsigned warp) { return (warp + s.count) & 3; });
    case Kind::WarpSplit:
      for (bool others : {false, true}) {
        Active part = where(
            active, [&](unsigned t) { return ((s.warps >> (t / kWarp) & 1) == 0) == others; });
        run(s.bodies[others], part, group.part(s.warps, others));
      }
      return;
    case Kind::Switch: {
      std::vector<uint64_t> chosen(program_.threads);
      each(active, [&](unsigned t) {
        chosen[t] = static_cast<uint32_t>(read(t, s.inputs[0])) % s.bodies.size();
      });
      for (size_t i = 0; i < s.bodies.size(); ++i)
        run(s.bodies[i], where(active, [&](unsigned t) { return chosen[t] == i; }), group);
      return;
    }
    case Kind::Exit:
      return each(active, [&](unsigned t) {
        gone_[t] = read(t, s.inputs[0]) != 0;
        in_call_when_gone_[t] = gone_[t] && calls_ > 0;
      });
    case Kind::Shuffle:
      return shuffle(s, active);
    case Kind::Vote:
      return vote(s, active);
    case Kind::Redux:
      return redux(s, active);
    case Kind::Exchange:
      return exchange(s, active, group);
    case Kind::Handoff:
      return handoff(s, active, group);
    case Kind::BarrierVote:
      return barrier_vote(s, active);
    case Kind::Contribute:
      return each(active, [&](unsigned t) { contribute(s, t); });
    case Kind::Critical:
      return each(active, [&](unsigned t) {
        counters_[1] = static_cast<uint32_t>(counters_[1] + read(t, s.inputs[0]));
      });
    case Kind::Return:
      return each(active, [&](unsigned t) { returned_[t] = read(t, s.inputs[0]) != 0; });
    case Kind::LocalStore:
      return each(active, [&](unsigned t) {
        threads_[t].local[read(t, s.inputs[0]) % kLocalWords] =
            static_cast<uint32_t>(read(t, s.inputs[1]));
      });
    case Kind::LocalLoad:
      return each(active, [&](unsigned t) {
        write(t, s.outputs[0], threads_[t].local[read(t, s.inputs[0]) % kLocalWords]);
      });
    case Kind::Call:
      return call(s, active);
    }
  }

  const Program &program_;
  unsigned block_;
  uint64_t *counters_;
  std::vector<Thread> threads_;
  std::vector<uint32_t> shared_;
  unsigned calls_ = 0;
  Active gone_;              // exited
  Active in_call_when_gone_; // and so without a word to its output
  Active returned_;          // from the function that is called
};

} // namespace

void interpret(const Program &p, const std::vector<uint64_t> &in, std::vector<uint64_t> &out) {
  out.assign(in.size() + kCounters, 0);
  for (unsigned b = 0; b < p.blocks; ++b) {
    size_t first = size_t{b} * p.threads * kStateWords;
    BlockInterpreter(p, b, in.data() + first, out.data() + in.size()).run(out.data() + first);
  }
}

} // namespace w2w::random_programs
