// `io.open_code` in an interpreter that is locked down. Private to guard/.
#pragma once

#include <span>

#include "archive/base/status.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// open_as_it_is opens the file as the interpreter does without a hook.
Result<PyRef> open_as_it_is(PyObject* path);

// open_vouched_code returns a file object of what may be executed: the verified content of a listed
// file, or a file that is trusted by its path. Everything else is refused.
Result<PyRef> open_vouched_code(Interpreter& home, PyObject* path);

// take_opened_bytecode tells whether `code` is what follows the header of the last .pyc that this
// thread has opened so, and forgets it.
bool take_opened_bytecode(std::span<const char> code) noexcept;

}  // namespace signedvfs
