// Which members of an unsigned archive or directory are worth signing.
#pragma once

#include <string>
#include <vector>

#include "archive/container.h"
#include "archive/status.h"

namespace signedvfs {

// CarryOver is the outcome of `carry_over`; both lists are in byte order.
struct CarryOver {
  std::vector<std::string> names;
  std::vector<std::string> left_out;  // each followed by the reason, for people
};

// carry_over decides as Python would: once content is signed, a listed .pyc runs as it is, so one
// that Python would ignore beside its .py must not get in. Times and sizes are believed here and
// nowhere else. Left out are the manifest and the index (without mention), a .pyc whose recorded
// source time or size (PEP 552) is not that of the .py beside it, and, in directories,
// `__pycache__`. Hash-based .pyc files are carried over unseen. Fails with `kUsage` where a name is
// a module and a package.
Result<CarryOver> carry_over(const Container& source);

}  // namespace signedvfs
