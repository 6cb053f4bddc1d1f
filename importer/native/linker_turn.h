// Who may have the dynamic linker load members. Private to native/.
#pragma once

#include "importer/python/object.h"

namespace signedvfs {

// LinkerTurn is held by the one thread that loads members: what it has checked about the linker
// holds until it is done. It is taken with the GIL, which is released while others have it; and the
// thread that has it may take it again, as code that runs while it is loaded may import.
//
// Constructors run with the GIL, as they do wherever Python loads a module, and may give it to
// others for a while: so no import waits for a turn, or for the linker, with the GIL. (ctypes does,
// as it does without us.) A child of fork begins with none.
class [[nodiscard]] LinkerTurn {
 public:
  LinkerTurn();
  LinkerTurn(const LinkerTurn&) = delete;
  LinkerTurn& operator=(const LinkerTurn&) = delete;
  ~LinkerTurn();
};

}  // namespace signedvfs
