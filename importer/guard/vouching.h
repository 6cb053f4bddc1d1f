// Which files the managers of an interpreter vouch for. Private to guard/.
#pragma once

#include <cstdint>
#include <string>

#include "archive/base/status.h"
#include "importer/guard/guard.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {

// Vouched is what is known of a file.
struct Vouched {
  enum class Kind : std::uint8_t {
    kNot,     // nobody vouches for it
    kByPath,  // it is trusted by where it stands
    kSigned,  // a manifest lists it that a manager which enforces believes
  };
  Kind kind = Kind::kNot;
  PyRef content;  // kSigned, where it was asked for: bytes, verified
};

// vouch_for looks for the file `path` (bytes in the file system's encoding, relative ones from the
// current directory); `reads` asks for its content. What is refused has failed with why.
Result<Vouched> vouch_for(Interpreter& home, const std::string& path, bool reads);

// vouch_for_code does so for the file that code says it is from: also where the bytecode that was
// made of it is listed in its place. "<string>" and the like are no files, and by path.
Result<Vouched> vouch_for_code(Interpreter& home, const std::string& path);

}  // namespace signedvfs
