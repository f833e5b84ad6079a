#include "runtime/emulator/check/checker.h"

#include "runtime/emulator/check/barrier_check.h"
#include "runtime/emulator/check/memory_check.h"
#include "runtime/emulator/check/options.h"
#include "runtime/emulator/check/race_check.h"
#include "runtime/emulator/check/uninit_check.h"
#include "runtime/emulator/workgroup.h"

#include <fmt/format.h>
#include <optional>

namespace w2w::emu::check {

bool is_arrival(const isa::Inst &i) {
  isa::Form f = i.opcode->form;
  std::string_view name = i.opcode->name;
  return (f == isa::Form::SP && name == "s_barrier") ||
         (f == isa::Form::S1Src && name.starts_with("s_barrier_signal"));
}
bool is_wait(const isa::Inst &i) {
  std::string_view name = i.opcode->name;
  return i.opcode->form == isa::Form::SP && (name == "s_barrier" || name == "s_barrier_wait");
}

namespace {

class GroupChecker final : public GroupObserver {
public:
  GroupChecker(LaunchContext &launch, RaceLaunch *race) {
    const Options &o = options();
    if (o.memory)
      memory_.emplace(launch);
    if (o.barrier)
      barrier_.emplace(launch, launch.plan.waves());
    if (race)
      race_.emplace(*race);
    if (o.uninit)
      uninit_.emplace(launch);
  }

  int before(Wave &wave, const isa::Inst &inst, StopInfo &stop) override {
    count_ = isa::accesses(wave, inst, at_);
    Step step{wave, inst, count_, at_};
    if (memory_ && step.count)
      if (int next = memory_->before(step, stop))
        return next;
    if (barrier_)
      barrier_->before(step);
    if (race_)
      race_->before(step);
    if (uninit_)
      uninit_->before(step);
    return isa::kContinue;
  }
  int after(Wave &wave, const isa::Inst &inst, StopInfo &, int next) override {
    if (race_ && count_ && next == isa::kContinue)
      race_->after({wave, inst, count_, at_});
    return next;
  }
  void group_started(const Workgroup &group) override {
    if (barrier_)
      barrier_->group_started();
    if (race_)
      race_->group_started(group);
    if (uninit_)
      uninit_->group_started(group);
  }
  void wave_started(Wave &wave) override {
    if (barrier_)
      barrier_->wave_started(wave);
    if (uninit_)
      uninit_->wave_started(wave);
  }
  void wave_ended(Wave &wave) override {
    if (barrier_)
      barrier_->wave_ended(wave);
  }
  void barrier_passed() override {
    if (barrier_)
      barrier_->barrier_passed();
    if (race_)
      race_->barrier_passed();
  }
  void group_ended() override {
    if (race_)
      race_->group_ended();
  }

private:
  isa::LaneAccesses at_[isa::kMostAccesses]; // of the instruction that runs
  unsigned count_ = 0;
  std::optional<MemoryCheck> memory_;
  std::optional<BarrierCheck> barrier_;
  std::optional<RaceCheck> race_;
  std::optional<UninitCheck> uninit_;
};

class LaunchChecker final : public LaunchObserver {
public:
  explicit LaunchChecker(const LaunchPlan &plan) : launch_(plan) {
    if (options().race)
      race_ = RaceLaunch::create(launch_);
  }
  std::unique_ptr<GroupObserver> group() override {
    return std::make_unique<GroupChecker>(launch_, race_.get());
  }
  void finish(LaunchFailure &failure) override {
    uint32_t errors = launch_.memory_errors;
    if (errors && failure.code == hip::hipSuccess)
      failure = {hip::hipErrorIllegalAddress,
                 fmt::format("kernel '{}': {} instructions made illegal accesses (w2w check)",
                             launch_.plan.kernel->name, errors)};
  }

private:
  LaunchContext launch_;
  std::unique_ptr<RaceLaunch> race_;
};

} // namespace

bool wanted() {
  return options().any();
}

std::unique_ptr<LaunchObserver> make(const LaunchPlan &plan) {
  return std::make_unique<LaunchChecker>(plan);
}

} // namespace w2w::emu::check
