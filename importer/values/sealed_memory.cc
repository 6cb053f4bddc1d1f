#include "importer/values/sealed_memory.h"

#include <array>
#include <string_view>

#include "archive/base/buffer.h"
#include "archive/os/sealed_memory.h"
#include "importer/python/convert.h"
#include "importer/python/errors.h"
#include "importer/python/guard.h"

namespace signedvfs {
namespace {

// sealed_descriptor returns the number of a descriptor that the caller closes, or None where the
// system has no such memory or forbids it.
Result<PyRef> sealed_descriptor(PyObject* content, PyObject* executable) {
  if (PyBytes_Check(content) == 0) return wrong_type("content", "bytes", content);
  bool executes = false;
  if (executable != nullptr) {
    SIGNEDVFS_ASSIGN(executes, choice_of(executable, "executable"));
  }
  const MemoryUse use = executes ? MemoryUse::kExecute : MemoryUse::kRead;
  // Immutable, and the caller keeps it.
  const std::string_view bytes(PyBytes_AS_STRING(content),
                               static_cast<std::size_t>(PyBytes_GET_SIZE(content)));
  Result<FileDescriptor> memory =
      without_gil([&] { return sealed_memory("signedvfs", bytes_of(bytes), use); });
  if (memory.code() == Errc::kUnsupported) return PyRef::borrow(Py_None);
  if (!memory.ok()) return std::move(memory).status();
  return owned(PyLong_FromLong(std::move(memory).value().release()));
}

PyObject* seal(PyObject* module, const Arguments& given) {
  static constexpr Parameters<2> kSignature{"_sealed_memory", 1, {"content", "executable"}};
  std::array<PyObject*, 2> in;
  if (!kSignature.read(given, in)) return nullptr;
  Interpreter* const home = living_home(module);
  if (home == nullptr) return nullptr;
  return answer(*home, sealed_descriptor(in[0], in[1]), Activity::kTool);
}

PyMethodDef sealing_functions[] = {
    method_of<&seal>(
        "_sealed_memory",
        "_sealed_memory($module, /, content, executable=False)\n--\n\n"
        "Return a descriptor of memory that holds `content` and that nobody can change; None "
        "where\nthe system has none. The caller closes it. It can be executed where that is asked "
        "for.\n\nRaises OSError."),
    {}};

}  // namespace

Status add_sealed_memory(Interpreter& home) {
  if (PyModule_AddFunctions(home.module, sealing_functions) < 0) return python_error();
  return {};
}

}  // namespace signedvfs
