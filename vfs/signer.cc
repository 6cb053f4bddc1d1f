#include "vfs/signer.h"

#include <utility>

#include "archive/processors.h"
#include "vfs/carry_over.h"
#include "vfs/existing.h"
#include "vfs/intent.h"
#include "vfs/layout.h"
#include "vfs/rebuild.h"
#include "vfs/sign_directory.h"
#include "vfs/signed_vfs.h"
#include "vfs/statement.h"

namespace signedvfs {
namespace {

Result<SignReport> sign_archive(const SignRequest& request, const Container& source) {
  if (!source.is_zip() && !request.output) {
    return Status(Errc::kUsage, request.path +
                                    " is no zip archive, and what signing writes is one: say where "
                                    "to write it (-o out.zip)");
  }
  SIGNEDVFS_ASSIGN(const auto existing, read_existing(source, request.keys, request.limits));
  const unsigned threads = request.threads == 0 ? processors() : request.threads;
  const Existing* const own = existing && existing->is_own ? &*existing : nullptr;
  SIGNEDVFS_ASSIGN(CarryOver carried, carry_over(source, {.own = own,
                                                          .all = request.keep_signatures,
                                                          .compiled_here = request.compiled_here,
                                                          .threads = threads}));
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
  report.warnings = std::move(carried.warnings);

  Rebuild rebuild;
  rebuild.members = &source;
  rebuild.names = std::move(layout.names);
  rebuild.hash_type = intent.hash_type;
  rebuild.limits = request.limits;
  rebuild.threads = threads;
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
  rebuild.own = [&](const Contents& contents) -> Result<OwnMembers> {
    auto statement = state(contents, intent, request.keys);
    if (!statement.ok()) return std::move(statement).status().in(request.path);
    tell(*statement, intent, report);
    return std::move(statement)->own;
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
  if (request.attributes.prefix || request.attributes.order) {
    return Status(Errc::kUsage, "@prefix and @order are found by the signer, not given");
  }
  SIGNEDVFS_ASSIGN(const auto source, open_container(request.path, request.limits));
  return source->member_count() ? sign_archive(request, *source) : sign_directory(request, *source);
}

}  // namespace signedvfs
