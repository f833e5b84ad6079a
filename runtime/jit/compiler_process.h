// One compiler process (build/bin/w2w-compiler) and the pool of them. Thread-safe; every failure of
// a process (crash, time-out, out of memory) is an error message for the one request it was working
// on.
#pragma once

#include "runtime/jit/protocol.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace w2w::jit {

/// A PTX text with its identity. Immutable.
struct PtxImage {
  std::string name; // in diagnostics: file or "<memory>"
  std::string text;
  Hash128 hash; // of the text
};

/// The compiler that belongs to our libraries: where it is and which build it is.
struct CompilerIdentity {
  std::string path;
  std::string build_id;
};
/// Looks beside the library this code is in (../bin, ., W2W_CONFIG=compiler=PATH). Found once.
const Result<CompilerIdentity> &compiler_identity();

/// How to start compilers; tests use a compiler of their own.
struct PoolOptions {
  std::string path;
  std::string build_id; // what the process must say of itself
  unsigned processes = 2;
  std::chrono::seconds time_out{300};
  uint64_t address_space_bytes = uint64_t{16} << 30;
  bool in_process = false; // a thread of this process running libw2w-compiler.so at `path`
};

class CompilerProcess;

class CompilerPool {
public:
  explicit CompilerPool(PoolOptions options);
  ~CompilerPool();

  /// Serialised abi::ModuleSummary of the image.
  Result<std::vector<uint8_t>> summarise(const PtxImage &image);
  /// Encoded CompiledKernel, or the diagnostics.
  Result<std::vector<uint8_t>> compile(const PtxImage &image, const std::string &kernel,
                                       const TargetOptions &target);
  /// Processes started so far.
  unsigned started() const { return started_; }

private:
  Result<std::vector<uint8_t>> ask(const PtxImage &image, MessageType request,
                                   std::span<const uint8_t> payload, MessageType answer,
                                   std::string_view what);
  std::unique_ptr<CompilerProcess> acquire(const Hash128 &image, Error &error);
  void release(std::unique_ptr<CompilerProcess> process);
  std::unique_ptr<CompilerProcess> start(Error &error);

  PoolOptions options_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<CompilerProcess>> idle_;
  unsigned busy_ = 0;
  std::atomic<unsigned> started_ = 0;
  pid_t owner_; // after fork() the child must not use its parent's processes
};

/// The process's pool, set up from W2W_CONFIG on first use.
Result<CompilerPool *> process_pool();

} // namespace w2w::jit
