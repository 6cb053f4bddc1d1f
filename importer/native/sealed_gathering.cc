#include "importer/native/sealed_gathering.h"

#include <vector>

#include "archive/elf/gathering.h"
#include "archive/os/sealed_memory.h"
#include "importer/native/linker_memory.h"

namespace signedvfs {
namespace {

Result<FileDescriptor> memory_of(const LibrarySource& source, const std::string& name,
                                 std::span<const std::byte> content) {
  Result<FileDescriptor> memory = sealed_memory(name.c_str(), content);
  if (memory.code() != Errc::kUnsupported) return memory;
  return stand_in(source.rules, content, memory.status());
}

}  // namespace

Result<SealedGathering> SealedGathering::of(const LibrarySource& source,
                                            std::span<PlannedLibrary* const> libraries) {
  std::vector<std::string> paths;
  for (const PlannedLibrary* const library : libraries) paths.push_back(library->sealed->path());
  const PlannedLibrary& first = *libraries.front();
  const SharedObject& object = first.sealed->object();
  const std::string name = shown_name(
      source.archive, first.entry + " and " + std::to_string(libraries.size() - 1) + " more");
  const ByteBuilder content = gathering_object(paths, object.machine, object.machine_flags);
  SIGNEDVFS_ASSIGN(FileDescriptor descriptor, memory_of(source, name, content.bytes()));
  SIGNEDVFS_ASSIGN(std::string path, path_to_memory(descriptor));
  return SealedGathering(std::move(descriptor), std::move(path));
}

}  // namespace signedvfs
