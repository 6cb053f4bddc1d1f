#include "importer/files/own_processes.h"

#include <string>
#include <utility>

#include "importer/python/convert.h"

namespace signedvfs {
namespace {

// is_application tells whether `program` is the path of the application.
Result<bool> is_application(const Interpreter& home, PyObject* program) {
  const Result<std::string> path = path_of(program);
  if (path.ok()) return *path == home.application;
  // The original says what is wrong with it.
  const bool is_passed = passed_over(PyExc_TypeError) || passed_over(PyExc_ValueError);
  return is_passed ? Result<bool>(false) : path.status();
}

}  // namespace

Status give_own_words(Call& call, PyObject* program, const Parameter& words, const Parameter& place,
                      bool in_tuple) {
  const Interpreter& home = call.files().home;
  PyObject* const given = call.at(words);
  if (home.application.empty() || program == nullptr || given == nullptr) return {};
  SIGNEDVFS_ASSIGN(const bool is_own, is_application(home, program));
  if (!is_own) return {};
  SIGNEDVFS_ASSIGN(const PyRef module, owned(PyImport_ImportModule("signedvfs.launched")));
  SIGNEDVFS_ASSIGN(const PyRef restarted, owned(PyObject_GetAttrString(module.get(), "restarted")));
  SIGNEDVFS_ASSIGN(const PyRef others,
                   owned(PyObject_CallFunctionObjArgs(restarted.get(), given, nullptr)));
  if (others.get() == Py_None) return {};
  PyObject* file = nullptr;
  PyObject* line = nullptr;
  if (PyArg_ParseTuple(others.get(), "UO!:restarted", &file, &PyList_Type, &line) == 0) {
    return python_error();
  }
  PyRef started = PyRef::borrow(file);
  if (in_tuple) {  // of bytes
    SIGNEDVFS_ASSIGN(const PyRef encoded, owned(PyUnicode_EncodeFSDefault(file)));
    SIGNEDVFS_ASSIGN(started, owned(PyTuple_Pack(1, encoded.get())));
  }
  call.put(place, std::move(started));
  call.put(words, PyRef::borrow(line));
  return {};
}

}  // namespace signedvfs
