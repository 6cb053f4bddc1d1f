// What finders are for those who ask for zipimport's class, or read its attributes. Private to
// finders/.
//
// `isinstance(finder, zipimport.zipimporter)` is true, and nothing is inherited: `__class__` of a
// finder, which `isinstance` also goes by, is a class that is derived from ours and from
// zipimport's, and that has no objects. So no method of zipimport's, which opens the archive by
// itself, can be reached from a finder of ours.
#pragma once

#include <vector>

#include "archive/base/status.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// add_face makes that class, of the class of the finders and zipimport's as it is now.
Status add_face(Interpreter& home);

// face_of is `__class__`: that class, and for objects of a program's subclass that subclass.
PyObject* face_of(PyObject* self);

// set_class is the assignment to it, which does what it does for all objects; the class itself
// stands for that of the finders.
int set_class(PyObject* self, PyObject* type, void* closure);

// files_of is `_files` and `_get_files()`: a new dict of what is signed, as zipimport keeps it of
// an archive. Its keys are paths inside, those of directories with a "/" at the end; its values are
// tuples (path, compression, compressed size, size, offset, time, date, CRC). By these nobody finds
// content in the file: the compressed size is -1, which zipimport's own functions refuse.
PyObject* files_of(PyObject* self);

// add_face_methods adds `_get_files`.
void add_face_methods(std::vector<PyMethodDef>& methods);

}  // namespace signedvfs
