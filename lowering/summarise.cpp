// Module -> what the runtime must know of it (lowering/abi/module_summary.h).
#include "lowering/abi/texture_descriptor.h"
#include "lowering/arena_layout.h"
#include "lowering/compiler.h"
#include "lowering/emit/sampler_fields.h"
#include "lowering/reach.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace w2w {
namespace {

class Summariser {
public:
  Summariser(const ptx::Module &module, const ptx::Diagnostics &diags)
      : module_(module), diags_(diags), text_(module.name, module.text),
        layout_(layout_arena(module)), reach_(module) {}

  abi::ModuleSummary run();

private:
  abi::KernelSummary kernel(const ptx::Function &f);
  void variables();
  void write(const ptx::Variable &v, uint64_t base, const ptx::InitialiserElement &e);
  void describe(const ptx::Variable &v, uint64_t base);

  const ptx::Module &module_;
  const ptx::Diagnostics &diags_;
  ptx::SourceText text_;
  ArenaLayout layout_;
  Reach reach_;
  abi::ModuleSummary summary_;
};

abi::ModuleSummary Summariser::run() {
  summary_.ptx_version = module_.version;
  summary_.sm = module_.sm;
  summary_.independent_textures = module_.texmode_independent;
  for (const ptx::Diagnostic &d : diags_.list()) {
    summary_.diagnostics += render(d, text_);
    if (!summary_.diagnostics.empty() && summary_.diagnostics.back() != '\n')
      summary_.diagnostics += '\n';
    summary_.fatal |= d.severity == ptx::Severity::Error && d.function.empty();
  }
  for (const ptx::Function *f : module_.functions) {
    summary_.functions.emplace_back(f->name);
    if (f->is_entry && f->has_body)
      summary_.kernels.push_back(kernel(*f));
  }
  variables();
  return std::move(summary_);
}

abi::KernelSummary Summariser::kernel(const ptx::Function &f) {
  abi::KernelSummary k;
  k.name = f.name;
  for (const ptx::Variable *p : f.params) {
    k.params.push_back({.offset = static_cast<uint32_t>(p->param_offset),
                        .size = static_cast<uint32_t>(p->size),
                        .align = p->align});
    k.param_bytes = std::max(k.param_bytes, static_cast<uint32_t>(p->param_offset + p->size));
  }
  std::copy_n(f.performance.maxntid, 3, k.max_threads);
  std::copy_n(f.performance.reqntid, 3, k.req_threads);
  std::copy_n(f.performance.reqnctapercluster, 3, k.cluster);
  k.explicit_cluster = f.performance.explicitcluster;

  std::unordered_set<const ptx::Variable *> shared;
  std::unordered_set<std::string_view> poisoned;
  for (const ptx::Function *g : reach_.functions(f)) {
    if (g->poisoned)
      poisoned.insert(g->name);
    for (const ptx::Variable *v : reach_.variables(*g))
      if (v->space == ptx::StateSpace::Shared && shared.insert(v).second) {
        uint32_t align = std::max(v->align, 1u);
        k.static_shared =
            (k.static_shared + align - 1) / align * align + static_cast<uint32_t>(v->size);
      }
  }
  for (const ptx::Variable *v : module_.variables)
    if (v->space == ptx::StateSpace::Const)
      k.const_bytes += static_cast<uint32_t>(v->size);

  if (!poisoned.empty()) {
    for (const ptx::Diagnostic &d : diags_.list())
      if (d.severity == ptx::Severity::Error && poisoned.contains(d.function))
        k.error += render(d, text_) + "\n";
    if (k.error.empty())
      k.error = "kernel '" + k.name + "' reaches a function with errors";
  }
  return k;
}

void Summariser::write(const ptx::Variable &v, uint64_t base, const ptx::InitialiserElement &e) {
  using Kind = ptx::InitialiserElement::Kind;
  unsigned width = std::max(1u, ptx::bytes(v.type));
  uint64_t value = e.bits;
  uint64_t at = base + e.offset;
  if (e.kind == Kind::FunctionAddress) {
    const ptx::Function *f = e.function;
    while (f->alias_of)
      f = f->alias_of;
    value =
        ((abi::function_id(f->index) + static_cast<uint64_t>(e.addend)) & e.mask) >> e.mask_shift;
  } else if (e.kind == Kind::VariableAddress || e.kind == Kind::GenericAddress) {
    auto place = layout_.offset_of.find(e.variable);
    if (place == layout_.offset_of.end())
      return; // not in the arena: the frontend or emit/ has refused it
    summary_.relocations.push_back({.offset = at,
                                    .width = static_cast<uint8_t>(std::min(width, 8u)),
                                    .shift = e.mask_shift,
                                    .addend = place->second + static_cast<uint64_t>(e.addend),
                                    .managed = e.variable->managed});
    value = 0;
  }
  std::vector<uint8_t> &image = summary_.arena_image;
  if (image.size() < at + width)
    image.resize(at + width, 0);
  for (unsigned i = 0; i < width && i < 8; ++i)
    image[at + i] = static_cast<uint8_t>(value >> (8 * i));
}

abi::OpaqueKind opaque_kind(ptx::Type t) {
  return t == ptx::Type::TexRef       ? abi::OpaqueKind::Texref
         : t == ptx::Type::SamplerRef ? abi::OpaqueKind::Samplerref
         : t == ptx::Type::SurfRef    ? abi::OpaqueKind::Surfref
                                      : abi::OpaqueKind::None;
}

/// The initial descriptors of a .texref, .samplerref or .surfref: images are unbound. emit/ refuses
/// kernels that name a variable with fields that cannot be had; to those that get at it otherwise
/// it is no handle.
void Summariser::describe(const ptx::Variable &v, uint64_t base) {
  bool sampler = v.type == ptx::Type::SamplerRef;
  auto kind = sampler                        ? abi::DescriptorKind::Sampler
              : v.type == ptx::Type::SurfRef ? abi::DescriptorKind::Surface
                                             : abi::DescriptorKind::Texture;
  // The host fills what it binds.
  abi::ImageDescriptor initial{};
  initial.kind = uint32_t(kind);
  initial.sampler = emit::default_sampler();
  const uint64_t count = v.size / ptx::bytes(v.type);
  std::vector<abi::ImageDescriptor> elements(count, initial);
  for (const ptx::InitialiserElement &e : v.initialiser)
    if (const uint64_t k = e.offset / ptx::bytes(v.type); k < count) // else the text has errors
      if (!emit::apply_field(v, e, elements[k].sampler).empty())
        elements[k].kind = 0;
  const uint64_t one = sampler ? sizeof(abi::SamplerDescriptor) : sizeof initial;
  std::vector<uint8_t> &image = summary_.arena_image;
  if (image.size() < base + count * one)
    image.resize(base + count * one, 0);
  for (uint64_t k = 0; k < count; ++k)
    std::memcpy(image.data() + base + k * one, &elements[k], one);
}

void Summariser::variables() {
  summary_.arena_size = layout_.size;
  summary_.managed_begin = layout_.managed_begin;
  summary_.arena_align = layout_.align;
  for (const ArenaLayout::Place &place : layout_.places) {
    const ptx::Variable &v = *place.variable;
    // Function-scope variables have storage but no name the host could ask for.
    if (!v.function)
      summary_.variables.push_back({.name = std::string(v.name),
                                    .offset = place.offset,
                                    .size = storage_of(v).size,
                                    .align = storage_of(v).align,
                                    .is_const = v.space == ptx::StateSpace::Const,
                                    .is_managed = v.managed,
                                    .opaque = uint8_t(opaque_kind(v.type))});
    if (opaque_kind(v.type) != abi::OpaqueKind::None)
      describe(v, place.offset);
    else
      for (const ptx::InitialiserElement &e : v.initialiser)
        write(v, place.offset, e);
  }
  for (const ptx::Variable *v : module_.variables)
    if ((v->space == ptx::StateSpace::Global || v->space == ptx::StateSpace::Const) &&
        !in_arena(*v))
      summary_.variables.push_back({.name = std::string(v->name),
                                    .size = v->size,
                                    .align = v->align,
                                    .is_const = v->space == ptx::StateSpace::Const,
                                    .is_extern = true,
                                    .opaque = uint8_t(opaque_kind(v->type))});
}

} // namespace

abi::ModuleSummary summarise(const ptx::Module &module, const ptx::Diagnostics &diags) {
  return Summariser(module, diags).run();
}

} // namespace w2w
