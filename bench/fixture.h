// Signed archives to measure on, with content that is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "archive/base/status.h"
#include "archive/members/codec.h"
#include "vfs/manifest/policy.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// Shape says what an archive looks like.
struct Shape {
  Method method = Method::kDeflate;
  std::size_t members = 1;
  std::size_t member_bytes = 256;
  bool indexed = false;  // with a signed index
  friend auto operator<=>(const Shape&, const Shape&) = default;
};

// Fixture is an archive of one `Shape`, in a directory that disappears with the process.
struct Fixture {
  Shape shape;
  std::string path;
  TrustPolicy policy;  // trusts the key that signed the archive
  std::shared_ptr<const SignedVfs> vfs;
};

// fixture returns the archive of that shape, made at the first call and checked: every member reads
// as `content_of` says. Owned by the process. Not for several threads at once.
Result<const Fixture*> fixture(const Shape& shape);

// member_name returns the name of the member `index`: "package/sub_7/module_1234.py".
std::string member_name(std::size_t index);

// content_of returns `size` bytes that compress about as well as Python source, the same ones for
// the same arguments.
std::string content_of(std::size_t index, std::size_t size);

}  // namespace signedvfs
