#include "importer/native/linker_memory.h"

#include <cstddef>

#include "archive/os/dynamic_linker.h"
#include "archive/os/unnamed_file.h"
#include "importer/native/names.h"

namespace signedvfs {
namespace {

// no_memory is the failure where the system forbids such memory, as `why` says.
Status no_memory(const Status& why) {
  return Status(
             Errc::kBadLibrary,
             "this system gives no memory that can be sealed to load it from (" + why.what() + ")")
      .advising(
          "Allow memfd_create in the sandbox, or name a directory for files without a name "
          "(TrustPolicy(library_directory=...), `run --library-directory`), which is weaker; or "
          "install the package beside the archive. In an executable of `signedvfs build` only "
          "the first helps.");
}

}  // namespace

std::string shown_name(std::string_view archive, std::string_view entry) {
  // memfd_create(2): 249 bytes. What is cut off is the front, and not in the middle of a character.
  constexpr std::size_t kMost = 249;
  const std::string whole = std::string(last_part(archive)).append("/").append(entry);
  std::string_view name = whole;
  if (name.size() > kMost) name.remove_prefix(name.size() - kMost);
  const auto continues = [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80;
  };
  while (!name.empty() && continues(name.front())) name.remove_prefix(1);
  return std::string(name);
}

Result<std::string> path_to_memory(const FileDescriptor& memory) {
  Result<std::string> path = path_for_linker(memory.get());
  if (path.code() == Errc::kUnsupported) return no_memory(path.status());
  return path;
}

Result<FileDescriptor> stand_in(const NativeRules& rules, std::span<const std::byte> content,
                                const Status& why) {
  if (rules.directory.empty()) return no_memory(why);
  Result<FileDescriptor> file = unnamed_file(rules.directory, content);
  if (file.code() == Errc::kUnsupported) return no_memory(file.status());
  return file;
}

}  // namespace signedvfs
