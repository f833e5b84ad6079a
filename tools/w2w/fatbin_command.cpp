// w2w fatbin: writes a fatbinary from PTX and cubin files.
#include "runtime/fatbin/fatbin.h"
#include "tools/w2w/commands.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>

namespace w2w::tool {
namespace {

constexpr std::string_view kVerb = "fatbin";

/// "ARCH,FILE" -> an entry holding the file.
bool load_entry(const std::string &value, fatbin::Kind kind, fatbin::NewEntry &entry,
                std::string &error) {
  size_t comma = value.find(',');
  if (comma == std::string::npos || !fatbin::parse_arch(std::string_view(value).substr(0, comma),
                                                        entry.arch, entry.arch_suffix)) {
    error = fmt::format("'{}' is not ARCH,FILE with ARCH such as sm_80 or sm_90a", value);
    return false;
  }
  std::string path = value.substr(comma + 1);
  auto bytes = fatbin::read_file(path);
  if (!bytes) {
    error = bytes.error().message;
    return false;
  }
  auto image = fatbin::open_bytes(*bytes, path);
  const auto expected = kind == fatbin::Kind::Ptx ? fatbin::Format::PtxText : fatbin::Format::Cubin;
  if (!image || image->format != expected) {
    error = fmt::format("{}: not {}", path, kind == fatbin::Kind::Ptx ? "PTX text" : "a cubin");
    return false;
  }
  const fatbin::Entry &e = image->entries[0];
  if (kind == fatbin::Kind::Ptx && e.ptx_major == 0) {
    error = fmt::format("{}: no .version and .target at the start of the PTX text", path);
    return false;
  }
  if (e.arch > entry.arch) {
    error = fmt::format("{}: made for sm_{}, cannot be entered as sm_{}", path, e.arch, entry.arch);
    return false;
  }
  entry.kind = kind;
  entry.payload = std::move(*bytes);
  return true;
}

bool write_file(const std::string &path, const std::vector<uint8_t> &bytes, std::string &error) {
  FILE *f = std::fopen(path.c_str(), "wbe");
  bool ok = f && std::fwrite(bytes.data(), 1, bytes.size(), f) == bytes.size();
  if (f && std::fclose(f) != 0)
    ok = false;
  if (!ok)
    error = fmt::format("{}: cannot write: {}", path, std::strerror(errno));
  return ok;
}

} // namespace

int fatbin_command(const Args &args) {
  std::vector<fatbin::NewEntry> entries;
  fatbin::Compression compression = fatbin::Compression::None;
  std::string out, value, error;
  for (size_t i = 1; i < args.size(); ++i) {
    const bool ptx = option_value(args[i], "--ptx", value);
    if (ptx || option_value(args[i], "--cubin", value)) {
      fatbin::NewEntry entry;
      if (!load_entry(value, ptx ? fatbin::Kind::Ptx : fatbin::Kind::Elf, entry, error))
        return fail(kVerb, error);
      entries.push_back(std::move(entry));
    } else if (option_value(args[i], "--compress", value)) {
      if (value == "none")
        compression = fatbin::Compression::None;
      else if (value == "zstd")
        compression = fatbin::Compression::Zstd;
      else if (value == "lz4")
        compression = fatbin::Compression::Lz4;
      else
        return misuse(kVerb, fmt::format("unknown compression '{}'", value));
    } else if (args[i] == "-o" && i + 1 < args.size()) {
      out = args[++i];
    } else {
      return misuse(kVerb, fmt::format("unknown argument '{}'", args[i]));
    }
  }
  if (entries.empty())
    return misuse(kVerb, "nothing to write: give at least one --ptx or --cubin");
  if (out.empty())
    return misuse(kVerb, "no output: give -o OUT");
  for (fatbin::NewEntry &e : entries)
    e.compression = compression;
  auto bytes = fatbin::write_container(entries);
  if (!bytes)
    return fail(kVerb, bytes.error().message);
  if (!write_file(out, *bytes, error))
    return fail(kVerb, error);
  return 0;
}

} // namespace w2w::tool
