#include "tools/w2w-compiler/service.h"

#include "frontend/parse/parse.h"
#include "lowering/compiler.h"
#include "runtime/jit/protocol.h"

#include <link.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <memory>

namespace w2w {
namespace {

using jit::Message;
using jit::MessageType;
using jit::Trouble;

/// A PTX text with what the parser made of it.
struct ParsedImage {
  Hash128 hash;
  std::string name, text;
  ptx::Diagnostics diags;
  std::unique_ptr<ptx::ParsedModule> module;
};

constexpr size_t kMostImages = 64;
constexpr size_t kMostTextBytes = size_t{256} << 20;

class ImageStore {
public:
  void add(jit::ImageMessage message) {
    auto image = std::make_unique<ParsedImage>();
    image->hash = message.hash;
    image->name = std::move(message.name);
    image->text = std::move(message.text);
    bytes_ += image->text.size();
    images_.push_front(std::move(image));
    while (images_.size() > 1 && (images_.size() > kMostImages || bytes_ > kMostTextBytes)) {
      bytes_ -= images_.back()->text.size();
      images_.pop_back();
    }
  }
  /// Parses on first use. Null if the image is not here.
  ParsedImage *find(const Hash128 &hash) {
    auto it = std::find_if(images_.begin(), images_.end(),
                           [&](const auto &image) { return image->hash == hash; });
    if (it == images_.end())
      return nullptr;
    images_.splice(images_.begin(), images_, it);
    ParsedImage &image = *images_.front();
    if (!image.module)
      image.module =
          std::make_unique<ptx::ParsedModule>(ptx::parse(image.name, image.text, image.diags));
    return &image;
  }

private:
  std::list<std::unique_ptr<ParsedImage>> images_;
  size_t bytes_ = 0;
};

std::string render_all(const ptx::Diagnostics &diags, const ParsedImage &image) {
  ptx::SourceText text(image.name, image.text);
  std::string all;
  for (const ptx::Diagnostic &diagnostic : diags.list())
    all += ptx::render(diagnostic, text);
  return all;
}

Trouble send_failed(int socket, std::string_view text) {
  return jit::send_message(socket, MessageType::Failed,
                           {reinterpret_cast<const uint8_t *>(text.data()), text.size()});
}

Trouble summarise_image(int socket, ImageStore &images, const Message &message) {
  std::optional<Hash128> hash = jit::decode_hash(message.payload);
  if (!hash)
    return Trouble::Malformed;
  ParsedImage *image = images.find(*hash);
  if (!image)
    return jit::send_message(socket, MessageType::NeedImage, {});
  abi::ModuleSummary summary = summarise(image->module->module(), image->diags);
  return jit::send_message(socket, MessageType::Summary, abi::serialise(summary));
}

Trouble compile_kernel(int socket, ImageStore &images, const Message &message) {
  std::optional<jit::CompileRequest> request = jit::decode_request(message.payload);
  if (!request)
    return Trouble::Malformed;
  ParsedImage *image = images.find(request->image);
  if (!image)
    return jit::send_message(socket, MessageType::NeedImage, {});
  std::span<const std::string_view> known = supported_processors();
  if (std::find(known.begin(), known.end(), request->target.mcpu) == known.end())
    return send_failed(socket, "the device's processor " + request->target.mcpu +
                                   " is not supported by the compiler");
  CompileOptions options;
  options.mcpu = request->target.mcpu;
  options.opt_level = static_cast<int>(std::min(request->target.opt_level, 3u));
  options.code_object_version = static_cast<int>(request->target.code_object_version);
  options.abi = KernelAbi::Runtime;
  options.warp_mode = static_cast<WarpMode>(request->target.warp_mode);
  options.contract = request->target.contract;
  options.warps_are_rows = request->target.warps_are_rows;
  options.small_blocks = request->target.small_blocks;
  options.shared_in_memory = request->target.shared_in_memory;
  options.device_memory = request->target.device_memory;
  options.stack_bytes = request->target.stack_bytes;
  ptx::Diagnostics diags;
  CompileResult result;
  std::string_view names[] = {request->kernel};
  bool good = compile(image->module->module(), names, options, diags, result);
  // As much stack as there is room for, which is how CUDA takes its limit (CUDA Driver API,
  // cuCtxSetLimit). Each round asks for less.
  while (!good && result.smaller_stack) {
    options.stack_bytes = result.smaller_stack;
    diags = {};
    result = {};
    good = compile(image->module->module(), names, options, diags, result);
  }
  std::string messages = render_all(diags, *image);
  if (!good || diags.has_errors())
    return send_failed(socket, messages.empty() ? "the compiler refused the kernel without a reason"
                                                : messages);
  jit::CompiledKernel kernel;
  kernel.messages = std::move(messages);
  kernel.code = std::move(result.bytes);
  for (const KernelResources &r : result.kernels) {
    if (r.name != request->kernel)
      continue;
    kernel.vgprs = r.vgprs;
    kernel.agprs = r.agprs;
    kernel.sgprs = r.sgprs;
    kernel.lds_bytes = r.lds_bytes;
    kernel.scratch_bytes = r.scratch_bytes;
    kernel.kernarg_bytes = r.kernarg_bytes;
    kernel.wave_size = r.wave_size;
    kernel.code_bytes = r.code_bytes;
    kernel.warp_mode = r.warp_mode;
    kernel.assumes_rows = r.assumes_rows;
    kernel.solo = r.solo;
    kernel.solo_serves = r.solo_serves;
    kernel.device_parameters = r.device_parameters;
    kernel.window_bytes = r.window_bytes;
    kernel.stack_bytes = r.stack_bytes;
  }
  return jit::send_message(socket, MessageType::Kernel, jit::encode(kernel));
}

/// GNU build id of the object this function is in: the executable, or libw2w-compiler.so.
std::string own_build_id() {
  struct Search {
    uintptr_t address;
    std::string id;
  } search{reinterpret_cast<uintptr_t>(&own_build_id), {}};
  ::dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *pointer) {
        auto *s = static_cast<Search *>(pointer);
        bool here = false;
        for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
          const auto &p = info->dlpi_phdr[i];
          uintptr_t start = info->dlpi_addr + p.p_vaddr;
          here |= p.p_type == PT_LOAD && s->address >= start && s->address < start + p.p_memsz;
        }
        if (!here)
          return 0;
        for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
          const auto &p = info->dlpi_phdr[i];
          if (p.p_type != PT_NOTE)
            continue;
          const char *at = reinterpret_cast<const char *>(info->dlpi_addr + p.p_vaddr);
          const char *end = at + p.p_memsz;
          while (at + sizeof(ElfW(Nhdr)) <= end) {
            ElfW(Nhdr) note;
            std::memcpy(&note, at, sizeof note);
            const char *name = at + sizeof note;
            const char *content = name + ((note.n_namesz + 3u) & ~3u);
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
                std::memcmp(name, "GNU", 4) == 0) {
              static constexpr char kDigits[] = "0123456789abcdef";
              for (unsigned k = 0; k < note.n_descsz; ++k) {
                auto byte = static_cast<uint8_t>(content[k]);
                s->id += kDigits[byte >> 4];
                s->id += kDigits[byte & 15];
              }
              return 1;
            }
            at = content + ((note.n_descsz + 3u) & ~3u);
          }
        }
        return 1;
      },
      &search);
  return search.id;
}

} // namespace

int serve_compiler(int socket) {
  jit::Greeting greeting;
  greeting.build_id = own_build_id();
  if (jit::send_message(socket, MessageType::Hello, jit::encode(greeting)) != Trouble::None)
    return 0;
  ImageStore images;
  for (;;) {
    Message message;
    Trouble trouble = jit::receive_message(socket, message, std::nullopt);
    if (trouble == Trouble::None) {
      switch (message.type) {
      case MessageType::Image: {
        std::optional<jit::ImageMessage> image = jit::decode_image(message.payload);
        if (!image) {
          trouble = Trouble::Malformed;
          break;
        }
        images.add(std::move(*image));
        trouble = jit::send_message(socket, MessageType::Done, {});
        break;
      }
      case MessageType::Summarise:
        trouble = summarise_image(socket, images, message);
        break;
      case MessageType::Compile:
        trouble = compile_kernel(socket, images, message);
        break;
      default:
        trouble = Trouble::Malformed;
      }
    }
    if (trouble == Trouble::Malformed)
      return 1;
    if (trouble != Trouble::None)
      return 0;
  }
}

} // namespace w2w
