// What is going to be signed, or to lose its signatures: the one reader that is lenient.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/members/container.h"

namespace signedvfs {

// Source is an opened archive or directory.
struct Source {
  std::unique_ptr<const Container> container;
  bool has_directories = false;        // entries for them, in a zip archive
  std::vector<std::string> vanishing;  // sentences: what will not be there once it is rewritten
  bool has_several_manifests = false;  // and then nobody can say which of them is the archive's
};

// open_source opens what `path` names. A zip archive may have what is lost when it is written anew,
// and several manifests and indexes, which are dropped anyway (signedimp appends another manifest
// where there is one); whoever verifies the result reads it strictly. Fails as `open_container`
// does, with the one thing that is wrong.
Result<Source> open_source(const std::string& path, const Limits& limits);

}  // namespace signedvfs
