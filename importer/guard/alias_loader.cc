#include "importer/guard/alias_loader.h"

#include <array>
#include <utility>

#include "importer/python/errors.h"
#include "importer/python/heap_type.h"

namespace signedvfs {
namespace {

struct AliasLoader {
  std::string canonical;
};

PyObject* create_alias(PyObject* /*self*/, const Arguments& /*given*/) { Py_RETURN_NONE; }

Status import_canonical(const AliasLoader& loader, PyObject* placeholder) {
  SIGNEDVFS_ASSIGN(const PyRef canonical, text_of_utf8(loader.canonical));
  SIGNEDVFS_ASSIGN(const PyRef imported, owned(PyImport_ImportModuleLevelObject(
                                             canonical.get(), nullptr, nullptr, nullptr, 0)));
  const PyRef module = PyRef::steal(PyImport_GetModule(canonical.get()));
  if (!module) {
    if (PyErr_Occurred() == nullptr) {
      PyErr_Format(PyExc_ImportError, "%U is not in sys.modules after its import", canonical.get());
    }
    return python_error();
  }
  SIGNEDVFS_ASSIGN(const PyRef name, owned(PyObject_GetAttrString(placeholder, "__name__")));
  // importlib takes from there what the import ends with.
  if (PyObject_SetItem(PyImport_GetModuleDict(), name.get(), module.get()) < 0) {
    return python_error();
  }
  return {};
}

PyObject* exec_alias(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"exec_module", 1, {"module"}};
  std::array<PyObject*, 1> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  const AliasLoader* const loader = value_in<AliasLoader>(self);
  if (loader == nullptr) return nullptr;
  return none(*holder_of<AliasLoader>(self)->home, import_canonical(*loader, arguments[0]),
              Activity::kTool);
}

}  // namespace

Status add_alias_loader(Interpreter& home) {
  static std::array methods{
      method_of<&create_alias>("create_module", "create_module($self, spec)\n--\n\nReturn None."),
      method_of<&exec_alias>("exec_module",
                             "exec_module($self, module)\n--\n\n"
                             "Have the import end with the module of the other name."),
      method_of<&not_pickled>("__reduce__", nullptr), PyMethodDef{}};
  static std::array members{kWeakMember, PyMemberDef{}};
  static std::array slots{
      slot(Py_tp_doc, "Loads a module under an alias (SignedImportManager's module_aliases)."),
      slot(Py_tp_new, &not_made),
      slot(Py_tp_dealloc, &free_holder<AliasLoader>),
      slot(Py_tp_traverse, &traverse_holder<AliasLoader>),
      slot(Py_tp_clear, &clear_holder<AliasLoader>),
      slot(Py_tp_methods, methods.data()),
      slot(Py_tp_members, members.data()),
      PyType_Slot{}};
  static PyType_Spec spec{"signedvfs._core._AliasLoader", sizeof(Holder<AliasLoader>), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots.data()};
  return add_type(home, spec, home.types.alias_loader);
}

Result<PyRef> alias_spec(Interpreter& home, const ImportSystem& system, PyObject* name,
                         std::string canonical) {
  SIGNEDVFS_ASSIGN(const PyRef origin, text_of_utf8("alias of " + canonical));
  SIGNEDVFS_ASSIGN(const PyRef loader, new_object(Interpreter::type(home.types.alias_loader), &home,
                                                  AliasLoader{std::move(canonical)}));
  SIGNEDVFS_ASSIGN(PyRef spec, owned(PyObject_CallFunctionObjArgs(system.module_spec.get(), name,
                                                                  loader.get(), nullptr)));
  if (PyObject_SetAttr(spec.get(), system.origin.get(), origin.get()) < 0) return python_error();
  return spec;
}

}  // namespace signedvfs
