#include "tools/ptx2hsaco/input.h"

#include <fmt/format.h>

namespace w2w::tool {
namespace {

/// The compute capability that the runtime reports by default, and so the images it would choose.
constexpr uint32_t kComputeCapability = 89;

} // namespace

bool open_input(const std::string &path, InputFile &file, std::string &error) {
  auto bytes = fatbin::read_file(path);
  if (!bytes) {
    error = bytes.error().message;
    return false;
  }
  file.bytes = std::move(*bytes);
  auto image = fatbin::open_bytes(file.bytes, path);
  if (!image) {
    error = image.error().message;
    return false;
  }
  file.image = std::move(*image);
  return true;
}

bool collect_ptx(const std::string &path, const InputFile &file, std::optional<size_t> number,
                 std::vector<PtxInput> &texts, std::string &error) {
  const std::vector<fatbin::Entry> &entries = file.image.entries;
  auto add = [&](size_t index) {
    auto text = fatbin::ptx_text(entries[index]);
    if (!text) {
      error = fmt::format("{}: image {}: {}", path, index, text.error().message);
      return false;
    }
    std::string name =
        file.image.format == fatbin::Format::PtxText
            ? path
            : fmt::format("{}:image {} ({})", path, index, entries[index].describe());
    texts.push_back({std::move(name), std::move(*text)});
    return true;
  };
  if (number) {
    if (*number >= entries.size()) {
      error = fmt::format("{}: there is no image {}; --list shows the {} images", path, *number,
                          entries.size());
      return false;
    }
    if (entries[*number].kind != fatbin::Kind::Ptx) {
      error = fmt::format("{}: image {} is {}, not PTX; --list shows all images", path, *number,
                          entries[*number].describe());
      return false;
    }
    return add(*number);
  }
  if (file.image.format == fatbin::Format::PtxText && entries.size() == 1)
    return add(0);

  std::string first_error;
  for (size_t c = 0; c < file.image.containers.size(); ++c) {
    auto chosen = fatbin::select_ptx(entries, kComputeCapability, c);
    if (!chosen) {
      if (first_error.empty())
        first_error = chosen.error().message;
      continue;
    }
    if (!add(*chosen))
      return false;
  }
  if (!texts.empty())
    return true;
  if (first_error.empty()) {
    auto chosen = fatbin::select_ptx(entries, kComputeCapability);
    if (chosen)
      return add(*chosen);
    first_error = chosen.error().message;
  }
  error = path + ": " + first_error;
  return false;
}

} // namespace w2w::tool
