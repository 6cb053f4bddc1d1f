#include "importer/python/object.h"

namespace signedvfs {
namespace {

// zip_import_error returns zipimport's exception class, or ImportError in an interpreter that was
// started without zipimport.
PyRef zip_import_error() {
  Result<PyRef> type = loaded_attribute("zipimport", "ZipImportError");
  if (type.ok()) return std::move(type).value();
  PyErr_Clear();
  return PyRef::borrow(PyExc_ImportError);
}

}  // namespace

Result<PyRef> item_of(PyObject* dict, PyObject* key) {
#if PY_VERSION_HEX >= 0x030d0000
  PyObject* found = nullptr;
  if (PyDict_GetItemRef(dict, key, &found) < 0) return python_error();
  return PyRef::steal(found);
#else
  PyObject* const found = PyDict_GetItemWithError(dict, key);
  if (found == nullptr && PyErr_Occurred() != nullptr) return python_error();
  return PyRef::borrow(found);
#endif
}

PyRef item_at(PyObject* list, Py_ssize_t index) noexcept {
#if PY_VERSION_HEX >= 0x030d0000
  PyObject* const item = PyList_GetItemRef(list, index);
  if (item == nullptr) PyErr_Clear();
  return PyRef::steal(item);
#else
  return index < PyList_GET_SIZE(list) ? PyRef::borrow(PyList_GET_ITEM(list, index)) : PyRef();
#endif
}

PyRef sys_object(const char* name) {
#ifdef Py_GIL_DISABLED
  // Another thread may replace what the module has while we look at it.
  Result<PyRef> found = loaded_attribute("sys", name);
  if (found.ok()) return std::move(found).value();
  PyErr_Clear();
  return {};
#else
  return PyRef::borrow(PySys_GetObject(name));
#endif
}

Result<PyRef> loaded_module(const char* name) {
  SIGNEDVFS_ASSIGN(const PyRef key, owned(PyUnicode_InternFromString(name)));
  PyObject* const module = PyImport_GetModule(key.get());
  if (module == nullptr && PyErr_Occurred() == nullptr) {
    PyErr_Format(PyExc_ImportError, "%U is not loaded, and an import hook may not import it",
                 key.get());
  }
  return owned(module);
}

Result<PyRef> loaded_attribute(const char* module, const char* name) {
  SIGNEDVFS_ASSIGN(const PyRef owner, loaded_module(module));
  return owned(PyObject_GetAttrString(owner.get(), name));
}

Result<std::string> take_error_text() {
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  const PyRef owned_type = PyRef::steal(type);
  const PyRef owned_value = PyRef::steal(value);
  const PyRef owned_traceback = PyRef::steal(traceback);
  SIGNEDVFS_ASSIGN(const PyRef text, owned(PyObject_Str(value)));
  return utf8_of(text.get());
}

Result<std::string> utf8_of(PyObject* text) {
  if (PyUnicode_Check(text) == 0) {
    PyErr_Format(PyExc_TypeError, "expected str, not %.200s", Py_TYPE(text)->tp_name);
    return python_error();
  }
  Py_ssize_t size = 0;
  if (const char* const utf8 = PyUnicode_AsUTF8AndSize(text, &size); utf8 != nullptr) {
    return std::string(utf8, static_cast<std::size_t>(size));
  }
  if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) return python_error();
  PyErr_Clear();
  SIGNEDVFS_ASSIGN(const PyRef bytes,
                   owned(PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass")));
  return std::string(PyBytes_AS_STRING(bytes.get()),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get())));
}

Result<PyRef> text_of_utf8(std::string_view utf8) {
  return owned(
      PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "surrogateescape"));
}

Result<PyRef> text_of_path(std::string_view path) {
  return owned(PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
}

Status set_import_error(const std::string& message, PyObject* name, PyObject* path,
                        const std::string& cause) {
  const PyRef type = zip_import_error();
  SIGNEDVFS_ASSIGN(const PyRef text, text_of_utf8(message));
  PyErr_SetImportErrorSubclass(type.get(), text.get(), name, path);
  if (cause.empty()) return python_error();

  SIGNEDVFS_ASSIGN(const PyRef reason, text_of_utf8(cause));
  PyObject* raised = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&raised, &value, &traceback);
  PyErr_NormalizeException(&raised, &value, &traceback);
  PyErr_SetImportError(reason.get(), name, path);
  PyObject* cause_type = nullptr;
  PyObject* cause_value = nullptr;
  PyObject* cause_traceback = nullptr;
  PyErr_Fetch(&cause_type, &cause_value, &cause_traceback);
  PyErr_NormalizeException(&cause_type, &cause_value, &cause_traceback);
  PyException_SetCause(value, cause_value);  // takes the reference over
  Py_XDECREF(cause_type);
  Py_XDECREF(cause_traceback);
  PyErr_Restore(raised, value, traceback);
  return python_error();
}

}  // namespace signedvfs
