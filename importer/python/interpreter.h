// The one owner of what we keep in an interpreter.
#pragma once

#include <memory>
#include <string>

#include "importer/python/object.h"

namespace signedvfs {

struct Files;         // importer/files: paths below archives that are answered
struct Doors;         // importer/doors: what of the standard library has been taken over
struct Guards;        // importer/guard: the import managers that are installed
struct Importers;     // importer/finders: the importers of the interpreter's hooks
struct TrustInForce;  // importer/values: whom to believe, and what it may cost, by default

// Exceptions are the classes that refusals are raised as.
struct Exceptions {
  PyRef base;      // IntegrityCheckError
  PyRef failed;    // IntegrityCheckFailed
  PyRef missing;   // IntegrityCheckMissing
  PyRef key_file;  // KeyFileError

  // The same three for whoever looks at source: they are ImportErrors as well.
  PyRef showing_base, showing_failed, showing_missing;
};

// Types are our classes.
struct Types {
  PyRef limits, public_key, trusted_key, trust_policy;  // importer/values
  PyRef signed_vfs, stat;
  PyRef finder, path_hook, meta_path_entry;   // importer/finders
  PyRef finder_face;                          // what finders say they are (finders/finder_face.h)
  PyRef manager, alias_loader, guarded_list;  // importer/guard
};

// Interpreter is the state of the module `signedvfs._core` in one interpreter (PEP 489): made with
// the module, gone with it. Objects find it through their class, functions through the module;
// nothing is found through a global or a name. Everything needs the GIL, or its own lock.
struct Interpreter {
  PyObject* module = nullptr;  // whose state this is
  bool is_alive = false;       // false once the garbage collector has taken the rest apart
  Exceptions exceptions;
  Types types;
  std::shared_ptr<TrustInForce> trust;
  std::shared_ptr<Importers> importers;
  std::shared_ptr<Doors> doors;
  std::shared_ptr<Files> files;
  std::shared_ptr<Guards> guards;

  // application is the path of the executable that this process is, where that is its own archive
  // (importer/launcher); empty in every other process.
  std::string application;

  // told_of_refusal is called before an IntegrityCheckError is raised, with the path that it is
  // about ("": not known) and what it says; null: nobody. It need not return: in an application
  // that is its own archive nothing goes on behind a refusal (importer/launcher).
  void (*told_of_refusal)(const std::string& path, const std::string& message) = nullptr;

  // type borrows one of `types` as what it is.
  static PyTypeObject* type(const PyRef& made) noexcept {
    return reinterpret_cast<PyTypeObject*>(made.get());
  }
};

// core_module is the definition of the module, by which its objects are told from others.
extern PyModuleDef core_module;

// home_of_module returns the state of our module `module`.
Interpreter& home_of_module(PyObject* module) noexcept;

// living_home returns it for whoever is called by Python; null, with a RuntimeError, where the
// module has not been executed, or has been taken apart.
Interpreter* living_home(PyObject* module);

// home_of returns that of the module which `type`, one of our classes or a subclass, belongs to;
// null, with a TypeError, for others, and with a RuntimeError as living_home.
Interpreter* home_of(PyTypeObject* type);

// running_interpreter returns that of the module as the running interpreter has it loaded, for the
// modules beside it; null, with an exception, where it is not.
Interpreter* running_interpreter();

}  // namespace signedvfs
