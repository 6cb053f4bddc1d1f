// Staying in place: what a process that is locked down is not allowed any more (PEP 578).
//
// A native audit hook sees what code asks of the interpreter, and a hook for `io.open_code` what it
// reads to execute it. Both are there for the life of the process, and act in the interpreters that
// have a manager with `lockdown=True`. They keep signed code from loading, by mistake or because
// somebody has talked it into it, what nobody has signed. Code that wants to get around them can:
// whatever runs may call `exec` with any text.
#pragma once

#include "archive/base/status.h"
#include "importer/python/interpreter.h"

namespace signedvfs {

// begin_lockdown sets the hooks, and has them act in this interpreter. Doing it again does nothing.
// Fails with `kPython` where there is another hook for `io.open_code`, or an audit hook objects.
Status begin_lockdown(Interpreter& home);

// end_lockdown has them act no more in it, at its end.
void end_lockdown(const Interpreter& home) noexcept;

}  // namespace signedvfs
