// sys.meta_path while a manager is installed. Private to guard/.
//
// To stand first in sys.meta_path is not enough: what answers None is followed by the next one, and
// anybody may put a finder in front. So the list is one of a class of its own: whoever goes through
// it - the import system does - meets the managers and nobody else, whatever the list holds.
#pragma once

#include "archive/base/status.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// add_guarded_list makes the class.
Status add_guarded_list(Interpreter& home);

// put_in_meta_path puts `manager` first into sys.meta_path, and, where one that enforces is
// installed, a list of that class in the place of another one.
Status put_in_meta_path(Interpreter& home, PyObject* manager);

// take_from_meta_path takes it out, and restores a plain list when the last that enforces has gone.
Status take_from_meta_path(Interpreter& home, PyObject* manager);

}  // namespace signedvfs
