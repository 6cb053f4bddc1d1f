#include "archive/foreign/archive.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/foreign/collector.h"
#include "archive/foreign/library.h"
#include "archive/foreign/seven_zip.h"

namespace signedvfs {
namespace {

// ForeignArchive is a decoded archive.
class ForeignArchive final : public Container {
 public:
  // `members` are in byte order of their names.
  ForeignArchive(std::string path, std::vector<ForeignMember> members) noexcept
      : path_(std::move(path)), members_(std::move(members)) {}

  const std::string& path() const& noexcept override { return path_; }
  std::optional<std::uint64_t> member_count() const noexcept override { return members_.size(); }

  std::optional<std::uint64_t> size_of(std::string_view name) const override {
    const ForeignMember* member = find(name);
    if (member == nullptr) return {};
    return member->content.size();
  }

  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override {
    const ForeignMember* member = find(name);
    if (member == nullptr) {
      return Status(Errc::kNotFound, path_ + ": there is no member " + in_quotes(name));
    }
    SIGNEDVFS_ASSIGN(Buffer copy, allocated(allocate, member->content.size()));
    std::copy_n(member->content.bytes().begin(), copy.size(), copy.bytes().begin());
    return copy;
  }

  Result<std::vector<std::string>> names() const override {
    std::vector<std::string> names;
    names.reserve(members_.size());
    for (const ForeignMember& member : members_) names.push_back(member.name);
    return names;
  }

 private:
  const ForeignMember* find(std::string_view name) const noexcept {
    const auto at = std::lower_bound(
        members_.begin(), members_.end(), name,
        [](const ForeignMember& member, std::string_view wanted) { return member.name < wanted; });
    return at != members_.end() && at->name == name ? &*at : nullptr;
  }

  std::string path_;
  std::vector<ForeignMember> members_;
};

}  // namespace

Result<std::unique_ptr<const Container>> open_foreign(std::unique_ptr<const ByteSource> source,
                                                      ForeignKind kind, const std::string& path,
                                                      const Limits& limits, Admission* admission) {
  auto library = load_foreign_library();
  if (!library.ok()) return std::move(library).status().in(path);
  std::uint64_t directory = 0;
  if (kind == ForeignKind::kSevenZip) {
    auto opened = open_seven_zip(std::move(source), *library->decode, limits);
    if (!opened.ok()) return std::move(opened).status().in(path);
    source = std::move(opened->source);
    directory = opened->directory_bytes;
  }
  auto members = ForeignCollector(*source, limits, admission)
                     .collect(*library->decode, kind == ForeignKind::kSevenZip, directory);
  if (!members.ok()) return std::move(members).status().in(path);
  return std::unique_ptr<const Container>(
      std::make_unique<ForeignArchive>(path, std::move(members).value()));
}

}  // namespace signedvfs
