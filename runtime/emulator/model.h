// The emulated GPUs: each a named product with its real limits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace w2w::emu {

/// Sources: AMD's ISA documents (register files, LDS), LLVM's AMDGPU target parser (occupancy,
/// granules), AMD's product pages (units, clocks, memory). A "multiprocessor" is what HIP counts: a
/// CU on gfx9, a work-group processor on RDNA.
struct Model {
  const char *gfx;           // gfx942
  const char *target_id;     // as hipDeviceProp_t::gcnArchName
  const char *name;          // product
  uint32_t elf_mach;         // EF_AMDGPU_MACH of its code objects
  uint32_t elf_mach_generic; // the generic target that covers it
  const char *generic;       // its name
  int gfx_major, gfx_minor;
  int gcn_arch; // decimal, as HIP 5 reports it
  uint16_t pci_device;

  uint32_t wave_size; // preferred: what hipDeviceProp_t::warpSize says
  bool wave32, wave64;
  uint32_t multiprocessors;
  uint32_t simds; // per multiprocessor
  uint32_t waves_per_simd;
  uint32_t vgprs_wave32, vgprs_wave64;                 // per SIMD and lane
  uint32_t vgpr_granule_wave32, vgpr_granule_wave64;   // of allocation
  uint32_t vgpr_encoding_wave32, vgpr_encoding_wave64; // of the kernel descriptor's count
  uint32_t sgprs_per_simd;                             // 0: no limit to occupancy
  uint32_t lds_per_multiprocessor, lds_per_group, lds_granule;

  uint32_t clock_khz, memory_clock_khz, memory_bus_bits;
  uint32_t wall_clock_khz; // s_memrealtime
  uint64_t l2_bytes, memory_bytes;

  bool packed_work_item_ids;     // v0 = x | y << 10 | z << 20
  bool architected_flat_scratch; // no scratch SGPRs
  bool workgroup_ids_in_ttmp;    // gfx12: ttmp9, ttmp7
  bool unified_register_file;    // gfx90a, gfx942: AGPRs after accum_offset VGPRs
  bool has_dx10_clamp_and_ieee;  // MODE bits from rsrc1, gone in gfx12
  bool kernarg_preload;          // gfx90a, gfx942
};

const std::vector<Model> &models();
const Model *find_model(std::string_view gfx);

/// W2W_DEVICE: "emulator", "emulator:gfx942", "emulator:gfx942x8", several joined by '+'. Anything
/// that is no emulator choice, or nothing, means one gfx942. On a name that no model has: no
/// devices, and `error` says which there are.
std::vector<const Model *> devices_from_environment(const char *value, std::string &error);

/// What a kernel asks of one workgroup, for occupancy.
struct GroupNeeds {
  uint32_t threads = 1;
  uint32_t wave_size = 64;
  uint32_t vgprs = 0; // total of the wave: with AGPRs where the file is unified
  uint32_t sgprs = 0;
  uint32_t lds = 0;
};
/// Workgroups that one multiprocessor holds at once; 0 if not even one fits.
uint32_t groups_per_multiprocessor(const Model &model, const GroupNeeds &needs);

} // namespace w2w::emu
