// Any bytes as a shared object: what is accepted has texts that are in the file, and reads the same
// from what a loader would map of it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "archive/elf/shared_object.h"

namespace {

void require(bool law) {
  if (!law) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of that exact size, so that a read beyond it is noticed.
  const std::string copy(reinterpret_cast<const char*>(data), size);
  const auto file = std::as_bytes(std::span(copy));
  // The corpus is for one machine, and runs on all.
  const signedvfs::Machine machine = 62;
  const auto object = signedvfs::read_shared_object(file, machine);
  if (!object.ok()) {
    require(object.code() == signedvfs::Errc::kBadLibrary && !object.status().what().empty());
    return 0;
  }
  require(object->machine == machine && object->loaded_size <= size);
  const auto loaded = signedvfs::read_shared_object(file.first(object->loaded_size), machine);
  require(loaded.ok() && *loaded == *object);

  const auto there = [&](const std::string& text) {
    require(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }));
    require(copy.find(text) != std::string::npos);
  };
  there(object->soname);
  for (const std::string& name : object->needed) {
    require(!name.empty());
    there(name);
  }
  for (const std::string& path : object->search_paths) {
    require(path.find(':') == std::string::npos);
    there(path);
  }
  for (const auto& one : object->versions) {
    there(one.library);
    there(one.version);
  }
  require(std::ranges::is_sorted(object->versions));
  require(std::ranges::adjacent_find(object->versions) == object->versions.end());
  return 0;
}
