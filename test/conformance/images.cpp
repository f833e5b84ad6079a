// Runs tex, tld4, suld, sust and sured in every form on seeded images and compares with
// test/reference/image.h, bit for bit.
//   conformance_images --mcpu=gfx942 [-O0|-O3] [--filter=TEXT] [--rows=N] [--sample=N] [--list]
#include "test/conformance/image_set.h"
#include "test/conformance/kernel.h"
#include "test/conformance/run_options.h"
#include "test/reference/image.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <optional>

namespace w2w::conformance {
namespace {

using abi::DescriptorKind;
using abi::ImageGeometry;

struct Options : RunOptions {
  unsigned rows = 256;
  bool list = false;
};

struct Geometry {
  const char *name;
  unsigned dimensions; // of a coordinate
  bool array, cube, multisample;
  std::vector<ImageGeometry> images;
};
const Geometry kGeometries[] = {
    {"1d", 1, false, false, false, {ImageGeometry::OneD}},
    {"2d", 2, false, false, false, {ImageGeometry::TwoD, ImageGeometry::Pitched}},
    {"3d", 3, false, false, false, {ImageGeometry::ThreeD}},
    {"a1d", 1, true, false, false, {ImageGeometry::OneDArray}},
    {"a2d", 2, true, false, false, {ImageGeometry::TwoDArray, ImageGeometry::Cube}},
    {"cube", 3, false, true, false, {ImageGeometry::Cube}},
    {"acube", 3, true, true, false, {ImageGeometry::CubeArray}},
    {"2dms", 3, false, false, true, {ImageGeometry::TwoDMultisample}},
    {"a2dms", 3, true, false, true, {ImageGeometry::TwoDMultisampleArray}},
};

/// One instruction. Its kernel reads, per row: handle, layer, three coordinates, level, six slopes,
/// compare value, three offsets; surfaces: handle, layer, three coordinates, up to four values.
struct Form {
  std::string mnemonic; // "tex.level.2d.v4.f32.f32"
  const Geometry *geometry = nullptr;
  bool integer = false, level = false, grad = false, offset = false, compare = false;
  bool predicate = false;
  std::optional<unsigned> gather;
  std::string dtype; // of textures; surfaces: the type
  unsigned count = 4;
  enum { Texture, Load, Store, Reduce } kind = Texture;
  bool samples = false, clamped = false;
  std::string op;

  std::string name() const {
    return mnemonic + (offset ? " offset" : "") + (compare ? " compare" : "");
  }
};

enum Input { kHandle, kLayer, kAt, kLevel = 5, kSlope, kCompare = 12, kOffset, kInputs = 16 };
constexpr unsigned kOutputs = 5; // four elements and the predicate

std::vector<Form> texture_forms() {
  std::vector<Form> forms;
  const std::string dtypes[] = {"u32", "s32", "f32", "f16", "f16x2"};
  for (const Geometry &g : kGeometries)
    for (bool integer : {true, false})
      for (std::string mip : {"", ".base", ".level", ".grad"})
        for (const std::string &dtype : dtypes)
          for (int extras = 0; extras < 4; ++extras) {
            Form f{.geometry = &g, .integer = integer};
            f.offset = extras & 1;
            f.compare = extras & 2;
            f.level = mip == ".level";
            f.grad = mip == ".grad";
            f.dtype = dtype;
            f.count = dtype == "f16x2" ? 2 : 4;
            bool legal = !(g.cube && (integer || f.offset)) && !(g.multisample && !integer) &&
                         !(g.multisample && !mip.empty()) && !(integer && (f.compare || f.grad)) &&
                         !(f.compare && g.name == std::string("3d"));
            // Not in the isa table.
            legal = legal && !(g.cube && !mip.empty() && dtype == "f16x2") &&
                    !(mip == ".base" && f.compare && !f.offset && !g.cube);
            // Every extra with f32, half of the other types with none, half with an offset.
            if (!legal || (dtype != "f32" && extras > 1))
              continue;
            f.predicate = (extras + f.count) % 2 == 0;
            f.mnemonic = fmt::format("tex{}.{}.v{}.{}.{}", mip, g.name, f.count, dtype,
                                     integer ? "s32" : "f32");
            forms.push_back(f);
          }
  const char *components = "rgba";
  for (unsigned c = 0; c < 4; ++c)
    for (unsigned g : {1, 4, 5, 6})
      for (std::string dtype : {"u32", "s32", "f32"})
        for (int extras = 0; extras < 4; ++extras) {
          Form f{.geometry = &kGeometries[g]};
          f.offset = extras & 1;
          f.compare = extras & 2;
          if ((f.geometry->cube && f.offset) || (f.compare && c != 0))
            continue;
          f.gather = c;
          f.dtype = dtype;
          f.predicate = extras == 0;
          f.mnemonic = fmt::format("tld4.{}.{}.v4.{}.f32", components[c], f.geometry->name, dtype);
          forms.push_back(f);
        }
  return forms;
}

std::vector<Form> surface_forms() {
  std::vector<Form> forms;
  for (unsigned g = 0; g < 5; ++g)
    for (std::string mode : {"trap", "clamp", "zero"}) {
      Form f{.geometry = &kGeometries[g]};
      f.clamped = mode == "clamp";
      for (const char *type : {"b8", "b16", "b32", "b64"})
        for (unsigned count : {1, 2, 4}) {
          if (count == 4 && type == std::string("b64"))
            continue;
          f.dtype = type;
          f.count = count;
          std::string vector = count == 1 ? "" : fmt::format(".v{}", count);
          f.kind = Form::Load;
          f.mnemonic = fmt::format("suld.b.{}{}.{}.{}", f.geometry->name, vector, type, mode);
          forms.push_back(f);
          f.kind = Form::Store;
          f.mnemonic = fmt::format("sust.b.{}{}.{}.{}", f.geometry->name, vector, type, mode);
          forms.push_back(f);
        }
      if (f.geometry->array)
        continue;
      f.samples = true;
      f.dtype = "b32";
      f.kind = Form::Store;
      for (unsigned count : {1, 2, 4}) {
        f.count = count;
        f.mnemonic = fmt::format("sust.p.{}{}.b32.{}", f.geometry->name,
                                 count == 1 ? "" : fmt::format(".v{}", count), mode);
        forms.push_back(f);
      }
      f.kind = Form::Reduce;
      f.count = 1;
      const std::pair<const char *, std::vector<const char *>> plain[] = {
          {"add", {"u32", "u64", "s32"}},
          {"min", {"u32", "s32", "u64", "s64"}},
          {"max", {"u32", "s32", "u64", "s64"}},
          {"and", {"b32"}},
          {"or", {"b32"}}};
      for (const auto &[op, types] : plain)
        for (const char *type : types) {
          f.samples = false;
          f.op = op;
          f.dtype = type;
          f.mnemonic = fmt::format("sured.b.{}.{}.{}.{}", op, f.geometry->name, type, mode);
          forms.push_back(f);
        }
      for (const char *op : {"add", "min", "max", "and", "or"})
        for (const char *type : {"b32", "b64"}) {
          if (type == std::string("b64") && op[0] != 'm')
            continue;
          f.samples = true;
          f.op = op;
          f.dtype = type;
          f.mnemonic = fmt::format("sured.p.{}.{}.{}.{}", op, f.geometry->name, type, mode);
          forms.push_back(f);
        }
    }
  return forms;
}

unsigned bytes_of(const std::string &type) {
  return type == "f16x2" ? 4 : unsigned(std::atoi(type.c_str() + 1)) / 8;
}

std::string list(const char *prefix, unsigned first, unsigned n, unsigned pad) {
  std::string text = "{";
  for (unsigned k = 0; k < std::max(n, pad); ++k)
    text += fmt::format("{}%{}{}", k ? ", " : "", prefix, first + std::min(k, n - 1));
  return text + "}";
}

std::string coordinates(const Form &f) {
  unsigned n = f.geometry->dimensions + f.geometry->array;
  std::string text = "{";
  for (unsigned k = 0; k < (n == 3 ? 4 : n); ++k) {
    bool layer = f.geometry->array && k == 0;
    unsigned at = std::min(k - f.geometry->array, f.geometry->dimensions - 1);
    text += fmt::format("{}%r{}", k ? ", " : "", layer ? unsigned(kLayer) : kAt + at);
  }
  return text + "}";
}

std::string instruction(const Form &f) {
  std::string place = fmt::format("[%rd0, {}]", coordinates(f));
  bool wide = bytes_of(f.dtype) == 8;
  if (f.kind != Form::Texture) {
    std::string data = f.kind == Form::Load ? (wide                    ? "od"
                                               : bytes_of(f.dtype) < 4 ? "oh"
                                                                       : "o")
                                            : (wide                    ? "rd"
                                               : bytes_of(f.dtype) < 4 ? "rh"
                                                                       : "r");
    unsigned first = f.kind == Form::Load ? 0 : unsigned(kLevel);
    std::string value =
        f.count == 1 ? fmt::format("%{}{}", data, first) : list(data.c_str(), first, f.count, 0);
    return f.kind == Form::Load ? fmt::format("{} {}, {}", f.mnemonic, value, place)
                                : fmt::format("{} {}, {}", f.mnemonic, place, value);
  }
  std::string text =
      fmt::format("{} {}{}, {}", f.mnemonic, list(f.dtype == "f16" ? "oh" : "o", 0, f.count, 0),
                  f.predicate ? "|%p" : "", place);
  unsigned n = f.geometry->dimensions;
  if (f.level)
    text += fmt::format(", %r{}", unsigned(kLevel));
  if (f.grad)
    text += ", " + list("r", kSlope, n, n == 3 ? 4 : n) + ", " +
            list("r", kSlope + 3, n, n == 3 ? 4 : n);
  if (f.offset) {
    text += ", " + list("r", kOffset, n, n == 3 ? 4 : n);
  }
  if (f.compare)
    text += ", %compare";
  return text;
}

std::string kernel(const Form &f, size_t index) {
  std::string text = fmt::format(
      "\n.visible .entry {}(.param .u64 in, .param .u64 out, .param .u32 rows)\n{{\n"
      "  .reg .pred %done, %p;\n  .reg .b16 %oh<4>, %rh<16>;\n  .reg .b32 %row, %n, %r<16>, "
      "%o<4>;\n"
      "  .reg .b64 %in, %out, %at, %rd<16>, %od<4>;\n  .reg .f32 %compare;\n"
      "  mov.u32 %row, %tid.x;\n  mov.u32 %n, %ctaid.x;\n  mad.lo.u32 %row, %n, 256, %row;\n"
      "  ld.param.u32 %n, [rows];\n  setp.ge.u32 %done, %row, %n;\n  @%done ret;\n"
      "  ld.param.u64 %in, [in];\n  mul.wide.u32 %at, %row, {};\n  add.u64 %in, %in, %at;\n"
      "  ld.param.u64 %out, [out];\n  mul.wide.u32 %at, %row, {};\n  add.u64 %out, %out, %at;\n",
      kernel_name(index), kInputs * kElementBytes, kOutputs * kElementBytes);
  for (unsigned k = 0; k < kInputs; ++k)
    text += fmt::format("  ld.global.b64 %rd{0}, [%in+{1}];\n  cvt.u32.u64 %r{0}, %rd{0};\n"
                        "  cvt.u16.u64 %rh{0}, %rd{0};\n",
                        k, k * kElementBytes);
  text += fmt::format("  setp.ne.u32 %p, %n, %n;\n  mov.b32 %compare, %r{};\n  {};\n",
                      unsigned(kCompare), instruction(f));
  for (unsigned k = 0; k < 4; ++k) {
    bool wide = bytes_of(f.dtype) == 8, half = bytes_of(f.dtype) < 4;
    if (k < f.count && (f.kind == Form::Texture || f.kind == Form::Load))
      text += half   ? fmt::format("  cvt.u64.u16 %od{0}, %oh{0};\n", k)
              : wide ? ""
                     : fmt::format("  cvt.u64.u32 %od{0}, %o{0};\n", k);
    else
      text += fmt::format("  mov.u64 %od{}, 0;\n", k);
    text += fmt::format("  st.global.u64 [%out+{}], %od{};\n", k * kElementBytes, k);
  }
  text += fmt::format("  selp.u64 %od0, 1, 0, %p;\n  st.global.u64 [%out+{}], %od0;\n  ret;\n}}\n",
                      4 * kElementBytes);
  return text;
}

float coordinate(std::mt19937_64 &random) {
  static const float kEdges[] = {0.0f,  -0.0f,  1.0f,     0.5f,      -0.25f, 1e10f, -1e10f,
                                 1e-6f, -1e-6f, INFINITY, -INFINITY, NAN,    2.0f,  3.5f};
  auto r = random();
  if (r % 8 == 0)
    return kEdges[(r >> 8) % std::size(kEdges)];
  float unit = float((r >> 8) % 65536) / 16384.0f - 1.5f; // -1.5 to 2.5
  return r % 2 ? unit : unit * 8.0f;
}

uint32_t bits(float f) {
  return std::bit_cast<uint32_t>(f);
}

uint64_t half_bits(uint32_t f) {
  return std::bit_cast<uint16_t>(static_cast<_Float16>(std::bit_cast<float>(f)));
}

std::string run_texture(Device &device, const Form &f, size_t index, const Options &o) {
  std::mt19937_64 random(index + 1);
  bool half = f.dtype == "f16" || f.dtype == "f16x2";
  std::vector<TestImage> images;
  std::vector<ImageGeometry> geometries = f.geometry->images;
  if (f.geometry->name == std::string("1d") && f.integer)
    geometries.push_back(ImageGeometry::Linear);
  for (int k = 0; k < 16; ++k)
    images.push_back(make_image(device, geometries[size_t(k) % geometries.size()],
                                DescriptorKind::Texture, random, half || f.compare));
  std::vector<uint64_t> in, out(o.rows * kOutputs);
  std::vector<std::array<uint64_t, 4>> expected;
  for (unsigned row = 0; row < o.rows; ++row) {
    const TestImage &image = images[random() % images.size()];
    reference::TextureRead r{.dimensions = f.geometry->dimensions,
                             .array = f.geometry->array,
                             .cube = f.geometry->cube,
                             .multisample = f.geometry->multisample,
                             .integer = f.integer};
    r.layer = random() % 4 ? uint32_t(random() % 5) : uint32_t(random());
    for (uint32_t &c : r.at)
      c = f.integer ? uint32_t(int32_t(random() % 24) - 6) : bits(coordinate(random));
    std::array<uint64_t, kInputs> v{};
    v[kHandle] = image.handle;
    v[kLayer] = r.layer;
    std::array<std::array<float, 3>, 2> slope{};
    for (auto &s : slope)
      for (float &d : s)
        d = coordinate(random) * 0.25f;
    uint32_t level =
        f.integer ? uint32_t(int32_t(random() % 8) - 2) : bits(float(random() % 64) / 8.0f - 2.0f);
    float compare = float(random() % 256) / 128.0f - 0.5f;
    for (unsigned k = 0; k < 3; ++k) {
      v[kAt + k] = r.at[k];
      v[kSlope + k] = bits(slope[0][k]);
      v[kSlope + 3 + k] = bits(slope[1][k]);
      int32_t offset = int32_t(random() % 16) - 8;
      v[kOffset + k] = uint32_t(offset);
      if (f.offset)
        r.offset[k] = offset;
    }
    v[kLevel] = level;
    v[kCompare] = bits(compare);
    if (f.level)
      r.level = level;
    if (f.grad)
      r.slope = slope;
    if (f.compare)
      r.compare = compare;
    r.gather = f.gather;
    in.insert(in.end(), v.begin(), v.end());
    auto t = reference::read_texture(image.host, image.host.sampler, r);
    std::array<uint64_t, 4> e{t[0], t[1], t[2], t[3]};
    if (half)
      for (uint64_t &x : e)
        x = half_bits(uint32_t(x));
    if (f.dtype == "f16x2")
      e = {e[0] | e[1] << 16, e[2] | e[3] << 16, 0, 0};
    expected.push_back(e);
  }
  std::string error;
  if (!device.run(kernel_name(index), in, out, (o.rows + 255) / 256, 256, error, o.rows))
    return error;
  unsigned wrong = 0;
  std::string first;
  for (unsigned row = 0; row < o.rows; ++row)
    for (unsigned k = 0; k < kOutputs; ++k) {
      uint64_t want = k < 4 ? expected[row][k] : f.predicate, got = out[row * kOutputs + k];
      if (want != got && wrong++ == 0)
        first = fmt::format("row {} element {}: 0x{:x}, expected 0x{:x}", row, k, got, want);
    }
  return wrong ? fmt::format("{}; {} values differ", first, wrong) : "";
}

/// Reductions in the reference: the bits after `op`.
uint64_t reduce(const Form &f, bool is_signed, uint64_t a, uint64_t b) {
  bool wide = bytes_of(f.dtype) == 8;
  auto s = [&](uint64_t v) { return wide ? int64_t(v) : int64_t(int32_t(v)); };
  bool less = is_signed ? s(a) < s(b) : a < b;
  uint64_t r = f.op == "add"   ? a + b
               : f.op == "and" ? (a & b)
               : f.op == "or"  ? (a | b)
               : f.op == "min" ? (less ? a : b)
                               : (less ? b : a);
  return wide ? r : uint32_t(r);
}

/// One row at a time, since rows would write over each other.
std::string run_surface(Device &device, const Form &f, size_t index, const Options &) {
  std::mt19937_64 random(index + 1);
  for (unsigned row = 0; row < 24; ++row) {
    TestImage image;
    bool formatted_reduction = f.kind == Form::Reduce && f.samples;
    do {
      image = make_image(device, f.geometry->images[0], DescriptorKind::Surface, random, false);
    } while (formatted_reduction && image.host.image.channel_type > 5);
    uint32_t texel = image.host.image.texel_bytes;
    unsigned unit = bytes_of(f.dtype) * f.count;
    bool formatted = f.kind == Form::Store && f.samples;
    unsigned bytes = formatted ? texel : unit;
    const abi::MipLevel &level = image.host.image.level[0];
    uint64_t row_bytes = uint64_t(level.width) * texel;
    bool in_bounds = f.mnemonic.ends_with("trap") || row % 2;
    std::array<int32_t, 3> at{};
    uint32_t layers = std::max(1u, image.host.image.layers);
    uint32_t layer = in_bounds ? uint32_t(random() % layers) : uint32_t(random() % 6);
    const uint32_t extent[3] = {uint32_t(row_bytes / bytes), level.height, level.depth};
    if (extent[0] == 0)
      continue; // the access is wider than a row
    for (int k = 0; k < 3; ++k)
      at[size_t(k)] =
          in_bounds ? int32_t(random() % extent[k]) : int32_t(random() % (extent[k] + 4)) - 2;
    if (!f.samples)
      at[0] *= int32_t(bytes);
    std::vector<uint64_t> in(kInputs), out(kOutputs);
    in[kHandle] = image.handle;
    in[kLayer] = layer;
    for (size_t k = 0; k < 3; ++k)
      in[kAt + k] = uint32_t(at[k]);
    std::array<uint32_t, 4> rgba{};
    for (unsigned k = 0; k < f.count; ++k) {
      in[kLevel + k] = formatted && random() % 2 ? bits(coordinate(random)) : random();
      rgba[k] = uint32_t(in[kLevel + k]);
    }
    uint64_t place = reference::surface_place(image.host, f.geometry->dimensions, f.geometry->array,
                                              layer, at, bytes, f.samples, f.clamped);
    std::vector<uint64_t> expected(kOutputs);
    if (place && f.kind == Form::Load)
      for (unsigned k = 0; k < f.count; ++k)
        std::memcpy(&expected[k], reinterpret_cast<void *>(place + k * bytes_of(f.dtype)),
                    bytes_of(f.dtype));
    if (place && formatted)
      reference::store_formatted(image.host, place, rgba);
    else if (place && f.kind == Form::Store)
      for (unsigned k = 0; k < f.count; ++k)
        std::memcpy(reinterpret_cast<void *>(place + k * bytes_of(f.dtype)), &in[kLevel + k],
                    bytes_of(f.dtype));
    if (place && f.kind == Form::Reduce) {
      uint64_t old = 0;
      std::memcpy(&old, reinterpret_cast<void *>(place), bytes);
      bool is_signed = f.samples ? image.host.image.channel_type >= 3 : f.dtype[0] == 's';
      uint64_t operand = bytes == 8 ? in[kLevel] : uint32_t(in[kLevel]);
      uint64_t now = reduce(f, is_signed, old, operand);
      std::memcpy(reinterpret_cast<void *>(place), &now, bytes);
    }
    std::string error;
    if (!device.run(kernel_name(index), in, out, 1, 32, error, 1))
      return error;
    std::vector<uint8_t> now(image.bytes.size());
    device.read(image.data, now);
    if (out != expected)
      return fmt::format("row {}: loaded 0x{:x}, expected 0x{:x}", row, out[0], expected[0]);
    for (size_t k = 0; k < now.size(); ++k)
      if (now[k] != image.bytes[k])
        return fmt::format("row {}: byte {} is 0x{:x}, expected 0x{:x}", row, k, now[k],
                           image.bytes[k]);
  }
  return "";
}

int run(const Options &o) {
  std::vector<Form> forms = texture_forms();
  for (Form &f : surface_forms())
    forms.push_back(std::move(f));
  o.choose(forms, [](const Form &f) { return f.name(); });
  if (o.list) {
    for (const Form &f : forms)
      fmt::print("{}\n", f.name());
    return 0;
  }
  auto device = Device::open(o.hip, o.compile.mcpu);
  if (!device)
    return 1;
  unsigned failed = 0;
  constexpr size_t kBatch = 128;
  for (size_t begin = 0; begin < forms.size(); begin += kBatch) {
    size_t end = std::min(begin + kBatch, forms.size());
    std::string text = ".version 9.0\n.target sm_100\n.address_size 64\n";
    for (size_t i = begin; i < end; ++i)
      text += kernel(forms[i], i);
    const CompiledText code = compile_text(text, o.compile);
    for (auto &[kernel, message] : code.errors)
      fmt::print("FAIL {}: {}\n", kernel, message);
    failed += static_cast<unsigned>(code.errors.size());
    if (code.bytes.empty() || !device->load(code.bytes))
      return 1;
    for (size_t i = begin; i < end; ++i) {
      const Form &f = forms[i];
      std::string error =
          f.kind == Form::Texture ? run_texture(*device, f, i, o) : run_surface(*device, f, i, o);
      if (error.empty())
        continue;
      ++failed;
      fmt::print("FAIL {}: {}\n", f.name(), error);
      if (!device->reset() || !device->load(code.bytes))
        return 1;
    }
  }
  fmt::print("images: {} at -O{}: {} forms, {} failed\n", o.compile.mcpu, o.compile.opt_level,
             forms.size(), failed);
  return failed || forms.empty() ? 1 : 0;
}

} // namespace
} // namespace w2w::conformance

int main(int argc, char **argv) {
  w2w::conformance::Options o;
  static_cast<w2w::conformance::RunOptions &>(o) =
      w2w::conformance::read_options(argc, argv, [&](std::string_view a) {
        if (a.starts_with("--rows="))
          o.rows = unsigned(std::atoi(a.data() + 7));
        else
          return o.list = a == "--list";
        return true;
      });
  return w2w::conformance::run(o);
}
