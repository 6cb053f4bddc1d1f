// The audit events that are judged in an interpreter that is locked down. Private to guard/.
#pragma once

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

}  // namespace signedvfs
