// Why a program or kernel cannot be used, in the classes the CUDA API distinguishes.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace w2w::jit {

enum class FailureKind {
  DamagedImage,    // not an image, or a damaged one
  NoCodeForDevice, // no PTX in it
  BadPtx,          // PTX that does not pass the checks
  NotFound,        // no such kernel or variable
  NotSupported,    // named in the message
  Compiler,        // the compiler is missing, crashed, timed out or refused the kernel
  Device,          // HIP refused; `hip_error` says what
  OutOfMemory,
};

struct Failure {
  FailureKind kind = FailureKind::Compiler;
  std::string message;
  unsigned hip_error = 0;
};

template <class T> class [[nodiscard]] Outcome {
public:
  Outcome(T value) : v_(std::in_place_index<0>, std::move(value)) {}
  Outcome(Failure failure) : v_(std::in_place_index<1>, std::move(failure)) {}
  explicit operator bool() const { return v_.index() == 0; }
  T &operator*() { return std::get<0>(v_); }
  const T &operator*() const { return std::get<0>(v_); }
  T *operator->() { return &std::get<0>(v_); }
  const T *operator->() const { return &std::get<0>(v_); }
  const Failure &failure() const { return std::get<1>(v_); }

private:
  std::variant<T, Failure> v_;
};

} // namespace w2w::jit
