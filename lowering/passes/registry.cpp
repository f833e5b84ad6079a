#include "lowering/passes/append_launch_block.h"
#include "lowering/passes/lower_special_registers.h"
#include "lowering/passes/place_globals.h"

namespace w2w {

std::span<const PassInfo> all_passes() {
#define PASS(name)                                                                                 \
  {                                                                                                \
    #name, name                                                                                    \
  }
  static constexpr PassInfo kPasses[] = {
      PASS(append_launch_block),
      PASS(lower_special_registers),
      PASS(place_globals),
  };
#undef PASS
  return kPasses;
}

} // namespace w2w
