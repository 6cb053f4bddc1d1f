// Processes that an application starts of itself, where it is its own executable. Private to
// files/.
#pragma once

#include "archive/base/status.h"
#include "importer/files/call.h"

namespace signedvfs {

// give_own_words has a new process of `program` (str, bytes or os.PathLike; null: not given) get
// other words than those at `words`, where it is the application that this process is, and
// `signedvfs.launched` says so: those of an interpreter mean nothing to it. The file that is
// started is put at `place`, or as the only one of a tuple there. Does nothing in any other
// process. Fails with `kPython`.
Status give_own_words(Call& call, PyObject* program, const Parameter& words, const Parameter& place,
                      bool in_tuple = false);

}  // namespace signedvfs
