// compile(): what comes back, kernel by kernel; parameter offsets against the code object's.
#include "frontend/parse/parse.h"
#include "lowering/codegen/resources.h"
#include "lowering/compiler.h"

#include <catch2/catch.hpp>

using namespace w2w;

namespace {

constexpr std::string_view kHeader = ".version 8.0\n.target sm_80\n.address_size 64\n";

struct Compiled {
  Compiled(std::string_view body, CompileOptions options,
           std::vector<std::string_view> kernels = {})
      : text(std::string(kHeader) + std::string(body)),
        parsed(ptx::parse("test.ptx", text, diags)) {
    ok = compile(parsed.module(), kernels, options, diags, result);
  }
  std::string messages() const {
    std::string all;
    for (const ptx::Diagnostic &d : diags.list())
      all += d.message + "\n";
    return all;
  }

  std::string text;
  ptx::Diagnostics diags;
  ptx::ParsedModule parsed;
  CompileResult result;
  bool ok = false;
};

constexpr std::string_view kParams =
    ".visible .entry k(.param .u8 a, .param .u64 b, .param .align 16 .b8 c[20], .param .u32 d,\n"
    "                  .param .f64 e)\n"
    "{ .reg .b32 %r<3>; .reg .b64 %rd; ld.param.u64 %rd, [b]; ld.param.u32 %r1, [c+4];\n"
    "  ld.param.u32 %r2, [d]; add.u32 %r1, %r1, %r2; st.global.u32 [%rd], %r1; ret; }\n";

} // namespace

TEST_CASE("The kernarg segment is PTX's parameter buffer, then the launch block pointer") {
  for (const char *mcpu : {"gfx942", "gfx1100"}) {
    CompileOptions options;
    options.mcpu = mcpu;
    options.abi = KernelAbi::Runtime;
    Compiled c(kParams, options);
    INFO(c.messages());
    REQUIRE(c.ok);
    REQUIRE(c.result.kernels.size() == 1);
    abi::ModuleSummary summary = summarise(c.parsed.module(), c.diags);
    uint32_t end = (summary.kernels[0].param_bytes + 7) / 8 * 8;
    CHECK(c.result.kernels[0].name == "k");
    CHECK(c.result.kernels[0].kernarg_bytes == end + 8);
    CHECK(c.result.kernels[0].wave_size == (std::string(mcpu) == "gfx942" ? 64 : 32));
    CHECK(c.result.kernels[0].code_bytes > 0);
  }
}

TEST_CASE("A refused kernel does not take the others with it") {
  // malloc is refused by a pass in the standalone ABI, not by the parser.
  constexpr std::string_view kBody =
      ".extern .func (.param .b64 r) malloc(.param .b64 n); .visible .entry bad() { { .param .b64 "
      "n; "
      ".param .b64 r; st.param.b64 [n], 8; call (r), malloc, (n); } ret; }\n"
      ".visible .entry good() { ret; }\n";
  CompileOptions options;
  Compiled c(kBody, options);
  REQUIRE(c.ok);
  REQUIRE(c.result.kernels.size() == 1);
  CHECK(c.result.kernels[0].name == "good");
  REQUIRE(c.diags.error_count() == 1);
  CHECK(c.diags.list()[0].function == "bad");
  ptx::SourceText text("test.ptx", c.text);
  CHECK(text.position(c.diags.list()[0].loc).line == 4);
}

TEST_CASE("Mistakes in the request are named") {
  CompileOptions options;
  SECTION("kernel") {
    Compiled c(kParams, options, {"nothing"});
    CHECK_FALSE(c.ok);
    CHECK(c.messages().find("no kernel named 'nothing'; the module has: k") != std::string::npos);
  }
  SECTION("processor") {
    options.mcpu = "gfx000";
    Compiled c(kParams, options);
    CHECK_FALSE(c.ok);
    CHECK(c.messages().find("gfx1201") != std::string::npos);
  }
  SECTION("code object version") {
    options.code_object_version = 3;
    Compiled c(kParams, options);
    CHECK_FALSE(c.ok);
    CHECK(c.messages().find("code object version 3") != std::string::npos);
  }
  SECTION("no kernels") {
    Compiled c(".func f() { ret; }\n", options);
    CHECK_FALSE(c.ok);
    CHECK(c.messages().find("no usable kernel") != std::string::npos);
  }
}

TEST_CASE("Damaged code objects are refused, not read") {
  CompileOptions options;
  Compiled c(kParams, options);
  REQUIRE(c.ok);
  std::vector<KernelResources> kernels;
  std::string error;
  for (size_t n = 0; n < c.result.bytes.size(); n += 97) {
    kernels.clear();
    // Either an error or no kernels; never a crash.
    read_kernel_resources(std::span(c.result.bytes).first(n), kernels, error);
  }
  CHECK_FALSE(read_kernel_resources(std::span(c.result.bytes).first(10), kernels, error));
  CHECK_FALSE(error.empty());
}

TEST_CASE("What LLVM is told once still holds after a link in the same process") {
  constexpr std::string_view kBody =
      ".visible .entry k(.param .u64 p)\n"
      "{ .reg .b64 %rd<2>; .reg .b32 %r; .reg .f32 %f<2>; ld.param.u64 %rd0, [p];\n"
      "  mov.u32 %r, %tid.x; mul.wide.u32 %rd1, %r, 8; add.u64 %rd0, %rd0, %rd1;\n"
      "  ld.global.b32 %r, [%rd0]; ld.global.f32 %f0, [%rd0+4]; shl.b32 %r, %r, 8;\n"
      "  shr.s32 %r, %r, 24; mov.b32 %f1, %r; sub.f32 %f0, %f0, %f1; st.global.f32 [%rd0], %f0;\n"
      "  ret; }\n";
  CompileOptions options;
  options.mcpu = "gfx942";
  Compiled linked(kBody, options);
  REQUIRE(linked.ok);
  options.emit = EmitKind::Asm;
  Compiled again(kBody, options);
  REQUIRE(again.ok);
  std::string text(again.result.bytes.begin(), again.result.bytes.end());
  CHECK(text.find("v_sub_f32") != std::string::npos);
  CHECK(text.find("sdwa") == std::string::npos); // codegen/target.cpp switches it off
}
