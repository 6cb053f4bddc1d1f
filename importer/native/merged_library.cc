#include "importer/native/merged_library.h"

#include "archive/elf/gathering.h"
#include "archive/os/dynamic_linker.h"
#include "archive/os/sealed_memory.h"
#include "importer/native/linker_memory.h"

namespace signedvfs {

Status load_merged_library(const std::string& name, std::uint32_t machine_flags) {
  const ByteBuilder content = gathering_object({}, own_machine(), machine_flags);
  SIGNEDVFS_ASSIGN(const FileDescriptor memory, sealed_memory(name.c_str(), content.bytes()));
  SIGNEDVFS_ASSIGN(const std::string path, path_to_memory(memory));
  SIGNEDVFS_ASSIGN(LibraryHandle const library, load_library(path, kBindNowLocally));
  give_library_name(library, name);
  return {};
}

}  // namespace signedvfs
