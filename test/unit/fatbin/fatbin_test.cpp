// Reading, choosing and writing of module images.
#include <catch2/catch.hpp>

#include "runtime/fatbin/fatbin.h"
#include "runtime/fatbin/format.h"
#include "test/unit/fatbin/samples.h"

#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <fstream>

using namespace w2w::fatbin;
using Catch::Contains;

namespace {

std::vector<uint8_t> raw(std::string_view s) {
  return {s.begin(), s.end()};
}

Entry ptx_entry(uint32_t arch, char suffix = 0, size_t container = 0) {
  Entry e;
  e.arch = arch;
  e.arch_suffix = suffix;
  e.container = container;
  e.ptx_major = 9;
  return e;
}

/// A host ELF file with one section of the given name and content, and the section names behind it.
std::vector<uint8_t> host_elf(const std::string &section, const std::vector<uint8_t> &content) {
  std::string names =
      std::string(1, '\0') + section + std::string(1, '\0') + ".shstrtab" + std::string(1, '\0');
  Elf64_Ehdr h = {};
  std::memcpy(h.e_ident, ELFMAG, SELFMAG);
  h.e_ident[EI_CLASS] = ELFCLASS64;
  h.e_ident[EI_DATA] = ELFDATA2LSB;
  h.e_machine = EM_X86_64;
  h.e_shentsize = sizeof(Elf64_Shdr);
  h.e_shnum = 3;
  h.e_shstrndx = 2;
  h.e_shoff = sizeof h;
  Elf64_Shdr s[3] = {};
  s[1].sh_name = 1;
  s[1].sh_type = SHT_PROGBITS;
  s[1].sh_offset = sizeof h + sizeof s;
  s[1].sh_size = content.size();
  s[2].sh_name = static_cast<uint32_t>(section.size() + 2);
  s[2].sh_type = SHT_STRTAB;
  s[2].sh_offset = s[1].sh_offset + content.size();
  s[2].sh_size = names.size();
  std::vector<uint8_t> out(sizeof h + sizeof s);
  std::memcpy(out.data(), &h, sizeof h);
  std::memcpy(out.data() + sizeof h, s, sizeof s);
  out.insert(out.end(), content.begin(), content.end());
  out.insert(out.end(), names.begin(), names.end());
  return out;
}

} // namespace

TEST_CASE("a container keeps everything an entry says", "[fatbin]") {
  auto bytes = sample_container();
  auto entries = read_container(bytes);
  REQUIRE(entries);
  REQUIRE(entries->size() == 4);
  const Entry &plain = (*entries)[0], &lz4 = (*entries)[1], &zstd = (*entries)[2],
              &sass = (*entries)[3];

  CHECK(plain.describe() == "PTX 8.3 sm_80");
  CHECK(plain.compression == Compression::None);
  CHECK(plain.options == "-maxrregcount=32 ");
  CHECK(plain.source_name == "sample.cu");
  CHECK(plain.flags == (kFlag64Bit | kFlagLinux | kFlagDebug));
  CHECK(*ptx_text(plain) == kSamplePtx);

  CHECK(lz4.describe() == "PTX 8.3 sm_86");
  CHECK(lz4.compression == Compression::Lz4);
  CHECK(lz4.uncompressed_size == kSamplePtx.size() + 1);
  CHECK(*ptx_text(lz4) == kSamplePtx);

  CHECK(zstd.describe() == "PTX 8.3 sm_90a");
  CHECK(zstd.compression == Compression::Zstd);
  CHECK(zstd.payload.size() < kSamplePtx.size());
  CHECK(*ptx_text(zstd) == kSamplePtx);

  CHECK(sass.describe() == "SASS sm_75");
  CHECK(*unpack(sass) == std::vector<uint8_t>(104, 0x5a));
  CHECK_THAT(ptx_text(sass).error().message, Contains("no PTX text"));
}

TEST_CASE("the bytes written are those measured", "[fatbin]") {
  NewEntry e;
  e.arch = 75;
  e.payload = raw(".version 9.0\n.target sm_75\n");
  auto bytes = write_container({&e, 1});
  REQUIRE(bytes);
  format::ContainerHeader c;
  format::EntryHeader h;
  std::memcpy(&c, bytes->data(), sizeof c);
  std::memcpy(&h, bytes->data() + 16, sizeof h);
  CHECK(c.magic == 0xBA55ED50);
  CHECK(c.version == 1);
  CHECK(c.header_size == 16);
  CHECK(c.size == bytes->size() - 16);
  CHECK(h.kind == 1);
  CHECK(h.version == 0x0101);
  CHECK(h.header_size == 64);
  CHECK(h.kind_version == 0x90000);
  CHECK(h.stored_size % 8 == 0);
  CHECK(h.flags == 0x11);
  CHECK(bytes->size() == 16 + 64 + h.stored_size);
}

TEST_CASE("an empty container has no entries", "[fatbin]") {
  auto bytes = write_container({});
  REQUIRE(bytes);
  CHECK(bytes->size() == 16);
  auto entries = read_container(*bytes);
  REQUIRE(entries);
  CHECK(entries->empty());
  CHECK_THAT(select_ptx(*entries, 89).error().message, Contains("no device code at all"));
}

TEST_CASE("PTX without a head cannot be written", "[fatbin]") {
  NewEntry e;
  e.payload = raw(".visible .entry k() {}");
  CHECK_THAT(write_container({&e, 1}).error().message, Contains(".version"));
}

TEST_CASE("the PTX a device uses", "[fatbin]") {
  std::vector<Entry> e = {ptx_entry(75), ptx_entry(86),       ptx_entry(90, 'a'),
                          ptx_entry(90), ptx_entry(120, 'f'), ptx_entry(120)};
  CHECK(*select_ptx(e, 75) == 0);
  CHECK(*select_ptx(e, 80) == 0);
  CHECK(*select_ptx(e, 89) == 1);
  CHECK(*select_ptx(e, 90) == 3); // the plain one before the specific one
  CHECK(*select_ptx(e, 121) == 5);
  CHECK(*select_ptx(e, 70) == 0); // none below: the lowest above

  std::vector<Entry> specific = {ptx_entry(90, 'a')};
  CHECK(*select_ptx(specific, 90) == 0);
  CHECK_THAT(select_ptx(specific, 89).error().message, Contains("found PTX 9.0 sm_90a"));
  CHECK_FALSE(select_ptx(specific, 100));

  std::vector<Entry> two = {ptx_entry(80, 0, 0), ptx_entry(86, 0, 1)};
  CHECK(*select_ptx(two, 89, 0) == 0);
  CHECK(*select_ptx(two, 89, 1) == 1);

  Entry sass;
  sass.kind = Kind::Elf;
  sass.arch = 86;
  auto none = select_ptx(std::span(&sass, 1), 89);
  REQUIRE_FALSE(none);
  CHECK_THAT(none.error().message,
             Contains("only machine code") && Contains("SASS sm_86") && Contains("compute_89"));
}

TEST_CASE("images in memory", "[fatbin]") {
  auto container = sample_container();
  const char name[] = "x.fatbin";
  SECTION("wrapper, version 1") {
    format::Wrapper w = {format::kWrapperMagic, 1, container.data(), name};
    auto image = open_memory(&w);
    REQUIRE(image);
    CHECK(image->format == Format::Wrapper);
    CHECK(image->file_name == name);
    CHECK(image->entries.size() == 4);
    CHECK(image->containers.size() == 1);
    CHECK(image->containers[0].size() == container.size());
  }
  SECTION("wrapper, version 2: linked code first, then one container for each object file") {
    auto empty = write_container({});
    auto second = sample_container();
    const void *list[] = {container.data(), second.data(), nullptr};
    format::Wrapper w = {format::kWrapperMagic, 2, empty->data(), list};
    auto image = open_memory(&w);
    REQUIRE(image);
    CHECK(image->wrapper_version == 2);
    CHECK(image->containers.size() == 3);
    REQUIRE(image->entries.size() == 8);
    CHECK(image->entries[0].container == 1);
    CHECK(image->entries[7].container == 2);
  }
  SECTION("wrapper of an unknown version") {
    format::Wrapper w = {format::kWrapperMagic, 7, container.data(), nullptr};
    CHECK_THAT(open_memory(&w).error().message, Contains("version 7"));
  }
  SECTION("wrapper that points at something else") {
    const char junk[64] = "not a container";
    format::Wrapper w = {format::kWrapperMagic, 1, junk, nullptr};
    CHECK_THAT(open_memory(&w).error().message, Contains("no fatbinary"));
  }
  SECTION("container") {
    auto image = open_memory(container.data());
    REQUIRE(image);
    CHECK(image->format == Format::Container);
    CHECK(image->entries.size() == 4);
  }
  SECTION("PTX text") {
    auto image = open_memory(kSamplePtx.data());
    REQUIRE(image);
    CHECK(image->format == Format::PtxText);
    REQUIRE(image->entries.size() == 1);
    CHECK(image->entries[0].describe() == "PTX 8.3 sm_80");
    CHECK(*ptx_text(image->entries[0]) == kSamplePtx);
    CHECK(*select_ptx(image->entries, 89) == 0);
  }
  SECTION("nonsense") {
    const uint32_t junk[4] = {0xfeedface, 1, 2, 0};
    CHECK_THAT(open_memory(junk).error().message, Contains("neither"));
    CHECK_THAT(open_memory(nullptr).error().message, Contains("null"));
    CHECK_THAT(open_memory("").error().message, Contains("empty"));
    CHECK(open_memory("P")); // a text, if a bad one: the parser says so
  }
}

TEST_CASE("cubins: the architecture's place depends on the ELF ABI version", "[fatbin]") {
  Elf64_Ehdr h = {};
  std::memcpy(h.e_ident, ELFMAG, SELFMAG);
  h.e_ident[EI_CLASS] = ELFCLASS64;
  h.e_ident[EI_DATA] = ELFDATA2LSB;
  h.e_machine = 190;
  h.e_ident[EI_ABIVERSION] = 8;
  h.e_flags = 0x6004b04;
  auto image = open_memory(&h);
  REQUIRE(image);
  CHECK(image->format == Format::Cubin);
  CHECK(image->entries[0].describe() == "SASS sm_75");
  h.e_ident[EI_ABIVERSION] = 7;
  h.e_flags = 0x560556;
  CHECK(open_memory(&h)->entries[0].describe() == "SASS sm_86");
  h.e_shoff = ~uint64_t{0};
  CHECK_THAT(open_memory(&h).error().message, Contains("impossible size"));
  h.e_machine = EM_X86_64;
  CHECK_THAT(open_memory(&h).error().message, Contains("not a cubin"));
}

TEST_CASE("containers inside host ELF files", "[fatbin]") {
  auto section = *write_container({}); // nvcc writes an empty device-link container first
  auto real = sample_container();
  section.insert(section.end(), real.begin(), real.end());
  section.resize(section.size() + 24); // padding
  auto image = open_bytes(host_elf(".nv_fatbin", section), "app");
  // The bytes are gone, but not what was copied out of them.
  REQUIRE(image);
  CHECK(image->format == Format::HostElf);
  CHECK(image->containers.size() == 2);
  CHECK(image->entries.size() == 4);
  CHECK(image->entries[0].container == 1);
  CHECK(image->container_names[1] == "section .nv_fatbin, offset 0x10");

  CHECK(open_bytes(host_elf("__nv_relfatbin", section), "app"));
  CHECK_THAT(open_bytes(host_elf(".text", section), "app").error().message,
             Contains("app: no CUDA device code"));
  auto damaged = section;
  damaged[16] ^= 1;
  CHECK_THAT(open_bytes(host_elf(".nv_fatbin", damaged), "app").error().message,
             Contains("app: section .nv_fatbin, offset 0x10"));
}

TEST_CASE("files that are no image", "[fatbin]") {
  auto open = [](std::string_view s) { return open_bytes(raw(s), "f").error().message; };
  CHECK_THAT(open(""), Contains("f: the file is empty"));
  CHECK_THAT(open(std::string_view("\0\0\0\0\0", 5)), Contains("only NULs"));
  CHECK_THAT(open("\x7f"
                  "ELF"),
             Contains("too few"));
  CHECK_THAT(open("\x01\x02\x03\x04"), Contains("not PTX text"));
  CHECK_THAT(read_file("/nonexistent/x").error().message,
             Contains("/nonexistent/x: cannot read: No such file"));
  CHECK_THAT(read_file("/").error().message, Contains("directory"));
  CHECK_FALSE(read_file("/proc/self/exe")->empty());
}

TEST_CASE("the head of a PTX text", "[fatbin]") {
  auto head = [](std::string_view s) { return read_ptx_header(s); };
  auto h = head("//\n// c\n/* a\n b */\n.version 9.0\n.target sm_100f, texmode_independent\n");
  REQUIRE(h);
  CHECK(h->major == 9);
  CHECK(h->arch == 100);
  CHECK(h->arch_suffix == 'f');
  CHECK_FALSE(head(""));
  CHECK_FALSE(head("hello"));
  CHECK_FALSE(head(".version 9\n.target sm_80"));
  CHECK_FALSE(head(".target sm_80"));
  CHECK_FALSE(head(".version 9.0\n.target gfx942"));
  CHECK_FALSE(head("/* never closed .version 9.0 .target sm_80"));
}

TEST_CASE("names of kernels", "[fatbin]") {
  auto names = [](std::string_view text) {
    Entry e;
    e.payload = {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
    return *kernel_names(e);
  };
  using Names = std::vector<std::string>;
  CHECK(names(".entry a(.param .u32 x) {}\n.visible .entry\n\t_Z1bv\n(") == Names{"a", "_Z1bv"});
  CHECK(names("// .entry a\n/* .entry b */ .weak .entry $c{") == Names{"$c"});
  CHECK(names(".file 1 \".entry x\"\n.entry y") == Names{"y"});
  CHECK(names(".entry").empty());
  CHECK(names(".entry ").empty());
  CHECK(names(".entrypoint z").empty());
  CHECK(names("\"never closed .entry q").empty());
  CHECK(names("/* never closed .entry q").empty());
  Entry sass;
  sass.kind = Kind::Elf;
  CHECK_THAT(kernel_names(sass).error().message, Contains("damaged cubin"));
}

TEST_CASE("what nvcc writes is read", "[fatbin][nvcc]") {
  const std::string nvcc = "/usr/local/cuda/bin/nvcc";
  if (!std::filesystem::exists(nvcc)) {
    WARN("skipped: no nvcc");
    return;
  }
  auto dir =
      std::filesystem::temp_directory_path() / ("w2w-unit-fatbin-" + std::to_string(::getpid()));
  std::filesystem::create_directories(dir);
  std::ofstream(dir / "k.cu") << "__global__ void k(int *p) { *p = 1; }\n";
  for (const char *mode : {"none", "speed", "balance", "size"}) {
    std::string out = (dir / "k.fatbin").string();
    std::string command = nvcc + " -fatbin --compress-mode=" + mode +
                          " -gencode arch=compute_80,code=sm_80"
                          " -gencode arch=compute_75,code=compute_75"
                          " -gencode arch=compute_90a,code=compute_90a -o " +
                          out + " " + (dir / "k.cu").string();
    REQUIRE(std::system(command.c_str()) == 0);
    auto bytes = read_file(out);
    REQUIRE(bytes);
    auto image = open_bytes(*bytes, "k.fatbin");
    REQUIRE(image);
    std::vector<std::string> found;
    for (const Entry &e : image->entries) {
      found.push_back(e.describe());
      REQUIRE(unpack(e));
      CHECK(*kernel_names(e) == std::vector<std::string>{"_Z1kPi"});
      if (e.kind == Kind::Ptx)
        CHECK_THAT(*ptx_text(e), Contains(".visible .entry _Z1kPi("));
    }
    CHECK_THAT(found, Catch::UnorderedEquals(std::vector<std::string>{"SASS sm_80", "PTX 9.0 sm_75",
                                                                      "PTX 9.0 sm_90a"}));
    CHECK(image->entries[*select_ptx(image->entries, 89)].arch == 75);
  }
  std::filesystem::remove_all(dir);
}
