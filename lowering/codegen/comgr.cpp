// Linking through ROCm's code object manager, loaded at run time. The declarations are our own, of
// the few functions of comgr interface 2 that are used (amd_comgr.h documents them); nothing of
// ROCm is needed to build.
#include "lowering/codegen/link.h"

#include "llvm/ADT/ScopeExit.h"

#include <cstddef>
#include <dlfcn.h>

namespace w2w {
namespace {

using Status = int; // 0: success
struct Handle {
  uint64_t handle = 0;
};
enum DataKind { kRelocatable = 7, kExecutable = 8, kLog = 5 };
enum ActionKind { kLinkRelocatableToExecutable = 9 };

struct Comgr {
  Status (*create_data)(int kind, Handle *data);
  Status (*release_data)(Handle data);
  Status (*set_data)(Handle data, size_t size, const char *bytes);
  Status (*set_data_name)(Handle data, const char *name);
  Status (*get_data)(Handle data, size_t *size, char *bytes);
  Status (*create_data_set)(Handle *set);
  Status (*destroy_data_set)(Handle set);
  Status (*data_set_add)(Handle set, Handle data);
  Status (*action_data_count)(Handle set, int kind, size_t *count);
  Status (*action_data_get_data)(Handle set, int kind, size_t index, Handle *data);
  Status (*create_action_info)(Handle *info);
  Status (*destroy_action_info)(Handle info);
  Status (*action_info_set_isa_name)(Handle info, const char *name);
  Status (*action_info_set_logging)(Handle info, bool logging);
  Status (*do_action)(int kind, Handle info, Handle input, Handle result);
  Status (*status_string)(Status status, const char **string);
};

/// Loads comgr on first use; on failure `error` says what is missing.
const Comgr *load_comgr(std::string &error) {
  static std::string why;
  static const Comgr *loaded = []() -> const Comgr * {
    void *library = nullptr;
    for (const char *name : {"libamd_comgr.so.3", "libamd_comgr.so.2", "libamd_comgr.so"})
      if ((library = dlopen(name, RTLD_NOW | RTLD_LOCAL)))
        break;
    if (!library) {
      why = "ROCm's libamd_comgr.so was not found; install it or use --linker=lld";
      return nullptr;
    }
    static Comgr table;
    struct Symbol {
      const char *name;
      void *slot;
    };
    const Symbol symbols[] = {
        {"amd_comgr_create_data", &table.create_data},
        {"amd_comgr_release_data", &table.release_data},
        {"amd_comgr_set_data", &table.set_data},
        {"amd_comgr_set_data_name", &table.set_data_name},
        {"amd_comgr_get_data", &table.get_data},
        {"amd_comgr_create_data_set", &table.create_data_set},
        {"amd_comgr_destroy_data_set", &table.destroy_data_set},
        {"amd_comgr_data_set_add", &table.data_set_add},
        {"amd_comgr_action_data_count", &table.action_data_count},
        {"amd_comgr_action_data_get_data", &table.action_data_get_data},
        {"amd_comgr_create_action_info", &table.create_action_info},
        {"amd_comgr_destroy_action_info", &table.destroy_action_info},
        {"amd_comgr_action_info_set_isa_name", &table.action_info_set_isa_name},
        {"amd_comgr_action_info_set_logging", &table.action_info_set_logging},
        {"amd_comgr_do_action", &table.do_action},
        {"amd_comgr_status_string", &table.status_string},
    };
    for (const Symbol &s : symbols) {
      void *address = dlsym(library, s.name);
      if (!address) {
        why = std::string("ROCm's libamd_comgr.so lacks ") + s.name + "; use --linker=lld";
        return nullptr;
      }
      *static_cast<void **>(s.slot) = address;
    }
    return &table;
  }();
  error = why;
  return loaded;
}

/// The bytes of the first data object of `kind` in the set.
template <typename Bytes> bool first_data(const Comgr &comgr, Handle set, int kind, Bytes &bytes) {
  size_t count = 0;
  if (comgr.action_data_count(set, kind, &count) != 0 || count == 0)
    return false;
  Handle data;
  if (comgr.action_data_get_data(set, kind, 0, &data) != 0)
    return false;
  llvm::scope_exit release([&] { comgr.release_data(data); });
  size_t size = 0;
  if (comgr.get_data(data, &size, nullptr) != 0)
    return false;
  bytes.resize(size);
  return comgr.get_data(data, &size, reinterpret_cast<char *>(bytes.data())) == 0;
}

} // namespace

bool link_with_comgr(std::span<const uint8_t> object, const std::string &mcpu,
                     std::vector<uint8_t> &code_object, std::string &error) {
  const Comgr *comgr = load_comgr(error);
  if (!comgr)
    return false;
  auto failed = [&](const char *what, Status status) {
    const char *text = "unknown status";
    comgr->status_string(status, &text);
    error = std::string("comgr: ") + what + ": " + text;
    return false;
  };

  Handle data, input, output, info;
  if (Status s = comgr->create_data(kRelocatable, &data))
    return failed("create data", s);
  llvm::scope_exit release_data([&] { comgr->release_data(data); });
  if (Status s =
          comgr->set_data(data, object.size(), reinterpret_cast<const char *>(object.data())))
    return failed("set data", s);
  if (Status s = comgr->set_data_name(data, "w2w.o"))
    return failed("name data", s);
  if (Status s = comgr->create_data_set(&input))
    return failed("create data set", s);
  llvm::scope_exit destroy_input([&] { comgr->destroy_data_set(input); });
  if (Status s = comgr->data_set_add(input, data))
    return failed("add data", s);
  if (Status s = comgr->create_data_set(&output))
    return failed("create data set", s);
  llvm::scope_exit destroy_output([&] { comgr->destroy_data_set(output); });
  if (Status s = comgr->create_action_info(&info))
    return failed("create action", s);
  llvm::scope_exit destroy_info([&] { comgr->destroy_action_info(info); });
  std::string isa = "amdgcn-amd-amdhsa--" + mcpu;
  if (comgr->action_info_set_isa_name(info, isa.c_str()) != 0) {
    error = "the installed comgr does not know " + mcpu + "; use --linker=lld";
    return false;
  }
  comgr->action_info_set_logging(info, true);
  if (Status s = comgr->do_action(kLinkRelocatableToExecutable, info, input, output)) {
    failed("link", s);
    std::string log;
    if (first_data(*comgr, output, kLog, log))
      error += "\n" + log;
    return false;
  }
  if (!first_data(*comgr, output, kExecutable, code_object)) {
    error = "comgr: the link gave no code object";
    return false;
  }
  return true;
}

} // namespace w2w
