#include "vfs/signing/signer.h"

#include <utility>

#include "archive/os/file_status.h"
#include "vfs/signed_vfs.h"
#include "vfs/signing/carry_over.h"
#include "vfs/signing/existing.h"
#include "vfs/signing/intent.h"
#include "vfs/signing/layout.h"
#include "vfs/signing/rebuild.h"
#include "vfs/signing/sign_directory.h"
#include "vfs/signing/source.h"
#include "vfs/signing/statement.h"

namespace signedvfs {
namespace {

Result<SignReport> sign_archive(const SignRequest& request, Source opened) {
  const Container& source = *opened.container;
  if (!source.is_zip() && !request.output) {
    return Status(Errc::kUsage, request.path +
                                    " is no zip archive, and what signing writes is one: say where "
                                    "to write it (-o out.zip)");
  }
  SIGNEDVFS_ASSIGN(auto existing, read_existing(source, request.keys, request.limits));
  if (opened.has_several_manifests && existing) {
    existing = Existing{};
    existing->defect = "there are several, and nobody can say which of them is the archive's";
  }
  SIGNEDVFS_ASSIGN(CarryOver carried, carry_over_for(request, source, existing));
  SIGNEDVFS_ASSIGN(Layout layout, layout_of(source, std::move(carried.names)));
  SIGNEDVFS_ASSIGN(const Intent intent, intend(request, existing, layout));
  const std::uint64_t members = layout.names.size();
  const auto progress = [&](std::uint64_t done) {
    return !request.progress || request.progress(done, 2 * members);
  };

  // Filled in before the file is in place: from then on nothing may fail any more.
  SignReport report;
  report.output = request.output.value_or(request.path);
  report.members = members;
  report.left_out = std::move(carried.left_out);
  report.vanished = std::move(opened.vanishing);
  report.warnings = std::move(carried.warnings);

  Rebuild rebuild;
  rebuild.members = &source;
  rebuild.names = std::move(layout.names);
  rebuild.hash_type = intent.hash_type;
  rebuild.limits = request.limits;
  // The index says where members stand, so what others have signed is written as it was.
  rebuild.directories = !request.keep_signatures || opened.has_directories;
  rebuild.threads = threads_of(request);
  rebuild.progress = progress;
  if (request.output) {
    rebuild.output = *request.output;
  } else {
    SIGNEDVFS_ASSIGN(rebuild.output, resolved(request.path));
  }
  SIGNEDVFS_ASSIGN(rebuild.mode, permissions_of(request.path));
  if (source.prefix_bytes() > 0) {
    rebuild.prefix = [&](const Sink& sink) { return source.read_prefix(sink); };
  }
  rebuild.make_service_members = [&](const Contents& contents) -> Result<ServiceMembers> {
    auto statement = state(contents, intent, request.keys);
    if (!statement.ok()) return std::move(statement).status().in(request.path);
    tell(*statement, intent, report);
    return std::move(statement)->service_members;
  };
  rebuild.check = [&](const std::string& path, const Contents&) -> Status {
    SIGNEDVFS_ASSIGN(
        const auto vfs,
        SignedVfs::open(path, Trust(policy_of(request.keys, report.attributes), request.limits)));
    return vfs->verify_all([&](std::uint64_t done) { return progress(members + done); });
  };
  SIGNEDVFS_TRY(rebuild_archive(rebuild));
  return report;
}

}  // namespace

Result<SignReport> sign(const SignRequest& request) {
  SIGNEDVFS_TRY(check_keys(request.keys));
  SIGNEDVFS_TRY(check_name(request.attributes));
  const Attributes& given = request.attributes;
  if (given.prefix || given.order || !given.roots.empty()) {
    return Status(Errc::kUsage, "@prefix, @order and @roots are found by the signer, not given");
  }
  SIGNEDVFS_ASSIGN(Source source, open_source(request.path, request.limits));
  if (!source.container->member_count()) return sign_directory(request, *source.container);
  return sign_archive(request, std::move(source));
}

}  // namespace signedvfs
