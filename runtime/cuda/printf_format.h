// Formats one device printf call on the host.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace w2w::cuda {

/// `arguments`: vprintf's argument block, each value at its natural alignment (4 for int and char,
/// 8 for long, double and pointers). `read_string` fetches a %s argument. Conversions as C's
/// printf; %n prints nothing; an unknown conversion is printed as it stands; arguments past the
/// block's end read as zero.
std::string format_printf(std::string_view format, std::span<const uint8_t> arguments,
                          const std::function<std::string(uint64_t)> &read_string);

} // namespace w2w::cuda
