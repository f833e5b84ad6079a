// A value or an error message: what fallible functions of the runtime return. No exceptions cross a
// room's border.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace w2w {

/// What went wrong, where, and the remedy if there is one. Lower case, no full stop.
struct Error {
  std::string message;
};

template <class T> class [[nodiscard]] Result {
public:
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}
  explicit operator bool() const { return v_.index() == 0; }
  T &operator*() { return std::get<0>(v_); }
  const T &operator*() const { return std::get<0>(v_); }
  T *operator->() { return &std::get<0>(v_); }
  const T *operator->() const { return &std::get<0>(v_); }
  const std::string &error() const { return std::get<1>(v_).message; }

private:
  std::variant<T, Error> v_;
};

} // namespace w2w
