// Modules, libraries and kernels by name; variables.
// Source: CUDA Driver API, "Module Management", "Library Management".
#include "runtime/cuda/jit_options.h"
#include "runtime/cuda/texture_reference.h"
#include "runtime/fatbin/fatbin.h"
#include "runtime/support/options.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace w2w::cuda {
namespace {

/// Loads an image. `bound`: the context of a module; null for a library.
CUresult load_image(const void *image, Context *bound, const JitOptions &options,
                    ModuleObject *&result) {
  auto started = std::chrono::steady_clock::now();
  auto report = [&](std::string_view info, std::string_view errors) {
    std::chrono::duration<float, std::milli> took = std::chrono::steady_clock::now() - started;
    options.report(info, errors, took.count());
  };
  auto program = jit::Program::load(image, driver().cc);
  if (!program) {
    report("", program.failure().message);
    return fail(to_cuda(program.failure()),
                fmt::format("cannot load module: {}", program.failure().message));
  }
  const abi::ModuleSummary &summary = (*program)->summary();
  bool usable = summary.kernels.empty() ||
                std::any_of(summary.kernels.begin(), summary.kernels.end(),
                            [](const abi::KernelSummary &k) { return k.error.empty(); });
  if (!usable) {
    const std::string &why =
        summary.diagnostics.empty() ? summary.kernels.front().error : summary.diagnostics;
    report("", why);
    return fail(CUDA_ERROR_INVALID_PTX,
                fmt::format("cannot load module: none of its kernels can be compiled:\n{}", why));
  }
  auto module = std::make_unique<ModuleObject>();
  module->program = *program;
  module->bound = bound;
  module->opt_level = options.opt_level;
  for (std::string_view name : {"malloc", "free"})
    module->uses_heap |= std::find(summary.functions.begin(), summary.functions.end(), name) !=
                         summary.functions.end();
  for (uint32_t i = 0; i < summary.kernels.size(); ++i) {
    auto function = std::make_unique<Function>();
    function->module = module.get();
    function->index = i;
    function->name = intern(summary.kernels[i].name);
    module->functions.push_back(std::move(function));
  }
  if (bound) {
    auto instance = module->instance(*bound);
    if (!instance) {
      report("", instance.failure().message);
      return fail(to_cuda(instance.failure()),
                  fmt::format("cannot load module: {}", instance.failure().message));
    }
  }
  // Kernels that cannot be compiled are errors of their own; the rest of the module is usable.
  std::string poisoned;
  for (const abi::KernelSummary &kernel : summary.kernels)
    poisoned += kernel.error;
  report(summary.diagnostics, poisoned);
  for (auto &function : module->functions)
    driver().functions.add(function.get());
  driver().modules.add(module.get());
  result = module.release();
  return CUDA_SUCCESS;
}

CUresult load_module(CUmodule *module, const void *image, unsigned count, CUjit_option *options,
                     void **values) {
  Context *context = nullptr;
  if (CUresult result = enter_context(context))
    return result;
  if (!module || !image)
    return CUDA_ERROR_INVALID_VALUE;
  JitOptions jit;
  if (CUresult result = jit.read(count, options, values))
    return result;
  ModuleObject *object = nullptr;
  CUresult result = load_image(image, context, jit, object);
  if (result == CUDA_SUCCESS)
    *module = reinterpret_cast<CUmodule>(object);
  return result;
}

/// The bytes of a module file, NUL-terminated so that PTX text can be passed by pointer.
CUresult read_module_file(const char *name, std::vector<uint8_t> &bytes) {
  auto file = fatbin::read_file(name);
  if (!file)
    return fail(CUDA_ERROR_FILE_NOT_FOUND, file.error().message);
  bytes = std::move(*file);
  bytes.push_back(0);
  return CUDA_SUCCESS;
}

void unload(ModuleObject *module) {
  // What still runs uses the module's variables and code.
  std::map<Context *, std::shared_ptr<jit::LoadedModule>> instances;
  {
    std::lock_guard lock(module->mutex);
    instances.swap(module->instances);
  }
  for (auto &[context, instance] : instances) {
    activate(*context->device);
    (void)hip::api().hipDeviceSynchronize();
    drain_printf(*context);
    instance.reset();
  }
  for (auto &function : module->functions)
    driver().functions.remove(function.get());
  driver().modules.remove(module);
  delete module;
}

CUresult kernel_by_name(ModuleObject &module, const char *name, Function *&result) {
  std::optional<uint32_t> index = module.program->find_kernel(name);
  if (!index) {
    log_info("no kernel {} in {}", name, module.program->image().name);
    return CUDA_ERROR_NOT_FOUND;
  }
  const abi::KernelSummary &summary = module.program->summary().kernels[*index];
  if (!summary.error.empty()) {
    log_text_once(LogLevel::Error, summary.error,
                  fmt::format("kernel {} cannot be used: {}", name, summary.error));
    return CUDA_ERROR_INVALID_PTX;
  }
  result = module.functions[*index].get();
  return CUDA_SUCCESS;
}

CUresult variable_by_name(ModuleObject &module, Context &context, const char *name,
                          bool managed_only, CUdeviceptr *dptr, size_t *bytes) {
  auto instance = module.instance(context);
  if (!instance)
    return fail(to_cuda(instance.failure()), instance.failure().message);
  auto variable = (*instance)->variable(name);
  if (!variable || (managed_only && !variable->managed)) {
    log_info("no {}variable {} in {}", managed_only ? "managed " : "", name,
             module.program->image().name);
    return CUDA_ERROR_NOT_FOUND;
  }
  if (dptr)
    *dptr = variable->address;
  if (bytes)
    *bytes = variable->size;
  return CUDA_SUCCESS;
}

/// A library's call needs a context: the thread's, or the first device's primary one (the program
/// may not have made any).
CUresult library_context(Context *&context) {
  context = current_context();
  if (!context || !driver().contexts.find(context))
    context = primary_context(*driver().devices.front());
  return use_context(*context);
}

template <class Handle> CUresult enumerate(ModuleObject &module, Handle *handles, unsigned count) {
  if (!handles && count > 0)
    return CUDA_ERROR_INVALID_VALUE;
  for (unsigned i = 0; i < count && i < module.functions.size(); ++i)
    handles[i] = reinterpret_cast<Handle>(module.functions[i].get());
  return CUDA_SUCCESS;
}

} // namespace
} // namespace w2w::cuda

using namespace w2w;
using namespace w2w::cuda;

#define W2W_MODULE_ARGUMENT(handle)                                                                \
  ModuleObject *object = driver().modules.find(handle);                                            \
  if (!object)                                                                                     \
  return CUDA_ERROR_INVALID_HANDLE

// ---- modules
// -------------------------------------------------------------------------------------

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int num_options,
                            CUjit_option *options, void **values) {
  W2W_ENTER(cuModuleLoadDataEx);
  return load_module(module, image, num_options, options, values);
}

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  W2W_ENTER(cuModuleLoadData);
  return load_module(module, image, 0, nullptr, nullptr);
}

CUresult cuModuleLoadFatBinary(CUmodule *module, const void *fat_cubin) {
  W2W_ENTER(cuModuleLoadFatBinary);
  return load_module(module, fat_cubin, 0, nullptr, nullptr);
}

CUresult cuModuleLoad(CUmodule *module, const char *fname) {
  W2W_ENTER(cuModuleLoad);
  if (!module || !fname)
    return CUDA_ERROR_INVALID_VALUE;
  std::vector<uint8_t> bytes;
  if (CUresult result = read_module_file(fname, bytes))
    return result;
  return load_module(module, bytes.data(), 0, nullptr, nullptr);
}

CUresult cuModuleUnload(CUmodule module) {
  W2W_ENTER_CONTEXT(cuModuleUnload);
  W2W_MODULE_ARGUMENT(module);
  if (!object->bound)
    return CUDA_ERROR_INVALID_HANDLE; // a library's
  unload(object);
  return CUDA_SUCCESS;
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode) {
  W2W_ENTER(cuModuleGetLoadingMode);
  if (!mode)
    return CUDA_ERROR_INVALID_VALUE;
  *mode = environment("CUDA_MODULE_LOADING").value_or("LAZY") == "EAGER" ? CU_MODULE_EAGER_LOADING
                                                                         : CU_MODULE_LAZY_LOADING;
  return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  W2W_ENTER_CONTEXT(cuModuleGetFunction);
  if (!function || !name)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_MODULE_ARGUMENT(module);
  Function *found = nullptr;
  CUresult result = kernel_by_name(*object, name, found);
  if (result == CUDA_SUCCESS)
    *function = reinterpret_cast<CUfunction>(found);
  return result;
}

CUresult cuModuleGetFunctionCount(unsigned int *count, CUmodule module) {
  W2W_ENTER(cuModuleGetFunctionCount);
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_MODULE_ARGUMENT(module);
  *count = static_cast<unsigned>(object->functions.size());
  return CUDA_SUCCESS;
}

CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned int count, CUmodule module) {
  W2W_ENTER(cuModuleEnumerateFunctions);
  W2W_MODULE_ARGUMENT(module);
  return enumerate(*object, functions, count);
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr *dptr, size_t *bytes, CUmodule module, const char *name) {
  W2W_ENTER_CONTEXT(cuModuleGetGlobal_v2);
  if (!name || (!dptr && !bytes))
    return CUDA_ERROR_INVALID_VALUE;
  W2W_MODULE_ARGUMENT(module);
  return variable_by_name(*object, *context, name, false, dptr, bytes);
}

// ---- libraries
// -----------------------------------------------------------------------------------

CUresult cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *jit_options,
                           void **jit_values, unsigned int num_jit,
                           CUlibraryOption *library_options, void **library_values,
                           unsigned int num_library) {
  W2W_ENTER(cuLibraryLoadData);
  if (!library || !code || (num_library > 0 && !library_options))
    return CUDA_ERROR_INVALID_VALUE;
  // CU_LIBRARY_BINARY_IS_PRESERVED saves a copy of the image; we keep the chosen PTX text anyway.
  // The host function table serves unified function pointers, which the device does not report.
  JitOptions jit;
  if (CUresult result = jit.read(num_jit, jit_options, jit_values))
    return result;
  ModuleObject *object = nullptr;
  CUresult result = load_image(code, nullptr, jit, object);
  if (result == CUDA_SUCCESS)
    *library = reinterpret_cast<CUlibrary>(object);
  return result;
}

CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *file, CUjit_option *jit_options,
                               void **jit_values, unsigned int num_jit,
                               CUlibraryOption *library_options, void **library_values,
                               unsigned int num_library) {
  W2W_ENTER(cuLibraryLoadFromFile);
  if (!library || !file)
    return CUDA_ERROR_INVALID_VALUE;
  std::vector<uint8_t> bytes;
  if (CUresult result = read_module_file(file, bytes))
    return result;
  return cuLibraryLoadData(library, bytes.data(), jit_options, jit_values, num_jit, library_options,
                           library_values, num_library);
}

CUresult cuLibraryUnload(CUlibrary library) {
  W2W_ENTER(cuLibraryUnload);
  W2W_MODULE_ARGUMENT(library);
  if (object->bound)
    return CUDA_ERROR_INVALID_HANDLE;
  unload(object);
  return CUDA_SUCCESS;
}

CUresult cuLibraryGetKernel(CUkernel *kernel, CUlibrary library, const char *name) {
  W2W_ENTER(cuLibraryGetKernel);
  if (!kernel || !name)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_MODULE_ARGUMENT(library);
  Function *found = nullptr;
  CUresult result = kernel_by_name(*object, name, found);
  if (result == CUDA_SUCCESS)
    *kernel = reinterpret_cast<CUkernel>(found);
  return result;
}

CUresult cuLibraryGetKernelCount(unsigned int *count, CUlibrary library) {
  W2W_ENTER(cuLibraryGetKernelCount);
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_MODULE_ARGUMENT(library);
  *count = static_cast<unsigned>(object->functions.size());
  return CUDA_SUCCESS;
}

CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int count, CUlibrary library) {
  W2W_ENTER(cuLibraryEnumerateKernels);
  W2W_MODULE_ARGUMENT(library);
  return enumerate(*object, kernels, count);
}

CUresult cuLibraryGetModule(CUmodule *module, CUlibrary library) {
  W2W_ENTER_CONTEXT(cuLibraryGetModule);
  if (!module)
    return CUDA_ERROR_INVALID_VALUE;
  W2W_MODULE_ARGUMENT(library);
  auto instance = object->instance(*context);
  if (!instance)
    return fail(to_cuda(instance.failure()), instance.failure().message);
  *module =
      reinterpret_cast<CUmodule>(object); // one object: it finds the context's instance itself
  return CUDA_SUCCESS;
}

CUresult cuLibraryGetGlobal(CUdeviceptr *dptr, size_t *bytes, CUlibrary library, const char *name) {
  W2W_ENTER(cuLibraryGetGlobal);
  if (!name || (!dptr && !bytes))
    return CUDA_ERROR_INVALID_VALUE;
  W2W_MODULE_ARGUMENT(library);
  Context *context = nullptr;
  if (CUresult result = library_context(context))
    return result;
  return variable_by_name(*object, *context, name, false, dptr, bytes);
}

CUresult cuLibraryGetManaged(CUdeviceptr *dptr, size_t *bytes, CUlibrary library,
                             const char *name) {
  W2W_ENTER(cuLibraryGetManaged);
  if (!name || (!dptr && !bytes))
    return CUDA_ERROR_INVALID_VALUE;
  W2W_MODULE_ARGUMENT(library);
  Context *context = nullptr;
  if (CUresult result = library_context(context))
    return result;
  return variable_by_name(*object, *context, name, true, dptr, bytes);
}

CUresult cuKernelGetFunction(CUfunction *function, CUkernel kernel) {
  W2W_ENTER_CONTEXT(cuKernelGetFunction);
  if (!function)
    return CUDA_ERROR_INVALID_VALUE;
  Function *found = find_function(kernel);
  if (!found)
    return CUDA_ERROR_INVALID_HANDLE;
  *function = reinterpret_cast<CUfunction>(found);
  return CUDA_SUCCESS;
}

CUresult cuKernelGetLibrary(CUlibrary *library, CUkernel kernel) {
  W2W_ENTER(cuKernelGetLibrary);
  if (!library)
    return CUDA_ERROR_INVALID_VALUE;
  Function *found = find_function(kernel);
  if (!found)
    return CUDA_ERROR_INVALID_HANDLE;
  *library = reinterpret_cast<CUlibrary>(found->module);
  return CUDA_SUCCESS;
}

CUresult cuFuncGetModule(CUmodule *module, CUfunction function) {
  W2W_ENTER(cuFuncGetModule);
  if (!module)
    return CUDA_ERROR_INVALID_VALUE;
  Function *found = find_function(function);
  if (!found)
    return CUDA_ERROR_INVALID_HANDLE;
  *module = reinterpret_cast<CUmodule>(found->module);
  return CUDA_SUCCESS;
}
