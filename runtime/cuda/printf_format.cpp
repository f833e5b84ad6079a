#include "runtime/cuda/printf_format.h"

#include <cstdio>
#include <cstring>

namespace w2w::cuda {
namespace {

class Arguments {
public:
  explicit Arguments(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  template <class T> T next() {
    at_ = (at_ + sizeof(T) - 1) & ~(sizeof(T) - 1);
    T value{};
    if (at_ + sizeof(T) <= bytes_.size())
      std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

template <class T> void append(std::string &out, const std::string &spec, T value) {
  char small[256];
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"
  int n = std::snprintf(small, sizeof small, spec.c_str(), value);
  if (n < 0)
    return;
  if (static_cast<size_t>(n) < sizeof small) {
    out.append(small, static_cast<size_t>(n));
    return;
  }
  size_t old = out.size();
  out.resize(old + static_cast<size_t>(n) + 1);
  std::snprintf(out.data() + old, static_cast<size_t>(n) + 1, spec.c_str(), value);
#pragma clang diagnostic pop
  out.resize(old + static_cast<size_t>(n));
}

/// Whether the length modifier makes an integer 8 bytes wide (Linux: l, ll, j, z, t).
bool is_wide(std::string_view length) {
  return !length.empty() && length[0] != 'h' && length[0] != 'L';
}

} // namespace

std::string format_printf(std::string_view format, std::span<const uint8_t> bytes,
                          const std::function<std::string(uint64_t)> &read_string) {
  Arguments arguments(bytes);
  std::string out;
  for (size_t i = 0; i < format.size();) {
    if (format[i] != '%') {
      size_t next = std::min(format.find('%', i), format.size());
      out.append(format.substr(i, next - i));
      i = next;
      continue;
    }
    size_t start = i++;
    std::string spec = "%";
    auto take_while = [&](std::string_view set) {
      while (i < format.size() && set.find(format[i]) != std::string_view::npos)
        spec += format[i++];
    };
    auto take_number = [&] {
      if (i < format.size() && format[i] == '*') {
        spec += std::to_string(arguments.next<int32_t>());
        ++i;
      } else {
        take_while("0123456789");
      }
    };
    take_while("-+ #0");
    take_number();
    if (i < format.size() && format[i] == '.') {
      spec += format[i++];
      take_number();
    }
    size_t length_at = i;
    while (i < format.size() &&
           std::string_view("hlLjzt").find(format[i]) != std::string_view::npos)
      ++i;
    std::string_view length = format.substr(length_at, i - length_at);
    char conversion = i < format.size() ? format[i++] : 0;
    switch (conversion) {
    case '%':
      out += '%';
      break;
    case 'd':
    case 'i':
      if (is_wide(length))
        append(out, spec + "ll" + conversion, arguments.next<long long>());
      else
        append(out, spec + std::string(length) + conversion, arguments.next<int>());
      break;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      if (is_wide(length))
        append(out, spec + "ll" + conversion, arguments.next<unsigned long long>());
      else
        append(out, spec + std::string(length) + conversion, arguments.next<unsigned>());
      break;
    case 'c':
      append(out, spec + 'c', arguments.next<int>());
      break;
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
      append(out, spec + conversion, arguments.next<double>());
      break;
    case 'p':
      append(out, spec + 'p', reinterpret_cast<void *>(arguments.next<uint64_t>()));
      break;
    case 's': {
      uint64_t address = arguments.next<uint64_t>();
      std::string text = address ? read_string(address) : "(null)";
      append(out, spec + 's', text.c_str());
      break;
    }
    case 'n':
      (void)arguments.next<uint64_t>();
      break;
    default:
      out.append(format.substr(start, i - start));
    }
  }
  return out;
}

} // namespace w2w::cuda
