// Archives of formats other than zip, made for tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace signedvfs {

// ForeignEntry is what an archive is to say of one member, true or not.
struct ForeignEntry {
  std::string name;  // UTF-8
  std::string content;
  std::uint32_t mode = 0100644;
  std::string link = {};                  // target of a symbolic link (by mode)
  std::string hard_link = {};             // target of a hard link
  std::vector<std::uint64_t> holes = {};  // pairs of offset and length that have data
};

// build_foreign returns an archive with the entries in their order. `format` and `filter` are named
// as in archive_write_set_format(3) and archive_write_add_filter(3): "pax", "gnutar", "ustar",
// "v7tar", "newc", "odc", "7zip"; "", "gzip", "bzip2", "xz", "zstd". Throws what libarchive says.
std::string build_foreign(const std::string& format, const std::string& filter,
                          const std::vector<ForeignEntry>& entries);

// compress_foreign returns `bytes` as a stream of `filter`.
std::string compress_foreign(const std::string& filter, const std::string& bytes);

}  // namespace signedvfs
