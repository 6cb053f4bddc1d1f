// The frozen module with which Python begins, compiled when the launcher is built. Private to
// launcher/.
#pragma once

#include <span>

namespace signedvfs {

// staged_encodings borrows the marshalled code of staged_encodings.py, for the Python that the
// launcher is built for (freeze.py writes it).
std::span<const unsigned char> staged_encodings() noexcept;

}  // namespace signedvfs
