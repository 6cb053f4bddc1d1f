#include "vfs/signing/rebuild.h"

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "archive/members/new_parents.h"
#include "archive/os/atomic_file.h"
#include "archive/workers/in_order.h"
#include "archive/zip/buffered_sink.h"

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

// Ready is a member before it is written; where it will stand is not known yet.
struct Ready {
  Packed packed;
  WrittenMember described;
};

// The content's digest is taken from what the stored bytes have decoded to, not from a second read.
Result<Ready> prepared(const Container& members, std::string_view name, HashType type) {
  SIGNEDVFS_ASSIGN(StoredMember member, members.read_packed(name));
  Ready out;
  out.described.stored_size = member.packed.bytes.size();
  out.described.size = member.packed.size;
  out.described.method = member.packed.method;
  SIGNEDVFS_ASSIGN(out.described.content, digest_of(type, member.content()));
  out.described.stored = out.described.content;
  if (member.packed.method != Method::kStored) {
    SIGNEDVFS_ASSIGN(out.described.stored,
                     digest_of(type, std::as_const(member.packed.bytes).bytes()));
  }
  out.packed = std::move(member.packed);
  return out;
}

// has_directories tells whether the archive is to have entries for directories.
bool has_directories(const Rebuild& rebuild) {
  if (!rebuild.directories) return false;
  constexpr std::uint64_t kServiceMembers = 2;
  constexpr std::uint64_t kZip64From = 0xffff;  // APPNOTE 4.4.1.4
  const std::uint64_t members = rebuild.names.size() + kServiceMembers;
  NewParents parents;
  std::uint64_t all = members;
  for (const std::string& name : rebuild.names) all += parents.of(name).size();
  return all <= rebuild.limits.members && (all < kZip64From || members >= kZip64From);
}

Status write_members(const Rebuild& rebuild, ZipWriter& writer, Contents& contents) {
  const bool with_directories = has_directories(rebuild);
  NewParents parents;
  const auto bytes_of = [&](std::size_t i) {
    return rebuild.members->size_of(rebuild.names[i]).value_or(0);
  };
  const auto prepare = [&](std::size_t i) {
    return prepared(*rebuild.members, rebuild.names[i], rebuild.hash_type);
  };
  const auto write = [&](std::size_t i, Ready ready) -> Status {
    const std::string& name = rebuild.names[i];
    if (with_directories) {
      for (const std::string_view directory : parents.of(name)) {
        SIGNEDVFS_TRY(writer.add_directory(directory));
      }
    }
    SIGNEDVFS_TRY(writer.add(name, ready.packed));
    ready.described.offset = writer.position() - ready.described.stored_size;
    contents.members.emplace(name, ready.described);
    if (rebuild.progress && !rebuild.progress(i + 1)) {
      return given_up(rebuild.output);
    }
    return {};
  };
  return in_order<Ready>(rebuild.names.size(), rebuild.threads, bytes_of, prepare, write);
}

Status write_stored(ZipWriter& writer, std::string_view name, std::string_view text) {
  SIGNEDVFS_ASSIGN(const Packed packed, pack_member(bytes_of(text), Method::kStored));
  return writer.add(name, packed);
}

// write_archive gives all bytes of the archive to `sink`, and notes in `contents` what it holds.
Status write_archive(const Rebuild& rebuild, const Sink& sink, Contents& contents) {
  SIGNEDVFS_TRY(write_prefix(rebuild, sink, contents.prefix));
  ZipWriter writer(sink, contents.prefix ? contents.prefix->length : 0,
                   rebuild.limits.without_ratio());
  SIGNEDVFS_TRY(write_members(rebuild, writer, contents));
  if (rebuild.make_service_members) {
    SIGNEDVFS_ASSIGN(const ServiceMembers service, rebuild.make_service_members(contents));
    SIGNEDVFS_TRY(write_stored(writer, kManifestName, service.manifest));
    if (service.index) SIGNEDVFS_TRY(write_stored(writer, kIndexName, *service.index));
  }
  return std::move(writer).finish();
}

}  // namespace

Status rebuild_archive(const Rebuild& rebuild) {
  SIGNEDVFS_ASSIGN(AtomicFile file, AtomicFile::create(rebuild.output, rebuild.mode));
  BufferedSink buffered([&file](std::span<const std::byte> bytes) { return file.write(bytes); });
  const Sink sink = [&](std::span<const std::byte> bytes) { return buffered.write(bytes); };
  Contents contents;
  SIGNEDVFS_TRY(write_archive(rebuild, sink, contents));
  SIGNEDVFS_TRY(buffered.flush());
  SIGNEDVFS_TRY(rebuild.check(file.readable_path(), contents).in("checking what was written"));
  return std::move(file).commit();
}

Status rehearse_archive(const Rebuild& rebuild) {
  Contents contents;
  return write_archive(rebuild, [](std::span<const std::byte>) { return Status(); }, contents);
}

}  // namespace signedvfs
