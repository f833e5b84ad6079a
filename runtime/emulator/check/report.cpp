#include "runtime/emulator/check/report.h"

#include "lowering/abi/launch_block.h"
#include "runtime/emulator/check/options.h"
#include "runtime/emulator/log.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <unordered_set>

namespace w2w::emu::check {

namespace {

struct Reports {
  std::mutex mutex;
  std::unordered_set<std::string> known;
  std::vector<Report> untaken;
  uint64_t errors = 0;
};
Reports &reports() {
  static Reports *all = new Reports(); // threads may report until the process ends
  return *all;
}
constexpr size_t kMostKept = 4096;

} // namespace

bool LaunchContext::first(Kind kind, uint64_t pc, uint64_t other) {
  std::lock_guard lock(mutex_);
  return seen_.insert({{pc, other}, kind}).second;
}

namespace {

/// The size of the program's blocks and the number of a work-item's thread, which solo kernels
/// number in their own way (lowering/abi/launch_block.h).
std::pair<Dim, uint32_t> logical(const LaunchPlan &plan, uint32_t work_item) {
  auto read = [&](auto &value, uint64_t address) {
    if (!plan.memory->accessible(address, address + sizeof value, Access::Read))
      return false;
    std::memcpy(&value, reinterpret_cast<const void *>(address), sizeof value);
    return true;
  };
  uint64_t address = 0;
  Dim size{};
  if (!plan.kernel->solo_launch_block ||
      !read(address, plan.kernarg + *plan.kernel->solo_launch_block) ||
      !read(size, address + offsetof(abi::LaunchBlock, ntid)) || volume(size) == 0)
    return {plan.block, work_item};
  return {size, work_item / 64 * 32 + work_item % 32};
}

} // namespace

std::string thread_text(const LaunchContext &launch, const Dim &block, uint32_t work_item) {
  auto [size, thread] = logical(launch.plan, work_item);
  return fmt::format("block ({},{},{}), thread ({},{},{})", block[0], block[1], block[2],
                     thread % size[0], thread / size[0] % size[1], thread / size[0] / size[1]);
}

std::string place_text(const LaunchContext &launch, uint64_t pc) {
  const CodeObject &object = *launch.plan.object;
  std::string line = disassemble(object.code(), pc, launch.plan.kernel->wave_size);
  size_t begin = line.find_first_not_of(" \t\n"), end = line.find_last_not_of(" \t\n");
  line = begin == std::string::npos ? "" : line.substr(begin, end + 1 - begin);
  std::replace(line.begin(), line.end(), '\t', ' ');
  std::string text = fmt::format("{}: {}", object.place(pc), line);
  if (std::string source = object.source_line(pc); !source.empty())
    text += fmt::format(", {}", source);
  return text;
}

void report(LaunchContext &launch, Kind kind, const std::string &headline, const Wave &wave,
            uint64_t pc, unsigned lane, const std::vector<std::string> &notes) {
  Reports &all = reports();
  std::string place = place_text(launch, pc);
  std::string key =
      fmt::format("{} {} {}", static_cast<int>(kind), launch.plan.kernel->name, place);
  if (kind == Kind::Race && !notes.empty())
    key += notes.front().substr(0, notes.front().find(", by")); // the other instruction
  std::string text =
      fmt::format("w2w check: {}\n    kernel '{}', ", headline, launch.plan.kernel->name);
  const Dim &block = wave.group->id;
  if (lane < 64)
    text += thread_text(launch, block, wave.wave_in_group * wave.lanes + lane);
  else
    text +=
        fmt::format("block ({},{},{}), wave {}", block[0], block[1], block[2], wave.wave_in_group);
  text += fmt::format("\n    at {}", place);
  for (const std::string &note : notes)
    if (!note.empty())
      text += "\n    " + note;
  std::lock_guard lock(all.mutex);
  if (!all.known.insert(std::move(key)).second)
    return;
  ++all.errors;
  if (all.errors <= options().limit)
    log_text(LogLevel::Error, text);
  if (all.errors == uint64_t{options().limit} + 1)
    log_text(LogLevel::Error, "w2w check: no more reports (limit); errors are still counted");
  if (all.untaken.size() < kMostKept)
    all.untaken.push_back({kind, std::move(text)});
}

uint64_t errors() {
  std::lock_guard lock(reports().mutex);
  return reports().errors;
}

std::vector<Report> take_reports() {
  std::lock_guard lock(reports().mutex);
  reports().known.clear();
  return std::exchange(reports().untaken, {});
}

void summary() {
  if (options().any())
    log_text(LogLevel::Error, fmt::format("w2w check: {} errors", errors()));
}

} // namespace w2w::emu::check
