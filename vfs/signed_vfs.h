// A signed archive or directory as a read-only file system.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/allocate.h"
#include "archive/base/status.h"
#include "archive/base/vessel.h"
#include "archive/members/container.h"
#include "vfs/manifest/listing.h"
#include "vfs/manifest/manifest.h"
#include "vfs/trust.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {

class Backing;
class ByteSource;
class Buffer;
struct Listed;
struct RootDirectory;
struct RootedVfs;

// SignedVfs gives out members of one archive or directory whose manifest satisfied a policy, as
// `VerifiedBytes`. Nothing that it says ever changes; may be used from any thread.
//
// Where an archive has a signed index, only the pages that answers need are read and checked, when
// they are needed: any question may then fail, and such a failure is a refusal like any other.
class SignedVfs {
 public:
  // open opens what `path` names and checks its manifest under `trust`; before that nothing but the
  // manifest is decoded, which therefore is the last member of a zip archive (where there is an
  // index, the last but one) and the first of any other. Archives without an index must have
  // exactly the listed members. Fails with the code of the first thing that is wrong.
  static Result<std::shared_ptr<const SignedVfs>> open(const std::string& path, const Trust& trust);

  // over does the same for a container that is open already, and goes by its manifest: an archive
  // that was signed with an index is refused. Whoever opened it has paid for what that took.
  static Result<std::shared_ptr<const SignedVfs>> over(std::unique_ptr<const Container> container,
                                                       const Trust& trust);

  // over_zip does the same for the bytes of a zip archive, with or without an index; `path` is for
  // messages.
  static Result<std::shared_ptr<const SignedVfs>> over_zip(std::shared_ptr<const ByteSource> source,
                                                           const std::string& path,
                                                           const Trust& trust);

  SignedVfs(const SignedVfs&) = delete;
  SignedVfs& operator=(const SignedVfs&) = delete;
  ~SignedVfs();

  const std::string& path() const& noexcept;

  // What the signed header says, and who signed it (see Manifest).
  HashType hash_type() const noexcept;
  const Attributes& attributes() const& noexcept;
  const std::vector<std::string>& signers() const& noexcept;
  const std::vector<Signature>& signatures() const& noexcept;
  bool has_index() const noexcept;

  // prefix_bytes returns how many bytes stand in front of the archive in its file: as many as were
  // signed, or where `attributes` have no prefix, bytes that nobody has signed. They are never read
  // but by `verify_all`, which refuses the latter. What is said of an archive with an index is what
  // the end of its file says; `verify_all` checks that, too.
  std::uint64_t prefix_bytes() const noexcept;

  // listing returns the signed paths, for all questions about names.
  const Listing& listing() const& noexcept;
  Result<bool> contains(std::string_view name) const { return listing().contains(name); }

  // manifest returns the whole manifest, with the digests of all content. Of an archive with an
  // index it is read when somebody first asks. Borrowed from this object.
  // Of a detached one it lists the files of all roots, each below the name of its root.
  Result<const Manifest*> manifest() const;

  // entry returns the manifest's line on the member `name`, or null; likewise.
  Result<const Entry*> entry(std::string_view name) const;

  // read copies the member out once, compares the digest of that private copy (as it is stored
  // where there is an index, decoded otherwise) with the signed one, and returns the content, in
  // memory that `allocate` chooses. The size that it is asked for is the declared one: signed where
  // there is an index. Fails with `kNotFound` where `name` is not listed, and as `allocate` does;
  // any other code is a refusal.
  Result<VerifiedBytes> read(std::string_view name, const Allocate& allocate = {}) const;

  // read_through does the same by way of `vessel`: the content is put into it, and what is compared
  // and returned is the memory that it gives out when it is closed. Of a vessel that takes less it
  // is the front of the content, which all of it has been compared for. Fails also as it does.
  Result<VerifiedBytes> read_through(std::string_view name, Vessel& vessel) const;

  // size_of returns the member's decoded size; 0 for what is not there. It is signed where there is
  // an index, and otherwise what the container declares: for listings only.
  Result<std::uint64_t> size_of(std::string_view name) const;

  // identity_of returns a text that two members, of whatever archives, share only where both have
  // the same content. It is made of signed digests, and nothing is read for it but pages of the
  // index. The same content may have several. Fails with `kNotFound` where `name` is not listed.
  Result<std::string> identity_of(std::string_view name) const;

  // order returns the paths in the order in which a program was seen to read them when the archive
  // was made (vfs/manifest/order.h): the text is the signed one, that every path is a member's only
  // `verify_all` checks. Empty where nothing was recorded. Fails as `read` does.
  Result<std::vector<std::string>> order() const;

  // verify_all reads every member, the recorded order, whatever stands in front of the archive, and
  // of an archive with an index everything that there is, in as many threads as there are
  // processors to use. It fails with what is wrong with the first member, in byte order or the
  // archive's. `progress` (may be empty) is told the members done, in the caller's thread; it
  // returns false to give up, which fails with `kUsage`.
  Status verify_all(const std::function<bool(std::uint64_t)>& progress = {}) const;

  // unlisted returns the files below a directory that its manifest does not list, in byte order:
  // they can never be read through here, but a person may want to know. Empty for archives.
  Result<std::vector<std::string>> unlisted() const;

 private:
  friend Result<std::vector<RootedVfs>> open_roots_by(Buffer text, const std::string& manifest,
                                                      const std::vector<RootDirectory>& roots,
                                                      const Trust& trust);  // detached.h

  explicit SignedVfs(std::unique_ptr<const Backing> backing) noexcept;
  static Result<std::shared_ptr<const SignedVfs>> going_by(Result<Listed> listed);
  Status verify_order() const;

  std::unique_ptr<const Backing> backing_;
};

}  // namespace signedvfs
