// The part of the launcher's own file that says whom it believes. Private to launcher/.
#pragma once

#include <cstddef>
#include <span>

namespace signedvfs {

// key_section borrows the section ".svfs_key" of the running program: read-only, mapped with its
// code, and in the state that launch_rules.h describes. A launcher is built with it unpatched.
std::span<const std::byte> key_section() noexcept;

}  // namespace signedvfs
