// w2w inspect: images and kernels in a file.
#include "runtime/fatbin/fatbin.h"
#include "tools/w2w/commands.h"

#include <cstdlib>
#include <cxxabi.h>
#include <fmt/format.h>

namespace w2w::tool {
namespace {

constexpr std::string_view kVerb = "inspect";

std::string demangle(const std::string &name) {
  int status = 0;
  char *text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  std::string out = status == 0 && text ? text : "";
  std::free(text);
  return out;
}

std::string_view format_name(fatbin::Format f) {
  switch (f) {
  case fatbin::Format::Wrapper:
    return "fatbinary wrapper";
  case fatbin::Format::Container:
    return "fatbinary";
  case fatbin::Format::Cubin:
    return "cubin";
  case fatbin::Format::HostElf:
    return "ELF file with device code";
  case fatbin::Format::PtxText:
    return "PTX text";
  }
  return "";
}

void print_entry(size_t index, const fatbin::Entry &e) {
  constexpr std::string_view kCompression[] = {"", ", LZ4", ", zstd"};
  fmt::print("  [{}] {}: {} bytes{}", index, e.describe(), e.uncompressed_size,
             kCompression[static_cast<size_t>(e.compression)]);
  if (e.compression != fatbin::Compression::None)
    fmt::print(" ({} stored)", e.payload.size());
  if (e.flags & fatbin::kFlagDebug)
    fmt::print(", debug");
  if (!e.source_name.empty())
    fmt::print(", from {}", e.source_name);
  if (!e.options.empty() && e.kind == fatbin::Kind::Ptx)
    fmt::print(", options \"{}\"", e.options);
  fmt::print("\n");
}

} // namespace

int inspect_command(const Args &args) {
  std::string file, value;
  bool print_ptx = false;
  std::optional<size_t> only;
  for (size_t i = 1; i < args.size(); ++i) {
    if (args[i] == "--ptx") {
      print_ptx = true;
    } else if (option_value(args[i], "--ptx", value)) {
      print_ptx = true;
      if (value.empty() || value.size() > 6 ||
          value.find_first_not_of("0123456789") != std::string::npos)
        return misuse(kVerb, fmt::format("--ptx={}: the number of an image expected", value));
      only = std::stoul(value);
    } else if (args[i].starts_with("-") || !file.empty()) {
      return misuse(kVerb, fmt::format("unknown argument '{}'", args[i]));
    } else {
      file = args[i];
    }
  }
  if (file.empty())
    return misuse(kVerb, "no file given");
  auto bytes = fatbin::read_file(file);
  if (!bytes)
    return fail(kVerb, bytes.error().message);
  auto image = fatbin::open_bytes(*bytes, file);
  if (!image)
    return fail(kVerb, image.error().message);

  if (print_ptx) {
    bool any = false;
    for (size_t i = 0; i < image->entries.size(); ++i) {
      if (image->entries[i].kind != fatbin::Kind::Ptx || (only && *only != i))
        continue;
      auto text = fatbin::ptx_text(image->entries[i]);
      if (!text)
        return fail(kVerb, fmt::format("{}: {}", file, text.error().message));
      fmt::print("{}{}", *text, text->ends_with('\n') ? "" : "\n");
      any = true;
    }
    if (!any)
      return fail(kVerb, only ? fmt::format("{}: image {} is not PTX; `w2w inspect {}` lists them",
                                            file, *only, file)
                              : fmt::format("{}: no PTX in it", file));
    return 0;
  }

  fmt::print("{}: {}\n", file, format_name(image->format));
  int status = 0;
  size_t index = 0;
  for (size_t c = 0; c < image->containers.size(); ++c) {
    const bool in_elf = image->format == fatbin::Format::HostElf;
    if (in_elf)
      fmt::print(" {}: {} bytes\n", image->container_names[c], image->containers[c].size());
    if (index == image->entries.size() || image->entries[index].container != c)
      fmt::print("  (no device code)\n");
    for (; index < image->entries.size() && image->entries[index].container == c; ++index) {
      const fatbin::Entry &e = image->entries[index];
      print_entry(index, e);
      auto kernels = fatbin::kernel_names(e);
      if (!kernels) {
        status = fail(kVerb, fmt::format("{}: {}", file, kernels.error().message));
        continue;
      }
      for (const std::string &name : *kernels) {
        std::string plain = demangle(name);
        fmt::print("      kernel {}{}{}\n", name, plain.empty() ? "" : "  ", plain);
      }
    }
  }
  return status;
}

} // namespace w2w::tool
