// The emulator's log: lines on stderr (or W2W_LOG_FILE) of the level that W2W_LOG asks for (error,
// warn, info, trace; error if not set). It is the emulator's own because the library stands alone
// behind the HIP ABI.
#pragma once

#include <fmt/format.h>
#include <string_view>

namespace w2w::emu {

enum class LogLevel : int { Off, Error, Warn, Info, Trace };

LogLevel log_level();
void log_line(LogLevel level, std::string_view text);
/// Whole lines without a prefix, if the level asks for them; the last newline is added.
void log_text(LogLevel level, std::string_view text);

template <typename... A> void log(LogLevel level, fmt::format_string<A...> format, A &&...args) {
  if (level <= log_level())
    log_line(level, fmt::format(format, std::forward<A>(args)...));
}

template <typename... A> void log_error(fmt::format_string<A...> format, A &&...args) {
  log(LogLevel::Error, format, std::forward<A>(args)...);
}

} // namespace w2w::emu
