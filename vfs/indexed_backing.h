// Archives that go by their signed index. Private to vfs/.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "vfs/backing.h"
#include "vfs/index/trailer.h"
#include "vfs/index/tree.h"
#include "vfs/trust.h"

namespace signedvfs {

// IndexedBacking knows of a zip archive what its header, its index and the members' own bytes say.
// The zip directory is unsigned and never asked, but by `verify_all`.
class IndexedBacking final : public Backing {
 public:
  // over looks for an index at the end of the zip archive `source`; null where there is none, or
  // where the signed header knows of none. It reads the end of the archive, the manifest's signed
  // part and the index's root, whatever the number of members, and fails with what is wrong there.
  static Result<std::unique_ptr<const Backing>> over(std::shared_ptr<const ByteSource> source,
                                                     const std::string& path, const Trust& trust);
  IndexedBacking(const IndexedBacking&) = delete;
  IndexedBacking& operator=(const IndexedBacking&) = delete;
  ~IndexedBacking() override;

  const std::string& path() const& noexcept override { return path_; }
  const SignedHeader& signed_header() const& noexcept override { return header_; }
  const Listing& listing() const& noexcept override { return *tree_; }
  bool has_index() const noexcept override { return true; }
  Result<const Manifest*> manifest() const override;
  Result<const Entry*> entry(std::string_view name) const override {
    SIGNEDVFS_ASSIGN(const Manifest* const lines, manifest());
    return lines->find(name);
  }
  Result<VerifiedBytes> read(std::string_view name, const Allocate& allocate) const override;
  Result<VerifiedBytes> read_through(std::string_view name, Vessel& vessel) const override;
  Result<std::uint64_t> size_of(std::string_view name) const override;
  Result<std::string> identity_of(std::string_view name) const override;
  std::uint64_t prefix_bytes() const noexcept override {
    const auto& prefix = header_.fields.attributes.prefix;
    return prefix ? prefix->length : base_;
  }
  Status verify_all(const MembersDone& progress) const override;
  Result<std::vector<std::string>> unlisted() const override { return std::vector<std::string>(); }

 private:
  IndexedBacking(std::shared_ptr<const ByteSource> source, std::string path, const Limits& limits)
      : source_(std::move(source)), path_(std::move(path)), limits_(limits.without_ratio()) {}

  Status check_place(std::string_view name, const IndexRecord& record) const;
  Result<Buffer> copy_stored(std::string_view name, const IndexRecord& record,
                             const Allocate& allocate) const;

  std::shared_ptr<const ByteSource> source_;
  std::string path_;
  Limits limits_;
  std::uint64_t base_ = 0;   // the archive's offset 0 in the file
  std::uint64_t lines_ = 0;  // where the manifest's member lines are in the file, says the trailer
  std::uint64_t lines_size_ = 0;
  SignedHeader header_;
  std::unique_ptr<const IndexTree> tree_;
  mutable std::atomic<const Manifest*> manifest_ = nullptr;  // once somebody has asked; owned
};

}  // namespace signedvfs
