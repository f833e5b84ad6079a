// cuLink*: the JIT linker. PTX goes in and the "cubin" that comes out is that PTX (of several
// modules: the text that holds them all), which cuModuleLoadData accepts. Source: CUDA Driver API,
// "Module Management".
#include "runtime/cuda/jit_options.h"
#include "runtime/cuda/state.h"
#include "runtime/fatbin/fatbin.h"

#include <cstring>

namespace w2w::cuda {
namespace {

struct LinkState {
  JitOptions options;
  std::vector<std::string> inputs; // PTX texts
  std::vector<std::string> names;  // parallel to inputs
  std::string output;              // with its NUL

  void add_input(std::string text, const char *name) {
    names.push_back(name && *name ? name : fmt::format("<input {}>", inputs.size() + 1));
    inputs.push_back(std::move(text));
  }
};

HandleTable<LinkState> &links() {
  static auto *table = new HandleTable<LinkState>;
  return *table;
}

CUresult add(LinkState &state, CUjitInputType type, const void *data, size_t size,
             const char *name) {
  std::string_view shown = name && *name ? name : "<input>";
  auto refuse = [&](CUresult result, std::string message) {
    state.options.report("", message, 0);
    return fail(result, message);
  };
  fatbin::Bytes bytes(static_cast<const uint8_t *>(data), size);
  switch (type) {
  case CU_JIT_INPUT_PTX: {
    std::string text(static_cast<const char *>(data), size);
    text.resize(std::strlen(text.c_str())); // the size may count the NUL
    state.add_input(std::move(text), name);
    return CUDA_SUCCESS;
  }
  case CU_JIT_INPUT_FATBINARY:
  case CU_JIT_INPUT_OBJECT:
  case CU_JIT_INPUT_CUBIN: {
    auto image = fatbin::open_bytes(bytes, shown);
    if (!image)
      return refuse(CUDA_ERROR_INVALID_IMAGE, image.error().message);
    auto chosen = fatbin::select_ptx(image->entries, driver().cc);
    if (!chosen)
      return refuse(CUDA_ERROR_NO_BINARY_FOR_GPU, chosen.error().message);
    auto text = fatbin::ptx_text(image->entries[*chosen]);
    if (!text)
      return refuse(CUDA_ERROR_INVALID_IMAGE, text.error().message);
    state.add_input(std::move(*text), name);
    return CUDA_SUCCESS;
  }
  default:
    return refuse(CUDA_ERROR_NOT_SUPPORTED,
                  fmt::format("cuLinkAddData: {}: input type {} is not supported: link PTX", shown,
                              static_cast<int>(type)));
  }
}

} // namespace
} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

CUresult cuLinkCreate_v2(unsigned int num_options, CUjit_option *options, void **values,
                         CUlinkState *state) {
  W2W_ENTER_CONTEXT(cuLinkCreate);
  if (!state)
    return CUDA_ERROR_INVALID_VALUE;
  auto fresh = std::make_unique<LinkState>();
  if (CUresult result = fresh->options.read(num_options, options, values))
    return result;
  links().add(fresh.get());
  *state = reinterpret_cast<CUlinkState>(fresh.release());
  return CUDA_SUCCESS;
}

CUresult cuLinkCreate(unsigned int num_options, CUjit_option *options, void **values,
                      CUlinkState *state) {
  return cuLinkCreate_v2(num_options, options, values, state);
}

CUresult cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void *data, size_t size,
                          const char *name, unsigned int num_options, CUjit_option *options,
                          void **values) {
  W2W_ENTER(cuLinkAddData);
  LinkState *link = links().find(state);
  if (!link)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!data || size == 0)
    return CUDA_ERROR_INVALID_VALUE;
  return add(*link, type, data, size, name);
}

CUresult cuLinkAddData(CUlinkState state, CUjitInputType type, void *data, size_t size,
                       const char *name, unsigned int num_options, CUjit_option *options,
                       void **values) {
  return cuLinkAddData_v2(state, type, data, size, name, num_options, options, values);
}

CUresult cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char *path,
                          unsigned int num_options, CUjit_option *options, void **values) {
  W2W_ENTER(cuLinkAddFile);
  LinkState *link = links().find(state);
  if (!link)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!path)
    return CUDA_ERROR_INVALID_VALUE;
  auto file = fatbin::read_file(path);
  if (!file)
    return fail(CUDA_ERROR_FILE_NOT_FOUND, file.error().message);
  if (file->empty())
    return CUDA_ERROR_INVALID_VALUE;
  return add(*link, type, file->data(), file->size(), path);
}

CUresult cuLinkAddFile(CUlinkState state, CUjitInputType type, const char *path,
                       unsigned int num_options, CUjit_option *options, void **values) {
  return cuLinkAddFile_v2(state, type, path, num_options, options, values);
}

CUresult cuLinkComplete(CUlinkState state, void **cubin, size_t *size) {
  W2W_ENTER(cuLinkComplete);
  LinkState *link = links().find(state);
  if (!link)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!cubin)
    return CUDA_ERROR_INVALID_VALUE;
  if (link->inputs.empty()) {
    std::string message = "cuLinkComplete: nothing was added";
    link->options.report("", message, 0);
    return fail(CUDA_ERROR_INVALID_VALUE, message);
  }
  // Errors in the PTX belong to this call, and their log buffers to this link.
  link->output = jit::link_ptx(link->inputs, link->names);
  auto program = jit::Program::load(link->output.c_str(), driver().cc);
  if (!program) {
    link->options.report("", program.failure().message, 0);
    return fail(to_cuda(program.failure()), program.failure().message);
  }
  link->options.report((*program)->summary().diagnostics, "", 0);
  *cubin = link->output.data();
  if (size)
    *size = link->output.size() + 1; // PTX text ends with its NUL
  return CUDA_SUCCESS;
}

CUresult cuLinkDestroy(CUlinkState state) {
  W2W_ENTER(cuLinkDestroy);
  LinkState *link = links().find(state);
  if (!link)
    return CUDA_ERROR_INVALID_HANDLE;
  links().remove(link);
  delete link;
  return CUDA_SUCCESS;
}
