// What is to be stated, as Python's functions take it.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <optional>

#include "bindings/home.h"
#include "vfs/crypto/digest.h"

namespace signedvfs {

// All functions need the GIL, give nothing for None, and throw the exception that an unsuitable
// object deserves; `what` names the argument in it.

// hash_of returns the hash of that name, with which members may be signed.
std::optional<HashType> hash_of(const Home& home, const pybind11::object& hash);

// optional_choice_of returns True or False.
std::optional<bool> optional_choice_of(const pybind11::object& choice, const char* what);

// serial_of returns a release number.
std::optional<std::uint64_t> serial_of(const Home& home, const pybind11::object& serial);

// time_of returns the seconds since 1970-01-01T00:00:00Z.
std::optional<std::int64_t> time_of(const Home& home, const pybind11::object& time,
                                    const char* what);

}  // namespace signedvfs
