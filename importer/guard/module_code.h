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
  // Place is where in a module a function is found.
  struct Place {
    PyObject* module;   // its name, a str
    PyObject* globals;  // its dictionary
    std::string path;   // "module:Class.name"
    int depth = 0;      // in how many classes
  };

  Status add_all(PyObject* code, const std::string& path);
  Result<bool> has(PyObject* code) const;
  Result<bool> is_foreign(PyObject* function, const Place& place) const;
  Result<PyRef> foreign_in(PyObject* dict, const Place& place) const;
  Result<PyRef> foreign_value(PyObject* value, const Place& place) const;

  PyRef files_;                  // a dict: co_filename -> a set of code objects
  std::set<std::string> paths_;  // where functions are in their files
};

}  // namespace signedvfs
