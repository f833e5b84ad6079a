// Runs launches on all cores: a pool of threads that lives as long as the process, and the thread
// that asks for a launch, which helps. Workgroups of one launch are spread over the threads.
//
// How many workgroups are resident (started and not finished): first one for each thread. A
// workgroup that has not ended after its turn waits in a queue; when all resident ones have had a
// turn and none has ended, twice as many may be resident, up to what the device holds at once. So
// workgroups that wait for others (spin locks, look-back) meet them, and memory for waves is
// bounded. A cooperative launch has all of them resident at once.
#pragma once

#include "runtime/emulator/launch.h"
#include "runtime/emulator/workgroup.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace w2w::emu {

class Launch;

class Dispatcher {
public:
  /// The one of the process. Threads start with the first launch that needs them.
  static Dispatcher &instance();

  /// Runs the launch to its end; returns its failure, if any (code hipSuccess: none). Any thread
  /// may call it.
  LaunchFailure run(const LaunchPlan &plan);

  /// At exit of the process: running launches are given up, and no thread is inside machine code
  /// afterwards.
  void shut_down();

private:
  Dispatcher();
  void start_threads();
  void work();
  std::shared_ptr<Launch> pick();

  unsigned workers_ = 1; // threads that execute, the helping one included
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<Launch>> active_;
  size_t turn_ = 0;
  bool started_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<unsigned> busy_{0};
};

} // namespace w2w::emu
