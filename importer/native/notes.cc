#include "importer/native/notes.h"

#include <algorithm>

#include "archive/base/buffer.h"

namespace signedvfs {

Result<NativeNotes> read_notes(const SignedVfs& vfs) {
  NativeNotes out;
  SIGNEDVFS_ASSIGN(const bool has_notes, vfs.contains(kNativeNotesName));
  if (!has_notes) return out;
  SIGNEDVFS_ASSIGN(const VerifiedBytes content, vfs.read(kNativeNotesName));
  std::string_view text = text_of(content.bytes());
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) {
      return Status(Errc::kBadLibrary, in_quotes(kNativeNotesName) + " has the line " +
                                           in_quotes(line) + ", which is no pair of members");
    }
    out[std::string(line.substr(0, tab))].emplace_back(line.substr(tab + 1));
  }
  return out;
}

}  // namespace signedvfs
