// The checker as an observer of launches (observer.h): asks the checks that W2W_CHECK names about
// every instruction.
#pragma once

#include "runtime/emulator/observer.h"

#include <memory>

namespace w2w::emu::check {

bool wanted();
std::unique_ptr<LaunchObserver> make(const LaunchPlan &plan);

} // namespace w2w::emu::check
