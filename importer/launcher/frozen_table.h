// CPython's table of frozen modules with one more in it. Private to launcher/.
#pragma once

#include <cstddef>
#include <span>

namespace signedvfs {

// freeze_encodings has `import encodings` find `code`, marshalled, as a package. For the life of
// the process, which has to keep `code`; before Python is initialized.
void freeze_encodings(std::span<const unsigned char> code);

}  // namespace signedvfs
