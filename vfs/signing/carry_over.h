// Which members of an unsigned archive or directory are worth signing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "archive/members/container.h"
#include "vfs/signing/existing.h"

namespace signedvfs {

// Carrying says on what grounds members are carried over.
struct Carrying {
  // signed_by_us is the manifest that one of the signing keys has signed, if any: two members that
  // it lists together need no other sign that they belong together. Borrowed.
  const Existing* signed_by_us = nullptr;

  // all carries over as much as is possible, because others have signed exactly that; what should
  // have been left out is warned of instead.
  bool all = false;

  // compiled_here: the caller has compiled every .pyc beside its source from that very source, so
  // there is nothing to warn of.
  bool compiled_here = false;

  // cache_tag says whose bytecode in `__pycache__` is carried over (see SignRequest).
  std::optional<std::string> cache_tag = std::nullopt;

  unsigned threads = 1;  // how many read
};

// CarryOver is the outcome of `carry_over`; all lists are in byte order.
struct CarryOver {
  std::vector<std::string> names;
  std::vector<std::string> left_out;  // each followed by the reason, for people
  std::vector<std::string> warnings;  // on members that are among `names`, for people
};

// carry_over decides as Python would: once content is signed, a listed .pyc runs as it is, so one
// that Python would ignore beside its .py must not get in. Times and sizes are believed here and
// nowhere else. Left out are the manifest and the index (without mention), in directories
// `__pycache__` but for what `cache_tag` says, and beside its .py a .pyc (PEP 552)
//
//   - whose recorded time, size or hash (where it is one to be checked) is not that of the .py,
//   - of which that cannot be found out.
//
// One with a hash that Python does not check unless it is told to is carried over, with a warning
// where it does not fit. Where it fits, that is what the .pyc says of itself: nobody can tell what
// it does. So one more warning names those that will run in the place of their sources, but for the
// pairs that `signed_by_us` lists together already. Fails with `kUsage` where a name is a module
// and a package.
Result<CarryOver> carry_over(const Container& source, const Carrying& how = {});

}  // namespace signedvfs
