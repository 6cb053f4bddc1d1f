// Byte sources that do what files may do at the worst moment.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "archive/base/byte_source.h"
#include "archive/base/status.h"

namespace signedvfs {

// MemorySource is a file that never changes.
class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size() const noexcept override { return bytes_.size(); }

  Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const override {
    return copy(bytes_, offset, dst);
  }

 protected:
  static Status copy(const std::string& bytes, std::uint64_t offset, std::span<std::byte> dst) {
    if (offset > bytes.size() || dst.size() > bytes.size() - offset) {
      return {Errc::kShrunk, "beyond the end"};
    }
    if (!dst.empty()) std::memcpy(dst.data(), bytes.data() + offset, dst.size());
    return {};
  }

 private:
  std::string bytes_;
};

// FailingSource fails the access number `fails_at`, counted from 0, with `code`; no other.
class FailingSource final : public MemorySource {
 public:
  FailingSource(std::string bytes, std::size_t fails_at, Errc code = Errc::kIo)
      : MemorySource(std::move(bytes)), fails_at_(fails_at), code_(code) {}

  Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const override {
    if (accesses_++ == fails_at_) return {code_, "failed on purpose"};
    return MemorySource::copy_out(offset, dst);
  }

  // accesses returns how many there have been.
  std::size_t accesses() const noexcept { return accesses_; }

 private:
  std::size_t fails_at_;
  Errc code_;
  mutable std::atomic<std::size_t> accesses_{0};
};

// ChangingSource shows one content up to the access number `changes_at`, counted from 0, and
// another from then on, of the same size: what an attacker does between check and use.
class ChangingSource final : public MemorySource {
 public:
  ChangingSource(const std::string& before, std::string after, std::size_t changes_at)
      : MemorySource(before), after_(std::move(after)), changes_at_(changes_at) {
    after_.resize(before.size());
  }

  Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const override {
    if (accesses_++ >= changes_at_) return copy(after_, offset, dst);
    return MemorySource::copy_out(offset, dst);
  }

  // accesses returns how many there have been.
  std::size_t accesses() const noexcept { return accesses_; }

 private:
  std::string after_;
  std::size_t changes_at_;
  mutable std::atomic<std::size_t> accesses_{0};
};

}  // namespace signedvfs
