// Making a manager. Private to guard/.
#pragma once

#include <memory>

#include "archive/base/status.h"
#include "importer/guard/guard.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// GuardArguments are what the constructor is given; null: not given.
struct GuardArguments {
  PyObject* keys;
  PyObject* policy;
  PyObject* limits;
  PyObject* mode;
  PyObject* trust_stdlib_paths;
  PyObject* module_aliases;
  PyObject* virtual_files;
  PyObject* check_modules;
  PyObject* lockdown;
  PyObject* manifests;
  PyObject* stdlib;
  PyObject* virtual_modules;
};

// make_guard makes the guard of a manager. What makes no sense is `kUsage`, another type a
// TypeError.
Result<std::shared_ptr<Guard>> make_guard(Interpreter& home, const GuardArguments& given);

// add_key has the guard trust one more key, and asks again about what was refused for want of it.
Status add_key(Interpreter& home, Guard& guard, PyObject* key);

// keys_of returns the keys that it trusts as a tuple.
Result<PyRef> keys_of(Interpreter& home, const Guard& guard);

// fingerprints_of returns a list of their fingerprints.
Result<PyRef> fingerprints_of(Interpreter& home, const Guard& guard);

// mode_name returns the name of a mode.
const char* mode_name(Mode mode) noexcept;

}  // namespace signedvfs
