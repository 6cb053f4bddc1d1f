#include "importer/native/extension_module.h"

#include <array>
#include <utility>

#include "importer/native/linker_turn.h"
#include "importer/python/convert.h"
#include "importer/python/guard.h"
#include "importer/python/raised.h"
#include "importer/python/vouched_path.h"

namespace signedvfs {
namespace {

// Renamed has a spec name another file while CPython loads from it: what people see of a module is
// made of other attributes, later.
class Renamed {
 public:
  static Result<Renamed> begin(PyObject* spec, PyObject* name, PyObject* path) {
    SIGNEDVFS_ASSIGN(PyRef before, owned(PyObject_GetAttr(spec, name)));
    if (PyObject_SetAttr(spec, name, path) < 0) return python_error();
    return Renamed(spec, name, std::move(before));
  }
  Renamed(Renamed&& other) noexcept
      : spec_(std::exchange(other.spec_, nullptr)),
        name_(other.name_),
        before_(std::move(other.before_)) {}
  Renamed& operator=(Renamed&&) = delete;
  ~Renamed() {
    if (spec_ == nullptr) return;
    PyRef waiting = take_raised();
    if (PyObject_SetAttr(spec_, name_, before_.get()) < 0) PyErr_Clear();
    if (waiting) raise_again(std::move(waiting));
  }

 private:
  Renamed(PyObject* spec, PyObject* name, PyRef before) noexcept
      : spec_(spec), name_(name), before_(std::move(before)) {}

  PyObject* spec_;
  PyObject* name_;
  PyRef before_;
};

// has_text tells whether `object` is a str with `part` in it.
bool has_text(PyObject* object, PyObject* part) {
  if (PyUnicode_Check(object) == 0) return false;
  const Py_ssize_t found = PyUnicode_Find(object, part, 0, PyUnicode_GetLength(object), 1);
  if (found == -2) PyErr_Clear();
  return found >= 0;
}

// put_origin replaces the path in an attribute of an exception.
Status put_origin(PyObject* raised, const char* name, PyObject* path, PyObject* origin) {
  const PyRef value = PyRef::steal(PyObject_GetAttrString(raised, name));
  if (!value || !has_text(value.get(), path)) {
    PyErr_Clear();
    return {};
  }
  SIGNEDVFS_ASSIGN(const PyRef text, owned(PyUnicode_Replace(value.get(), path, origin, -1)));
  if (PyObject_SetAttrString(raised, name, text.get()) < 0) return python_error();
  return {};
}

// show_origin has the ImportError that is set name the file that people know.
Status show_origin(PyObject* path, PyObject* origin) {
  if (PyErr_ExceptionMatches(PyExc_ImportError) == 0) return python_error();
  PyRef raised = take_raised();
  Status shown = put_origin(raised.get(), "path", path, origin);
  if (shown.ok()) shown = put_origin(raised.get(), "msg", path, origin);
  if (shown.ok()) {
    const PyRef message = PyRef::steal(PyObject_GetAttrString(raised.get(), "msg"));
    const PyRef arguments = message ? PyRef::steal(PyTuple_Pack(1, message.get())) : PyRef();
    if (!arguments || PyObject_SetAttrString(raised.get(), "args", arguments.get()) < 0) {
      PyErr_Clear();
    }
  } else {
    PyErr_Clear();  // the failure itself is what matters
  }
  raise_again(std::move(raised));
  return python_error();
}

// name_file gives the module the file that people know, where CPython or the module itself has
// taken the other one.
Status name_file(const ImportSystem& system, PyObject* module, PyObject* path, PyObject* origin) {
  const PyRef file = PyRef::steal(PyObject_GetAttr(module, system.dunder_file.get()));
  if (!file) {
    if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) return python_error();
    PyErr_Clear();
    return {};  // importlib is going to
  }
  if (!has_text(file.get(), path)) return {};
  if (PyObject_SetAttr(module, system.dunder_file.get(), origin) < 0) return python_error();
  return {};
}

// create_after_others is bound to `_imp.create_dynamic`, which asks the dynamic linker for what is
// loaded, with the GIL. A constructor that another thread runs there may be waiting for the GIL: so
// this waits until nobody is in the linker, without the GIL, and then keeps the GIL until it is
// asked. It keeps no turn: the module's own code runs in there, and may wait for other threads'
// imports.
PyObject* create_after_others(PyObject* create, const Arguments& given) {
  static constexpr Parameters<1> kParameters{"create", 1, {"spec"}};
  std::array<PyObject*, 1> values{};
  if (!kParameters.read(given, values)) return nullptr;
  {
    const LinkerTurn others_are_done;
  }
  return PyObject_CallOneArg(create, values[0]);
}

PyMethodDef create_definition = method_of<&create_after_others>("create", nullptr);

}  // namespace

Result<PyRef> create_extension(const ImportSystem& system, PyObject* spec, const std::string& path,
                               PyObject* origin) {
  SIGNEDVFS_ASSIGN(const PyRef loaded, text_of_path(path));
  SIGNEDVFS_ASSIGN(const PyRef create_dynamic,
                   owned(PyObject_GetAttrString(system.imp.get(), "create_dynamic")));
  // Between them is no line of Python, at which others could get the GIL.
  SIGNEDVFS_ASSIGN(const PyRef create,
                   owned(PyCFunction_New(&create_definition, create_dynamic.get())));
  PyRef module;
  {
    SIGNEDVFS_ASSIGN(const Renamed renamed,
                     Renamed::begin(spec, system.origin.get(), loaded.get()));
    const VouchedPath vouched(path);
    PyObject* const arguments[] = {create.get(), spec};
    module = PyRef::steal(PyObject_Vectorcall(system.call_trimmed.get(), arguments, 2, nullptr));
  }
  if (!module) return show_origin(loaded.get(), origin);
  SIGNEDVFS_TRY(name_file(system, module.get(), loaded.get(), origin));
  return module;
}

Status execute_extension(const ImportSystem& system, PyObject* module) {
  SIGNEDVFS_ASSIGN(const PyRef execute,
                   owned(PyObject_GetAttrString(system.imp.get(), "exec_dynamic")));
  PyObject* const arguments[] = {execute.get(), module};
  SIGNEDVFS_ASSIGN(const PyRef done,
                   owned(PyObject_Vectorcall(system.call_trimmed.get(), arguments, 2, nullptr)));
  return {};
}

Result<int> loading_flags() {
  SIGNEDVFS_ASSIGN(const PyRef ask, loaded_attribute("sys", "getdlopenflags"));
  SIGNEDVFS_ASSIGN(const PyRef flags, owned(PyObject_CallFunctionObjArgs(ask.get(), nullptr)));
  return small_int_of(flags.get(), "the flags of sys.getdlopenflags()");
}

}  // namespace signedvfs
