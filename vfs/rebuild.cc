#include "vfs/rebuild.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "archive/atomic_file.h"
#include "archive/system_error.h"

namespace signedvfs {
namespace {

Status write_prefix(const Rebuild& rebuild, const Sink& sink, std::optional<Prefix>& out) {
  if (!rebuild.prefix) return {};
  SIGNEDVFS_ASSIGN(Hasher hasher, Hasher::create(HashType::kSha256));
  Prefix prefix;
  const Sink hashed_sink = [&](std::span<const std::byte> piece) -> Status {
    SIGNEDVFS_TRY(hasher.update(piece));
    prefix.length += piece.size();
    return sink(piece);
  };
  SIGNEDVFS_TRY(rebuild.prefix(hashed_sink));
  SIGNEDVFS_ASSIGN(prefix.digest, std::move(hasher).finish());
  if (prefix.length > 0) out = prefix;
  return {};
}

// The content's digest is taken from what the stored bytes decode to, not from a second read.
Result<WrittenMember> described(const Packed& packed, HashType type) {
  WrittenMember out;
  out.stored_size = packed.bytes.size();
  out.size = packed.size;
  out.method = packed.method;
  SIGNEDVFS_ASSIGN(out.stored, digest_of(type, packed.bytes.bytes()));
  if (packed.method == Method::kStored) {
    out.content = out.stored;
    return out;
  }
  Buffer content(static_cast<std::size_t>(packed.size));
  SIGNEDVFS_TRY(unpack_into(packed.method, packed.bytes.bytes(), packed.crc32, content.bytes()));
  SIGNEDVFS_ASSIGN(out.content, digest_of(type, std::as_const(content).bytes()));
  return out;
}

Status write_members(const Rebuild& rebuild, ZipWriter& writer, Contents& contents) {
  std::uint64_t done = 0;
  for (const std::string& name : rebuild.names) {
    SIGNEDVFS_ASSIGN(const Packed packed, rebuild.members->read_packed(name));
    auto member = described(packed, rebuild.hash_type);
    if (!member.ok()) {
      return std::move(member).status().in(rebuild.members->path() + ": " + in_quotes(name));
    }
    SIGNEDVFS_TRY(writer.add(name, packed));
    member->offset = writer.position() - member->stored_size;
    contents.members.emplace(name, *member);
    ++done;
    if (rebuild.progress && !rebuild.progress(done)) {
      return {Errc::kUsage, rebuild.output + ": given up; nothing was written"};
    }
  }
  return {};
}

Status write_stored(ZipWriter& writer, std::string_view name, std::string_view text) {
  SIGNEDVFS_ASSIGN(const Packed packed, pack_member(bytes_of(text), Method::kStored));
  return writer.add(name, packed);
}

}  // namespace

Status rebuild_archive(const Rebuild& rebuild) {
  SIGNEDVFS_ASSIGN(AtomicFile file, AtomicFile::create(rebuild.output, rebuild.mode));
  const Sink sink = [&file](std::span<const std::byte> bytes) { return file.write(bytes); };
  Contents contents;
  SIGNEDVFS_TRY(write_prefix(rebuild, sink, contents.prefix));
  ZipWriter writer(sink, contents.prefix ? contents.prefix->length : 0);
  SIGNEDVFS_TRY(write_members(rebuild, writer, contents));
  if (rebuild.own) {
    SIGNEDVFS_ASSIGN(const OwnMembers own, rebuild.own(contents));
    SIGNEDVFS_TRY(write_stored(writer, kManifestName, own.manifest));
    if (own.index) SIGNEDVFS_TRY(write_stored(writer, kIndexName, *own.index));
  }
  SIGNEDVFS_TRY(std::move(writer).finish());
  SIGNEDVFS_TRY(rebuild.check(file.readable_path(), contents).in("checking what was written"));
  return std::move(file).commit();
}

Result<mode_t> permissions_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return system_failure(errno, path);
  return static_cast<mode_t>(status.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO));
}

Result<std::string> resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) return system_failure(errno, path);
  return std::string(real.get());
}

}  // namespace signedvfs
