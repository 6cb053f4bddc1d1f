// Memory with a descriptor, whose content nobody can change any more.
#pragma once

#include <cstddef>
#include <span>

#include "archive/file_descriptor.h"
#include "archive/status.h"

namespace signedvfs {

// sealed_memory returns the descriptor, at its beginning, of memory that holds exactly `content`.
// It can be read by its owner and executed by nobody, and is sealed against writing, growing,
// shrinking and further seals: for this process, too. /proc/PID/fd/N is a path to it. `name` is for
// people who look there. Fails with `kUnsupported` where the system has no such memory or forbids
// it, else with `kIo`, and never returns memory that lacks a seal or holds anything else.
Result<FileDescriptor> sealed_memory(const char* name, std::span<const std::byte> content);

}  // namespace signedvfs
