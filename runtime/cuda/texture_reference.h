// Texture and surface references: variables of a module that the host binds. Their descriptors lie
// in the module's arena. What is bound when a kernel is launched is what the kernel sees, so
// descriptors are written in the stream of the launch, behind the kernels that use the old ones.
#pragma once

#include "runtime/cuda/texture_source.h"

namespace w2w::cuda {

/// Behind CUtexref and CUsurfref.
struct TextureReference {
  bool surface = false;
  uint64_t offset = 0; // of the descriptor in the module's arena
  bool free = false;   // made by cuTexRefCreate: of no module

  std::mutex mutex; // what follows
  CUDA_RESOURCE_DESC resource{};
  std::optional<TextureSource> source; // nothing: not bound
  CUarray_format format = CU_AD_FORMAT_FLOAT;
  unsigned channels = 1;
  CUDA_TEXTURE_DESC sampling{};
  bool dirty = false; // changed since the descriptor was written
};

/// The references of a module in one context, made when the host asks for them.
class ModuleTextures {
public:
  ~ModuleTextures();
  /// The reference to a variable, or null if the module has no such one.
  TextureReference *reference(const jit::Program &program, std::string_view name, bool surface);

  /// Around the launch of a kernel of the module; `launch` returns its result. Writes what was
  /// bound anew in the stream's order; launches in other streams that need another binding wait.
  template <class Launch>
  CUresult around_launch(uint64_t arena, Stream &stream, Context &context, Launch launch) {
    std::lock_guard lock(mutex_);
    if (references_.empty())
      return launch();
    if (CUresult result = write_bindings(arena, stream, context))
      return result;
    CUresult result = launch();
    return result == CUDA_SUCCESS ? remember_use(stream, context) : result;
  }

private:
  CUresult write_bindings(uint64_t arena, Stream &stream, Context &context);
  CUresult remember_use(Stream &stream, Context &context);

  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<TextureReference>, std::less<>> references_;
  hip::hipEvent_t last_use_ = nullptr;  // recorded after every launch
  const Stream *last_stream_ = nullptr; // ... in this one
};

} // namespace w2w::cuda
