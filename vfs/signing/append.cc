// Putting a signed archive behind an executable.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "archive/opening.h"
#include "archive/os/file_source.h"
#include "archive/os/file_status.h"
#include "archive/os/processors.h"
#include "archive/os/regular_file.h"
#include "vfs/prefix_check.h"
#include "vfs/signed_vfs.h"
#include "vfs/signing/existing.h"
#include "vfs/signing/intent.h"
#include "vfs/signing/layout.h"
#include "vfs/signing/rebuild.h"
#include "vfs/signing/signer.h"
#include "vfs/signing/statement.h"

namespace signedvfs {
namespace {

Status copy_file(const ByteSource& source, const Sink& sink) {
  std::array<std::byte, 65536> piece;
  std::uint64_t done = 0;
  while (done < source.size()) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), source.size() - done));
    const auto part = std::span(piece).first(count);
    SIGNEDVFS_TRY(source.copy_out(done, part));
    SIGNEDVFS_TRY(sink(part));
    done += count;
  }
  return {};
}

// What is empty, or made up by /proc, is no program, whatever it says when it is read.
Status require_executable(const std::string& path) {
  const Result<FileDescriptor> file = open_regular(path);
  if (file.code() != Errc::kNotRegular) return file.ok() ? Status() : file.status();
  return {Errc::kUsage, file.status().what() + "; name the program to be put in front"};
}

Status refuse_archive_behind(const std::string& executable) {
  SIGNEDVFS_ASSIGN(const bool resembles, resembles_archive(executable));
  if (!resembles) return {};
  return {Errc::kUsage, executable +
                            " looks like an archive, or carries one already: take the executable "
                            "as it was before"};
}

// The archive may have changed since it was verified: what was written must be what was signed.
Status check_contents(const Contents& contents, const SignedVfs& archive,
                      const Manifest& manifest) {
  for (const auto& [name, member] : contents.members) {
    const Entry* const entry = manifest.find(name);
    if (entry == nullptr || entry->digest() != member.content) {
      return {Errc::kDigestMismatch,
              archive.path() + ": " + in_quotes(name) + " differs from what was signed"};
    }
  }
  return {};
}

}  // namespace

Result<SignReport> append(const AppendRequest& request) {
  SIGNEDVFS_TRY(check_keys(request.keys));
  SIGNEDVFS_ASSIGN(const auto source, open_container(request.archive, request.limits));
  if (!source->member_count()) {
    return Status(Errc::kUsage, request.archive +
                                    ": a directory cannot be appended; `signedvfs pack` makes an "
                                    "archive of it");
  }
  SIGNEDVFS_ASSIGN(const auto existing, read_existing(*source, request.keys, request.limits));
  const Attributes claimed = existing ? existing->header.attributes : Attributes{};
  const TrustPolicy policy = policy_of(request.keys, claimed);
  SIGNEDVFS_ASSIGN(const auto archive,
                   SignedVfs::open(request.archive, Trust(policy, request.limits)));
  SIGNEDVFS_ASSIGN(const Intent intent, intend_again(*archive, request.keys, request.at));
  SIGNEDVFS_TRY(check_prefix_is_signed(source->prefix_bytes(), archive->attributes().prefix)
                    .in(request.archive));
  SIGNEDVFS_TRY(require_executable(request.executable));
  SIGNEDVFS_TRY(refuse_archive_behind(request.executable));
  SIGNEDVFS_ASSIGN(const auto executable,
                   open_file(request.executable, request.limits.archive_bytes));

  SIGNEDVFS_ASSIGN(const Manifest* const listed, archive->manifest());
  const Manifest& manifest = *listed;
  Rebuild rebuild;
  rebuild.members = source.get();
  for (const Entry& entry : manifest.entries()) rebuild.names.emplace_back(entry.path());
  if (manifest.attributes().order) {
    SIGNEDVFS_ASSIGN(Layout layout, layout_of(*source, std::move(rebuild.names)));
    rebuild.names = std::move(layout.names);
  }
  rebuild.prefix = [&](const Sink& sink) { return copy_file(*executable, sink); };
  rebuild.hash_type = manifest.hash_type();
  rebuild.limits = request.limits;
  rebuild.threads = processors();
  rebuild.output = request.output;
  SIGNEDVFS_ASSIGN(rebuild.mode, permissions_of(request.executable));
  SignReport report;
  report.output = request.output;
  report.members = rebuild.names.size();
  rebuild.make_service_members = [&](const Contents& contents) -> Result<ServiceMembers> {
    SIGNEDVFS_TRY(check_contents(contents, *archive, manifest));
    SIGNEDVFS_ASSIGN(Statement statement, state(contents, intent, request.keys));
    tell(statement, intent, report);
    return std::move(statement.service_members);
  };
  rebuild.check = [&](const std::string& path, const Contents&) -> Status {
    SIGNEDVFS_ASSIGN(const auto written, SignedVfs::open(path, Trust(policy, request.limits)));
    return written->verify_all();
  };
  if (const auto& former = archive->attributes().prefix) {
    report.warnings.push_back("the " + std::to_string(former->length) +
                              " bytes that stand in front of " + request.archive +
                              " are left behind; the executable takes their place");
  }
  SIGNEDVFS_TRY(rebuild_archive(rebuild));
  return report;
}

}  // namespace signedvfs
