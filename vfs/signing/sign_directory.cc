#include "vfs/signing/sign_directory.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "archive/opening.h"
#include "archive/os/atomic_file.h"
#include "archive/workers/in_order.h"
#include "vfs/signed_vfs.h"
#include "vfs/signing/carry_over.h"
#include "vfs/signing/layout.h"
#include "vfs/signing/statement.h"

namespace signedvfs {
namespace {

Status check_directory(const SignRequest& request, const Statement& statement,
                       std::uint64_t members) {
  SIGNEDVFS_ASSIGN(std::unique_ptr<const Container> directory,
                   open_container(request.path, request.limits));
  SIGNEDVFS_ASSIGN(
      const auto vfs,
      SignedVfs::over(
          std::make_unique<WithManifest>(std::move(directory), statement.service_members.manifest),
          Trust(policy_of(request.keys, statement.attributes), request.limits)));
  return vfs->verify_all([&](std::uint64_t done) {
    return !request.progress || request.progress(members + done, 2 * members);
  });
}

}  // namespace

std::optional<std::uint64_t> WithManifest::size_of(std::string_view name) const {
  return name == kManifestName ? text_.size() : directory_->size_of(name);
}

std::optional<std::int64_t> WithManifest::modified(std::string_view name) const {
  return directory_->modified(name);
}

Result<Buffer> WithManifest::read_into(std::string_view name, const Allocate& allocate) const {
  if (name != kManifestName) return directory_->read_into(name, allocate);
  SIGNEDVFS_ASSIGN(Buffer copy, allocated(allocate, text_.size()));
  std::copy_n(bytes_of(text_).begin(), text_.size(), copy.bytes().begin());
  return copy;
}

Result<Contents> digest_files(const SignRequest& request, const Container& source, HashType type,
                              const std::vector<std::string>& names) {
  Contents out;
  const auto bytes_of = [](std::size_t) { return std::uint64_t{16384}; };  // nothing stays
  const auto digest = [&](std::size_t i) -> Result<WrittenMember> {
    SIGNEDVFS_ASSIGN(const Buffer content, source.read(names[i]));
    WrittenMember member;
    SIGNEDVFS_ASSIGN(member.content, digest_of(type, content.bytes()));
    member.stored = member.content;
    member.size = member.stored_size = content.size();
    return member;
  };
  const auto collect = [&](std::size_t i, const WrittenMember& member) -> Status {
    out.members.emplace(names[i], member);
    if (!request.progress || request.progress(i + 1, 2 * names.size())) return {};
    return given_up(request.path);
  };
  SIGNEDVFS_TRY(
      in_order<WrittenMember>(names.size(), threads_of(request), bytes_of, digest, collect));
  return out;
}

Result<SignReport> sign_directory(const SignRequest& request, const Container& source) {
  if (request.output) {
    return Status(Errc::kUsage, request.path +
                                    ": a directory is signed where it stands, so give no output; "
                                    "`signedvfs pack` makes an archive of it");
  }
  if (request.index.value_or(false)) {
    return Status(Errc::kUsage, request.path + ": only archives have an index, and this is a " +
                                    "directory; leave the choice out");
  }
  SIGNEDVFS_ASSIGN(const auto existing, read_existing(source, request.keys, request.limits));
  SIGNEDVFS_ASSIGN(CarryOver carried, carry_over_for(request, source, existing));
  SIGNEDVFS_ASSIGN(const Layout layout, layout_of(source, carried.names));
  SIGNEDVFS_ASSIGN(Intent intent, intend(request, existing, layout));
  intent.index = false;
  SIGNEDVFS_ASSIGN(const Contents contents,
                   digest_files(request, source, intent.hash_type, carried.names));
  auto stated = state(contents, intent, request.keys);
  if (!stated.ok()) return std::move(stated).status().in(request.path);
  const Statement statement = std::move(stated).value();
  SIGNEDVFS_TRY(check_directory(request, statement, carried.names.size()));

  const std::string path = request.path + "/" + std::string(kManifestName);
  SIGNEDVFS_ASSIGN(AtomicFile file, AtomicFile::create(path));
  SIGNEDVFS_TRY(file.write(bytes_of(statement.service_members.manifest)));
  SignReport report;
  report.output = request.path;
  report.members = carried.names.size();
  report.left_out = std::move(carried.left_out);
  report.warnings = std::move(carried.warnings);
  tell(statement, intent, report);
  SIGNEDVFS_TRY(std::move(file).commit());
  return report;
}

}  // namespace signedvfs
