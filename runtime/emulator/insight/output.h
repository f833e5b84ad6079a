// Where counters and traces go.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace w2w::emu {

/// A text file that processes append to, opened when something is first written. The path "-" is
/// stderr; %p in it is the process's id. What cannot be opened or written is said once in the log,
/// and then dropped.
class Output {
public:
  /// `variable` names the environment variable, for messages; `value` is its value or null.
  Output(const char *variable, const char *value);
  bool wanted() const { return !path_.empty(); }
  bool json() const { return std::string_view(path_).ends_with(".json"); }
  /// In one piece; any thread.
  void write(std::string_view text);

private:
  std::string variable_, path_;
  std::mutex mutex_;
  int file_ = -1;
  bool failed_ = false;
};

Output &counters_output(); // W2W_COUNTERS
Output &trace_output();    // W2W_TRACE_FILE, else stderr

} // namespace w2w::emu
