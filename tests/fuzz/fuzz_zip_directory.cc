// Any bytes as a zip archive: what is accepted has members that read as stated, and the same
// members written anew read the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "archive/zip/archive.h"
#include "archive/zip/writer.h"
#include "support/failing_source.h"

namespace {

using signedvfs::Container;
using signedvfs::Result;
using signedvfs::Status;

void require(bool law) {
  if (!law) std::abort();
}

Result<std::unique_ptr<const Container>> open(std::string bytes) {
  signedvfs::Limits limits;
  limits.member_bytes = 1U << 20U;  // so that a run is short
  limits.total_bytes = 1U << 22U;
  return signedvfs::open_zip(std::make_unique<signedvfs::MemorySource>(std::move(bytes)), "fuzz",
                             limits);
}

std::string text_of(const Result<signedvfs::Buffer>& content) {
  return std::string(signedvfs::text_of(content->bytes()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto zip = open(std::string(reinterpret_cast<const char*>(data), size));
  if (!zip.ok()) return 0;
  const Container& container = **zip;
  const auto names = container.names();
  require(names.ok() && names->size() == container.member_count());
  require(container.prefix_bytes() <= size);

  std::string rewritten;
  signedvfs::ZipWriter writer(
      [&](std::span<const std::byte> piece) {
        rewritten += signedvfs::text_of(piece);
        return Status();
      },
      0);
  for (const std::string& name : *names) {
    const auto content = container.read(name);
    const auto packed = container.read_packed(name);
    require(content.code() == packed.code());
    if (!content.ok()) return 0;
    require(content->size() == container.size_of(name));
    require(signedvfs::text_of(packed->content()) == text_of(content));
    require(writer.add(name, packed->packed).ok());
  }
  require(std::move(writer).finish().ok());

  const auto again = open(rewritten);
  require(again.ok());
  require((*again)->names().value() == *names);
  for (const std::string& name : *names) {
    const auto content = (*again)->read(name);
    require(content.ok() && text_of(content) == text_of(container.read(name)));
  }
  return 0;
}
