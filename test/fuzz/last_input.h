// Keeps the input that a fuzz target runs in the file that W2W_FUZZ_LAST names, so that it is there
// even when the process dies without libFuzzer's help: in a sanitizer's report, or killed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace w2w::fuzz {

/// Writes DATA to the file that W2W_FUZZ_LAST names, over what was there; nothing if it is not set.
/// A file that cannot be written ends the process: a crash would be lost.
inline void keep_input(const uint8_t *data, size_t size) {
  static const int file = [] {
    const char *path = getenv("W2W_FUZZ_LAST");
    return path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -2;
  }();
  if (file == -2)
    return;
  if (file < 0 || ftruncate(file, 0) != 0 ||
      pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) {
    perror("W2W_FUZZ_LAST");
    exit(1);
  }
}

} // namespace w2w::fuzz
