// What was signed, and what an attacker wants to be read instead: members as large as those.
#pragma once

#include <string>

#include "tests/support/memory_container.h"

namespace signedvfs {

inline const Members kGenuine{{"a.py", "x = 1; y = 1; z = 1\n"}, {"p/b.txt", std::string(60, 'b')}};
inline const Members kEvil{{"a.py", "x = 6; y = 6; z = 6\n"}, {"p/b.txt", std::string(60, 'e')}};

}  // namespace signedvfs
