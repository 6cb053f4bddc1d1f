// What was signed, what an attacker wants to be read instead (members as large as those), and the
// rule that tells them apart.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "archive/base/buffer.h"
#include "tests/support/memory_container.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

inline const Members kGenuine{{"a.py", "x = 1; y = 1; z = 1\n"}, {"p/b.txt", std::string(60, 'b')}};
inline const Members kEvil{{"a.py", "x = 6; y = 6; z = 6\n"}, {"p/b.txt", std::string(60, 'e')}};

// expect_genuine_reads reads everything: what was signed or an error, nothing else, and never that
// it is not there. Returns how many reads succeeded.
inline int expect_genuine_reads(const SignedVfs& vfs, const Members& members = kGenuine) {
  int succeeded = 0;
  for (const auto& [name, content] : members) {
    const auto bytes = vfs.read(name);
    if (!bytes.ok()) {
      EXPECT_NE(bytes.code(), Errc::kNotFound) << "a listed member was denied";
      continue;
    }
    EXPECT_EQ(text_of(bytes->bytes()), content);
    ++succeeded;
  }
  return succeeded;
}

}  // namespace signedvfs
