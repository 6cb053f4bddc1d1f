// Small zip archives as strings, and files as strings.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "archive/members/new_parents.h"
#include "archive/zip/writer.h"
#include "tests/support/memory_container.h"
#include "tests/support/signing.h"

namespace signedvfs {

using NamedContents = std::vector<std::pair<std::string, std::string>>;

// Entries says whether an archive has entries for directories, as signing writes them.
enum class Entries : bool { kNone, kWritten };

// zip_of returns an archive with `members` in their order, behind `prefix`.
inline std::string zip_of(const NamedContents& members, Method method = Method::kStored,
                          std::string prefix = {}, Entries entries = Entries::kNone) {
  std::string out = std::move(prefix);
  ZipWriter writer(
      [&out](std::span<const std::byte> bytes) {
        out += text_of(bytes);
        return Status();
      },
      out.size());
  NewParents parents;
  for (const auto& [name, content] : members) {
    for (const std::string_view directory : parents.of(name)) {
      if (entries == Entries::kNone) break;
      if (const Status status = writer.add_directory(directory); !status.ok()) {
        throw std::runtime_error(status.what());
      }
    }
    const Status status = writer.add(name, expect(pack_member(bytes_of(content), method)));
    if (!status.ok()) throw std::runtime_error(status.what());
  }
  const Status status = std::move(writer).finish();
  if (!status.ok()) throw std::runtime_error(status.what());
  return out;
}

inline std::string zip_of(const Members& members, Method method = Method::kStored,
                          Entries entries = Entries::kNone) {
  return zip_of(NamedContents(members.begin(), members.end()), method, {}, entries);
}

// signed_zip_of returns the archive that signing `members` gives.
inline std::string signed_zip_of(const Members& members, const Attributes& attributes = {},
                                 Method method = Method::kStored) {
  NamedContents all(members.begin(), members.end());
  all.emplace_back(kManifestName, manifest_for(members, attributes));
  return zip_of(all, method);
}

// set_dos_time gives both headers of the member `name` the time `time` (date in the upper half).
inline void set_dos_time(std::string& zip, const std::string& name, std::uint32_t time) {
  struct Kind {
    const char* signature;
    std::size_t size;
    std::size_t time;
    std::size_t name_size;
  };
  int patched = 0;
  for (std::size_t at = zip.find(name); at != std::string::npos; at = zip.find(name, at + 1)) {
    for (const Kind& kind : {Kind{"PK\3\4", 30, 10, 26}, Kind{"PK\1\2", 46, 12, 28}}) {
      const std::size_t header = at - std::min(at, kind.size);
      if (zip.compare(header, 4, kind.signature) != 0) continue;
      if (static_cast<unsigned char>(zip[header + kind.name_size]) != name.size()) continue;
      for (std::size_t i = 0; i < 4; ++i) {
        zip[header + kind.time + i] = static_cast<char>(time >> (8 * i) & 0xffU);
      }
      ++patched;
    }
  }
  if (patched != 2) throw std::runtime_error("no single member " + name);
}

inline std::string file_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace signedvfs
