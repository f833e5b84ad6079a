#include "runtime/emulator/model.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace w2w::emu {

const std::vector<Model> &models() {
  constexpr uint64_t MiB = 1 << 20, GiB = 1 << 30;
  static const std::vector<Model> table = {
      {.gfx = "gfx90a",
       .target_id = "gfx90a:sramecc+:xnack-",
       .name = "AMD Instinct MI210",
       .elf_mach = 0x3f,
       .elf_mach_generic = 0x51,
       .generic = "gfx9-generic",
       .gfx_major = 9,
       .gfx_minor = 0,
       .gcn_arch = 910,
       .pci_device = 0x740f,
       .wave_size = 64,
       .wave32 = false,
       .wave64 = true,
       .multiprocessors = 104,
       .simds = 4,
       .waves_per_simd = 8,
       .vgprs_wave32 = 0,
       .vgprs_wave64 = 512,
       .vgpr_granule_wave32 = 0,
       .vgpr_granule_wave64 = 8,
       .vgpr_encoding_wave32 = 0,
       .vgpr_encoding_wave64 = 8,
       .sgprs_per_simd = 800,
       .lds_per_multiprocessor = 65536,
       .lds_per_group = 65536,
       .lds_granule = 512,
       .clock_khz = 1700000,
       .memory_clock_khz = 1600000,
       .memory_bus_bits = 4096,
       .wall_clock_khz = 25000,
       .l2_bytes = 8 * MiB,
       .memory_bytes = 64 * GiB,
       .packed_work_item_ids = true,
       .architected_flat_scratch = false,
       .workgroup_ids_in_ttmp = false,
       .unified_register_file = true,
       .has_dx10_clamp_and_ieee = true,
       .kernarg_preload = true},
      {.gfx = "gfx942",
       .target_id = "gfx942:sramecc+:xnack-",
       .name = "AMD Instinct MI300X",
       .elf_mach = 0x4c,
       .elf_mach_generic = 0x5f,
       .generic = "gfx9-4-generic",
       .gfx_major = 9,
       .gfx_minor = 4,
       .gcn_arch = 942,
       .pci_device = 0x74a1,
       .wave_size = 64,
       .wave32 = false,
       .wave64 = true,
       .multiprocessors = 304,
       .simds = 4,
       .waves_per_simd = 8,
       .vgprs_wave32 = 0,
       .vgprs_wave64 = 512,
       .vgpr_granule_wave32 = 0,
       .vgpr_granule_wave64 = 8,
       .vgpr_encoding_wave32 = 0,
       .vgpr_encoding_wave64 = 8,
       .sgprs_per_simd = 800,
       .lds_per_multiprocessor = 65536,
       .lds_per_group = 65536,
       .lds_granule = 512,
       .clock_khz = 2100000,
       .memory_clock_khz = 1300000,
       .memory_bus_bits = 8192,
       .wall_clock_khz = 100000,
       .l2_bytes = 4 * MiB,
       .memory_bytes = 192 * GiB,
       .packed_work_item_ids = true,
       .architected_flat_scratch = true,
       .workgroup_ids_in_ttmp = false,
       .unified_register_file = true,
       .has_dx10_clamp_and_ieee = true,
       .kernarg_preload = true},
      {.gfx = "gfx1030",
       .target_id = "gfx1030",
       .name = "AMD Radeon RX 6800",
       .elf_mach = 0x36,
       .elf_mach_generic = 0x53,
       .generic = "gfx10-3-generic",
       .gfx_major = 10,
       .gfx_minor = 3,
       .gcn_arch = 1030,
       .pci_device = 0x73bf,
       .wave_size = 32,
       .wave32 = true,
       .wave64 = true,
       .multiprocessors = 30,
       .simds = 4,
       .waves_per_simd = 16,
       .vgprs_wave32 = 1024,
       .vgprs_wave64 = 512,
       .vgpr_granule_wave32 = 16,
       .vgpr_granule_wave64 = 8,
       .vgpr_encoding_wave32 = 8,
       .vgpr_encoding_wave64 = 4,
       .sgprs_per_simd = 0,
       .lds_per_multiprocessor = 131072,
       .lds_per_group = 65536,
       .lds_granule = 512,
       .clock_khz = 2105000,
       .memory_clock_khz = 1000000,
       .memory_bus_bits = 256,
       .wall_clock_khz = 100000,
       .l2_bytes = 4 * MiB,
       .memory_bytes = 16 * GiB,
       .packed_work_item_ids = false,
       .architected_flat_scratch = false,
       .workgroup_ids_in_ttmp = false,
       .unified_register_file = false,
       .has_dx10_clamp_and_ieee = true,
       .kernarg_preload = false},
      {.gfx = "gfx1100",
       .target_id = "gfx1100",
       .name = "AMD Radeon RX 7900 XTX",
       .elf_mach = 0x41,
       .elf_mach_generic = 0x54,
       .generic = "gfx11-generic",
       .gfx_major = 11,
       .gfx_minor = 0,
       .gcn_arch = 1100,
       .pci_device = 0x744c,
       .wave_size = 32,
       .wave32 = true,
       .wave64 = true,
       .multiprocessors = 48,
       .simds = 4,
       .waves_per_simd = 16,
       .vgprs_wave32 = 1536,
       .vgprs_wave64 = 768,
       .vgpr_granule_wave32 = 24,
       .vgpr_granule_wave64 = 12,
       .vgpr_encoding_wave32 = 8,
       .vgpr_encoding_wave64 = 4,
       .sgprs_per_simd = 0,
       .lds_per_multiprocessor = 131072,
       .lds_per_group = 65536,
       .lds_granule = 1024,
       .clock_khz = 2482000,
       .memory_clock_khz = 1249000,
       .memory_bus_bits = 384,
       .wall_clock_khz = 100000,
       .l2_bytes = 6 * MiB,
       .memory_bytes = 24 * GiB,
       .packed_work_item_ids = true,
       .architected_flat_scratch = true,
       .workgroup_ids_in_ttmp = false,
       .unified_register_file = false,
       .has_dx10_clamp_and_ieee = true,
       .kernarg_preload = false},
      {.gfx = "gfx1201",
       .target_id = "gfx1201",
       .name = "AMD Radeon RX 9070",
       .elf_mach = 0x4e,
       .elf_mach_generic = 0x59,
       .generic = "gfx12-generic",
       .gfx_major = 12,
       .gfx_minor = 0,
       .gcn_arch = 1201,
       .pci_device = 0x7550,
       .wave_size = 32,
       .wave32 = true,
       .wave64 = true,
       .multiprocessors = 28,
       .simds = 4,
       .waves_per_simd = 16,
       .vgprs_wave32 = 1536,
       .vgprs_wave64 = 768,
       .vgpr_granule_wave32 = 24,
       .vgpr_granule_wave64 = 12,
       .vgpr_encoding_wave32 = 8,
       .vgpr_encoding_wave64 = 4,
       .sgprs_per_simd = 0,
       .lds_per_multiprocessor = 131072,
       .lds_per_group = 65536,
       .lds_granule = 1024,
       .clock_khz = 2520000,
       .memory_clock_khz = 1258000,
       .memory_bus_bits = 256,
       .wall_clock_khz = 100000,
       .l2_bytes = 8 * MiB,
       .memory_bytes = 16 * GiB,
       .packed_work_item_ids = true,
       .architected_flat_scratch = true,
       .workgroup_ids_in_ttmp = true,
       .unified_register_file = false,
       .has_dx10_clamp_and_ieee = false,
       .kernarg_preload = false},
  };
  return table;
}

const Model *find_model(std::string_view gfx) {
  for (const Model &model : models())
    if (gfx == model.gfx)
      return &model;
  return nullptr;
}

std::vector<const Model *> devices_from_environment(const char *value, std::string &error) {
  constexpr unsigned kMostDevices = 64;
  std::string_view text = value ? value : "";
  constexpr std::string_view kPrefix = "emulator:";
  std::vector<const Model *> devices;
  if (!text.starts_with(kPrefix)) {
    devices.push_back(find_model("gfx942"));
    return devices;
  }
  text.remove_prefix(kPrefix.size());
  while (!text.empty()) {
    std::string_view part = text.substr(0, text.find('+'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    unsigned count = 1;
    size_t x = part.rfind('x');
    std::string_view gfx = part;
    if (x != std::string_view::npos && x > 2) { // not the x of "gfx"
      gfx = part.substr(0, x);
      auto [end, code] = std::from_chars(part.data() + x + 1, part.data() + part.size(), count);
      if (code != std::errc() || end != part.data() + part.size())
        count = 0;
    }
    const Model *model = find_model(gfx);
    if (!model || count == 0 || devices.size() + count > kMostDevices) {
      std::string known;
      for (const Model &m : models())
        known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", m.gfx, m.name);
      error = fmt::format(
          "W2W_DEVICE={}: no emulated device '{}'; there are {}; up to {} by emulator:gfxNNNxCOUNT",
          value, part, known, kMostDevices);
      return {};
    }
    devices.insert(devices.end(), count, model);
  }
  if (devices.empty())
    error = fmt::format("W2W_DEVICE={}: names no device", value);
  return devices;
}

namespace {
uint32_t round_up(uint32_t value, uint32_t granule) {
  return (value + granule - 1) / granule * granule;
}
} // namespace

uint32_t groups_per_multiprocessor(const Model &model, const GroupNeeds &needs) {
  uint32_t waves = (needs.threads + needs.wave_size - 1) / needs.wave_size;
  if (waves == 0)
    return 0;
  bool wide = needs.wave_size == 64;
  uint32_t file = wide ? model.vgprs_wave64 : model.vgprs_wave32;
  uint32_t granule = wide ? model.vgpr_granule_wave64 : model.vgpr_granule_wave32;
  if (granule == 0)
    return 0;
  uint32_t per_simd =
      std::min(model.waves_per_simd, file / std::max(granule, round_up(needs.vgprs, granule)));
  if (model.sgprs_per_simd)
    per_simd = std::min(per_simd, model.sgprs_per_simd / std::max(16u, round_up(needs.sgprs, 16)));
  uint32_t groups = per_simd * model.simds / waves;
  if (uint32_t lds = round_up(needs.lds, model.lds_granule))
    groups = std::min(groups, model.lds_per_multiprocessor / lds);
  // A multiprocessor tracks at most 16 barriers per CU (32 per work-group processor); one-wave
  // groups need none.
  if (waves > 1)
    groups = std::min(groups, model.gfx_major >= 10 ? 32u : 16u);
  return groups;
}

} // namespace w2w::emu
