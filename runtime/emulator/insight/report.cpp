// The counters of a launch as text and as JSON.
#include "runtime/emulator/insight/counters.h"
#include "runtime/emulator/launch.h"

#include <fmt/format.h>

namespace w2w::emu {

namespace {

double ratio(uint64_t a, uint64_t b) {
  return b ? static_cast<double>(a) / static_cast<double>(b) : 0.0;
}

struct Occupancy {
  uint32_t groups = 0; // resident on one multiprocessor
  uint32_t waves_per_simd = 0, most_waves_per_simd = 0;
  const char *limit = ""; // what keeps it from holding more
};
Occupancy occupancy(const LaunchPlan &plan) {
  const Model &model = *plan.model;
  uint32_t dynamic = plan.lds_bytes - plan.kernel->static_lds;
  GroupNeeds needs = needs_of(*plan.kernel, plan.threads(), dynamic);
  Occupancy o;
  o.groups = groups_per_multiprocessor(model, needs);
  o.waves_per_simd = o.groups * plan.waves() / model.simds;
  o.most_waves_per_simd = model.waves_per_simd;
  auto without = [&](auto change) {
    GroupNeeds less = needs;
    change(less);
    return groups_per_multiprocessor(model, less) > o.groups;
  };
  o.limit = without([](GroupNeeds &n) { n.lds = 0; })     ? "LDS"
            : without([](GroupNeeds &n) { n.vgprs = 0; }) ? "vector registers"
            : without([](GroupNeeds &n) { n.sgprs = 0; }) ? "scalar registers"
                                                          : "waves";
  return o;
}

double lane_utilisation(const Counters &c, const LaunchPlan &plan) {
  return ratio(c.active_lanes, c.vector_instructions * plan.kernel->wave_size);
}
/// Bytes asked for by lanes of the bytes in the lines touched; above 1 if lanes share bytes.
double line_use(const Traffic &t) {
  return ratio(t.load_bytes + t.store_bytes + t.atomic_bytes, t.lines * 128);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    else
      out += c;
  }
  return out + "\"";
}

std::string json(const Traffic &t) {
  return fmt::format("{{\"loads\":{},\"stores\":{},\"atomics\":{},\"load_bytes\":{},"
                     "\"store_bytes\":{},\"atomic_bytes\":{}}}",
                     t.loads, t.stores, t.atomics, t.load_bytes, t.store_bytes, t.atomic_bytes);
}

} // namespace

std::string as_json(const Counters &c, const LaunchPlan &plan) {
  Occupancy o = occupancy(plan);
  std::string classes;
  for (unsigned k = 0; k < kClasses; k++)
    classes += fmt::format("{}\"{}\":{}", k ? "," : "", key(InstClass(k)), c.instructions[k]);
  return fmt::format(
      "{{\"kernel\":{},\"device\":\"{}\",\"grid\":[{},{},{}],\"block\":[{},{},{}],"
      "\"wave_size\":{},\"workgroups\":{},\"waves\":{},\"instructions\":{},"
      "\"instructions_by_class\":{{{}}},\"vector_instructions\":{},\"active_lanes\":{},"
      "\"lane_utilisation\":{:.4f},\"partial_exec\":{},\"empty_exec\":{},\"exec_splits\":{},"
      "\"global\":{},\"global_lines\":{},\"global_line_use\":{:.4f},\"scalar\":{},\"scratch\":{},"
      "\"lds\":{},\"lds_cycles\":{},\"lds_conflict_cycles\":{},\"shortest_wave\":{},"
      "\"longest_wave\":{},\"occupancy\":{{\"groups_per_multiprocessor\":{},\"waves_per_simd\":{},"
      "\"most_waves_per_simd\":{},\"limit\":\"{}\"}}}}",
      quoted(plan.kernel->name), plan.model->gfx, plan.grid[0], plan.grid[1], plan.grid[2],
      plan.block[0], plan.block[1], plan.block[2], plan.kernel->wave_size, c.workgroups, c.waves,
      c.total(), classes, c.vector_instructions, c.active_lanes, lane_utilisation(c, plan),
      c.partial_exec, c.empty_exec, c.exec_splits, json(c.global), c.global.lines,
      line_use(c.global), json(c.scalar), json(c.scratch), json(c.lds), c.lds_cycles,
      c.lds_conflict_cycles, c.waves ? c.shortest_wave : 0, c.longest_wave, o.groups,
      o.waves_per_simd, o.most_waves_per_simd, o.limit);
}

std::string as_text(const Counters &c, const LaunchPlan &plan) {
  std::string text = fmt::format(
      "{} on {}: grid {}x{}x{}, block {}x{}x{}, {} workgroups, {} waves of {}\n", plan.kernel->name,
      plan.model->gfx, plan.grid[0], plan.grid[1], plan.grid[2], plan.block[0], plan.block[1],
      plan.block[2], c.workgroups, c.waves, plan.kernel->wave_size);
  uint64_t total = c.total();
  text += fmt::format("  instructions  {} ({} to {} a wave)\n", total,
                      c.waves ? c.shortest_wave : 0, c.longest_wave);
  for (unsigned k = 0; k < kClasses; k++)
    if (c.instructions[k])
      text += fmt::format("    {:<15}{:>12} {:5.1f} %  {}\n", key(InstClass(k)), c.instructions[k],
                          100 * ratio(c.instructions[k], total), description(InstClass(k)));
  text += fmt::format("  lanes         {:.1f} % used in {} vector instructions; {} under a partial "
                      "EXEC, {} under none; EXEC split {} times\n",
                      100 * lane_utilisation(c, plan), c.vector_instructions, c.partial_exec,
                      c.empty_exec, c.exec_splits);
  auto traffic = [&](const char *name, const Traffic &t, const std::string &more) {
    if (t.loads + t.stores + t.atomics)
      text += fmt::format("  {:<14}{} loads of {} bytes, {} stores of {}, {} atomics of {}{}\n",
                          name, t.loads, t.load_bytes, t.stores, t.store_bytes, t.atomics,
                          t.atomic_bytes, more);
  };
  traffic("global", c.global,
          fmt::format("; {} lines of 128 bytes, {:.1f} % used", c.global.lines,
                      100 * line_use(c.global)));
  traffic("scalar", c.scalar, "");
  traffic("scratch", c.scratch, "");
  traffic("LDS", c.lds,
          fmt::format("; {} cycles, {} of them by bank conflicts", c.lds_cycles,
                      c.lds_conflict_cycles));
  Occupancy o = occupancy(plan);
  text += fmt::format("  occupancy     {} workgroups a multiprocessor, {} of {} waves a SIMD; "
                      "limited by {}\n",
                      o.groups, o.waves_per_simd, o.most_waves_per_simd, o.limit);
  return text;
}

} // namespace w2w::emu
