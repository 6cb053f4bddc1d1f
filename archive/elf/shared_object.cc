#include "archive/elf/shared_object.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "archive/elf/bad_library.h"
#include "archive/elf/dynamic.h"
#include "archive/elf/format.h"
#include "archive/elf/image.h"
#include "archive/elf/versions.h"

namespace signedvfs {
namespace {

// Linux's PATH_MAX, and enough for sixteen of them.
constexpr std::size_t kLongestName = 4096;
constexpr std::size_t kLongestPaths = 16 * kLongestName;

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t colon = text.find(':');
    out.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return out;
    text.remove_prefix(colon + 1);
  }
}

Status read_needed(const elf::Dynamic& dynamic, SharedObject& object) {
  for (const auto& [tag, value] : dynamic.repeated()) {
    SIGNEDVFS_ASSIGN(std::string name,
                     dynamic.string(value, kLongestName, "the name of a library that it needs"));
    if (tag == elf::kNeeded) {
      // glibc would find the program itself, which has that name.
      if (name.empty()) return bad_library("it needs a library without a name");
      object.needed.push_back(std::move(name));
    } else {
      object.hooks.push_back((tag == elf::kFilter ? "DT_FILTER " : "DT_AUXILIARY ") + name);
    }
  }
  return {};
}

Status read_paths(const elf::Dynamic& dynamic, SharedObject& object) {
  // glibc does not look at DT_RPATH where there is DT_RUNPATH.
  const auto runpath = dynamic.value(elf::kRunpath);
  const auto paths = runpath.has_value() ? runpath : dynamic.value(elf::kRpath);
  object.is_runpath = runpath.has_value();
  if (!paths.has_value()) return {};
  SIGNEDVFS_ASSIGN(const std::string text,
                   dynamic.string(*paths, kLongestPaths, "its RPATH or RUNPATH"));
  // Of an empty text glibc makes no entry at all (decompose_rpath).
  if (text.empty()) return {};
  object.search_paths = split(text);
  object.may_search = dynamic.has_name("dlopen") || dynamic.has_name("dlmopen");
  return {};
}

Status read_hooks(const elf::Dynamic& dynamic, SharedObject& object) {
  constexpr std::array<std::pair<std::uint64_t, std::string_view>, 2> kHooks{
      {{elf::kAudit, "DT_AUDIT "}, {elf::kDepAudit, "DT_DEPAUDIT "}}};
  for (const auto& [tag, name] : kHooks) {
    const auto value = dynamic.value(tag);
    if (!value.has_value()) continue;
    SIGNEDVFS_ASSIGN(const std::string text,
                     dynamic.string(*value, kLongestPaths, "the name of an audit library"));
    object.hooks.push_back(std::string(name) + text);
  }
  return {};
}

}  // namespace

std::uint64_t loaded_size_by(std::span<const std::byte> first, std::uint64_t size) {
  return std::min(elf::loaded_size_by(first, own_machine()).value_or(size), size);
}

Result<SharedObject> read_shared_object(std::span<const std::byte> file, Machine machine) {
  SIGNEDVFS_ASSIGN(const elf::Image image, elf::Image::read(file, machine));
  SIGNEDVFS_ASSIGN(const elf::Dynamic dynamic, elf::Dynamic::read(image));
  const std::uint64_t flags = dynamic.value(elf::kFlags).value_or(0);
  const std::uint64_t flags_1 = dynamic.value(elf::kFlags1).value_or(0);
  if ((flags_1 & elf::kFlagProgram) != 0) return bad_library("it is a program, no shared object");
  if ((flags_1 & elf::kFlagNoOpen) != 0) {
    return bad_library("it is marked as not to be opened (DF_1_NOOPEN)");
  }

  SharedObject object;
  object.machine = machine;
  object.machine_flags = image.machine_flags();
  object.loaded_size = image.loaded_size();
  object.needs_executable_stack = image.needs_executable_stack();
  object.has_text_relocations =
      dynamic.value(elf::kTextRelocations).has_value() || (flags & elf::kFlagTextRelocations) != 0;
  if (const auto soname = dynamic.value(elf::kSoname); soname.has_value()) {
    SIGNEDVFS_ASSIGN(object.soname, dynamic.string(*soname, kLongestName, "its SONAME"));
  }
  SIGNEDVFS_TRY(read_needed(dynamic, object));
  SIGNEDVFS_TRY(read_paths(dynamic, object));
  SIGNEDVFS_TRY(read_hooks(dynamic, object));
  SIGNEDVFS_ASSIGN(object.versions, elf::read_versions(image, dynamic));
  return object;
}

}  // namespace signedvfs
