// A container whose members are strings, for tests that need no file.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "archive/members/container.h"

namespace signedvfs {

using Members = std::map<std::string, std::string, std::less<>>;

inline Buffer buffer_of(std::string_view text) {
  Buffer buffer(text.size());
  std::copy_n(bytes_of(text).begin(), text.size(), buffer.bytes().begin());
  return buffer;
}

// MemoryContainer behaves like an archive, or like a directory where `open_ended`.
class MemoryContainer : public Container {
 public:
  explicit MemoryContainer(Members members, bool open_ended = false)
      : members_(std::move(members)), open_ended_(open_ended) {}

  const std::string& path() const& noexcept override { return path_; }

  std::optional<std::uint64_t> member_count() const noexcept override {
    if (open_ended_) return {};
    return members_.size();
  }

  std::optional<std::uint64_t> size_of(std::string_view name) const override {
    const auto member = members_.find(name);
    if (member == members_.end()) return {};
    return member->second.size();
  }

  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override {
    const auto member = members_.find(name);
    if (member == members_.end()) return Status(Errc::kNotFound, path_ + ": " + in_quotes(name));
    SIGNEDVFS_ASSIGN(Buffer copy, allocated(allocate, member->second.size()));
    std::copy_n(bytes_of(member->second).begin(), copy.size(), copy.bytes().begin());
    return copy;
  }

  Result<std::vector<std::string>> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, content] : members_) names.push_back(name);
    return names;
  }

 protected:
  Members members_;

 private:
  std::string path_ = "memory.zip";
  bool open_ended_;
};

}  // namespace signedvfs
