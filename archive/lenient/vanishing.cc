#include "archive/lenient/vanishing.h"

#include <utility>

namespace signedvfs {
namespace {

constexpr std::size_t kShown = 3;

struct Words {
  std::string_view one;
  std::string_view many;
};

// In the order of the enum. What they end with is followed by the names.
constexpr std::array<Words, kOddities> kWords{{
    {"comment of a member", "comments of members"},
    {"data descriptor", "data descriptors"},
    {"zip64 field that is not needed", "zip64 fields that are not needed"},
    {"member's extra fields (times, owners and the like)",
     "members' extra fields (times, owners and the like)"},
    {"name in code page 437, written in UTF-8", "names in code page 437, written in UTF-8"},
    {"set-id or sticky bit", "set-id or sticky bits"},
    {"bzip2 compression, replaced by deflate", "bzip2 compressions, replaced by deflate"},
    {"lzma compression, replaced by deflate", "lzma compressions, replaced by deflate"},
    {"empty directory", "empty directories"},
    {"directory entry that is compressed or has content",
     "directory entries that are compressed or have content"},
    {"older copy of a member that is written anew",
     "older copies of members that are written anew"},
}};

}  // namespace

void Vanishing::note(Oddity oddity, std::string_view name) {
  Noted& noted = noted_[static_cast<std::size_t>(oddity)];
  ++noted.count;
  if (noted.first.size() < kShown) noted.first.emplace_back(name);
}

std::vector<std::string> Vanishing::sentences() const {
  std::vector<std::string> out = own_;
  for (std::size_t i = 0; i < kOddities; ++i) {
    const Noted& noted = noted_[i];
    if (noted.count == 0) continue;
    const std::string_view words = noted.count == 1 ? kWords[i].one : kWords[i].many;
    std::string sentence = std::to_string(noted.count) + ' ' + std::string(words) + ':';
    for (const std::string& name : noted.first) {
      sentence += (&name == &noted.first.front() ? " '" : ", '") + name + "'";
    }
    if (noted.count > kShown) {
      sentence += " and " + std::to_string(noted.count - kShown) + " more";
    }
    out.push_back(std::move(sentence));
  }
  return out;
}

}  // namespace signedvfs
