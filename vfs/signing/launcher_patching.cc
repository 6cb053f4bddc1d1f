#include "vfs/signing/launcher_patching.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "archive/elf/format.h"
#include "archive/elf/sections.h"

namespace signedvfs {
namespace {

constexpr std::string_view kUseTheInstalledOne =
    "Use the launcher as it was installed with signedvfs.";

Status no_launcher(const std::string& why) {
  return {Errc::kUsage, "this is no launcher of signedvfs: " + why};
}

Result<elf::SectionTable> table_of(std::span<const std::byte> file) {
  Result<elf::SectionTable> table = elf::SectionTable::read(file);
  if (!table.ok()) return no_launcher(table.status().what());
  return table;
}

// launch_section returns where the rules stand.
Result<elf::Section> launch_section(const elf::SectionTable& table) {
  const Result<elf::Section> found = table.find(kLaunchSectionName);
  if (!found.ok()) return no_launcher(found.status().what());
  const std::string name = "its section " + in_quotes(kLaunchSectionName);
  if (found->type != elf::kSectionContent || (found->flags & elf::kSectionLoaded) == 0) {
    return no_launcher(name + " has no content that is loaded");
  }
  if ((found->flags & (elf::kSectionWritable | elf::kSectionExecutable)) != 0) {
    return no_launcher(name + " is not read-only");
  }
  if (found->size != kLaunchSectionSize) {
    return no_launcher(name + " has " + std::to_string(found->size) + " bytes and not " +
                       std::to_string(kLaunchSectionSize));
  }
  return *found;
}

// check_unpatched refuses a launcher of which something was made already.
Status check_unpatched(std::span<const std::byte> section) {
  if (is_unpatched_launch_section(section)) return {};
  return {Errc::kUsage, decode_launch_rules(section).ok()
                            ? "the launcher was given its key already"
                            : "the place for the launcher's key is neither empty nor has a key"};
}

Result<elf::Section> place_for_rules(std::span<const std::byte> launcher) {
  SIGNEDVFS_ASSIGN(const elf::SectionTable table, table_of(launcher));
  SIGNEDVFS_ASSIGN(const elf::Section place, launch_section(table));
  SIGNEDVFS_TRY(check_unpatched(launcher.subspan(place.offset, place.size)));
  if (table.end() != launcher.size()) {
    return Status(Errc::kUsage, "the launcher has something appended to it, from byte " +
                                    std::to_string(table.end()) + " on");
  }
  return place;
}

}  // namespace

Result<Buffer> patch_launcher(std::span<const std::byte> launcher, const LaunchRules& rules) {
  SIGNEDVFS_ASSIGN(const std::string section, encode_launch_rules(rules));
  Result<elf::Section> place = place_for_rules(launcher);
  if (!place.ok()) return std::move(place).status().advising(kUseTheInstalledOne);
  Buffer out(launcher.size());
  std::ranges::copy(launcher, out.bytes().begin());
  std::ranges::copy(bytes_of(section), out.bytes().subspan(place->offset).begin());
  return out;
}

Result<LaunchRules> rules_of_launcher(std::span<const std::byte> application) {
  SIGNEDVFS_ASSIGN(const elf::SectionTable table, table_of(application));
  SIGNEDVFS_ASSIGN(const elf::Section place, launch_section(table));
  return decode_launch_rules(application.subspan(place.offset, place.size));
}

}  // namespace signedvfs
