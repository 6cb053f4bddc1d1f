// Which members have been loaded into this process. Private to native/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/os/dynamic_linker.h"
#include "archive/os/lasting_descriptor.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// MemberContent is a member as it was at some time.
struct MemberContent {
  std::string entry;
  std::string identity;  // of the content (SignedVfs::identity_of)
};

// LoadedLibrary is one of them. It stays loaded: a second copy in another interpreter of the
// process would be a second copy of what C keeps in its variables, which is not what a file is to
// dlopen(3).
struct LoadedLibrary {
  std::string archive;   // its absolute path
  std::string entry;     // the member
  std::string identity;  // of the content (SignedVfs::identity_of)
  std::string path;      // what it was loaded under, and is found by again
  LibraryHandle handle = nullptr;
  std::weak_ptr<const SignedVfs> vfs;  // what it was read from, as long as somebody uses that
  std::vector<MemberContent> needs;    // libraries of the same archive, for which it was linked

  // The memory that it was loaded from, where the linker opens that each time it is given the path
  // (kLinkerGoesByNames); else null.
  std::shared_ptr<const LastingDescriptor> memory;
};

// Any thread may call these; nothing is ever forgotten.

// loaded_member returns the one that was loaded from that member with that content.
std::optional<LoadedLibrary> loaded_member(const std::string& archive, const std::string& entry,
                                           const std::string& identity);

// library_of_handle returns the one that the linker knows by `handle`.
std::optional<LoadedLibrary> library_of_handle(LibraryHandle handle);

// note_loaded adds one.
void note_loaded(LoadedLibrary library);

}  // namespace signedvfs
