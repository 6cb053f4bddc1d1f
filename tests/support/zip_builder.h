// Zip archives made for tests: correct ones, and ones in which any field lies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/members/codec.h"

namespace signedvfs {

// ZipFields replaces what a header truthfully says. Unset fields tell the truth.
struct ZipFields {
  std::optional<std::string> name = {};
  std::optional<std::uint16_t> version = {};
  std::optional<std::uint16_t> flags = {};
  std::optional<std::uint16_t> method = {};
  std::optional<std::uint32_t> time = {};
  std::optional<std::uint32_t> crc32 = {};
  std::optional<std::uint32_t> stored_size = {};
  std::optional<std::uint32_t> size = {};
  std::optional<std::uint16_t> name_size = {};
  std::optional<std::uint16_t> extra_size = {};
  std::optional<std::string> extra = {};

  // Central directory only.
  std::optional<std::uint16_t> disk = {};
  std::optional<std::uint32_t> attributes = {};
  std::optional<std::uint32_t> offset = {};
  std::optional<std::string> comment = {};
};

// ZipEntry is a member. `both` applies to the two headers, `local` and `central` to one and win.
struct ZipEntry {
  std::string name = {};
  std::string content = {};
  Method method = Method::kStored;
  std::optional<std::string> stored = {};  // the bytes as they are, in place of encoded content
  ZipFields both = {};
  ZipFields local = {};
  ZipFields central = {};
  std::string before = {};  // bytes in front of the local header
  std::string after = {};   // bytes behind the content, such as a data descriptor
  bool in_directory = true;
};

// Zip64Fields are the zip64 records; unset fields tell the truth.
struct Zip64Fields {
  std::optional<std::uint64_t> stated_size = {};
  std::optional<std::uint16_t> version = {};
  std::optional<std::uint32_t> disk = {};
  std::optional<std::uint64_t> count_here = {};
  std::optional<std::uint64_t> count = {};
  std::optional<std::uint64_t> size = {};
  std::optional<std::uint64_t> offset = {};
  std::string extra = {};    // extensible data
  std::string between = {};  // bytes between record and locator
  std::optional<std::uint32_t> locator_disk = {};
  std::optional<std::uint64_t> record_offset = {};
  std::optional<std::uint32_t> disks = {};
};

// ZipPlan is an archive.
struct ZipPlan {
  std::string prefix = {};
  bool offsets_from_start = false;  // of the file, rather than of the first record
  std::vector<ZipEntry> entries = {};
  std::string after_members = {};    // between the last record and the central directory
  std::string after_directory = {};  // between the central directory and the end records
  std::optional<Zip64Fields> zip64 = {};
  std::optional<std::uint16_t> disk = {};
  std::optional<std::uint16_t> directory_disk = {};
  std::optional<std::uint16_t> count_here = {};
  std::optional<std::uint16_t> count = {};
  std::optional<std::uint32_t> size = {};
  std::optional<std::uint32_t> offset = {};
  std::optional<std::uint16_t> comment_size = {};
  std::string comment = {};
  std::string trailing = {};
};

// build_zip returns the archive's bytes.
std::string build_zip(const ZipPlan& plan);

// extra_field returns one extra field.
std::string extra_field(std::uint16_t id, const std::string& value);

// little_endian returns the bytes of `value`.
std::string little_endian(std::uint64_t value, std::size_t width);

}  // namespace signedvfs
