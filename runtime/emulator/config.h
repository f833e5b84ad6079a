// The emulator's options in W2W_CONFIG (runtime/support/options.def lists and explains them; this
// library stands alone and reads them itself).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace w2w::emu {

struct Config {
  std::optional<uint64_t> seed;    // shuffled, repeatable scheduling on one thread
  unsigned threads = 0;            // 0: as many as cores
  uint64_t memory_bytes = 0;       // 0: the model's
  uint64_t hang_instructions = 0;  // 0: no limit
  std::optional<uint64_t> perturb; // results that AMD does not publish: within the stated error
};

/// Of W2W_CONFIG, read once.
const Config &config();
/// For tests.
Config parse_config(std::string_view text);

/// Whether W2W_EMU asks for the weak memory mode (weak/README.md).
bool weak_memory();
/// What is wrong with W2W_EMU; empty if nothing is.
std::string mode_error(const char *value);
/// With the environment's.
std::string mode_problem();

} // namespace w2w::emu
