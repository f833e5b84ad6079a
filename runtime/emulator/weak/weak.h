// The weak memory mode, W2W_EMU=weak: README.md. It is an observer that executes memory
// instructions in place of their handlers.
#pragma once

#include "runtime/emulator/observer.h"
#include "runtime/emulator/weak/memory.h"

#include <functional>
#include <memory>
#include <string>

namespace w2w::emu::weak {

/// For one launch; the seed is W2W_CONFIG=emu-seed's and the launch's number.
std::unique_ptr<LaunchObserver> observe(const LaunchPlan &);

/// For tests: a launch on such a device. `where` names an instruction for warnings; `hazards`
/// counts uses of registers whose load has not been waited for.
std::unique_ptr<LaunchObserver> observe(const Shape &, uint64_t seed,
                                        std::function<std::string(uint64_t pc)> where,
                                        uint64_t *hazards = nullptr);

} // namespace w2w::emu::weak
