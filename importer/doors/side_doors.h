// Functions of the standard library that go past the importer, and ours in their places.
//
// The standard library does not ask the finder for everything: some of its functions open the
// archive themselves, with zipfile, and would hand out what nobody has verified; others start
// interpreters that have no hook, or lose the error that they are showing when they are refused. So
// do the packages that later versions of it come from. Each is a side door. In its place stands a
// function that calls one of ours, with the original as its first argument; ours knows what is
// signed, and leaves everything else to the original.
//
// Doors are closed when the hook is first used, as far as their modules are loaded, and otherwise
// when these have just been executed, before anybody can have taken the original from them: by the
// loader that our entry of sys.meta_path gives them, and, for whoever finds them in another way (a
// finder in front of ours, spec_from_file_location), by the function that executes all files, which
// is a door itself. A loader that has a function of its own for that is noticed later: the places
// are looked at whenever the hook is called, and whenever an import passes our entry.
//
// What is not there, or is no function any more, leads nowhere and stays as it is: others replace
// these functions, too, and delete them. Everything here needs the GIL.
//
// Some modules have a registry instead, in which ours are entered at the same moments
// (registries.h).
#pragma once

#include <memory>

#include "archive/base/status.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// add_doors gives the module `_close_doors_of`, for our Python modules, and the interpreter doors,
// all of them open.
Status add_doors(Interpreter& home);

// close_side_doors closes all doors whose modules are loaded, and watches for the others. Where it
// has been done it closes again what somebody has opened since, and is cheap.
Status close_side_doors(Interpreter& home);

// close_new_side_doors closes the doors of modules that have come past our entry of sys.meta_path.
// It costs a few look-ups in a dictionary.
Status close_new_side_doors(Interpreter& home);

// close_doors_in_executed does so for a module that has just been executed, whatever found it.
Status close_doors_in_executed(Interpreter& home, PyObject* module);

// watch_import returns the spec of a module that is about to be imported: `spec`, which may be
// None, unless the module has side doors. Then the finders behind `finder` are asked for what it
// has not found, and the doors are closed as soon as the module has been executed.
Result<PyRef> watch_import(PyObject* finder, PyObject* name, PyObject* path, PyObject* target,
                           PyRef spec);

// Execution says, as long as it lives, that `module` (anything, or null) is being executed. Where
// it has a registry of finders by their class, ours are entered before it can ask about them.
class Execution {
 public:
  Execution(const Interpreter& home, PyObject* module);
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution();

 private:
  std::shared_ptr<Doors> doors_;
  PyRef module_;
};

// enter_registries_being_made enters our finders in the registries of modules that are being
// executed. Called when somebody asks a finder for its class; cheap where there is no such module.
Status enter_registries_being_made(Interpreter& home);

// own_function returns the function `name` of our Python module `module`, which is imported only
// now: whoever asks may be in the middle of an import. What is missing there is a RuntimeError.
Result<PyRef> own_function(const char* module, const char* name);

// What the garbage collector does with the doors.
int traverse_doors(const Doors& doors, visitproc visit, void* arg);

}  // namespace signedvfs
