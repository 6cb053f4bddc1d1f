// Libraries that code of an archive will ask the linker for by name while it runs: noted when it
// was packed. Private to native/.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// kNativeNotesName is a member like any other, of UTF-8 lines "<object>\t<library>", both paths of
// members, sorted: before the object is loaded, the library is. dlopen(3) then finds it by its
// name. An object may be a library itself.
inline constexpr std::string_view kNativeNotesName = "signedvfs-native.txt";

// NativeNotes are what it says: for each object the libraries, in the order of the file. Nothing
// says that they are members.
using NativeNotes = std::map<std::string, std::vector<std::string>, std::less<>>;

// read_notes returns none where an archive has none. Fails as reading does, and with `kBadLibrary`
// where a line is malformed.
Result<NativeNotes> read_notes(const SignedVfs& vfs);

}  // namespace signedvfs
