// The audit events that are judged in an interpreter that is locked down. Private to guard/.
#pragma once

#include <string_view>

#include "archive/base/status.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// LockedEvent is an event and who judges it: a failure is why it is refused.
struct LockedEvent {
  const char* name;
  Status (*judge)(Interpreter& home, const char* event, PyObject* arguments);
};

// locked_event returns the one called `name`; null: it is always allowed. Quick.
const LockedEvent* locked_event(const char* name) noexcept;

// is_refused_in_stranger judges one of them in an interpreter that nobody has locked down, in a
// process that is: what is part of the executable is imported there, and text is executed, so that
// it can begin at all. No file is loaded. Fails with `kPython` only.
Result<bool> is_refused_in_stranger(std::string_view event, PyObject* arguments);

}  // namespace signedvfs
