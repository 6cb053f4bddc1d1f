// Libraries that are ready before they are asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "importer/native/sealed_library.h"

namespace signedvfs {

// LibrariesAhead seals and verifies libraries of one archive on another core. May be used from any
// thread.
class LibrariesAhead {
 public:
  LibrariesAhead() = default;
  LibrariesAhead(const LibrariesAhead&) = delete;
  LibrariesAhead& operator=(const LibrariesAhead&) = delete;
  virtual ~LibrariesAhead() = default;

  // take_library gives out the member `entry` where it is ready, or will be in a moment; null where
  // the asker has to read it. Not for the GIL: it may wait.
  virtual std::unique_ptr<SealedLibrary> take_library(const std::string& entry) = 0;

  // expect_libraries is told which ones are going to be asked for, soonest first.
  virtual void expect_libraries(std::vector<std::string> entries) = 0;
};

}  // namespace signedvfs
