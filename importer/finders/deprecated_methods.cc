#include "importer/finders/deprecated_methods.h"

#include <array>

#include "importer/finders/deprecated_protocol.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"

namespace signedvfs {

#if PY_VERSION_HEX < 0x030f0000  // 3.15 has none of them
namespace {

using DeprecatedMethod = Result<PyRef> (*)(const Finder&, PyObject*, PyObject*);

bool warn([[maybe_unused]] const char* instead) {
#if PY_VERSION_HEX >= 0x030a0000
  return PyErr_WarnEx(PyExc_DeprecationWarning, instead, 1) == 0;
#else
  return true;
#endif
}

PyObject* call(DeprecatedMethod method, PyObject* self, PyObject* name, const char* instead) {
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr || !warn(instead)) return nullptr;
  Subject subject;
  subject.path = finder->location().archive;
  return answer(*holder_of<Finder>(self)->home, method(*finder, self, name), Activity::kVerifying,
                subject);
}

PyObject* call_load_module(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"load_module", 1, {"fullname"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  return call(load_module, self, arguments[0],
              "zipimporter.load_module() is deprecated; use exec_module() instead");
}

#if PY_VERSION_HEX < 0x030c0000
PyObject* call_find_module(PyObject* self, const Arguments& given) {
  static constexpr Parameters<2> kParameters{"find_module", 1, {"fullname", "path"}};
  std::array<PyObject*, 2> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  return call(find_module_loader, self, arguments[0],
              "zipimporter.find_module() is deprecated; use find_spec() instead");
}

PyObject* call_find_loader(PyObject* self, const Arguments& given) {
  static constexpr Parameters<2> kParameters{"find_loader", 1, {"fullname", "path"}};
  std::array<PyObject*, 2> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  return call(find_loader, self, arguments[0],
              "zipimporter.find_loader() is deprecated; use find_spec() instead");
}
#endif

}  // namespace

void add_deprecated(std::vector<PyMethodDef>& methods) {
#if PY_VERSION_HEX < 0x030c0000
  methods.push_back(method_of<&call_find_module>(
      "find_module",
      "find_module($self, fullname, path=None)\n--\n\n"
      "Return this object where it can load the module, or None. Use find_spec."));
  methods.push_back(
      method_of<&call_find_loader>("find_loader",
                                   "find_loader($self, fullname, path=None)\n--\n\n"
                                   "Return (loader or None, namespace portions). Use find_spec."));
#endif
  methods.push_back(method_of<&call_load_module>(
      "load_module",
      "load_module($self, fullname)\n--\n\n"
      "Import the module into sys.modules and return it. Use importlib.import_module."));
}
#else
void add_deprecated(std::vector<PyMethodDef>& /*methods*/) {}
#endif

}  // namespace signedvfs
