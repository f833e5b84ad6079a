#include "runtime/emulator/observer.h"

#include "runtime/emulator/check/checker.h"
#include "runtime/emulator/check/options.h"
#include "runtime/emulator/config.h"
#include "runtime/emulator/insight/counters.h"
#include "runtime/emulator/insight/hang.h"
#include "runtime/emulator/insight/trace.h"
#include "runtime/emulator/launch.h"
#include "runtime/emulator/weak/weak.h"
#include "runtime/emulator/workgroup.h"

#include <vector>

namespace w2w::emu {

namespace {

std::string no_problem() {
  return "";
}

/// A kind of observer: whether the environment asks for it at all, what is wrong with how it does,
/// and one for a launch (null: not for this one).
struct Kind {
  bool (*wanted)();
  std::string (*problem)();
  std::unique_ptr<LaunchObserver> (*make)(const LaunchPlan &);
};
/// In the order in which they see an instruction.
constexpr Kind kObservers[] = {
    {check::wanted, check::configuration_error, check::make},
    {counters_wanted, no_problem, count_launch},
    {trace_wanted, trace_problem, trace_launch},
    {hang_wanted, no_problem, hang_observer},
    // Last: it executes memory instructions in their handlers' place.
    {weak_memory, mode_problem, weak::observe},
};

/// Several observers of one workgroup.
class GroupObservers final : public GroupObserver {
public:
  explicit GroupObservers(std::vector<std::unique_ptr<GroupObserver>> all) : all_(std::move(all)) {}
  int before(Wave &w, const isa::Inst &i, StopInfo &s) override {
    int done = isa::kContinue;
    for (const auto &each : all_) {
      int next = each->before(w, i, s);
      if (next == isa::kDone)
        done = next;
      else if (next)
        return next;
    }
    return done;
  }
  int after(Wave &w, const isa::Inst &i, StopInfo &s, int next) override {
    for (const auto &each : all_)
      next = each->after(w, i, s, next);
    return next;
  }
  void group_started(const Workgroup &g) override {
    for (const auto &each : all_)
      each->group_started(g);
  }
  void wave_started(Wave &w) override {
    for (const auto &each : all_)
      each->wave_started(w);
  }
  void wave_ended(Wave &w) override {
    for (const auto &each : all_)
      each->wave_ended(w);
  }
  void barrier_passed() override {
    for (const auto &each : all_)
      each->barrier_passed();
  }
  void group_ended() override {
    for (const auto &each : all_)
      each->group_ended();
  }

private:
  std::vector<std::unique_ptr<GroupObserver>> all_;
};

class LaunchObservers final : public LaunchObserver {
public:
  explicit LaunchObservers(std::vector<std::unique_ptr<LaunchObserver>> all)
      : all_(std::move(all)) {}
  std::unique_ptr<GroupObserver> group() override {
    std::vector<std::unique_ptr<GroupObserver>> groups;
    for (const auto &each : all_)
      if (auto group = each->group())
        groups.push_back(std::move(group));
    return std::make_unique<GroupObservers>(std::move(groups));
  }
  void finish(LaunchFailure &failure) override {
    for (const auto &each : all_)
      each->finish(failure);
  }

private:
  std::vector<std::unique_ptr<LaunchObserver>> all_;
};

} // namespace

std::string observer_problem() {
  for (const Kind &kind : kObservers)
    if (std::string problem = kind.problem(); !problem.empty())
      return problem;
  return "";
}

Watch watching() {
  static const Watch how = [] {
    if (weak_memory())
      return Watch::Finely;
    for (const Kind &kind : kObservers)
      if (kind.wanted())
        return Watch::Yes;
    return Watch::No;
  }();
  return how;
}

std::shared_ptr<LaunchObserver> observe(const LaunchPlan &plan) {
  std::vector<std::unique_ptr<LaunchObserver>> all;
  for (const Kind &kind : kObservers)
    if (kind.wanted())
      if (auto observer = kind.make(plan))
        all.push_back(std::move(observer));
  if (all.empty())
    return nullptr;
  if (all.size() == 1)
    return std::move(all.front());
  return std::make_shared<LaunchObservers>(std::move(all));
}

} // namespace w2w::emu
