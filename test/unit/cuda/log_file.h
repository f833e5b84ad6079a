// The log of a test program, read by itself.
#pragma once

#include "test/unit/cuda/check.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

/// The runtime's log (W2W_LOG_FILE) in a file of this process in the working directory, which goes
/// with the object. To be made before cuInit.
class LogFile {
public:
  /// `level`: what W2W_LOG is to be, if anything.
  explicit LogFile(const std::string &program, const char *level = nullptr)
      : path_(program + "." + std::to_string(::getpid()) + ".log") {
    ::setenv("W2W_LOG_FILE", path_.c_str(), 1);
    if (level)
      ::setenv("W2W_LOG", level, 1);
  }
  /// Shows the log where checks have failed.
  ~LogFile() {
    if (failed_checks != 0)
      std::fprintf(stderr, "%s", text().c_str());
    ::unlink(path_.c_str());
  }
  LogFile(const LogFile &) = delete;
  LogFile &operator=(const LogFile &) = delete;

  std::string text() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  /// How often the words stand in it.
  size_t count(const std::string &words) const {
    const std::string all = text();
    size_t n = 0;
    for (size_t at = all.find(words); at != std::string::npos; at = all.find(words, at + 1))
      ++n;
    return n;
  }

private:
  std::string path_;
};
