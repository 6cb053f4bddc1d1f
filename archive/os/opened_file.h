// What a path named at one moment: nothing looks at the path again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// OpenedFile is a file or directory, open for reading.
struct OpenedFile {
  FileDescriptor descriptor;
  std::uint32_t mode = 0;  // see base/file_mode.h
};

// open_for_reading opens `path`, whatever stands there, and waits for nobody: not for somebody to
// write to a FIFO, and for no device. Fails with `kNotFound`, `kNotRegular` for what cannot be
// opened at all (a socket), `kUsage` for a path with a NUL byte, or `kIo`.
Result<OpenedFile> open_for_reading(const std::string& path);

// read_some fills `into` from the descriptor's position on, as far as the file reaches, and returns
// how many bytes that were. `what` names the file in a `kIo`.
Result<std::size_t> read_some(int descriptor, std::span<std::byte> into, const std::string& what);

}  // namespace signedvfs
