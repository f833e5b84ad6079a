#include "lowering/passes/append_launch_block.h"
#include "lowering/passes/bound_frames.h"
#include "lowering/passes/bound_registers.h"
#include "lowering/passes/clobber_after_acquire.h"
#include "lowering/passes/complete_releases.h"
#include "lowering/passes/expand_bfloat_extrema.h"
#include "lowering/passes/expand_wide_atomics.h"
#include "lowering/passes/guard_half_loads.h"
#include "lowering/passes/inline_synchronising.h"
#include "lowering/passes/link_devicelib.h"
#include "lowering/passes/lower_barriers.h"
#include "lowering/passes/lower_directed_rounding.h"
#include "lowering/passes/lower_division.h"
#include "lowering/passes/lower_dot_products.h"
#include "lowering/passes/lower_exit.h"
#include "lowering/passes/lower_flush.h"
#include "lowering/passes/lower_function_ids.h"
#include "lowering/passes/lower_nanosleep.h"
#include "lowering/passes/lower_runtime_calls.h"
#include "lowering/passes/lower_special_registers.h"
#include "lowering/passes/lower_stack.h"
#include "lowering/passes/lower_traps.h"
#include "lowering/passes/lower_warp_ops.h"
#include "lowering/passes/mark_device_memory.h"
#include "lowering/passes/move_shared_window.h"
#include "lowering/passes/place_globals.h"
#include "lowering/passes/recover_pointers.h"
#include "lowering/passes/schedule_warps.h"
#include "lowering/passes/spread_warps.h"

namespace w2w {

std::span<const PassInfo> all_passes() {
#define PASS(name)                                                                                 \
  {                                                                                                \
    #name, name                                                                                    \
  }
  static constexpr PassInfo kPasses[] = {
      PASS(append_launch_block),
      PASS(bound_frames),
      PASS(bound_registers),
      PASS(clobber_after_acquire),
      PASS(complete_releases),
      PASS(expand_bfloat_extrema),
      PASS(expand_wide_atomics),
      PASS(guard_half_loads),
      PASS(inline_synchronising),
      PASS(link_devicelib),
      PASS(lower_barriers),
      PASS(lower_directed_rounding),
      PASS(lower_division),
      PASS(lower_dot_products),
      PASS(lower_exit),
      PASS(lower_flush),
      PASS(lower_function_ids),
      PASS(lower_nanosleep),
      PASS(lower_runtime_calls),
      PASS(lower_special_registers),
      PASS(lower_stack),
      PASS(lower_traps),
      PASS(lower_warp_ops),
      PASS(mark_device_memory),
      PASS(move_shared_window),
      PASS(place_globals),
      PASS(recover_pointers),
      PASS(schedule_warps),
      PASS(spread_warps),
  };
#undef PASS
  return kPasses;
}

} // namespace w2w
