// A SignedVfs exists only once a manifest satisfied a policy.
// expect: private|no matching|no default constructor
#include <memory>
#include <utility>

#include "archive/members/container.h"
#include "vfs/signed_vfs.h"

using signedvfs::SignedVfs;

#ifdef SHOULD_NOT_COMPILE
SignedVfs make(std::unique_ptr<const signedvfs::Container> container,
               signedvfs::Manifest manifest) {
  return SignedVfs(std::move(container), std::move(manifest));
}
#else
auto make(std::unique_ptr<const signedvfs::Container> container,
          const signedvfs::TrustPolicy& policy) {
  return SignedVfs::over(std::move(container), policy);
}
#endif
