// Whether the functions of a module are those of its file. Private to guard/.
#pragma once

#include <set>
#include <string>

#include "archive/base/status.h"
#include "importer/python/object.h"

namespace signedvfs {

// CodeOfFiles holds the code objects of files that have been verified, by the name that they give
// of their file (`co_filename`). Everything needs the GIL.
class CodeOfFiles {
 public:
  Status create();

  // add adds the code object of the file of the module `module`, and all those in it.
  Status add(const std::string& module, PyObject* code);

  // find_foreign looks through what `object`, the module called `module`, holds, classes included,
  // and returns the first function of its own (by what it says, or by whose globals it uses) whose
  // code is not that of a file that was added;
  // empty: there is none. A class may have functions that were made of no file ("<string>"), as
  // dataclasses do, where its file has none of that name.
  Result<PyRef> find_foreign(PyObject* object, const std::string& module) const;

 private:
  // Subject is the module that is looked through.
  struct Subject {
    PyObject* name;     // a str
    PyObject* globals;  // its dictionary
  };

  // Place is where in it a function is found.
  struct Place {
    std::string path;          // "module:Class.name"
    bool is_in_class = false;  // whether a class holds it
  };

  // Classes are those that are still to be looked through, and where they are. They may hold each
  // other, so that there are any number of ways to each.
  struct Classes;

  Status add_all(PyObject* code, const std::string& path);
  Result<bool> has(PyObject* code) const;
  Result<bool> is_foreign(PyObject* function, const Subject& of, const Place& place) const;
  Result<PyRef> foreign_in(PyObject* dict, const Subject& of, const Place& place,
                           Classes& classes) const;
  Result<PyRef> foreign_value(PyObject* value, const Subject& of, const Place& place,
                              Classes& classes) const;

  PyRef files_;                  // a dict: co_filename -> a set of code objects
  std::set<std::string> paths_;  // where functions are in their files
};

}  // namespace signedvfs
