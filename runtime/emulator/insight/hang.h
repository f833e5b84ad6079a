// Does anything happen? An observer that counts changes of memory, for launches that are to be
// given up when they only spin (W2W_CONFIG=emu-hang; the dispatcher decides).
#pragma once

#include "runtime/emulator/observer.h"

#include <cstdint>
#include <memory>

namespace w2w::emu {

/// Whether the environment asks for it.
bool hang_wanted();
std::unique_ptr<LaunchObserver> hang_observer(const LaunchPlan &);

/// Grows whenever a wave of any launch changes a byte of global memory or LDS, starts with its
/// workgroup or ends. Writing the value that is there changes nothing, nor does a compare-and-swap
/// that fails; scratch is the lane's own affair.
uint64_t memory_changes();

} // namespace w2w::emu
