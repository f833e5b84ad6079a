// The execution of chosen waves, line by line (W2W_TRACE=KERNEL:BLOCK:WAVE).
#pragma once

#include "runtime/emulator/observer.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::emu {

/// One KERNEL:BLOCK:WAVE of W2W_TRACE; several are separated by `;`. KERNEL is a name, `*` in it
/// stands for any text; names are symbols. BLOCK is
/// `x,y,z`, a linear number (x runs fastest) or `*`; WAVE a number within the block or `*`.
struct TraceChoice {
  std::string kernel;
  std::optional<uint64_t> linear;
  std::optional<std::array<uint32_t, 3>> block;
  std::optional<uint32_t> wave;

  bool matches_kernel(std::string_view name) const;
  bool matches_group(const std::array<uint32_t, 3> &id, const std::array<uint32_t, 3> &grid) const;
  bool matches_wave(uint32_t index) const { return !wave || *wave == index; }
};

/// On a text of another form the list is empty and `error` says what is wrong.
std::vector<TraceChoice> parse_trace(std::string_view text, std::string &error);

bool trace_wanted();
/// Why W2W_TRACE cannot be followed; empty if it can.
std::string trace_problem();
/// Null if the launch's kernel is not among those to trace.
std::unique_ptr<LaunchObserver> trace_launch(const LaunchPlan &);

} // namespace w2w::emu
