#include "runtime/emulator/insight/output.h"

#include "runtime/emulator/log.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace w2w::emu {

Output::Output(const char *variable, const char *value)
    : variable_(variable), path_(value ? value : "") {
  if (size_t at = path_.find("%p"); at != std::string::npos)
    path_.replace(at, 2, std::to_string(getpid()));
}

void Output::write(std::string_view text) {
  std::lock_guard lock(mutex_);
  if (failed_)
    return;
  if (file_ < 0)
    file_ = path_ == "-" ? STDERR_FILENO
                         : open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  while (file_ >= 0 && !text.empty()) {
    ssize_t n = ::write(file_, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    text.remove_prefix(static_cast<size_t>(n));
  }
  if (file_ >= 0 && text.empty())
    return;
  failed_ = true;
  log_error("{}={}: cannot be written: {}", variable_, path_, strerror(errno));
}

Output &counters_output() {
  static Output *output = new Output("W2W_COUNTERS", getenv("W2W_COUNTERS"));
  return *output;
}
Output &trace_output() {
  const char *path = getenv("W2W_TRACE_FILE");
  static Output *output = new Output("W2W_TRACE_FILE", path && *path ? path : "-");
  return *output;
}

} // namespace w2w::emu
