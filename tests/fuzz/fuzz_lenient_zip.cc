// Any bytes as a zip archive that is about to be written anew: what is accepted can be written so
// that the strict reader finds the same members, and what the strict reader accepts is accepted.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "archive/lenient/archive.h"
#include "archive/members/new_parents.h"
#include "archive/zip/archive.h"
#include "archive/zip/writer.h"
#include "support/failing_source.h"

namespace signedvfs {
namespace {

constexpr std::array<std::string_view, 1> kFuzzRewritten{"manifest.txt"};

void require(bool law) {
  if (!law) std::abort();
}

Limits lenient_limits() {
  Limits limits;
  limits.member_bytes = 1U << 20U;  // so that a run is short
  limits.total_bytes = 1U << 22U;
  return limits;
}

std::string content_text(const Result<Buffer>& content) {
  return std::string(text_of(content->bytes()));
}

// check_as_strict requires that a `strict` reader's members are those of `lenient`.
void check_as_strict(const Container& strict, const Container& lenient) {
  require(strict.names().value() == lenient.names().value());
  for (const std::string& name : strict.names().value()) {
    const auto content = strict.read(name);
    // Of headers that differ, the one is known when it is opened, and the other when it is read.
    if (!content.ok()) continue;
    require(content_text(content) == content_text(lenient.read(name)));
  }
}

// check_rewritten writes the members anew, and requires that the strict reader finds the same.
void check_rewritten(const Container& container) {
  std::string rewritten;
  ZipWriter writer(
      [&](std::span<const std::byte> piece) {
        rewritten += text_of(piece);
        return Status();
      },
      0, lenient_limits().without_ratio());
  const auto names = container.names().value();
  NewParents parents;
  for (const std::string& name : names) {
    const auto content = container.read(name);
    const auto packed = container.read_packed(name);
    require(content.code() == packed.code());
    if (!content.ok()) return;
    require(content->size() == container.size_of(name));
    require(text_of(packed->content()) == content_text(content));
    for (const std::string_view directory : parents.of(name)) {
      require(writer.add_directory(directory).ok());
    }
    require(writer.add(name, packed->packed).ok());
  }
  require(std::move(writer).finish().ok());
  const auto again = open_zip(std::make_shared<MemorySource>(rewritten), "again",
                              lenient_limits().without_ratio());
  require(again.ok() && (*again)->check_directory_entries().ok());
  check_as_strict(**again, container);
}

void check_printable(const std::string& sentence) {
  require(std::none_of(sentence.begin(), sentence.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
}

void open_both(const std::string& bytes) {
  const auto strict = open_zip(std::make_shared<MemorySource>(bytes), "fuzz", lenient_limits());
  const auto lenient = open_lenient_zip(std::make_shared<MemorySource>(bytes), "fuzz",
                                        lenient_limits(), kFuzzRewritten);
  if (!lenient.ok()) {
    check_printable(lenient.status().what());
    return;
  }
  for (const std::string& sentence : lenient->vanishing) check_printable(sentence);
  require(lenient->container->prefix_bytes() <= bytes.size());
  if (strict.ok()) {
    const Container& wanted = **strict;
    require(wanted.prefix_bytes() == lenient->container->prefix_bytes());
    check_as_strict(wanted, *lenient->container);
    for (const std::string& name : wanted.names().value()) {
      require(wanted.modified(name) == lenient->container->modified(name));
    }
  }
  check_rewritten(*lenient->container);
}

}  // namespace
}  // namespace signedvfs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signedvfs::open_both(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
