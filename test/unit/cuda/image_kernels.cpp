// Kernels that ask and read images: queries of textures, surfaces and samplers, istypep, sRGB,
// texture references and samplers of module scope with their initial values, and every fault that
// ends a kernel.
#include "runtime/cuda/cuda_abi.h"
#include "runtime/cuda/cuda_api.h"
#include "test/unit/cuda/check.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

/// A module of kernels (out, a, b): `out` is an array of 32-bit words, a and b are handles in %a
/// and %b. A kernel is its name and lines that leave a word in %r each, stored in this order.
using Kernels = std::map<std::string, std::vector<std::string>>;

std::string module_of(const Kernels &kernels, const std::string &mode,
                      const std::string &variables = "") {
  std::string text = ".version 9.0\n.target sm_80" + mode + "\n.address_size 64\n" + variables;
  for (const auto &[name, lines] : kernels) {
    text += ".visible .entry " + name +
            "(.param .u64 out, .param .u64 a, .param .u64 b)\n{\n"
            "  .reg .b64 %out, %a, %b;\n  .reg .b32 %r, %g, %h, %i, %x, %y;\n"
            "  .reg .f32 %u, %v;\n  .reg .pred %p;\n"
            "  ld.param.u64 %out, [out];\n  ld.param.u64 %a, [a];\n  ld.param.u64 %b, [b];\n"
            "  mov.u32 %x, 2;\n  mov.u32 %y, 1;\n  mov.f32 %u, 0f3F100000;\n" // 0.5625
            "  mov.f32 %v, 0f3F200000;\n";                                    // 0.625
    for (size_t i = 0; i < lines.size(); ++i)
      text += "  " + lines[i] + "\n  st.global.b32 [%out+" + std::to_string(4 * i) + "], %r;\n";
    text += "  ret;\n}\n";
  }
  return text;
}

constexpr unsigned kWidth = 8, kHeight = 4;

unsigned char texel(unsigned x, unsigned y, unsigned channel) {
  return static_cast<unsigned char>(x * 29 + y * 7 + channel * 53 + 3);
}

/// A context with an array of 8 x 4 texels of four bytes; a texture and a surface of it.
struct Images {
  CUcontext context = nullptr;
  CUarray array = nullptr;
  CUtexObject texture = 0;
  CUsurfObject surface = 0;
  CUdeviceptr out = 0;

  explicit Images(unsigned flags = CU_TRSF_NORMALIZED_COORDINATES) {
    CHECK_CU(cuCtxCreate_v2(&context, 0, 0));
    CUDA_ARRAY3D_DESCRIPTOR d{};
    d.Width = kWidth;
    d.Height = kHeight;
    d.Format = CU_AD_FORMAT_UNSIGNED_INT8;
    d.NumChannels = 4;
    d.Flags = CUDA_ARRAY3D_SURFACE_LDST;
    CHECK_CU(cuArray3DCreate_v2(&array, &d));
    std::vector<unsigned char> texels;
    for (unsigned y = 0; y < kHeight; ++y)
      for (unsigned x = 0; x < kWidth; ++x)
        for (unsigned channel = 0; channel < 4; ++channel)
          texels.push_back(texel(x, y, channel));
    CUDA_MEMCPY2D c{};
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = texels.data();
    c.srcPitch = kWidth * 4;
    c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
    c.dstArray = array;
    c.WidthInBytes = kWidth * 4;
    c.Height = kHeight;
    CHECK_CU(cuMemcpy2D_v2(&c));
    CUDA_RESOURCE_DESC r{};
    r.resType = CU_RESOURCE_TYPE_ARRAY;
    r.res.array.hArray = array;
    CUDA_TEXTURE_DESC s{};
    s.addressMode[0] = CU_TR_ADDRESS_MODE_WRAP;
    s.addressMode[1] = CU_TR_ADDRESS_MODE_MIRROR;
    s.addressMode[2] = CU_TR_ADDRESS_MODE_BORDER;
    s.filterMode = flags & CU_TRSF_SRGB ? CU_TR_FILTER_MODE_POINT : CU_TR_FILTER_MODE_LINEAR;
    s.flags = flags;
    CHECK_CU(cuTexObjectCreate(&texture, &r, &s, nullptr));
    CHECK_CU(cuSurfObjectCreate(&surface, &r));
    CHECK_CU(cuMemAlloc_v2(&out, 256));
    CHECK_CU(cuMemsetD8_v2(out, 0, 256));
  }
  ~Images() { CHECK_CU(cuCtxDestroy_v2(context)); }

  CUresult launch(CUmodule module, const char *kernel, CUdeviceptr a, CUdeviceptr b) const {
    CUfunction function = nullptr;
    CHECK_CU(cuModuleGetFunction(&function, module, kernel));
    CUdeviceptr to = out;
    void *arguments[] = {&to, &a, &b};
    CHECK_CU(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr));
    return cuCtxSynchronize();
  }
  std::vector<unsigned> words(size_t n) const {
    std::vector<unsigned> values(n);
    CHECK_CU(cuMemcpyDtoH_v2(values.data(), out, n * 4));
    return values;
  }
};

CUmodule load(const std::string &text) {
  CUmodule module = nullptr;
  CHECK_CU(cuModuleLoadData(&module, text.c_str()));
  return module;
}

void expect(const char *what, const std::vector<unsigned> &got, const std::vector<unsigned> &want) {
  for (size_t i = 0; i < want.size(); ++i)
    if (got[i] != want[i]) {
      ++failed_checks;
      std::fprintf(stderr, "%s: word %zu is %#x, not %#x\n", what, i, got[i], want[i]);
    }
}

/// The numbers of data types, orders, filters and address modes are those of PTX ISA 5.3.3.
void test_queries() {
  Images images;
  auto query = [](const char *name) { return std::string("txq.") + name + ".b32 %r, [%a];"; };
  CUmodule module = load(module_of(
      {{"textures",
        {query("width"), query("height"), query("channel_data_type"), query("channel_order"),
         query("normalized_coords"), query("array_size"), query("num_mipmap_levels"),
         query("num_samples"), query("filter_mode"), query("addr_mode_0"), query("addr_mode_1"),
         query("addr_mode_2"), "txq.level.width.b32 %r, [%a], 0;"}},
       {"surfaces",
        {"suq.width.b32 %r, [%b];", "suq.height.b32 %r, [%b];",
         "suq.channel_data_type.b32 %r, [%b];", "suq.channel_order.b32 %r, [%b];",
         "suq.array_size.b32 %r, [%b];", "suq.memory_layout.b32 %r, [%b];"}},
       {"kinds",
        {"istypep.texref %p, %a; selp.b32 %r, 1, 0, %p;",
         "istypep.surfref %p, %a; selp.b32 %r, 1, 0, %p;",
         "istypep.samplerref %p, %a; selp.b32 %r, 1, 0, %p;",
         "istypep.texref %p, %b; selp.b32 %r, 1, 0, %p;",
         "istypep.surfref %p, %b; selp.b32 %r, 1, 0, %p;",
         "istypep.texref %p, %out; selp.b32 %r, 1, 0, %p;"}}},
      ""));
  CHECK_CU(images.launch(module, "textures", images.texture, images.surface));
  expect("txq", images.words(13), {8, 4, 0x10da, 0x10b5, 1, 0, 0, 0, 1, 0, 1, 4, 8});
  CHECK_CU(images.launch(module, "surfaces", images.texture, images.surface));
  expect("suq", images.words(6), {8, 4, 0x10da, 0x10b5, 0, 0});
  CHECK_CU(images.launch(module, "kinds", images.texture, images.surface));
  expect("istypep", images.words(6), {1, 0, 0, 0, 1, 0});
}

/// sRGB is undone for red, green and blue; alpha is linear. (IEC 61966-2-1.)
void test_srgb() {
  Images images(CU_TRSF_NORMALIZED_COORDINATES | CU_TRSF_SRGB);
  const std::string read = "tex.2d.v4.f32.f32 {%r, %g, %h, %i}, [%a, {%u, %v}];";
  CUmodule module = load(
      module_of({{"read", {read, "mov.b32 %r, %g;", "mov.b32 %r, %h;", "mov.b32 %r, %i;"}}}, ""));
  CHECK_CU(images.launch(module, "read", images.texture, 0));
  const std::vector<unsigned> got = images.words(4);
  for (unsigned channel = 0; channel < 4; ++channel) {
    const double c = texel(4, 2, channel) / 255.0;
    const double linear = c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
    const double want = channel == 3 ? c : linear;
    float value = 0;
    memcpy(&value, &got[channel], 4);
    if (!(std::fabs(value - want) < 1e-5)) {
      ++failed_checks;
      std::fprintf(stderr, "sRGB: channel %u is %g, not %g\n", channel, value, want);
    }
  }
}

/// A .texref that the host binds; a .samplerref, which is beside the texture in independent mode,
/// and which nobody sets: it takes the nearest texel and clamps, whatever the texture does.
void test_references() {
  {
    Images images;
    CUmodule module = load(
        module_of({{"read",
                    {"tex.2d.v4.u32.s32 {%r, %g, %h, %i}, [image, {%x, %y}];", "mov.b32 %r, %g;",
                     "mov.b32 %r, %h;", "mov.b32 %r, %i;", "txq.width.b32 %r, [image];"}}},
                  "", ".global .texref image;\n"));
    CUtexref reference = nullptr;
    CHECK_CU(cuModuleGetTexRef(&reference, module, "image"));
    CHECK_CU(cuTexRefSetArray(reference, images.array, CU_TRSA_OVERRIDE_FORMAT));
    CHECK_CU(cuTexRefSetFlags(reference, CU_TRSF_READ_AS_INTEGER));
    CHECK_CU(images.launch(module, "read", 0, 0));
    expect("texref", images.words(5),
           {texel(2, 1, 0), texel(2, 1, 1), texel(2, 1, 2), texel(2, 1, 3), kWidth});
  }
  {
    Images images;
    CUmodule module = load(module_of(
        {{"read",
          {"tex.2d.v4.f32.f32 {%r, %g, %h, %i}, [%a, sampler, {%u, %v}];",
           "mov.f32 %u, 0f40000000; tex.2d.v4.f32.f32 {%r, %g, %h, %i}, [%a, sampler, {%u, %v}];",
           "txq.filter_mode.b32 %r, [sampler];", "txq.addr_mode_0.b32 %r, [sampler];",
           "txq.force_unnormalized_coords.b32 %r, [sampler];"}}},
        ", texmode_independent", ".global .samplerref sampler;\n"));
    CHECK_CU(images.launch(module, "read", images.texture, 0));
    auto bits = [](unsigned char t) {
      const float f = static_cast<float>(t) / 255;
      unsigned word = 0;
      memcpy(&word, &f, 4);
      return word;
    };
    expect("samplerref", images.words(5), {bits(texel(4, 2, 0)), bits(texel(7, 2, 0)), 0, 3, 0});
  }
}

std::string word_of(float f) {
  unsigned word = 0;
  memcpy(&word, &f, 4);
  char text[16];
  std::snprintf(text, sizeof text, "0f%08X", word);
  return text;
}

/// Samplers with initial values, which read one texture: a .texref that the host binds, as that of
/// unified mode. What a value does not give is the default: nearest, clamp_to_edge.
void test_sampler_values() {
  Images images;
  auto at = [](float u, float v) {
    return "mov.f32 %u, " + word_of(u) + "; mov.f32 %v, " + word_of(v) + "; ";
  };
  auto read = [&](const char *sampler, float u, float v) {
    return at(u, v) + "tex.2d.v4.f32.f32 {%r, %g, %h, %i}, [image, " + sampler + ", {%u, %v}];";
  };
  auto gather = [&](const char *sampler, float u, float v) {
    return at(u, v) + "tld4.r.2d.v4.f32.f32 {%r, %g, %h, %i}, [image, " + sampler + ", {%u, %v}];";
  };
  auto query = [](const char *what, const char *sampler) {
    return std::string("txq.") + what + ".b32 %r, [" + sampler + "];";
  };
  CUmodule module = load(module_of(
      {{"read",
        {read("smooth", 1.3125f, 1.125f), read("smooth", 0.375f, 0.625f),
         read("smooth", 1.0f, 0.625f), read("sharp", 0.375f, 0.625f),
         read("sharp", 1.3125f, 0.625f), read("sharp", 0.3125f, 5.0f), read("texels", 2.5f, 1.5f),
         read("texels", 2.5f, -3.0f), read("texels", 9.0f, 1.5f), read("half", -7.0f, 0.625f),
         read("half", 1.03125f, 0.625f), read("half", 0.96875f, 0.625f),
         read("nearest", -7.0f, 0.625f), read("nearest", 1.0f, 0.625f),
         at(-7.0f, 0.625f) + "mov.u64 %b, several; "
                             "tex.2d.v4.f32.f32 {%r, %g, %h, %i}, [image, %b, {%u, %v}];"}},
       {"gather",
        {gather("smooth", 0.0f, 0.5f), "mov.b32 %r, %g;", "mov.b32 %r, %h;", "mov.b32 %r, %i;",
         gather("sharp", 0.0f, 0.5f), "mov.b32 %r, %g;", "mov.b32 %r, %h;", "mov.b32 %r, %i;",
         gather("half", 9.0f, 0.5f), "mov.b32 %r, %g;", "mov.b32 %r, %h;", "mov.b32 %r, %i;"}},
       {"ask",
        {query("filter_mode", "smooth"), query("addr_mode_0", "smooth"),
         query("addr_mode_1", "smooth"), query("addr_mode_2", "smooth"),
         query("force_unnormalized_coords", "smooth"), query("filter_mode", "sharp"),
         query("addr_mode_0", "sharp"), query("addr_mode_1", "sharp"),
         query("force_unnormalized_coords", "texels"), "txq.width.b32 %r, [image];",
         query("addr_mode_0", "half"), query("addr_mode_1", "half")}}},
      ", texmode_independent",
      // What a texture's fields say does not count.
      ".global .texref image = { width = 3, normalized_coords = 0 };\n"
      ".global .samplerref smooth = { addr_mode_0 = wrap, addr_mode_1 = mirror,\n"
      "                               filter_mode = linear };\n"
      ".global .samplerref sharp = { addr_mode_0 = clamp_to_border, filter_mode = linear,\n"
      "                              filter_mode = nearest };\n" // the last of two counts
      ".global .samplerref texels = { force_unnormalized_coords = 1 };\n"
      ".global .samplerref half = { addr_mode_0 = clamp_ogl, filter_mode = linear };\n"
      ".global .samplerref nearest = { addr_mode_0 = clamp_ogl };\n"
      ".global .samplerref several[2] = { { addr_mode_0 = clamp_ogl, filter_mode = linear } };\n"));
  CUtexref reference = nullptr;
  CHECK_CU(cuModuleGetTexRef(&reference, module, "image"));
  CHECK_CU(cuTexRefSetArray(reference, images.array, CU_TRSA_OVERRIDE_FORMAT));
  CHECK_CU(cuTexRefSetFlags(reference, CU_TRSF_NORMALIZED_COORDINATES));

  auto check = [&](const char *kernel, const std::vector<double> &want) {
    CHECK_CU(images.launch(module, kernel, 0, 0));
    const std::vector<unsigned> got = images.words(want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      float value = 0;
      memcpy(&value, &got[i], 4);
      if (!(std::fabs(value * 255 - want[i]) < 1e-3)) {
        ++failed_checks;
        std::fprintf(stderr, "samplers, %s: word %zu is %g / 255, not %g\n", kernel, i, value * 255,
                     want[i]);
      }
    }
  };
  auto mean = [](unsigned x0, unsigned x1, unsigned y) {
    return (texel(x0, y, 0) + texel(x1, y, 0)) / 2.0;
  };
  auto one = [](unsigned x, unsigned y) { return double(texel(x, y, 0)); };
  check("read", {one(2, 3), mean(2, 3, 2), mean(7, 0, 2), one(3, 2), 0, one(2, 3), one(2, 1),
                 one(2, 0), one(7, 1), one(0, 2) / 2, one(7, 2) / 2, one(7, 2) * 0.75, one(0, 2),
                 one(7, 2), one(0, 2) / 2});
  check("gather", {one(7, 2), one(0, 2), one(0, 1), one(7, 1), 0, one(0, 2), one(0, 1), 0,
                   one(7, 2), 0, 0, one(7, 1)});
  CHECK_CU(images.launch(module, "ask", 0, 0));
  expect("samplers, ask", images.words(12), {1, 0, 1, 3, 0, 0, 4, 3, 1, kWidth, 2, 3});
}

/// A value that cannot be had takes the kernels that use the sampler, and no others.
void test_refused_sampler() {
  Images images;
  CUmodule module = load(module_of({{"asks", {"txq.filter_mode.b32 %r, [refused];"}},
                                    {"other", {"txq.filter_mode.b32 %r, [fine];"}}},
                                   ", texmode_independent",
                                   ".global .samplerref refused = { addr_mode_0 = nearest };\n"
                                   ".global .samplerref fine = { filter_mode = linear };\n"));
  CUfunction function = nullptr;
  CHECK_CU(cuModuleGetFunction(&function, module, "asks"));
  CUdeviceptr out = images.out, none = 0;
  void *arguments[] = {&out, &none, &none};
  CHECK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, arguments, nullptr) ==
        CUDA_ERROR_INVALID_PTX);
  CHECK_CU(images.launch(module, "other", 0, 0));
  expect("fine sampler", images.words(1), {1});
}

/// What a kernel of one line that uses handles a and b leaves behind: the context's error, and the
/// message, which names the kernel and the PTX line.
void test_fault(const char *line, const char *message, CUdeviceptr Images::*handle,
                const std::string &variables = "") {
  std::FILE *log = std::tmpfile();
  std::string said;
  {
    Images images;
    CUmodule module = load(module_of({{"faults", {line}}}, "", variables));
    std::fflush(stderr);
    const int before = dup(2);
    dup2(fileno(log), 2);
    const CUresult result = images.launch(module, "faults", images.*handle, images.surface);
    dup2(before, 2);
    close(before);
    CHECK(result == CUDA_ERROR_LAUNCH_FAILED);
    CHECK(cuMemFree_v2(images.out) == CUDA_ERROR_LAUNCH_FAILED); // the context is lost
  }
  std::rewind(log);
  for (int c = std::getc(log); c != EOF; c = std::getc(log))
    said += static_cast<char>(c);
  std::fclose(log);
  if (said.find(message) == said.npos || said.find("faults") == said.npos) {
    ++failed_checks;
    std::fprintf(stderr, "'%s' should say '%s', not: %s\n", line, message, said.c_str());
  }
}

void test_faults() {
  const char *read = "tex.2d.v4.u32.s32 {%r, %g, %h, %i}, [%a, {%x, %y}];";
  const char *no_handle = "the handle is no texture, sampler or surface";
  test_fault(read, no_handle, &Images::out); // memory, and no descriptor
  test_fault(read, no_handle, &Images::surface);
  test_fault("txq.width.b32 %r, [%a];", no_handle, &Images::surface);
  test_fault("suq.width.b32 %r, [%a];", no_handle, &Images::texture);
  test_fault("add.u64 %a, %a, 4; tex.2d.v4.u32.s32 {%r, %g, %h, %i}, [%a, {%x, %y}];", no_handle,
             &Images::texture);
  test_fault("mov.u64 %a, 0; txq.width.b32 %r, [%a];", no_handle, &Images::texture);
  test_fault("tex.1d.v4.u32.s32 {%r, %g, %h, %i}, [%a, {%x}];",
             "the image has another geometry than the instruction", &Images::texture);
  test_fault("suld.b.2d.b32.trap %r, [%a, {%x, 9}];", "surface access out of bounds",
             &Images::surface);
  test_fault("suld.b.2d.b32.trap %r, [%a, {%x, %y}];", "misaligned surface access",
             &Images::surface);
  test_fault("tex.2d.v4.u32.s32 {%r, %g, %h, %i}, [image, {%x, %y}];",
             "nothing is bound to the texture or surface", &Images::texture,
             ".global .texref image;\n");
}

} // namespace

int main() {
  CHECK_CU(cuInit(0));
  test_queries();
  test_srgb();
  test_references();
  test_sampler_values();
  test_refused_sampler();
  test_faults();
  if (!failed_checks)
    std::puts("PASS image_kernels");
  return failed_checks != 0;
}
