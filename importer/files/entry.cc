#include "importer/files/entry.h"

#include <cerrno>
#include <utility>

#include "importer/paths/text.h"

namespace signedvfs {
namespace {

// What Linux allows (limits.h), so that an error is the one that a file system gives.
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestPath = 4095;

VirtualEntry missing(int error) {
  VirtualEntry entry;
  entry.error = error;
  return entry;
}

// missing_at says why nothing is at `name`: with a file on the way there it is no directory.
Result<VirtualEntry> missing_at(const Listing& listing, std::string_view name) {
  const std::size_t last = name.rfind('/');
  VirtualEntry entry = missing(ENOENT);
  SIGNEDVFS_ASSIGN(entry.has_parent, last == std::string_view::npos
                                         ? Result<bool>(true)
                                         : listing.has_directory(name.substr(0, last)));
  if (entry.has_parent) return entry;
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos;
       slash = name.find('/', slash + 1)) {
    SIGNEDVFS_ASSIGN(const bool is_file, listing.contains(name.substr(0, slash)));
    if (is_file) return missing(ENOTDIR);
  }
  return entry;
}

// Resolver goes along the components below a mount.
class Resolver {
 public:
  Resolver(const Mount& mount, const SignedVfs& vfs, std::string_view rest)
      : mount_(mount), vfs_(vfs), rest_(rest) {}

  Result<VirtualEntry> resolve() {
    if (rest_.empty() && !mount_.is_directory()) return entry_of(EntryKind::kOwnFile);
    if (rest_.size() > kLongestPath) return missing(ENAMETOOLONG);
    must_be_directory_ = rest_.empty();
    for (std::size_t start = 0; start < rest_.size();) {
      const std::size_t end = std::min(rest_.find('/', start), rest_.size());
      const std::string_view component = rest_.substr(start, end - start);
      start = end + 1;
      if (component == "..") {
        if (name_.empty()) return outside(rest_.substr(std::min(start, rest_.size())));
        SIGNEDVFS_ASSIGN(const VirtualEntry above, at_name(true));
        if (!above.is_there()) return above;
        name_.erase(name_.find('/') == std::string::npos ? 0 : name_.rfind('/'));
        must_be_directory_ = true;
      } else if (component.empty() || component == ".") {
        must_be_directory_ = true;
      } else if (component.size() > kLongestName) {
        return missing(ENAMETOOLONG);
      } else {
        if (!name_.empty()) name_ += '/';
        name_ += component;
        must_be_directory_ = end < rest_.size() && end + 1 == rest_.size();
      }
    }
    return at_name(must_be_directory_);
  }

 private:
  VirtualEntry entry_of(EntryKind kind) const {
    VirtualEntry entry;
    entry.kind = kind;
    entry.name = name_;
    return entry;
  }

  VirtualEntry outside(std::string_view more) const {
    VirtualEntry entry = entry_of(EntryKind::kOutside);
    const std::string& absolute = mount_.absolute();
    entry.name = absolute.substr(0, absolute.rfind('/') + 1);
    entry.name += more;
    return entry;
  }

  Result<VirtualEntry> at_name(bool must_be_directory) const {
    const Listing& listing = vfs_.listing();
    if (name_.empty()) return entry_of(EntryKind::kDirectory);
    SIGNEDVFS_ASSIGN(const bool is_file, listing.contains(name_));
    if (is_file) {
      if (must_be_directory) return missing(ENOTDIR);
      VirtualEntry entry = entry_of(EntryKind::kFile);
      SIGNEDVFS_ASSIGN(entry.size, vfs_.size_of(name_));
      return entry;
    }
    SIGNEDVFS_ASSIGN(const bool is_directory, listing.has_directory(name_));
    if (is_directory) return entry_of(EntryKind::kDirectory);
    return missing_at(listing, name_);
  }

  const Mount& mount_;
  const SignedVfs& vfs_;
  std::string_view rest_;
  std::string name_;
  bool must_be_directory_ = false;
};

}  // namespace

Result<VirtualEntry> look_up(const Mount& mount, const SignedVfs& vfs, std::string_view rest) {
  return Resolver(mount, vfs, rest).resolve();
}

// FNV-1a (RFC 9923), begun with what tells one archive from another.
std::uint64_t inode_of(const Mount& mount, std::string_view name) noexcept {
  constexpr std::uint64_t kPrime = 1099511628211U;
  std::uint64_t hash = 14695981039346656037U ^ mount.facts().inode;
  for (const char byte : name) hash = (hash ^ static_cast<unsigned char>(byte)) * kPrime;
  return hash | (std::uint64_t{1} << 63);
}

}  // namespace signedvfs
