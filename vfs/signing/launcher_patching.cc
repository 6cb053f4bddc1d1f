#include "vfs/signing/launcher_patching.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "archive/elf/format.h"
#include "archive/elf/sections.h"
#include "vfs/signing/launcher_hardening.h"

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

Result<elf::Section> place_for_rules(std::span<const std::byte> launcher,
                                     const elf::SectionTable& table) {
  SIGNEDVFS_ASSIGN(const elf::Section place, launch_section(table));
  SIGNEDVFS_TRY(check_unpatched(launcher.subspan(place.offset, place.size)));
  if (table.end() != launcher.size()) {
    return Status(Errc::kUsage, "the launcher has something appended to it, from byte " +
                                    std::to_string(table.end()) + " on");
  }
  return place;
}

// harden has `launcher`, a copy, begin with its first stage.
Status harden(std::span<std::byte> launcher, const elf::SectionTable& table) {
  const Result<LauncherStart> start = LauncherStart::read(launcher, table);
  if (!start.ok()) {
    return Status(Errc::kUsage, "the launcher cannot be hardened: " + start.status().what())
        .advising(
            "Use the launcher as it was installed; on other machines than x86_64 and aarch64 "
            "there is none that can be hardened.");
  }
  if (start->is_hardened()) return {Errc::kUsage, "the launcher was hardened already"};
  start->write(launcher, true);
  return {};
}

// check_start holds the beginning of a launcher to what its rules say of it.
Status check_start(std::span<const std::byte> application, const elf::SectionTable& table,
                   const LaunchRules& rules) {
  const Result<LauncherStart> start = LauncherStart::read(application, table);
  // One that has no first stage begins in the one way that there is.
  if (start.ok() ? start->is_hardened() == rules.hardened
                 : !rules.hardened && table.find(kStartSectionName).code() == Errc::kNotFound) {
    return {};
  }
  return Status(Errc::kBadRecord,
                std::string("the launcher's header is damaged: its rules say that it is ") +
                    (rules.hardened ? "" : "not ") + "hardened, and " +
                    (start.ok() ? "it begins otherwise" : start.status().what()))
      .advising("Do not run this copy; build the application anew, or ask for a fresh one.");
}

struct Read {
  elf::SectionTable table;
  elf::Section place;
  LaunchRules rules;
};

Result<Read> read(std::span<const std::byte> application) {
  SIGNEDVFS_ASSIGN(elf::SectionTable table, table_of(application));
  SIGNEDVFS_ASSIGN(const elf::Section place, launch_section(table));
  SIGNEDVFS_ASSIGN(LaunchRules rules,
                   decode_launch_rules(application.subspan(place.offset, place.size)));
  SIGNEDVFS_TRY(check_start(application, table, rules));
  return Read{table, place, std::move(rules)};
}

Buffer copy_of(std::span<const std::byte> bytes) {
  Buffer out(bytes.size());
  std::ranges::copy(bytes, out.bytes().begin());
  return out;
}

}  // namespace

Result<Buffer> patch_launcher(std::span<const std::byte> launcher, const LaunchRules& rules) {
  SIGNEDVFS_ASSIGN(const std::string section, encode_launch_rules(rules));
  const Result<elf::SectionTable> table = table_of(launcher);
  if (!table.ok()) return Status(table.status()).advising(kUseTheInstalledOne);
  Result<elf::Section> place = place_for_rules(launcher, *table);
  if (!place.ok()) return std::move(place).status().advising(kUseTheInstalledOne);
  Buffer out = copy_of(launcher);
  std::ranges::copy(bytes_of(section), out.bytes().subspan(place->offset).begin());
  if (rules.hardened) SIGNEDVFS_TRY(harden(out.bytes(), *table));
  return out;
}

Result<LaunchRules> rules_of_launcher(std::span<const std::byte> application) {
  SIGNEDVFS_ASSIGN(Read found, read(application));
  return std::move(found.rules);
}

Result<Buffer> unpatch_launcher(std::span<const std::byte> launcher) {
  SIGNEDVFS_ASSIGN(const Read found, read(launcher));
  Buffer out = copy_of(launcher);
  static constexpr auto kUnpatched = unpatched_launch_section();
  std::ranges::copy(std::as_bytes(std::span(kUnpatched)),
                    out.bytes().subspan(found.place.offset).begin());
  if (found.rules.hardened) {
    SIGNEDVFS_ASSIGN(const LauncherStart start, LauncherStart::read(launcher, found.table));
    start.write(out.bytes(), false);
  }
  return out;
}

}  // namespace signedvfs
