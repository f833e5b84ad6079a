// Logging: W2W_LOG=error|warn|info|trace (default error) and W2W_LOG_FILE (default standard error).
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace w2w {

enum class LogLevel : int { Error, Warn, Info, Trace };

/// Whether messages of this level are written. Cheap: test it before preparing an expensive
/// message.
bool log_enabled(LogLevel level);
/// Writes one message ("w2w: warning: text"), whole lines at a time, safe from several threads.
void log_text(LogLevel level, std::string_view text);
/// Writes the message the first time `key` is seen in this process.
void log_text_once(LogLevel level, std::string_view key, std::string_view text);

template <class... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args &&...args) {
  if (log_enabled(level))
    log_text(level, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args> void log_error(fmt::format_string<Args...> f, Args &&...args) {
  log(LogLevel::Error, f, std::forward<Args>(args)...);
}
template <class... Args> void log_warn(fmt::format_string<Args...> f, Args &&...args) {
  log(LogLevel::Warn, f, std::forward<Args>(args)...);
}
template <class... Args> void log_info(fmt::format_string<Args...> f, Args &&...args) {
  log(LogLevel::Info, f, std::forward<Args>(args)...);
}
template <class... Args> void log_trace(fmt::format_string<Args...> f, Args &&...args) {
  log(LogLevel::Trace, f, std::forward<Args>(args)...);
}

} // namespace w2w
