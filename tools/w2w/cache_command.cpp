// w2w cache: the disk layer of the cache of compiled kernels.
#include "runtime/cache/disk_layer.h"
#include "runtime/support/options.h"
#include "tools/w2w/commands.h"

#include <fmt/format.h>

namespace w2w::tool {
namespace {

constexpr std::string_view kVerb = "cache";

/// "1048576", "64M", "2G" -> bytes.
bool parse_size(std::string_view text, uint64_t &bytes) {
  uint64_t unit = 1;
  if (!text.empty()) {
    const std::string_view units = "KMGT";
    if (size_t i = units.find(text.back()); i != std::string_view::npos) {
      unit = uint64_t{1} << (10 * (i + 1));
      text.remove_suffix(1);
    }
  }
  if (text.empty() || text.size() > 15)
    return false;
  bytes = 0;
  for (char c : text) {
    if (c < '0' || c > '9')
      return false;
    bytes = bytes * 10 + static_cast<uint64_t>(c - '0');
  }
  if (bytes > UINT64_MAX / unit)
    return false;
  bytes *= unit;
  return true;
}

int prune(cache::DiskLayer &layer, const std::string &folder, uint64_t limit) {
  const auto before = layer.contents();
  const auto left = layer.prune(limit);
  if (!left)
    return fail(kVerb, fmt::format("{}: another process is pruning; try again", folder));
  fmt::print("{}: removed {} entries ({} bytes), {} entries ({} bytes) left\n", folder,
             before.files - std::min(before.files, left->files),
             before.bytes - std::min(before.bytes, left->bytes), left->files, left->bytes);
  return limit == 0 && left->files != 0
             ? fail(kVerb, fmt::format("{}: some entries could not be removed", folder))
             : 0;
}

} // namespace

int cache_command(const Args &args) {
  const std::string what = args.size() > 1 ? args[1] : "";
  std::string value;
  uint64_t limit = cache::cache_size_limit();
  const bool sized =
      what == "prune" && args.size() == 3 && option_value(args[2], "--max-size", value);
  if (sized && !parse_size(value, limit))
    return misuse(kVerb, fmt::format("--max-size={}: bytes expected, e.g. 500M", value));
  if ((what != "stats" && what != "prune" && what != "clear") || (args.size() > 2 && !sized))
    return misuse(kVerb, what.empty() ? "say what to do"
                                      : fmt::format("unknown argument '{}'", args.back()));

  const auto folder = cache::default_cache_folder();
  if (!folder)
    return fail(kVerb,
                "no folder for the cache: none of CUDA_CACHE_PATH, XDG_CACHE_HOME and HOME is set");
  cache::DiskLayer layer(*folder, limit);
  if (what == "prune")
    return prune(layer, *folder, limit);
  if (what == "clear")
    return prune(layer, *folder, 0);
  const auto contents = layer.contents();
  fmt::print("folder   {}\nentries  {}\nbytes    {}\nlimit    {}\n{}", *folder, contents.files,
             contents.bytes, limit,
             environment_flag("CUDA_CACHE_DISABLE") ? "switched off by CUDA_CACHE_DISABLE\n" : "");
  return 0;
}

} // namespace w2w::tool
