#include "runtime/support/log.h"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <string>
#include <unistd.h>

namespace w2w {
namespace {

struct LogState {
  LogLevel level = LogLevel::Error;
  int fd = STDERR_FILENO;
  std::mutex mutex;
  std::set<std::string, std::less<>> seen;
};

void write_line(int fd, LogLevel level, std::string_view text) {
  static constexpr const char *kNames[] = {"error", "warning", "info", "trace"};
  std::string line = fmt::format("w2w: {}: {}", kNames[static_cast<int>(level)], text);
  if (line.back() != '\n')
    line += '\n';
  // One write per message, so that processes sharing the file do not mix their lines.
  for (size_t done = 0; done < line.size();) {
    ssize_t n = ::write(fd, line.data() + done, line.size() - done);
    if (n <= 0)
      return;
    done += static_cast<size_t>(n);
  }
}

// Never destroyed: messages may come from other libraries' destructors at exit.
LogState &state() {
  static LogState *s = [] {
    auto *fresh = new LogState;
    if (const char *path = std::getenv("W2W_LOG_FILE"); path && *path) {
      int fd = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
      if (fd >= 0)
        fresh->fd = fd;
      else
        write_line(STDERR_FILENO, LogLevel::Error,
                   fmt::format("cannot open W2W_LOG_FILE={} ({}), logging to standard error", path,
                               std::strerror(errno)));
    }
    if (const char *name = std::getenv("W2W_LOG"); name && *name) {
      std::string_view level = name;
      if (level == "error")
        fresh->level = LogLevel::Error;
      else if (level == "warn")
        fresh->level = LogLevel::Warn;
      else if (level == "info")
        fresh->level = LogLevel::Info;
      else if (level == "trace")
        fresh->level = LogLevel::Trace;
      else
        write_line(fresh->fd, LogLevel::Error,
                   fmt::format("W2W_LOG={} is not a level: use error, warn, info or trace", level));
    }
    return fresh;
  }();
  return *s;
}

} // namespace

bool log_enabled(LogLevel level) {
  return level <= state().level;
}

void log_text(LogLevel level, std::string_view text) {
  LogState &s = state();
  if (level > s.level)
    return;
  std::lock_guard lock(s.mutex);
  write_line(s.fd, level, text);
}

void log_text_once(LogLevel level, std::string_view key, std::string_view text) {
  LogState &s = state();
  if (level > s.level)
    return;
  std::lock_guard lock(s.mutex);
  if (s.seen.find(key) != s.seen.end())
    return;
  s.seen.emplace(key);
  write_line(s.fd, level, text);
}

} // namespace w2w
