#include "runtime/emulator/dispatcher.h"

#include "runtime/emulator/config.h"
#include "runtime/emulator/insight/hang.h"
#include "runtime/emulator/log.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <numeric>
#include <pthread.h>
#include <random>
#include <sched.h>

namespace w2w::emu {

namespace {

/// Instructions (of all waves together) in a workgroup's turn.
constexpr uint64_t kTurn = 64 << 10;
constexpr uint64_t kLongestTurn = kTurn * 16;
/// Where workgroups are likely to wait for each other.
constexpr uint64_t kCooperativeTurn = 8 << 10;
/// With a seed: they are to be mixed well, and many wait for one that came late.
constexpr uint64_t kSeededTurn = 2 << 10;
/// In the weak mode: turns are short and of random length, and several workgroups are resident from
/// the start, so that they meet in many ways.
constexpr uint64_t kLongestWeakTurn = 96;
constexpr uint64_t kWeakResident = 16;
/// A thread looks at other launches after about so many instructions.
constexpr uint64_t kVisit = 512 << 10;

unsigned usable_cores() {
  if (config().seed)
    return 1; // repeatable: one thread decides the order
  if (config().threads)
    return config().threads;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return 1;
}

} // namespace

/// The shared state of a launch that runs.
class Launch {
public:
  Launch(const LaunchPlan &plan, unsigned workers, const std::atomic<bool> &stopping)
      : plan_(plan), total_(plan.groups()), stopping_(stopping),
        hard_limit_(std::max<uint64_t>(1, std::min<uint64_t>(plan.resident_limit, total_))) {
    soft_limit_ = plan.cooperative ? hard_limit_ : std::min<uint64_t>(hard_limit_, workers);
    turn_ = config().seed ? kSeededTurn : plan.cooperative ? kCooperativeTurn : kTurn;
    if (weak_memory())
      soft_limit_ = std::max(soft_limit_, std::min(hard_limit_, kWeakResident));
    random_.seed(config().seed.value_or(0) ^ plan.dispatch_id << 32);
  }

  /// Executes workgroups for about `visit` instructions, or until there is nothing to do here.
  /// False in that case.
  bool visit(uint64_t visit) {
    uint64_t done = 0, counted = 0;
    while (std::unique_ptr<ResidentGroup> group = take()) {
      uint64_t before = group->instructions();
      LaunchFailure failure;
      ResidentGroup::Turn turn = group->run(turn_length(), cancel_, failure);
      done += group->instructions() - before;
      // The common case: it ended, none waits, and its memory serves the next one.
      while (turn == ResidentGroup::Turn::Finished &&
             waiting_.load(std::memory_order_relaxed) == 0 && done < visit) {
        uint64_t n = claim();
        if (n >= total_)
          break;
        finished_.fetch_add(1, std::memory_order_relaxed);
        turns_without_end_.store(0, std::memory_order_relaxed);
        group->start(order(n));
        turn = group->run(turn_length(), cancel_, failure);
        done += group->instructions();
      }
      instructions_.fetch_add(done - counted, std::memory_order_relaxed);
      counted = done;
      put_back(std::move(group), turn, std::move(failure));
      if (done >= visit)
        return true;
    }
    return false;
  }

  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ || work_for_helper(); });
  }
  bool done() {
    std::lock_guard lock(mutex_);
    return done_;
  }
  /// Whether a thread would find a workgroup to run.
  bool has_work() {
    std::lock_guard lock(mutex_);
    return !done_ && work_for_helper();
  }
  const LaunchFailure &failure() const { return failure_; }
  uint64_t groups() const { return total_; }
  /// Instructions that its waves have executed; complete when it is done.
  uint64_t instructions() const { return instructions_.load(std::memory_order_relaxed); }
  void cancel() { cancel_.store(true, std::memory_order_relaxed); }

private:
  bool stopped() const {
    return cancel_.load(std::memory_order_relaxed) || stopping_.load(std::memory_order_relaxed);
  }
  uint64_t claim() { return stopped() ? total_ : next_.fetch_add(1, std::memory_order_relaxed); }
  bool work_for_helper() const {
    if (stopped())
      return false;
    return !ready_.empty() ||
           (resident_ < soft_limit_ && next_.load(std::memory_order_relaxed) < total_);
  }

  std::unique_ptr<ResidentGroup> take() {
    std::unique_lock lock(mutex_);
    if (done_ || stopped())
      return nullptr;
    if (resident_ < soft_limit_) {
      uint64_t n = claim();
      if (n < total_) {
        ++resident_;
        ++running_;
        std::unique_ptr<ResidentGroup> group;
        if (!spare_.empty()) {
          group = std::move(spare_.back());
          spare_.pop_back();
        }
        lock.unlock();
        if (!group)
          group = make_group();
        if (group)
          group->start(order(n));
        return group;
      }
    }
    if (ready_.empty())
      return nullptr;
    // The weak mode takes any of them, fairly: one that waits is seldom passed over for long.
    auto next = ready_.begin() + (weak_memory() ? static_cast<long>(random_() % ready_.size()) : 0);
    std::unique_ptr<ResidentGroup> group = std::move(*next);
    ready_.erase(next);
    waiting_.store(ready_.size(), std::memory_order_relaxed);
    ++running_;
    return group;
  }

  /// Null if there is no memory for it; the launch has failed then.
  std::unique_ptr<ResidentGroup> make_group() {
    try {
      return std::make_unique<ResidentGroup>(plan_);
    } catch (const std::bad_alloc &) {
      put_back(nullptr, ResidentGroup::Turn::Failed,
               {hip::hipErrorOutOfMemory,
                fmt::format("kernel '{}': no memory for the registers and LDS of a workgroup",
                            plan_.kernel->name)});
      return nullptr;
    }
  }

  /// The workgroup that starts as the n-th one. With a seed they are shuffled among those that may
  /// be resident together: then one that waits for workgroups before it (look-back) still meets
  /// them, as on the hardware, which starts them in order. One thread runs a seeded launch.
  uint64_t order(uint64_t n) {
    if (!config().seed)
      return n;
    uint64_t first = n - n % hard_limit_;
    if (shuffled_.empty() || first != shuffled_first_) {
      // Each launch of the weak mode has an order of its own.
      std::mt19937_64 random(*config().seed ^ first * 0x9e3779b97f4a7c15u ^
                             (weak_memory() ? plan_.dispatch_id << 32 : 0));
      shuffled_.resize(std::min(hard_limit_, total_ - first));
      std::iota(shuffled_.begin(), shuffled_.end(), first);
      for (size_t i = shuffled_.size(); i > 1; --i)
        std::swap(shuffled_[i - 1], shuffled_[random() % i]);
      shuffled_first_ = first;
    }
    return shuffled_[n - first];
  }

  /// Instructions in a workgroup's turn.
  uint64_t turn_length() {
    return weak_memory() ? 1 + random_() % kLongestWeakTurn : turn_.load(std::memory_order_relaxed);
  }

  /// Under mutex_, after a turn: whether nothing has happened for so long that the launch is given
  /// up. Instructions count from when all workgroups that can be resident are, and all of these
  /// must have had their turns.
  bool hangs() {
    if (!config().hang_instructions)
      return false;
    uint64_t changes = memory_changes(), now = instructions();
    bool more_to_come = soft_limit_ < hard_limit_ && next_.load(std::memory_order_relaxed) < total_;
    if (changes != quiet_changes_ || more_to_come) {
      quiet_changes_ = changes;
      quiet_since_ = now;
      quiet_turns_ = 0;
      return false;
    }
    return ++quiet_turns_ > 2 * resident_ && now - quiet_since_ > config().hang_instructions;
  }

  /// Under mutex_: adds where the waves are to the report of a hang.
  void report_positions(const ResidentGroup &group) {
    constexpr unsigned kMostReported = 64; // workgroups
    if (++reported_ <= kMostReported)
      failure_.text += group.positions();
    else if (reported_ == kMostReported + 1)
      failure_.text += "; and more workgroups";
  }

  void put_back(std::unique_ptr<ResidentGroup> group, ResidentGroup::Turn turn,
                LaunchFailure failure) {
    std::lock_guard lock(mutex_);
    --running_;
    switch (turn) {
    case ResidentGroup::Turn::Finished:
      --resident_;
      finished_.fetch_add(1, std::memory_order_relaxed);
      turns_without_end_.store(0, std::memory_order_relaxed);
      spare_.push_back(std::move(group));
      break;
    case ResidentGroup::Turn::Yielded:
      if (hanging_) { // its turn ended while another thread noticed
        --resident_;
        report_positions(*group);
        break;
      }
      if (failure_.code == hip::hipSuccess && hangs()) {
        --resident_;
        hanging_ = true;
        failure_ = {
            hip::hipErrorLaunchTimeOut,
            fmt::format("kernel '{}': hangs: in {} instructions of the launch no wave has ended or "
                        "changed memory (W2W_CONFIG=emu-hang)",
                        plan_.kernel->name, instructions() - quiet_since_)};
        report_positions(*group);
        for (const auto &other : ready_)
          report_positions(*other);
        cancel();
        break;
      }
      ready_.push_back(std::move(group));
      if (turns_without_end_.fetch_add(1, std::memory_order_relaxed) + 1 >=
              resident_ * (weak_memory() ? kTurn / kLongestWeakTurn : 1) &&
          soft_limit_ < hard_limit_) {
        soft_limit_ = std::min(hard_limit_, soft_limit_ * 2);
        if (!config().seed)
          turn_.store(std::min(turn_.load(std::memory_order_relaxed) * 2, kLongestTurn),
                      std::memory_order_relaxed);
        turns_without_end_.store(0, std::memory_order_relaxed);
      }
      waiting_.store(ready_.size(), std::memory_order_relaxed);
      break;
    case ResidentGroup::Turn::Failed:
      --resident_;
      if (failure_.code == hip::hipSuccess)
        failure_ = std::move(failure);
      cancel();
      break;
    case ResidentGroup::Turn::Cancelled:
      --resident_;
      if (hanging_)
        report_positions(*group);
      break;
    }
    bool all = finished_.load(std::memory_order_relaxed) == total_;
    done_ = all || (stopped() && running_ == 0);
    if (done_) {
      ready_.clear();
      spare_.clear();
    }
    changed_.notify_all();
  }

  const LaunchPlan plan_; // a copy: threads may look at the launch after run() has returned
  const uint64_t total_;
  const std::atomic<bool> &stopping_;
  const uint64_t hard_limit_;
  std::vector<uint64_t> shuffled_; // see order()
  uint64_t shuffled_first_ = 0;
  std::mt19937_64 random_; // for turn_length(): one thread
  std::atomic<uint64_t> next_{0};
  std::atomic<uint64_t> finished_{0};
  std::atomic<uint64_t> waiting_{0}; // ready_.size()
  std::atomic<uint64_t> turns_without_end_{0};
  std::atomic<uint64_t> instructions_{0};
  std::atomic<uint64_t> turn_{kTurn};
  std::atomic<bool> cancel_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t soft_limit_ = 1;
  uint64_t resident_ = 0, running_ = 0;
  std::deque<std::unique_ptr<ResidentGroup>> ready_;
  std::vector<std::unique_ptr<ResidentGroup>> spare_;
  bool done_ = false;
  LaunchFailure failure_;

  // See hangs().
  uint64_t quiet_changes_ = 0, quiet_since_ = 0, quiet_turns_ = 0;
  bool hanging_ = false;
  unsigned reported_ = 0;
};

Dispatcher &Dispatcher::instance() {
  static Dispatcher *dispatcher =
      new Dispatcher(); // never destroyed: its threads end with the process
  return *dispatcher;
}

Dispatcher::Dispatcher() : workers_(usable_cores()) {}

void Dispatcher::start_threads() {
  // Under mutex_. The thread that asks for a launch works on it too, so one fewer is needed.
  if (started_)
    return;
  started_ = true;
  unsigned threads = workers_ - 1;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 1 << 20);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  for (unsigned i = 0; i < threads; ++i) {
    pthread_t thread;
    auto body = [](void *self) -> void * {
      pthread_setname_np(pthread_self(), "w2w-emulator");
      static_cast<Dispatcher *>(self)->work();
      return nullptr;
    };
    if (pthread_create(&thread, &attributes, body, this) != 0) {
      log(LogLevel::Warn, "only {} of {} threads could be started", i, threads);
      break;
    }
  }
  pthread_attr_destroy(&attributes);
}

std::shared_ptr<Launch> Dispatcher::pick() {
  for (size_t i = 0; i < active_.size(); ++i) {
    const std::shared_ptr<Launch> &launch = active_[(turn_ + i) % active_.size()];
    if (launch->has_work()) {
      turn_ = turn_ + i + 1;
      return launch;
    }
  }
  return nullptr;
}

void Dispatcher::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    std::shared_ptr<Launch> launch;
    wake_.wait(lock, [&] { return !stopping_ && (launch = pick()) != nullptr; });
    busy_.fetch_add(1);
    lock.unlock();
    launch->visit(kVisit);
    launch.reset();
    busy_.fetch_sub(1);
    lock.lock();
  }
}

LaunchFailure Dispatcher::run(const LaunchPlan &plan) {
  if (stopping_)
    return {hip::hipErrorDeinitialized, ""};
  auto begin = std::chrono::steady_clock::now();
  auto launch = std::make_shared<Launch>(plan, workers_, stopping_);
  bool shared = launch->groups() > 1 && !config().seed;
  {
    std::lock_guard lock(mutex_);
    if (shared)
      start_threads();
    active_.push_back(launch);
  }
  if (shared)
    wake_.notify_all();
  busy_.fetch_add(1);
  while (!launch->done() && !stopping_) {
    if (launch->visit(UINT64_MAX))
      continue;
    busy_.fetch_sub(1);
    launch->wait();
    busy_.fetch_add(1);
  }
  busy_.fetch_sub(1);
  {
    std::lock_guard lock(mutex_);
    std::erase(active_, launch);
  }
  LaunchFailure failure = launch->failure();
  if (stopping_ && !launch->done())
    failure = {hip::hipErrorDeinitialized, ""};
  if (plan.observer)
    plan.observer->finish(failure);
  if (log_level() >= LogLevel::Trace) { // bench/emulator_speed.py reads this line
    std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
    log(LogLevel::Trace, "launch of {}: {} workgroups, {} wave{} instructions in {:.3f} ms",
        plan.kernel->name, plan.groups(), launch->instructions(), plan.kernel->wave_size,
        time.count());
  }
  return failure;
}

void Dispatcher::shut_down() {
  stopping_ = true;
  std::vector<std::shared_ptr<Launch>> running;
  {
    std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock)
      running = active_;
  }
  for (const auto &launch : running)
    launch->cancel();
  // A wave's slice takes well under a millisecond; a second is for an overloaded machine.
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (busy_ != 0 && std::chrono::steady_clock::now() < end)
    sched_yield();
}

} // namespace w2w::emu
