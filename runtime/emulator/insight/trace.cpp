#include "runtime/emulator/insight/trace.h"

#include "runtime/emulator/insight/output.h"
#include "runtime/emulator/launch.h"
#include "runtime/emulator/workgroup.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>

namespace w2w::emu {

namespace {

bool matches(std::string_view pattern, std::string_view text) {
  size_t star = pattern.find('*');
  if (star == pattern.npos)
    return pattern == text;
  std::string_view head = pattern.substr(0, star), rest = pattern.substr(star + 1);
  if (!text.starts_with(head))
    return false;
  for (size_t k = head.size(); k <= text.size(); k++)
    if (matches(rest, text.substr(k)))
      return true;
  return false;
}

template <class T> bool number(std::string_view text, T &value) {
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && code == std::errc() && end == text.data() + text.size();
}

/// Takes what stands behind the last `separator` off `text`.
std::optional<std::string_view> take_last(std::string_view &text, char separator) {
  size_t at = text.rfind(separator);
  if (at == text.npos)
    return std::nullopt;
  std::string_view part = text.substr(at + 1);
  text = text.substr(0, at);
  return part;
}

bool parse_block(std::string_view text, TraceChoice &choice) {
  if (text == "*")
    return true;
  uint64_t linear;
  if (number(text, linear)) {
    choice.linear = linear;
    return true;
  }
  std::array<uint32_t, 3> id;
  std::optional<std::string_view> z = take_last(text, ','), y = take_last(text, ',');
  if (!z || !y || !number(text, id[0]) || !number(*y, id[1]) || !number(*z, id[2]))
    return false;
  choice.block = id;
  return true;
}

} // namespace

bool TraceChoice::matches_kernel(std::string_view name) const {
  return matches(kernel, name);
}

bool TraceChoice::matches_group(const std::array<uint32_t, 3> &id,
                                const std::array<uint32_t, 3> &grid) const {
  if (linear)
    return *linear == id[0] + uint64_t{grid[0]} * (id[1] + uint64_t{grid[1]} * id[2]);
  return !block || *block == id;
}

std::vector<TraceChoice> parse_trace(std::string_view text, std::string &error) {
  std::vector<TraceChoice> list;
  while (!text.empty()) {
    std::string_view item = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    std::string_view rest = item;
    std::optional<std::string_view> wave = take_last(rest, ':'), block = take_last(rest, ':');
    TraceChoice choice;
    choice.kernel = rest;
    bool ok = wave && block && !rest.empty() && parse_block(*block, choice);
    if (ok && *wave != "*") {
      uint32_t index;
      ok = number(*wave, index);
      choice.wave = index;
    }
    if (!ok) {
      error = fmt::format("W2W_TRACE: '{}' is not KERNEL:BLOCK:WAVE, as in add*:0:0 or "
                          "matmul:3,1,0:* (BLOCK is x,y,z or a number, * stands for any)",
                          item);
      return {};
    }
    list.push_back(std::move(choice));
  }
  return list;
}

namespace {

struct Choices {
  std::vector<TraceChoice> list;
  std::string problem;
};
const Choices &choices() {
  static const Choices *all = [] {
    auto *c = new Choices;
    const char *text = getenv("W2W_TRACE");
    c->list = parse_trace(text ? text : "", c->problem);
    return c;
  }();
  return *all;
}

/// "v3 = 0x1", or the lanes of the mask that differ from each other, up to a limit.
std::string lanes_text(const char *file, unsigned index, const uint32_t *row, uint64_t mask) {
  constexpr unsigned kMostShown = 16;
  uint32_t first = row[std::countr_zero(mask)];
  bool same = true;
  for (uint64_t m = mask; m; m &= m - 1)
    same &= row[std::countr_zero(m)] == first;
  if (same)
    return fmt::format("{}{} = {:#x} ({} lanes)", file, index, first, std::popcount(mask));
  std::string text = fmt::format("{}{} =", file, index);
  unsigned shown = 0;
  for (uint64_t m = mask; m; m &= m - 1) {
    if (++shown > kMostShown)
      return text + fmt::format(" ... ({} lanes)", std::popcount(mask));
    unsigned lane = static_cast<unsigned>(std::countr_zero(m));
    text += fmt::format(" {}:{:#x}", lane, row[lane]);
  }
  return text;
}

std::string scalar_name(unsigned index) {
  static constexpr std::pair<unsigned, const char *> named[] = {{kFlatScratchLo, "flat_scratch_lo"},
                                                                {kFlatScratchHi, "flat_scratch_hi"},
                                                                {kVccLo, "vcc_lo"},
                                                                {kVccHi, "vcc_hi"},
                                                                {kM0, "m0"},
                                                                {kExecLo, "exec_lo"},
                                                                {kExecHi, "exec_hi"}};
  for (auto [at, name] : named)
    if (at == index)
      return name;
  return index >= kTtmp0 && index < kM0 ? fmt::format("ttmp{}", index - kTtmp0)
                                        : fmt::format("s{}", index);
}

class TracedGroup final : public GroupObserver {
public:
  TracedGroup(const LaunchPlan &plan, const std::vector<const TraceChoice *> &choices)
      : plan_(plan), choices_(choices) {}

  void group_started(const Workgroup &g) override { id_ = g.id; }

  int before(Wave &w, const isa::Inst &i, StopInfo &) override {
    traced_ = std::any_of(choices_.begin(), choices_.end(), [&](const TraceChoice *c) {
      return c->matches_group(id_, plan_.grid) && c->matches_wave(w.wave_in_group);
    });
    if (!traced_)
      return isa::kContinue;
    scalars_ = w.s;
    scc_ = w.scc;
    vectors_.assign(w.v, w.v + rows(w) * w.lanes);
    isa::LaneAccesses list[isa::kMostAccesses];
    memory_.clear();
    for (unsigned k = 0, n = isa::accesses(w, i, list); k < n; k++)
      memory_ += memory_text(list[k]);
    return isa::kContinue;
  }

  int after(Wave &w, const isa::Inst &i, StopInfo &, int next) override {
    if (!traced_)
      return next;
    std::string text = disassemble(plan_.object->code(), i.pc, w.lanes);
    std::replace(text.begin(), text.end(), '\t', ' ');
    std::string line =
        fmt::format("block {},{},{} wave {} {}: {}", id_[0], id_[1], id_[2], w.wave_in_group,
                    plan_.object->place(i.pc), text.substr(text.find_first_not_of(' ')));
    constexpr unsigned kPadded = 100;
    if (line.size() < kPadded)
      line.resize(kPadded, ' ');
    line += " ;";
    for (unsigned k = 0; k < kNull; k++)
      if (w.s[k] != scalars_[k] || (is_written(i.dst, k) || is_written(i.sdst, k)))
        line += fmt::format(" {} = {:#x};", scalar_name(k), w.s[k]);
    if (w.scc != scc_)
      line += fmt::format(" scc = {};", w.scc);
    for (unsigned r = 0; r < rows(w); r++)
      if (uint64_t lanes = shown_lanes(w, i, r))
        line += " " +
                (r < kFirstAgprRow ? lanes_text("v", r, w.row(r), lanes)
                                   : lanes_text("a", r - kFirstAgprRow, w.row(r), lanes)) +
                ";";
    trace_output().write(line + memory_ + "\n");
    return next;
  }

private:
  static unsigned rows(const Wave &w) { return w.agprs ? kFirstAgprRow + w.agprs : w.vgprs; }
  static bool is_written(const isa::Operand &o, unsigned scalar) {
    return o.where == isa::Where::Sgpr && scalar >= o.index &&
           scalar < o.index + std::max<unsigned>(o.dwords, 1);
  }
  /// The lanes of a register to show: those that changed; of a destination all under EXEC.
  uint64_t shown_lanes(Wave &w, const isa::Inst &i, unsigned r) const {
    const uint32_t *now = w.row(r), *old = vectors_.data() + size_t{r} * w.lanes;
    uint64_t lanes = 0;
    for (unsigned l = 0; l < w.lanes; l++)
      lanes |= uint64_t{now[l] != old[l]} << l;
    const isa::Operand &d = i.dst;
    if (d.where == isa::Where::Vgpr && r >= d.index &&
        r < d.index + std::max<unsigned>(d.dwords, 1))
      lanes |= (scalars_[kExecLo] | uint64_t{scalars_[kExecHi]} << 32) & w.full_exec();
    return lanes;
  }
  static std::string memory_text(const isa::LaneAccesses &a) {
    static constexpr const char *kAccess[] = {"read", "write", "atomic"};
    static constexpr const char *kSpace[] = {"global", "LDS", "scratch", "scalar"};
    std::string text = fmt::format(" {} {} of {} bytes at", kSpace[unsigned(a.space)],
                                   kAccess[unsigned(a.access)], a.size);
    constexpr unsigned kMostShown = 8;
    unsigned shown = 0;
    for (uint64_t m = a.mask; m; m &= m - 1) {
      if (++shown > kMostShown)
        return text + " ...;";
      unsigned lane = static_cast<unsigned>(std::countr_zero(m));
      text += fmt::format(" {}:{:#x}", lane, a.at[lane]);
    }
    return text + ";";
  }

  LaunchPlan plan_;
  std::vector<const TraceChoice *> choices_;
  std::array<uint32_t, 3> id_{};
  bool traced_ = false;
  // Before the instruction that runs:
  std::array<uint32_t, kScalarFileSize> scalars_{};
  uint32_t scc_ = 0;
  std::vector<uint32_t> vectors_;
  std::string memory_;
};

class TracedLaunch final : public LaunchObserver {
public:
  TracedLaunch(const LaunchPlan &plan, std::vector<const TraceChoice *> choices)
      : plan_(plan), choices_(std::move(choices)) {}
  std::unique_ptr<GroupObserver> group() override {
    return std::make_unique<TracedGroup>(plan_, choices_);
  }

private:
  LaunchPlan plan_;
  std::vector<const TraceChoice *> choices_;
};

} // namespace

bool trace_wanted() {
  return !choices().list.empty();
}
std::string trace_problem() {
  return choices().problem;
}
std::unique_ptr<LaunchObserver> trace_launch(const LaunchPlan &plan) {
  std::vector<const TraceChoice *> chosen;
  for (const TraceChoice &choice : choices().list)
    if (choice.matches_kernel(plan.kernel->name))
      chosen.push_back(&choice);
  return chosen.empty() ? nullptr : std::make_unique<TracedLaunch>(plan, std::move(chosen));
}

} // namespace w2w::emu
