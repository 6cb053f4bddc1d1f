// Signed archives with an index, as strings, made from parts that tests may change.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/failing_source.h"
#include "tests/support/signing.h"
#include "tests/support/zip_text.h"
#include "vfs/index/builder.h"
#include "vfs/manifest/header.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// IndexedPlan says what to make, and which of the parts to make differently.
struct IndexedPlan {
  Method method = Method::kStored;
  Attributes attributes = {};
  HashType hash_type = HashType::kSha256;
  std::vector<std::size_t> keys = {0};
  Entries entries = Entries::kNone;                         // for directories
  std::string prefix = {};                                  // signed where `attributes` say so
  std::function<void(Index&)> change_index = {};            // before it is signed
  std::function<void(std::string& text)> change_text = {};  // of the member, after signing
  std::function<void(std::string& manifest)> change_manifest = {};
};

// indexed_zip_of returns the archive with an index that signing `members` gives, but for what
// `plan` changes.
inline std::string indexed_zip_of(const Members& members, const IndexedPlan& plan = {}) {
  std::string out = plan.prefix;
  ZipWriter writer(
      [&out](std::span<const std::byte> bytes) {
        out += text_of(bytes);
        return Status();
      },
      out.size());
  const auto require = [](const Status& status) {
    if (!status.ok()) throw std::runtime_error(status.what());
  };
  IndexBuilder builder(plan.hash_type);
  NewParents parents;
  for (const auto& [name, content] : members) {
    for (const std::string_view directory : parents.of(name)) {
      if (plan.entries == Entries::kWritten) require(writer.add_directory(directory));
    }
    const Packed packed = expect(pack_member(bytes_of(content), plan.method));
    require(writer.add(name, packed));
    require(builder.add(
        name, {out.size() - packed.bytes.size(), packed.bytes.size(), packed.size, packed.method,
               expect(digest_of(plan.hash_type, packed.bytes.bytes()))}));
  }
  Index index = expect(std::move(builder).finish());
  if (plan.change_index) plan.change_index(index);
  const std::string body = body_of(members, plan.hash_type);
  const std::string header =
      expect(encode_header(plan.hash_type, plan.attributes, body, index.root));
  std::string manifest = signed_text(header, body, plan.keys);
  if (plan.change_manifest) plan.change_manifest(manifest);
  std::string text = index_text(index, manifest.size(), manifest.size() - body.size());
  if (plan.change_text) plan.change_text(text);
  require(writer.add(kManifestName, expect(pack_member(bytes_of(manifest), Method::kStored))));
  require(writer.add(kIndexName, expect(pack_member(bytes_of(text), Method::kStored))));
  require(std::move(writer).finish());
  return out;
}

// opened opens the bytes of an archive.
inline Result<std::shared_ptr<const SignedVfs>> opened(std::shared_ptr<const ByteSource> source,
                                                       const TrustPolicy& policy = trusting(),
                                                       const Limits& limits = {}) {
  return SignedVfs::over_zip(std::move(source), "a.zip", Trust(policy, limits));
}

inline Result<std::shared_ptr<const SignedVfs>> opened(std::string archive,
                                                       const TrustPolicy& policy = trusting(),
                                                       const Limits& limits = {}) {
  return opened(std::make_shared<MemorySource>(std::move(archive)), policy, limits);
}

// content_of returns the verified content of a member.
inline std::string content_of(const SignedVfs& vfs, std::string_view name) {
  const VerifiedBytes bytes = expect(vfs.read(name));
  return std::string(text_of(bytes.bytes()));
}

}  // namespace signedvfs
