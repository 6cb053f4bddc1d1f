// Listing a directory that is open.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// ignores_case tells whether "A.py" finds "a.py" in the directory. File systems without such flags
// do not know the request, which is an answer as well.
bool ignores_case(int directory) noexcept;

// SeeEntry is given the name of an entry and its type (the `kTypeBits` of its mode; a link itself,
// and not what it leads to). An error ends the listing.
using SeeEntry = std::function<Status(std::string_view name, std::uint32_t type)>;

// read_directory gives the entries of `directory` to `see`, "." and ".." left out, in no order.
// `path` is for messages. Fails with `kIo`, or as `see` does.
Status read_directory(FileDescriptor directory, const std::string& path, const SeeEntry& see);

// open_directory opens the directory `path` as a place to open others below, and for nothing else;
// the result is empty where that fails.
FileDescriptor open_directory(const std::string& path);

}  // namespace signedvfs
