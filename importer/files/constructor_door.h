// Constructors of classes of C that are answered by ours: io.FileIO, by which Python opens every
// file, and sqlite3.Connection.
//
// The constructor is a slot of the class, and inherited by copying it. It is replaced there, in the
// subclasses that have it, and in what `super().__init__` finds; so what a path means is decided in
// one place for everything that is built on the class: io.open, io.open_code, buffers, encodings.
#pragma once

#include <vector>

#include "archive/base/status.h"
#include "importer/files/call.h"
#include "importer/files/replaced.h"

namespace signedvfs {

// Construction is a call of the constructor of an object of C.
struct Construction {
  PyObject* self;
  PyObject* positional;  // a tuple
  PyObject* named;       // a dict, or null
  initproc original;

  int go_on() const { return original(self, positional, named); }
};

// Builder stands behind such a door; `call` is about the same arguments. It returns 0, or -1 with
// an exception.
using Builder = int (*)(Call& call, const Construction& construction);

// ConstructorDoor is where a class is, and what answers for its constructor.
struct ConstructorDoor {
  const char* module;
  const char* name;
  Builder builder;

  // Whether the first argument is a path as it is, so that its text tells where it does not lead.
  // URIs have escapes.
  bool is_plain;
};

// open_constructors replaces the constructors of those classes of the table whose modules are
// loaded; `done` notes it. Where it has been done it does nothing.
Status open_constructors(std::vector<ReplacedClass>& done);

// close_constructors undoes that.
void close_constructors(std::vector<ReplacedClass>& done) noexcept;

}  // namespace signedvfs
