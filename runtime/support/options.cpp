#include "runtime/support/options.h"

#include "runtime/support/log.h"

#include <charconv>
#include <cstdlib>
#include <map>

namespace w2w {
namespace {

struct OptionInfo {
  std::string_view name;
  bool takes_value;
};

constexpr OptionInfo kOptions[] = {
#define W2W_OPTION(name, takes_value, text) {name, takes_value},
#include "runtime/support/options.def"
#undef W2W_OPTION
};

using OptionMap = std::map<std::string, std::string, std::less<>>;

OptionMap parse(std::string_view text) {
  OptionMap found;
  while (!text.empty()) {
    size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    if (item.empty())
      continue;
    size_t equals = item.find('=');
    std::string_view name = item.substr(0, equals);
    const OptionInfo *info = nullptr;
    for (const OptionInfo &candidate : kOptions)
      if (candidate.name == name)
        info = &candidate;
    if (!info) {
      log_warn("W2W_CONFIG: unknown option '{}'", name);
      continue;
    }
    if (info->takes_value != (equals != std::string_view::npos)) {
      log_warn("W2W_CONFIG: option '{}' {}", name,
               info->takes_value ? "needs a value" : "takes no value");
      if (info->takes_value)
        continue;
    }
    std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1);
    found.insert_or_assign(std::string(name), std::string(value));
  }
  return found;
}

const OptionMap &options() {
  static const OptionMap *map = [] {
    const char *text = std::getenv("W2W_CONFIG");
    return new OptionMap(parse(text ? text : ""));
  }();
  return *map;
}

} // namespace

std::optional<std::string> option(std::string_view name) {
  auto it = options().find(name);
  if (it == options().end())
    return std::nullopt;
  return it->second;
}

int64_t option_number(std::string_view name, int64_t otherwise, int64_t low, int64_t high) {
  std::optional<std::string> text = option(name);
  if (!text)
    return otherwise;
  int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < low || value > high) {
    log_text_once(LogLevel::Warn, std::string("option ") + std::string(name),
                  fmt::format("W2W_CONFIG: {}={} is not a number from {} to {}, using {}", name,
                              *text, low, high, otherwise));
    return otherwise;
  }
  return value;
}

std::optional<std::string> environment(const char *name) {
  const char *value = std::getenv(name);
  if (!value || !*value)
    return std::nullopt;
  return std::string(value);
}

bool environment_flag(const char *name) {
  std::optional<std::string> value = environment(name);
  return value && *value != "0";
}

} // namespace w2w
