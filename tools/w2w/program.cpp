#include "tools/w2w/program.h"

#include "runtime/fatbin/fatbin.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fmt/format.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace w2w::tool {
namespace {

/// Sections of an ELF file, every access checked.
class Elf {
public:
  explicit Elf(const std::vector<uint8_t> &bytes) : bytes_(bytes) {}

  template <class T> bool load(uint64_t offset, T &value) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T))
      return false;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return true;
  }

  bool open(std::string &error) {
    if (!load(0, header_) || std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0)
      error = "not an ELF program";
    else if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_machine != EM_X86_64)
      error = "not a 64-bit x86-64 program";
    else if (header_.e_type != ET_EXEC && header_.e_type != ET_DYN)
      error = "not an executable or shared library";
    else
      return true;
    return false;
  }

  const Elf64_Ehdr &header() const { return header_; }

  std::optional<Elf64_Shdr> section(unsigned index) const {
    Elf64_Shdr s;
    if (index >= header_.e_shnum || header_.e_shentsize != sizeof s ||
        !load(header_.e_shoff + uint64_t{index} * sizeof s, s))
      return std::nullopt;
    return s;
  }

  /// The NUL-terminated string at `offset` of a string section.
  std::string_view string(const Elf64_Shdr &table, uint64_t offset) const {
    if (offset >= table.sh_size || table.sh_offset > bytes_.size() ||
        table.sh_size > bytes_.size() - table.sh_offset)
      return {};
    const char *p = reinterpret_cast<const char *>(bytes_.data()) + table.sh_offset;
    return {p + offset, strnlen(p + offset, table.sh_size - offset)};
  }

  std::string_view section_name(const Elf64_Shdr &s) const {
    auto names = section(header_.e_shstrndx);
    return names ? string(*names, s.sh_name) : std::string_view{};
  }

private:
  const std::vector<uint8_t> &bytes_;
  Elf64_Ehdr header_ = {};
};

} // namespace

bool read_program(const std::string &path, Program &program, std::string &error) {
  program = {};
  program.path = path;
  auto bytes = fatbin::read_file(path);
  if (!bytes) {
    error = bytes.error().message;
    return false;
  }
  Elf elf(*bytes);
  if (!elf.open(error)) {
    error = path + ": " + error;
    return false;
  }
  struct stat st;
  program.is_setuid = ::stat(path.c_str(), &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID));

  bool registers = false, properties_v2 = false, thread_exit = false;
  for (unsigned i = 0; i < elf.header().e_shnum; ++i) {
    auto s = elf.section(i);
    if (!s)
      break;
    std::string_view name = elf.section_name(*s);
    if (name == ".nvFatBinSegment")
      program.has_device_code = true;
    if (name == ".interp")
      program.is_dynamic = true;
    auto strings = elf.section(s->sh_link);
    if (!strings)
      continue;
    if (s->sh_type == SHT_DYNAMIC) {
      Elf64_Dyn d;
      for (uint64_t at = 0;
           at + sizeof d <= s->sh_size && elf.load(s->sh_offset + at, d) && d.d_tag != DT_NULL;
           at += sizeof d)
        if (d.d_tag == DT_NEEDED)
          program.needed.emplace_back(elf.string(*strings, d.d_un.d_val));
    } else if (s->sh_type == SHT_SYMTAB) {
      Elf64_Sym y;
      for (uint64_t at = 0; at + sizeof y <= s->sh_size && elf.load(s->sh_offset + at, y);
           at += sizeof y) {
        if (ELF64_ST_TYPE(y.st_info) != STT_FUNC || y.st_shndx == SHN_UNDEF)
          continue;
        std::string_view symbol = elf.string(*strings, y.st_name);
        if (!symbol.starts_with("cuda") && !symbol.starts_with("__cuda"))
          continue;
        ++program.runtime_symbols;
        registers |= symbol == "__cudaRegisterFatBinary";
        properties_v2 |= symbol == "cudaGetDeviceProperties_v2";
        thread_exit |= symbol == "cudaThreadExit";
      }
    }
  }
  if (elf.header().e_type == ET_DYN && !program.needed.empty())
    program.is_dynamic = true;

  for (const std::string &n : program.needed) {
    if (n.starts_with("libcudart.so")) {
      program.use = CudaUse::DynamicRuntime;
      program.runtime_soname = n;
    } else if (n == "libcuda.so.1" && program.use == CudaUse::None) {
      program.use = CudaUse::DriverOnly;
    }
  }
  if (program.use != CudaUse::DynamicRuntime) {
    if (registers) {
      program.use = CudaUse::StaticRuntime;
      program.runtime_major = properties_v2 ? 12 : thread_exit ? 11 : 13;
    } else if (program.has_device_code) {
      program.use = CudaUse::StrippedRuntime;
    }
  }
  return true;
}

std::string find_executable(const std::string &name) {
  auto runs = [](const std::string &p) {
    struct stat st;
    return ::stat(p.c_str(), &st) == 0 && S_ISREG(st.st_mode) && ::access(p.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos)
    return runs(name) ? name : "";
  const char *path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (true) {
    size_t colon = rest.find(':');
    std::string folder(rest.substr(0, colon));
    std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    if (runs(candidate))
      return candidate;
    if (colon == std::string_view::npos)
      return "";
    rest.remove_prefix(colon + 1);
  }
}

std::string library_folder() {
  char self[PATH_MAX];
  ssize_t n = ::readlink("/proc/self/exe", self, sizeof self - 1);
  if (n <= 0)
    return "";
  std::string path(self, static_cast<size_t>(n));
  path.resize(path.rfind('/'));
  path.resize(path.rfind('/') + 1);
  return path + "lib";
}

std::string library_path(std::string_view name) {
  std::string path = fmt::format("{}/{}", library_folder(), name);
  return ::access(path.c_str(), R_OK) == 0 ? path : "";
}

} // namespace w2w::tool
