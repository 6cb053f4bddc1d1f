// A backing has no stamp of its own: what it has read is verified by being compared.
// expect: private
#include <utility>

#include "vfs/backing.h"

using signedvfs::Buffer;
using signedvfs::VerifiedBytes;

class Lenient : public signedvfs::Backing {
 public:
  signedvfs::Result<VerifiedBytes> read(std::string_view name,
                                        const signedvfs::Allocate& allocate) const override {
#ifdef SHOULD_NOT_COMPILE
    return VerifiedBytes(Buffer(name.size()));
#else
    return genuine_->read(name, allocate);
#endif
  }

 private:
  const Backing* genuine_ = nullptr;
};
