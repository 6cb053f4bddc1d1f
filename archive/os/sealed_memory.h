// Memory with a descriptor, whose content nobody can change any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/base/status.h"
#include "archive/base/vessel.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// MemoryUse is what sealed memory is for.
enum class MemoryUse : std::uint8_t { kRead, kExecute };

// sealed_memory returns the descriptor, at its beginning, of memory that holds exactly `content`.
// It can be read by its owner, and executed by him where that is its use, and is sealed against
// writing, growing, shrinking and further seals: for this process, too. /proc/PID/fd/N is a path to
// it. `name` is for people who look there. Fails with `kUnsupported` where the system has no such
// memory or forbids it, else with `kIo`, and never returns memory that lacks a seal or holds
// anything else.
Result<FileDescriptor> sealed_memory(const char* name, std::span<const std::byte> content,
                                     MemoryUse use = MemoryUse::kRead);

// SealedVessel is such memory that is filled first. Nobody has compared what it holds.
class SealedVessel final : public Vessel {
 public:
  // Takes is told what `Vessel::begin` is, and returns what it does. Empty: it takes everything.
  using Takes = std::function<std::uint64_t(std::span<const std::byte> first, std::uint64_t size)>;

  // create fails as `sealed_memory` does.
  static Result<std::unique_ptr<SealedVessel>> create(const char* name, Takes takes = {});

  std::uint64_t begin(std::span<const std::byte> first, std::uint64_t size) override;
  Status put(std::uint64_t offset, std::span<const std::byte> bytes) override;

  // close seals, and returns the memory mapped for reading.
  Result<Buffer> close() override;

  // release gives the descriptor to the caller.
  FileDescriptor release() && noexcept { return std::move(memory_); }

 private:
  SealedVessel(FileDescriptor memory, Takes takes) noexcept
      : memory_(std::move(memory)), takes_(std::move(takes)) {}

  FileDescriptor memory_;
  Takes takes_;
  std::uint64_t size_ = 0;  // of what it takes, in bytes
};

// sealed_copy does the same for the content of the file behind `descriptor`, from its position on,
// of which nobody has checked anything; `path` is for messages. Fails with `kTooLarge` where it has
// more than `max_bytes`. What it returns does not change any more, so it can be checked.
Result<FileDescriptor> sealed_copy(const char* name, int descriptor, std::uint64_t max_bytes,
                                   const std::string& path);

// reopen returns a descriptor of the same memory with a position of its own, at the beginning; none
// where the system gives none. It goes by /proc, so the caller looks whether it is the same.
FileDescriptor reopen(int descriptor) noexcept;

// path_of_descriptor returns a path by which this process, as long as it has `descriptor` open, can
// open the same memory again, at its beginning (proc(5)).
std::string path_of_descriptor(int descriptor);

}  // namespace signedvfs
