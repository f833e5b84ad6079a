// Registration, as nvcc's and clang's generated constructors call it. Nothing is loaded before it
// is used. Interface: clang's lib/CodeGen/CGCUDANV.cpp documents the calls; argument lists measured
// on CUDA 13.0.
#include "runtime/cudart/registry.h"

#include "runtime/support/log.h"

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace {

struct Module;

struct Function {
  Module *module;
  std::string name; // PTX name
  const void *host;
  CUkernel kernel = nullptr;
};

struct Variable {
  Module *module;
  std::string name;
  const void *host;
  size_t size;             // as registered
  void **managed_pointer;  // where the host code reads a managed variable's address; null if not
                           // managed
  CUdeviceptr address = 0; // 0: not looked up yet
  size_t exact_size = 0;
};

/// One registered fatbinary. The handle given to the program is its address.
struct Module {
  const void *image = nullptr;
  CUlibrary library = nullptr;
  cudaError_t error = cudaSuccess; // why it could not be loaded
  std::vector<std::unique_ptr<Function>> functions;
  std::vector<std::unique_ptr<Variable>> variables;
};

struct Registry {
  std::shared_mutex mutex;
  std::unordered_map<Module *, std::unique_ptr<Module>> modules;
  std::unordered_map<const void *, Function *>
      functions; // by host address, and by Function address
  std::unordered_map<const void *, Variable *> variables; // by host address, and by managed address
  std::unordered_set<const void *> kernels; // handles of the driver API that we gave out
};

/// Never destroyed: programs unregister from exit handlers that may run after our destructors.
Registry &registry() {
  static auto *r = new Registry;
  return *r;
}

/// Loads the module's device code. The caller holds the mutex exclusively.
cudaError_t load(Module &m) {
  if (m.library || m.error)
    return m.error;
  CUlibraryOption option = CU_LIBRARY_BINARY_IS_PRESERVED;
  void *value = reinterpret_cast<void *>(uintptr_t{1});
  CUresult r = cuLibraryLoadData(&m.library, m.image, nullptr, nullptr, 0, &option, &value, 1);
  if (r != CUDA_SUCCESS) {
    m.library = nullptr;
    m.error = to_error(r);
    return m.error;
  }
  for (auto &v : m.variables) {
    if (!v->managed_pointer)
      continue;
    r = cuLibraryGetManaged(&v->address, &v->exact_size, m.library, v->name.c_str());
    if (r != CUDA_SUCCESS) {
      w2w::log_error("managed variable {} was not found in the device code", v->name);
      return to_error(r);
    }
    *v->managed_pointer = reinterpret_cast<void *>(v->address);
    registry().variables[reinterpret_cast<void *>(v->address)] = v.get();
  }
  return cudaSuccess;
}

Module *module_of(void **handle) {
  Registry &r = registry();
  auto it = r.modules.find(reinterpret_cast<Module *>(handle));
  return it == r.modules.end() ? nullptr : it->second.get();
}

} // namespace

namespace w2w::rt {

cudaError_t find_kernel(const void *function, CUkernel &kernel) {
  Registry &r = registry();
  {
    std::shared_lock lock(r.mutex);
    auto it = r.functions.find(function);
    if (it == r.functions.end()) {
      if (!r.kernels.contains(function))
        return cudaErrorInvalidDeviceFunction;
      kernel = static_cast<CUkernel>(const_cast<void *>(function));
      return cudaSuccess;
    }
    if (it->second->kernel) {
      kernel = it->second->kernel;
      return cudaSuccess;
    }
  }
  std::unique_lock lock(r.mutex);
  auto it = r.functions.find(function);
  if (it == r.functions.end())
    return cudaErrorInvalidDeviceFunction;
  Function &f = *it->second;
  if (cudaError_t e = load(*f.module))
    return e;
  if (!f.kernel) {
    CUresult result = cuLibraryGetKernel(&f.kernel, f.module->library, f.name.c_str());
    if (result != CUDA_SUCCESS) {
      f.kernel = nullptr;
      return result == CUDA_ERROR_NOT_FOUND ? cudaErrorInvalidDeviceFunction : to_error(result);
    }
    r.kernels.insert(f.kernel);
  }
  kernel = f.kernel;
  return cudaSuccess;
}

void *name_of_kernel(CUkernel kernel) {
  Registry &r = registry();
  std::shared_lock lock(r.mutex);
  for (const auto &[key, function] : r.functions)
    if (function->kernel == kernel)
      return const_cast<void *>(function->host);
  return kernel;
}

cudaError_t find_variable(const void *symbol, CUdeviceptr &address, size_t &size) {
  Registry &r = registry();
  std::unique_lock lock(r.mutex);
  auto it = r.variables.find(symbol);
  if (it == r.variables.end())
    return cudaErrorInvalidSymbol;
  Variable &v = *it->second;
  if (cudaError_t e = load(*v.module))
    return e;
  // Not kept for ordinary variables: their address is that of the current context.
  if (v.managed_pointer) {
    address = v.address;
    size = v.exact_size;
    return cudaSuccess;
  }
  CUresult result = cuLibraryGetGlobal(&address, &size, v.module->library, v.name.c_str());
  return result == CUDA_ERROR_NOT_FOUND ? cudaErrorInvalidSymbol : to_error(result);
}

void remember_kernel(CUkernel kernel) {
  Registry &r = registry();
  std::unique_lock lock(r.mutex);
  r.kernels.insert(kernel);
}

} // namespace w2w::rt

W2W_RT_RETURNING(void **) w2wrt___cudaRegisterFatBinary(const void *wrapper) {
  Registry &r = registry();
  auto module = std::make_unique<Module>();
  module->image = wrapper;
  Module *key = module.get();
  std::unique_lock lock(r.mutex);
  r.modules.emplace(key, std::move(module));
  return reinterpret_cast<void **>(key);
}

W2W_RT_RETURNING(void) w2wrt___cudaRegisterFatBinaryEnd(void **) {}

W2W_RT_RETURNING(void) w2wrt___cudaUnregisterFatBinary(void **handle) {
  Registry &r = registry();
  CUlibrary library = nullptr;
  {
    std::unique_lock lock(r.mutex);
    Module *m = module_of(handle);
    if (!m)
      return;
    // Two shared libraries may register the same host address in turn: only our own entries go.
    for (auto &f : m->functions) {
      for (const void *key : {f->host, static_cast<const void *>(f.get())})
        if (auto it = r.functions.find(key); it != r.functions.end() && it->second == f.get())
          r.functions.erase(it);
      r.kernels.erase(f->kernel);
    }
    for (auto &v : m->variables)
      for (const void *key : {v->host, reinterpret_cast<const void *>(v->address)})
        if (auto it = r.variables.find(key); it != r.variables.end() && it->second == v.get())
          r.variables.erase(it);
    library = m->library;
    r.modules.erase(m);
  }
  if (library)
    cuLibraryUnload(library);
}

W2W_RT_RETURNING(void)
w2wrt___cudaRegisterFunction(void **handle, const void *host, char *, const char *name, int, void *,
                             void *, void *, void *, int *) {
  Registry &r = registry();
  std::unique_lock lock(r.mutex);
  Module *m = module_of(handle);
  if (!m || !name)
    return;
  auto f = std::make_unique<Function>(Function{m, name, host});
  r.functions[host] = f.get();
  r.functions[f.get()] = f.get();
  m->functions.push_back(std::move(f));
}

W2W_RT_RETURNING(void)
w2wrt___cudaRegisterVar(void **handle, const void *host, char *, const char *name, int, size_t size,
                        int, int) {
  Registry &r = registry();
  std::unique_lock lock(r.mutex);
  Module *m = module_of(handle);
  if (!m || !name)
    return;
  m->variables.push_back(std::make_unique<Variable>(Variable{m, name, host, size, nullptr}));
  r.variables[host] = m->variables.back().get();
}

W2W_RT_RETURNING(void)
w2wrt___cudaRegisterManagedVar(void **handle, void **host, char *, const char *name, int,
                               size_t size, int, int) {
  Registry &r = registry();
  std::unique_lock lock(r.mutex);
  Module *m = module_of(handle);
  if (!m || !name)
    return;
  m->variables.push_back(std::make_unique<Variable>(Variable{m, name, host, size, host}));
  r.variables[host] = m->variables.back().get();
}

/// Called before host code touches a managed variable of the module.
W2W_RT_RETURNING(char) w2wrt___cudaInitModule(void **handle) {
  if (record(enter()) != cudaSuccess)
    return 0;
  Registry &r = registry();
  std::unique_lock lock(r.mutex);
  Module *m = module_of(handle);
  return m && record(load(*m)) == cudaSuccess;
}

/// nvcc 13 launches through the handle given here. It is our own record of the function, so that a
/// kernel that cannot be compiled is reported by the launch.
W2W_RT w2wrt___cudaGetKernel(cudaKernel_t *kernel, const void *function) {
  Registry &r = registry();
  std::shared_lock lock(r.mutex);
  auto it = r.functions.find(function);
  if (!kernel || it == r.functions.end())
    return record(kernel ? cudaErrorInvalidDeviceFunction : cudaErrorInvalidValue);
  *kernel = reinterpret_cast<cudaKernel_t>(it->second);
  return cudaSuccess;
}

W2W_RT w2wrt_cudaGetKernel(cudaKernel_t *kernel, const void *function) {
  if (!kernel)
    return record(cudaErrorInvalidValue);
  return in_context([=] { return find_kernel(function, *kernel); });
}

W2W_RT w2wrt_cudaGetFuncBySymbol(cudaFunction_t *function, const void *symbol) {
  if (!function)
    return record(cudaErrorInvalidValue);
  return in_context([=]() -> cudaError_t {
    CUkernel kernel = nullptr;
    if (cudaError_t e = find_kernel(symbol, kernel))
      return e;
    return to_error(cuKernelGetFunction(function, kernel));
  });
}

W2W_RT w2wrt_cudaGetSymbolAddress(void **address, const void *symbol) {
  if (!address)
    return record(cudaErrorInvalidValue);
  return in_context([=]() -> cudaError_t {
    CUdeviceptr at = 0;
    size_t size = 0;
    cudaError_t e = find_variable(symbol, at, size);
    if (!e)
      *address = reinterpret_cast<void *>(at);
    return e;
  });
}

W2W_RT w2wrt_cudaGetSymbolSize(size_t *size, const void *symbol) {
  if (!size)
    return record(cudaErrorInvalidValue);
  return in_context([=] {
    CUdeviceptr at = 0;
    return find_variable(symbol, at, *size);
  });
}
