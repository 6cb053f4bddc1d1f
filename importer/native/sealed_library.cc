#include "importer/native/sealed_library.h"

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "archive/os/sealed_memory.h"
#include "importer/native/linker_environment.h"
#include "importer/native/linker_memory.h"

namespace signedvfs {
namespace {

// Sealed is a member whose content is in memory that nobody can change, behind `descriptor`.
struct Sealed {
  FileDescriptor descriptor;
  VerifiedBytes content;
};

// copied has a file without a name stand in for memory.
Result<Sealed> copied(const LibrarySource& source, const std::string& entry, const Status& why) {
  SIGNEDVFS_ASSIGN(VerifiedBytes content, source.vfs->read(entry));
  SIGNEDVFS_ASSIGN(FileDescriptor descriptor, stand_in(source.rules, content.bytes(), why));
  return Sealed{std::move(descriptor), std::move(content)};
}

Result<Sealed> sealed(const LibrarySource& source, const std::string& entry,
                      const std::string& name) {
  // Debuggers want the symbols behind what is loaded.
  const auto takes = [](std::span<const std::byte> first, std::uint64_t size) {
    return keeps_libraries_open() ? size : loaded_size_by(first, size);
  };
  Result<std::unique_ptr<SealedVessel>> made = SealedVessel::create(name.c_str(), takes);
  if (made.code() == Errc::kUnsupported) return copied(source, entry, made.status());
  SIGNEDVFS_ASSIGN(const std::unique_ptr<SealedVessel> vessel, std::move(made));
  SIGNEDVFS_ASSIGN(VerifiedBytes content, source.vfs->read_through(entry, *vessel));
  return Sealed{std::move(*vessel).release(), std::move(content)};
}

}  // namespace

Result<SealedLibrary> SealedLibrary::read(const LibrarySource& source, const std::string& entry) {
  SIGNEDVFS_ASSIGN(Sealed whole, sealed(source, entry, shown_name(source.archive, entry)));
  Result<SharedObject> read = read_shared_object(whole.content.bytes());
  if (!read.ok()) return std::move(read).status().in(in_quotes(entry));
  SIGNEDVFS_ASSIGN(SharedObject object, std::move(read));
  SIGNEDVFS_ASSIGN(std::string path, path_to_memory(whole.descriptor));
  SIGNEDVFS_ASSIGN(auto descriptor,
                   LastingDescriptor::of(std::move(whole.descriptor), "a library's memory"));
  return SealedLibrary(std::move(descriptor), std::move(whole.content), std::move(path),
                       std::move(object));
}

}  // namespace signedvfs
