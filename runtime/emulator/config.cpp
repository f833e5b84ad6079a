#include "runtime/emulator/config.h"

#include "runtime/emulator/log.h"

#include <charconv>
#include <cstdlib>

namespace w2w::emu {

namespace {
constexpr std::string_view kWeak = "weak";
constexpr uint64_t kWeakSeed = 1; // of the weak mode, if none is given
} // namespace

Config parse_config(std::string_view text) {
  Config config;
  while (!text.empty()) {
    size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    if (!item.starts_with("emu-"))
      continue; // somebody else's
    size_t equals = item.find('=');
    std::string_view name = item.substr(0, equals);
    std::string_view digits = equals == std::string_view::npos ? "" : item.substr(equals + 1);
    uint64_t value = 0;
    auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    constexpr uint64_t kMost = uint64_t{1} << 40;
    bool number = !digits.empty() && code == std::errc() && end == digits.data() + digits.size() &&
                  value <= kMost;
    if (number && name == "emu-seed")
      config.seed = value;
    else if (number && name == "emu-perturb")
      config.perturb = value;
    else if (number && name == "emu-threads" && value >= 1 && value <= 1024)
      config.threads = static_cast<unsigned>(value);
    else if (number && name == "emu-memory" && value >= 64 && value <= (kMost >> 20))
      config.memory_bytes = value << 20;
    else if (number && name == "emu-hang" && value <= kMost / 1000000)
      config.hang_instructions = value * 1000000;
    else
      log(LogLevel::Warn,
          "W2W_CONFIG: '{}' is no option of the emulator, or its value is out of range", item);
  }
  return config;
}

const Config &config() {
  static const Config values = [] {
    const char *text = getenv("W2W_CONFIG");
    Config read = parse_config(text ? text : "");
    if (weak_memory()) {
      read.seed = read.seed.value_or(kWeakSeed);
      log(LogLevel::Info, "weak memory mode with seed {} (W2W_CONFIG=emu-seed=N chooses another)",
          *read.seed);
    }
    return read;
  }();
  return values;
}

bool weak_memory() {
  static const bool weak = [] {
    const char *value = getenv("W2W_EMU");
    return value && std::string_view(value) == kWeak;
  }();
  return weak;
}

std::string mode_problem() {
  return mode_error(getenv("W2W_EMU"));
}

std::string mode_error(const char *value) {
  std::string_view text = value ? value : "";
  if (text.empty() || text == kWeak)
    return {};
  return fmt::format("W2W_EMU={}: no mode of the emulator; there is '{}' (weak memory)", text,
                     kWeak);
}

} // namespace w2w::emu
