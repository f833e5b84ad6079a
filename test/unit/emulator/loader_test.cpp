// Loading of code objects: versions, bundles, targets, relocations, and damage.
#include "runtime/emulator/msgpack.h"
#include "test/unit/emulator/support.h"

#include <cstring>
#include <elf.h>
#include <random>
#include <sys/mman.h>

using namespace w2w::emu;
using namespace w2w::emu::test;

namespace {

/// Tests must choose the devices before the first call.
[[maybe_unused]] const int kDevices =
    (setenv("W2W_DEVICE", "emulator:gfx90a+gfx942+gfx1030+gfx1100+gfx1201", 1), unsetenv("W2W_LOG"),
     0);

hipError_t load(const std::vector<uint8_t> &image) {
  hipModule_t module = nullptr;
  hipError_t error = hipModuleLoadData(&module, image.data());
  if (error == hipSuccess)
    HIP_OK(hipModuleUnload(module));
  return error;
}

/// Where the bytes of a symbol of a code object lie.
uint8_t *symbol(std::vector<uint8_t> &image, const std::string &name) {
  auto *header = reinterpret_cast<Elf64_Ehdr *>(image.data());
  auto *sections = reinterpret_cast<Elf64_Shdr *>(image.data() + header->e_shoff);
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    const Elf64_Shdr &table = sections[i];
    if (table.sh_type != SHT_DYNSYM)
      continue;
    const char *names =
        reinterpret_cast<const char *>(image.data() + sections[table.sh_link].sh_offset);
    for (uint64_t at = 0; at < table.sh_size; at += sizeof(Elf64_Sym)) {
      auto *sym = reinterpret_cast<Elf64_Sym *>(image.data() + table.sh_offset + at);
      if (name == names + sym->st_name) {
        const Elf64_Shdr &home = sections[sym->st_shndx];
        return image.data() + home.sh_offset + (sym->st_value - home.sh_addr);
      }
    }
  }
  FAIL("no symbol " << name);
  return nullptr;
}

/// Loads the image and launches `ids` with so many work-items; what launch or kernel say.
hipError_t run_ids(const std::vector<uint8_t> &image, uint32_t threads) {
  hipModule_t module = nullptr;
  hipFunction_t function = nullptr;
  if (hipError_t error = hipModuleLoadData(&module, image.data()); error != hipSuccess)
    return error;
  HIP_OK(hipModuleGetFunction(&function, module, "ids"));
  void *out = nullptr;
  HIP_OK(hipMalloc(&out, size_t{threads} * 32));
  hipError_t error = launch(function, {1, 1, 1}, {threads, 1, 1}, 0, nullptr, out);
  if (error == hipSuccess)
    error = hipDeviceSynchronize();
  HIP_OK(hipDeviceReset());
  if (hipModuleUnload(module) != hipSuccess)
    FAIL("the module is lost");
  (void)hipGetLastError();
  return error;
}

} // namespace

TEST_CASE("kernels that need more than the model has, and instructions that it has not") {
  for (const Target &target : kTargets) {
    INFO(target.gfx);
    HIP_OK(hipSetDevice(target.device));
    auto image = read_file(std::string(KERNELS) + target.gfx + ".co");
    uint8_t *descriptor = symbol(image, "ids.kd"), *code = symbol(image, "ids");
    auto with = [&](uint8_t *at, uint32_t value, uint32_t threads) {
      uint32_t kept = 0;
      memcpy(&kept, at, 4);
      memcpy(at, &value, 4);
      hipError_t error = run_ids(image, threads);
      memcpy(at, &kept, 4);
      return error;
    };
    CHECK(run_ids(image, 64) == hipSuccess);
    CHECK(with(descriptor, 65536, 64) == hipSuccess); // all of the LDS
    CHECK(with(descriptor, 65537, 64) == hipErrorInvalidValue);
    CHECK(with(descriptor, 0xffffffff, 64) == hipErrorInvalidValue);
    CHECK(with(descriptor + 4, 0xfffffff0, 64) == hipErrorLaunchOutOfResources); // scratch
    CHECK(with(descriptor + 4, 0x01000000, 64) == hipErrorLaunchOutOfResources);
    CHECK(with(descriptor + 8, 0x7fffffff, 64) == hipErrorInvalidImage);  // kernarg segment
    CHECK(with(descriptor + 16, 0x40000000, 64) == hipErrorInvalidImage); // entry
    if (std::string(target.gfx).starts_with("gfx9")) {
      uint32_t rsrc1 = 0;
      memcpy(&rsrc1, descriptor + 48, 4);
      CHECK(with(descriptor + 48, rsrc1 | 63, 256) == hipSuccess); // 512 registers: a wave a SIMD
      CHECK(with(descriptor + 48, rsrc1 | 63, 257) == hipErrorLaunchOutOfResources);
    }
    CHECK(with(code, 0xffffffff, 64) == hipErrorLaunchFailure); // no instruction
    CHECK(with(code, 0, 64) != hipErrorUnknown);                // something, and the host lives
    CHECK(run_ids(image, 64) == hipSuccess);
  }
}

TEST_CASE("msgpack") {
  auto read = [](const std::vector<uint8_t> &bytes) { return msgpack::read(bytes); };
  CHECK(read({0x05})->integer == 5);
  CHECK(static_cast<int64_t>(read({0xff})->integer) == -1);
  CHECK(read({0xcd, 0x12, 0x34})->integer == 0x1234);
  CHECK(static_cast<int64_t>(read({0xd1, 0xff, 0xfe})->integer) == -2);
  const std::vector<uint8_t> nested = {0x82, 0xa1, 'a',  0x01, 0xa1, 'b',
                                       0x93, 0xc3, 0xc0, 0xa2, 'h',  'i'};
  auto map = read(nested);
  REQUIRE(map);
  CHECK(map->get_integer("a") == 1);
  CHECK(map->get("b")->array.size() == 3);
  CHECK(map->get("b")->array[2].string == "hi");
  CHECK(map->get("c") == nullptr);
  CHECK_FALSE(read({}));
  CHECK_FALSE(read({0xa5, 'x'}));
  CHECK_FALSE(read({0xdd, 0xff, 0xff, 0xff, 0xff, 0x00}));
  CHECK_FALSE(read({0xc1}));
  CHECK_FALSE(read(std::vector<uint8_t>(1000, 0x91))); // nested without end
}

TEST_CASE("code objects of versions 4, 5 and 6, at -O0, and in a bundle") {
  for (const char *name : {"gfx942", "gfx942-v4", "gfx942-v5", "gfx942-O0", "gfx942-bundle"}) {
    INFO(name);
    Kernels kernels(1, name);
    Words out(2 * 3 * 8 * 8); // 2 x 3 groups of 4 x 2 items
    HIP_OK(launch(kernels["ids"], {2, 3, 1}, {4, 2, 1}, 0, nullptr, out.pointer));
    auto seen = out.get();
    const uint32_t *item = &seen[((1 + 2 * 2) * 8 + (3 + 4 * 1)) * 8]; // group (1,2), item (3,1)
    CHECK(std::vector<uint32_t>(item, item + 8) ==
          std::vector<uint32_t>{3, 1, 0, 1, 2, 0, 4 | 2 << 10 | 1 << 20, 2});
  }
}

TEST_CASE("variables and relocations") {
  Kernels kernels(1, "gfx942");
  hipDeviceptr_t counter = nullptr, pointer = nullptr;
  size_t bytes = 0;
  HIP_OK(hipModuleGetGlobal(&counter, &bytes, kernels.module(), "counter"));
  CHECK(bytes == 4);
  HIP_OK(hipModuleGetGlobal(&pointer, &bytes, kernels.module(), "pointer_to_counter"));
  CHECK(bytes == 8);
  HIP_IS(hipModuleGetGlobal(&counter, &bytes, kernels.module(), "no_such"), hipErrorNotFound);
  void *value = nullptr;
  HIP_OK(hipMemcpy(&value, pointer, 8, hipMemcpyDeviceToHost));
  CHECK(value == counter);
  HIP_OK(launch(kernels["count"], {5, 1, 1}, {100, 1, 1}, 0, nullptr, uint32_t{450}));
  uint32_t count = 0;
  HIP_OK(hipMemcpy(&count, counter, 4, hipMemcpyDeviceToHost));
  CHECK(count == 457);
  hipFunction_t function = nullptr;
  HIP_IS(hipModuleGetFunction(&function, kernels.module(), "no_such"), hipErrorNotFound);
}

TEST_CASE("code for another device is refused as such") {
  HIP_OK(hipSetDevice(3));
  CHECK(load(read_file(KERNELS "gfx942.co")) == hipErrorNoBinaryForGpu);
  CHECK(load(read_file(KERNELS "gfx942-bundle.co")) == hipErrorNoBinaryForGpu);
  CHECK(load(read_file(KERNELS "gfx1100.co")) == hipSuccess);
  auto image = read_file(KERNELS "gfx942.co");
  image[8] = 1; // ABI version: code object version 3
  HIP_OK(hipSetDevice(1));
  CHECK(load(image) == hipErrorInvalidImage);
  std::vector<uint8_t> nonsense(100, 'x');
  CHECK(load(nonsense) == hipErrorInvalidImage);
  hipModule_t module = nullptr;
  HIP_IS(hipModuleLoad(&module, "/no/such/file"), hipErrorFileNotFound);
  HIP_OK(hipModuleLoad(&module, KERNELS "gfx942.co"));
  HIP_OK(hipModuleUnload(module));
  HIP_IS(hipModuleUnload(module), hipErrorInvalidHandle);
}

TEST_CASE("truncated and damaged code objects never crash the loader") {
  setenv("W2W_LOG", "off",
         1); // has no effect if the log was used before; the messages are harmless
  HIP_OK(hipSetDevice(1));
  for (const char *name : {"gfx942.co", "gfx942-bundle.co"}) {
    const auto whole = read_file(std::string(KERNELS) + name);
    // The image ends where readable memory ends.
    size_t space = (whole.size() + 4095) / 4096 * 4096;
    auto *pages = static_cast<uint8_t *>(
        mmap(nullptr, space + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(pages != MAP_FAILED);
    REQUIRE(mprotect(pages + space, 4096, PROT_NONE) == 0);
    const Model &model = *find_model("gfx942");
    CodeMemory memory{[](uint64_t bytes) { return reinterpret_cast<uint64_t>(calloc(1, bytes)); },
                      [](uint64_t address) { free(reinterpret_cast<void *>(address)); }};
    auto attempt = [&](size_t size) {
      const uint8_t *image = pages + space - size;
      LoadError error;
      uint64_t extent = image_extent(image);
      REQUIRE(extent <= size);
      auto object = CodeObject::load({image, extent}, model, memory, error);
      REQUIRE((object != nullptr) == (error.code == hipSuccess));
      REQUIRE((object != nullptr || !error.text.empty()));
      return object != nullptr;
    };
    auto place = [&](size_t size) { memcpy(pages + space - size, whole.data(), size); };
    place(whole.size());
    CHECK(attempt(whole.size()));
    for (size_t size = 4; size < whole.size(); size += size < 2000 ? 37 : 1009) {
      place(size);
      CHECK_FALSE(attempt(size));
    }
    std::mt19937 random(1);
    size_t accepted = 0;
    for (int round = 0; round < 3000; ++round) {
      place(whole.size());
      uint8_t *image = pages + space - whole.size();
      for (unsigned n = 1 + random() % 4; n > 0; --n) {
        // Headers are where the offsets are: half of the damage goes there.
        size_t at = random() % 2 ? random() % 1024 : random() % whole.size();
        switch (random() % 3) {
        case 0:
          image[at] ^= static_cast<uint8_t>(1u << random() % 8);
          break;
        case 1:
          image[at] = static_cast<uint8_t>(random());
          break;
        default:
          memset(image + at, random() % 2 ? 0xff : 0, std::min<size_t>(8, whole.size() - at));
        }
      }
      accepted += attempt(whole.size());
    }
    CHECK(accepted < 3000); // some damage is noticed
    munmap(pages, space + 4096);
  }
}
