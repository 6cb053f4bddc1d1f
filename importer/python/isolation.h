// An interpreter that was started without -I, and is made equal to one that was.
#pragma once

#include "archive/base/status.h"
#include "importer/python/interpreter.h"

namespace signedvfs {

// add_isolation puts `_isolate_flags` into the module.
//
// `_isolate_flags` has `sys.flags` say `isolated`, `ignore_environment`, `no_user_site` and, from
// 3.11 on, `safe_path`. Whoever starts a child "with the interpreter's flags" (multiprocessing,
// `subprocess._args_from_interpreter_flags`) goes by them, so that the child is isolated as well.
// It changes nothing else: that what they say is true is the caller's part.
Status add_isolation(const Interpreter& home);

}  // namespace signedvfs
