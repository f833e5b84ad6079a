// The mode as an observer: one launch, its workgroups, their waves.
#include "runtime/emulator/launch.h"
#include "runtime/emulator/config.h"
#include "runtime/emulator/log.h"
#include "runtime/emulator/weak/wave.h"
#include "runtime/emulator/weak/weak.h"

#include <algorithm>
#include <deque>
#include <set>

namespace w2w::emu::weak {

namespace {

using isa::Inst;

/// Uses of registers that are still to be loaded; each place is told once, and not too many.
class Hazards {
public:
  Hazards(std::function<std::string(uint64_t)> where, uint64_t *count)
      : where_(std::move(where)), count_(count) {}
  void report(const Pipeline::Hazard &h, uint64_t pc) {
    constexpr size_t kMost = 20;
    if (count_)
      ++*count_;
    if (told_.size() >= kMost || !told_.insert(pc).second)
      return;
    log(LogLevel::Warn, "weak memory: {} is {} before a wait for what loads it: {}; loaded at {}",
        h.register_name, h.written ? "overwritten" : "read", where_(pc), where_(h.by->pc));
  }

private:
  std::function<std::string(uint64_t)> where_;
  std::set<uint64_t> told_;
  uint64_t *count_;
};

class Launch;

class Group final : public GroupObserver {
public:
  explicit Group(Launch &launch) : launch_(launch) {}
  void group_started(const Workgroup &group) override;
  void wave_started(Wave &) override;
  void wave_ended(Wave &) override;
  int before(Wave &, const Inst &, StopInfo &) override;

private:
  WaveState &state(const Wave &w) {
    while (waves_.size() <= w.wave_in_group)
      waves_.emplace_back();
    return waves_[w.wave_in_group];
  }

  Launch &launch_;
  unsigned cu_ = 0;             // the first of its CUs
  std::deque<WaveState> waves_; // operations point to them
};

class Launch final : public LaunchObserver {
public:
  Launch(const Shape &shape, uint64_t seed, Dim grid, std::function<std::string(uint64_t)> where,
         uint64_t *hazards)
      : memory(shape, seed), pipeline(memory), hazards(std::move(where), hazards), grid(grid) {}
  std::unique_ptr<GroupObserver> group() override { return std::make_unique<Group>(*this); }
  void finish(LaunchFailure &) override { memory.drain(); }

  Memory memory;
  Pipeline pipeline;
  Hazards hazards;
  const Dim grid;
};

bool is_over(const WaveState &ws, const Wait &wait) {
  for (unsigned list = 0; list < kLists; list++)
    if (ws.list[list].size() > wait.left[list])
      return false;
  return ws.list[kLds].size() + ws.list[kScalars].size() <= wait.lgkm;
}

void Group::group_started(const Workgroup &group) {
  // The command processor gives workgroups to XCDs in turn; to which CU of one is not documented.
  const Shape &shape = launch_.memory.shape;
  uint64_t n = group.id[0] +
               uint64_t{launch_.grid[0]} * (group.id[1] + uint64_t{launch_.grid[1]} * group.id[2]);
  unsigned cu = launch_.memory.random.below(shape.cus);
  if (shape.split)
    cu &= ~1u;
  cu_ = unsigned(n % shape.xcds) * shape.cus + cu;
}

void Group::wave_started(Wave &w) {
  WaveState &ws = state(w);
  ws.wave = &w;
  ws.cu = cu_ + (launch_.memory.shape.split ? launch_.memory.random.below(2) : 0);
}

void Group::wave_ended(Wave &w) {
  launch_.pipeline.end(state(w));
}

int Group::before(Wave &w, const Inst &i, StopInfo &stop) {
  WaveState &ws = state(w);
  Memory &memory = launch_.memory;
  memory.tick();
  launch_.pipeline.tick(ws);
  if (waves_.size() > 1) // one that waits at a barrier has time pass too
    launch_.pipeline.tick(waves_[memory.random.below(unsigned(waves_.size()))]);
  Kind kind = kind_of(i);
  if (ws.results && kind != Kind::Wait)
    if (Pipeline::Hazard h = launch_.pipeline.hazard(ws, i, kind); h.by)
      launch_.hazards.report(h, i.pc);
  if (kind == Kind::Other)
    return isa::kContinue;
  if (kind != Kind::Wait)
    return launch_.pipeline.issue(ws, w, i, kind, stop);
  // A wave that waits gives the others time; now and then, what it waits for is hurried.
  Wait wait = wait_of(w, i);
  if (!is_over(ws, wait) && !memory.random.one_in(memory.mood().hurry)) {
    stop.kind = StopKind::Budget;
    w.pc = i.pc;
    return isa::kStop;
  }
  launch_.pipeline.wait(ws, wait);
  return isa::kDone;
}

} // namespace

std::unique_ptr<LaunchObserver> observe(const LaunchPlan &plan) {
  constexpr unsigned kWgpMode = 29, kTgSplit = 16; // of compute_pgm_rsrc1 and 3 (AMDGPUUsage)
  const Kernel &kernel = *plan.kernel;
  bool split =
      plan.model->gfx_major == 9 ? kernel.rsrc3 >> kTgSplit & 1 : kernel.rsrc1 >> kWgpMode & 1;
  Shape shape = Shape::of(plan.model->gfx, split);
  shape.local = plan.local;
  auto where = [object = plan.object, lanes = kernel.wave_size](uint64_t pc) {
    std::string line = disassemble(object->code(), pc, lanes);
    std::replace(line.begin(), line.end(), '\t', ' ');
    return fmt::format("{}:{}", object->place(pc), line);
  };
  return std::make_unique<Launch>(shape, *config().seed ^ plan.dispatch_id << 32, plan.grid, where,
                                  nullptr);
}

std::unique_ptr<LaunchObserver> observe(const Shape &shape, uint64_t seed,
                                        std::function<std::string(uint64_t pc)> where,
                                        uint64_t *hazards) {
  return std::make_unique<Launch>(shape, seed, Dim{~0u, 1, 1}, std::move(where), hazards);
}

} // namespace w2w::emu::weak
