// What the checks found, as blocks of text in the log and a count at exit.
#pragma once

#include "runtime/emulator/isa/wave.h"
#include "runtime/emulator/launch.h"

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace w2w::emu::check {

enum class Kind : uint8_t { Memory, Race, Uninit, Barrier };

/// One report, for tests.
struct Report {
  Kind kind;
  std::string text;
};

/// What the checks of one launch share.
struct LaunchContext {
  explicit LaunchContext(const LaunchPlan &p) : plan(p) {}
  LaunchPlan plan; ///< without its observer
  std::atomic<uint32_t> memory_errors{0};

  /// Whether this is the first error of its kind at the instruction in this launch; `other`: a
  /// second instruction that takes part.
  bool first(Kind kind, uint64_t pc, uint64_t other = 0);

private:
  std::mutex mutex_;
  std::set<std::pair<std::pair<uint64_t, uint64_t>, Kind>> seen_;
};

/// "block (0,0,0), thread (5,0,0)": the thread as the program counts it.
std::string thread_text(const LaunchContext &launch, const Dim &block, uint32_t work_item);
/// "kernel+0x3c: global_store_dword ..., reduce.ptx:123"
std::string place_text(const LaunchContext &launch, uint64_t pc);

/// Counts an error; prints it if it is new in this process (by kernel, place and kind) and the
/// limit is not reached. `lane` may be 64: the wave as a whole.
void report(LaunchContext &launch, Kind kind, const std::string &headline, const Wave &wave,
            uint64_t pc, unsigned lane, const std::vector<std::string> &notes);

/// Distinct errors so far.
uint64_t errors();
/// The reports since the last call (for tests).
std::vector<Report> take_reports();
/// The last line: how many errors. Printed once, at exit.
void summary();

} // namespace w2w::emu::check
