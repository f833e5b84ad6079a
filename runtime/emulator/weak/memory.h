// Global memory as the compute units of one launch see it: each CU's queue of requests to L2, and
// the caches on the way. One thread uses it.
#pragma once

#include "runtime/emulator/arena.h"
#include "runtime/emulator/weak/caches.h"
#include "runtime/emulator/weak/policy.h"
#include "runtime/emulator/weak/random.h"
#include "runtime/emulator/weak/side.h"

#include <deque>
#include <memory>
#include <vector>

namespace w2w::emu::weak {

/// The caches of a device. It has fewer compute units than its model: so workgroups share them
/// more often.
struct Shape {
  unsigned xcds = 1;      ///< each with an L2 of its own; one L2 is the device's coherence point
  unsigned cus = 8;       ///< of an XCD
  unsigned array_cus = 0; ///< CUs that share a GL1; 0: there is none
  bool split = false;     ///< a workgroup's waves run on two neighbouring CUs
  const Arena *local = nullptr; ///< memory that an XCD's L2 may hold; null: all

  unsigned all_cus() const { return xcds * cus; }
  /// gfx: "gfx942" and the like.
  static Shape of(std::string_view gfx, bool split);
};

/// How busy the memory is for a while; one chance in so many, each.
struct Mood {
  unsigned ticks;    ///< of a tick: that a queue is looked at
  unsigned patience; ///< of a slow request, when its turn comes: that it is performed
  unsigned hurry;    ///< of a wave's wait: that what it waits for is performed at once
};

class Memory {
public:
  Memory(const Shape &shape, uint64_t seed);

  Random random;
  Side side;
  const Shape shape;

  /// An operation to fill in; issue() takes it over. Operations live until they are performed and
  /// have returned to their wave, if that has not ended.
  Op *make();
  void release(Op *);

  /// The CU takes the operation (kind Load, Store, Atomic or WriteBack) in: a load finds its line
  /// in L0, everything else enters the queue. op.requests says how many are not performed.
  void issue(Op &);
  /// Performs the operation's requests, and what must come before them.
  void force(Op &);
  void invalidate(unsigned cu, const Reach &);

  void read_scalar(unsigned cu, uint64_t at, void *to, unsigned bytes, bool bypass);
  void invalidate_scalar(unsigned cu);

  /// A little time passes: perhaps a request is performed or a line evicted somewhere.
  void tick();
  const Mood &mood() const { return mood_; }
  /// The launch ends: everything is performed and written back.
  void drain();

private:
  struct Request {
    Op *op;
    uint64_t line; ///< its first address; kWriteBack: comes after all before it
    uint64_t lanes;
    bool slow;
  };
  static constexpr uint64_t kWriteBack = ~uint64_t{0};
  /// Requests that a CU's queue holds; beyond, the oldest is performed.
  static constexpr size_t kLongestQueue = 256;
  struct Cu {
    std::unique_ptr<Cache> l0;
    std::deque<Request> queue;
  };

  void push(Cu &cu, Request);
  void perform(unsigned cu, size_t k);
  void load(unsigned cu, const Request &);
  void store(unsigned cu, const Request &);
  void atomic(unsigned cu, const Request &);
  void fetch(unsigned cu, uint64_t line, const Bypass &, uint8_t *to);
  void evict();
  void write_back(Line &);
  void write_back(Cache &l2);
  /// The L2 that may hold the line without others knowing; null: it is coherent.
  Cache *l2_of(unsigned cu, uint64_t line);
  Cache &l0_of(Cu &);
  Cache *gl1_of(unsigned cu) { return gl1_.empty() ? nullptr : &gl1_[cu / shape.array_cus]; }
  Cache &scalar_of(unsigned cu) { return scalar_[cu / kScalarCus]; }

  static constexpr unsigned kScalarCus = 2; ///< CUs that share a scalar cache
  std::vector<Cu> cus_;
  std::vector<Cache> gl1_, scalar_;
  std::vector<std::unique_ptr<Cache>> l2_; ///< of each XCD, once it is used
  std::vector<std::unique_ptr<Op>> ops_;
  std::vector<Op *> free_;
  Mood mood_{};
  unsigned mood_left_ = 0; ///< ticks until another
};

} // namespace w2w::emu::weak
