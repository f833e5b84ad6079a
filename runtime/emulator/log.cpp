#include "runtime/emulator/log.h"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace w2w::emu {

LogLevel log_level() {
  static const LogLevel level = [] {
    const char *value = getenv("W2W_LOG");
    std::string_view text = value ? value : "error";
    if (text == "off" || text == "none" || text == "0")
      return LogLevel::Off;
    if (text == "warn")
      return LogLevel::Warn;
    if (text == "info")
      return LogLevel::Info;
    if (text == "trace")
      return LogLevel::Trace;
    return LogLevel::Error;
  }();
  return level;
}

namespace {
void put(std::string_view line) {
  static const int file = [] {
    const char *path = getenv("W2W_LOG_FILE");
    int fd = path && *path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
    return fd >= 0 ? fd : STDERR_FILENO;
  }();
  size_t done = 0;
  while (done < line.size()) {
    ssize_t n = write(file, line.data() + done, line.size() - done);
    if (n <= 0)
      break;
    done += static_cast<size_t>(n);
  }
}
} // namespace

// One write, so that lines of several threads and processes do not mix.
void log_line(LogLevel level, std::string_view text) {
  static constexpr const char *kNames[] = {"off", "error", "warn", "info", "trace"};
  put(fmt::format("w2w: {}: emulator: {}\n", kNames[static_cast<int>(level)], text));
}

void log_text(LogLevel level, std::string_view text) {
  if (level <= log_level())
    put(fmt::format("{}\n", text));
}

} // namespace w2w::emu
