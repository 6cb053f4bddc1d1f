// Which machines shared objects are built for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace signedvfs {

// Machine is ELF's number of a machine (e_machine).
using Machine = std::uint16_t;

// kNoMachine is own_machine() where shared objects are not read: 32-bit and big-endian machines.
inline constexpr Machine kNoMachine = 0;

// own_machine returns what this program is built for.
Machine own_machine() noexcept;

// machine_name returns the name that platform tags of wheels have for a machine ("x86_64"), or
// "machine N" for one that is not known here.
std::string machine_name(Machine machine);

// machine_named returns the machine of which `machine_name` returns `name`. Only 64-bit
// little-endian ones are known by name: those are read.
std::optional<Machine> machine_named(std::string_view name) noexcept;

// largest_page returns the largest size of a page, in bytes, that kernels for `machine` have.
std::uint64_t largest_page(Machine machine) noexcept;

}  // namespace signedvfs
