#include "runtime/jit/program.h"

#include "frontend/support/linked_text.h"
#include "runtime/cache/cache.h"
#include "runtime/fatbin/fatbin.h"
#include "runtime/support/log.h"

#include <algorithm>
#include <cstring>

namespace w2w::jit {
namespace {

PtxImage named_image(std::string name, std::string text) {
  PtxImage image;
  image.hash = hash_bytes({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  image.name =
      name.empty() ? fmt::format("<ptx {}>", image.hash.hex().substr(0, 8)) : std::move(name);
  image.text = std::move(text);
  return image;
}

/// The device runtime that nvcc -rdc=true adds to every program (dynamic parallelism): not the
/// program's own code. Its internal names hold that of its source file (CUDA 13.0).
bool is_device_runtime(std::string_view ptx) {
  return ptx.find(".func") != std::string_view::npos &&
         ptx.find("cudaCGGetSize") != std::string_view::npos &&
         (ptx.find(".entry") == std::string_view::npos ||
          ptx.find("cuda_device_runtime_cu") != std::string_view::npos);
}

Outcome<std::string> unpack_ptx(const fatbin::Entry &entry) {
  auto text = fatbin::ptx_text(entry);
  if (!text)
    return Failure{FailureKind::DamagedImage, text.error().message};
  return std::move(*text);
}

/// Relocatable device code (wrapper version 2): one container per object file, linked here.
Outcome<std::string> choose_relocatable(const fatbin::Image &image, uint32_t cc) {
  std::vector<std::string> texts, names;
  std::string reason;
  for (size_t container = 0; container < image.containers.size(); ++container) {
    auto chosen = fatbin::select_ptx(image.entries, cc, container);
    if (!chosen) {
      reason = chosen.error().message;
      continue;
    }
    Outcome<std::string> text = unpack_ptx(image.entries[*chosen]);
    if (!text)
      return text;
    if (!is_device_runtime(*text)) {
      names.push_back(image.entries[*chosen].source_name.empty()
                          ? fmt::format("<object file {}>", container)
                          : std::string(image.entries[*chosen].source_name));
      texts.push_back(std::move(*text));
    }
  }
  if (texts.empty())
    return Failure{FailureKind::NoCodeForDevice, reason};
  return link_ptx(texts, names);
}

std::string target_text(const TargetOptions &t) {
  return fmt::format("{} O{} cov{} mode{} contract{} rows{} small{} shared{} device{} stack{}",
                     t.mcpu, t.opt_level, t.code_object_version, t.warp_mode, t.contract ? 1 : 0,
                     t.warps_are_rows ? 1 : 0, t.small_blocks ? 1 : 0, t.shared_in_memory ? 1 : 0,
                     t.device_memory ? 1 : 0, t.stack_bytes);
}

} // namespace

Outcome<PtxImage> choose_ptx(const void *code, uint32_t cc) {
  auto image = fatbin::open_memory(code);
  if (!image)
    return Failure{FailureKind::DamagedImage, image.error().message};
  std::string name(image->file_name);
  if (image->wrapper_version == 2 && image->containers.size() > 1) {
    Outcome<std::string> text = choose_relocatable(*image, cc);
    if (!text)
      return text.failure();
    return named_image(std::move(name), std::move(*text));
  }
  auto chosen = fatbin::select_ptx(image->entries, cc);
  if (!chosen)
    return Failure{FailureKind::NoCodeForDevice, chosen.error().message};
  const fatbin::Entry &entry = image->entries[*chosen];
  Outcome<std::string> text = unpack_ptx(entry);
  if (!text)
    return text.failure();
  if (name.empty())
    name = std::string(entry.source_name);
  return named_image(std::move(name), std::move(*text));
}

std::string link_ptx(std::span<const std::string> texts, std::span<const std::string> names) {
  if (texts.size() == 1)
    return texts[0];
  std::vector<ptx::TextPart> parts;
  for (size_t i = 0; i < texts.size(); ++i)
    parts.push_back({names[i], texts[i]});
  return ptx::join_modules(parts);
}

Hash128 summary_key(const Hash128 &image, std::string_view build_id) {
  return Hasher().field("summary").hash(image).field(build_id).finish();
}

Hash128 kernel_key(const Hash128 &image, std::string_view build_id, std::string_view kernel,
                   const TargetOptions &target) {
  return Hasher()
      .field("kernel")
      .hash(image)
      .field(build_id)
      .field(kernel)
      .field(target_text(target))
      .finish();
}

Program::Program(PtxImage image, abi::ModuleSummary summary)
    : image_(std::move(image)), summary_(std::move(summary)) {
  for (uint32_t i = 0; i < summary_.kernels.size(); ++i)
    kernels_.emplace(summary_.kernels[i].name, i);
  for (uint32_t i = 0; i < summary_.variables.size(); ++i)
    variables_.emplace(summary_.variables[i].name, i);
}

Outcome<std::shared_ptr<Program>> Program::load(const void *code, uint32_t cc) {
  Outcome<PtxImage> image = choose_ptx(code, cc);
  if (!image)
    return image.failure();
  return load(std::move(*image));
}

Outcome<std::shared_ptr<Program>> Program::load(PtxImage image) {
  const Result<CompilerIdentity> &identity = compiler_identity();
  if (!identity)
    return Failure{FailureKind::Compiler, identity.error()};
  Hash128 key = summary_key(image.hash, identity->build_id);
  std::optional<abi::ModuleSummary> summary;
  if (cache::SharedBytes bytes = cache::process_cache().find(cache::Kind::Summary, key))
    summary = abi::deserialise_summary(*bytes);
  if (!summary) {
    Result<CompilerPool *> pool = process_pool();
    if (!pool)
      return Failure{FailureKind::Compiler, pool.error()};
    Result<std::vector<uint8_t>> bytes = (*pool)->summarise(image);
    if (!bytes)
      return Failure{FailureKind::Compiler, bytes.error()};
    summary = abi::deserialise_summary(*bytes);
    if (!summary)
      return Failure{FailureKind::Compiler, "the compiler sent a damaged module summary"};
    cache::process_cache().store(cache::Kind::Summary, key,
                                 std::make_shared<const cache::Bytes>(std::move(*bytes)));
  }
  if (summary->fatal)
    return Failure{FailureKind::BadPtx, summary->diagnostics};
  log_info("module {}: {} kernels, {} variables, PTX {}.{} for sm_{}", image.name,
           summary->kernels.size(), summary->variables.size(), summary->ptx_version / 10,
           summary->ptx_version % 10, summary->sm);
  return std::shared_ptr<Program>(new Program(std::move(image), std::move(*summary)));
}

std::optional<uint32_t> Program::find_kernel(std::string_view name) const {
  auto it = kernels_.find(name);
  return it == kernels_.end() ? std::nullopt : std::optional(it->second);
}

const abi::VariableSummary *Program::find_variable(std::string_view name) const {
  auto it = variables_.find(name);
  return it == variables_.end() ? nullptr : &summary_.variables[it->second];
}

Outcome<SharedKernel> Program::compile(uint32_t kernel, const TargetOptions &target) {
  Slot *slot;
  {
    std::lock_guard lock(mutex_);
    auto &entry = slots_[{kernel, target_text(target)}];
    if (!entry)
      entry = std::make_unique<Slot>();
    slot = entry.get();
  }
  std::lock_guard lock(slot->mutex);
  if (!slot->done) {
    Outcome<SharedKernel> outcome = compile_uncached(kernel, target);
    slot->done = true;
    if (outcome)
      slot->code = *outcome;
    else {
      slot->failure = outcome.failure();
      log_error("kernel {} cannot be used: {}", summary_.kernels[kernel].name,
                slot->failure.message);
    }
  }
  if (!slot->code)
    return slot->failure;
  return slot->code;
}

Outcome<SharedKernel> Program::compile_uncached(uint32_t kernel, const TargetOptions &target) {
  const abi::KernelSummary &summary = summary_.kernels[kernel];
  if (!summary.error.empty())
    return Failure{FailureKind::BadPtx, summary.error};
  const Result<CompilerIdentity> &identity = compiler_identity();
  Hash128 key = kernel_key(image_.hash, identity->build_id, summary.name, target);
  if (cache::SharedBytes bytes = cache::process_cache().find(cache::Kind::Kernel, key))
    if (std::optional<CompiledKernel> compiled = decode_kernel(*bytes))
      return std::make_shared<const CompiledKernel>(std::move(*compiled));
  Result<CompilerPool *> pool = process_pool();
  if (!pool)
    return Failure{FailureKind::Compiler, pool.error()};
  auto started = std::chrono::steady_clock::now();
  Result<std::vector<uint8_t>> bytes = (*pool)->compile(image_, summary.name, target);
  if (!bytes)
    return Failure{FailureKind::Compiler, bytes.error()};
  std::optional<CompiledKernel> compiled = decode_kernel(*bytes);
  if (!compiled)
    return Failure{FailureKind::Compiler, "the compiler sent a damaged kernel"};
  cache::process_cache().store(cache::Kind::Kernel, key,
                               std::make_shared<const cache::Bytes>(std::move(*bytes)));
  std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
  log_info("compiled {} for {} in {:.1f} ms: {} vgprs, {} sgprs, {} bytes LDS, {} bytes scratch, "
           "mode {}",
           summary.name, target.mcpu, took.count(), compiled->vgprs, compiled->sgprs,
           compiled->lds_bytes, compiled->scratch_bytes, compiled->warp_mode);
  return std::make_shared<const CompiledKernel>(std::move(*compiled));
}

} // namespace w2w::jit
