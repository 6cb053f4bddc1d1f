// Any bytes as an ELF file: a section that is found lies inside of it, and an object whose search
// path was removed reads the same but for that; one that is refused is as it was.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "archive/elf/editing.h"
#include "archive/elf/format.h"
#include "archive/elf/sections.h"
#include "archive/elf/shared_object.h"

namespace signedvfs {
namespace {

// The corpus is for one machine, and runs on all.
constexpr Machine kFuzzedMachine = 62;

void require(bool law) {
  if (!law) std::abort();
}

void finds_sections_inside(std::span<const std::byte> file) {
  const auto table = elf::SectionTable::read(file);
  if (!table.ok()) {
    require(table.code() == Errc::kBadLibrary && !table.status().what().empty());
    return;
  }
  require(table->end() <= file.size());
  for (const std::string_view name : {".svfs_key", ".dynamic", ""}) {
    const auto section = table->find(name);
    if (!section.ok()) {
      require(section.code() == Errc::kBadLibrary || section.code() == Errc::kNotFound);
    } else if (section->type != elf::kSectionNoContent) {
      require(section->size <= file.size() && section->offset <= file.size() - section->size);
    }
  }
}

void edits_what_it_reads(std::string file) {
  const std::string before = file;
  auto expected = read_shared_object(std::as_bytes(std::span(before)), kFuzzedMachine);
  const auto removed = remove_search_path(std::as_writable_bytes(std::span(file)), kFuzzedMachine);
  if (!removed.ok()) {
    require(removed.code() == Errc::kBadLibrary && file == before);
    return;
  }
  require(expected.ok());
  expected->search_paths.clear();
  expected->is_runpath = false;
  expected->may_search = false;
  const auto after = read_shared_object(std::as_bytes(std::span(file)), kFuzzedMachine);
  require(after.ok() && *after == *expected);
  require((file == before) == !*removed && file.size() == before.size());
}

}  // namespace
}  // namespace signedvfs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of that exact size, so that access beyond it is noticed.
  const std::string copy(reinterpret_cast<const char*>(data), size);
  signedvfs::finds_sections_inside(std::as_bytes(std::span(copy)));
  signedvfs::edits_what_it_reads(copy);
  return 0;
}
