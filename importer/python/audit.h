// What a security monitor gets to see (PEP 578).
#pragma once

#include <string>
#include <string_view>

#include "archive/base/status.h"

namespace signedvfs {

// Events of our own; every other event of an import (`import`, `compile`, `exec`, `marshal.loads`)
// is raised where CPython raises it. Arguments are built only where a hook listens. A hook that
// raises ends the operation with its exception: `kPython`. All functions need the GIL.

// audit_open is the moment before a file is opened for its code. It goes through the interpreter's
// `io.open_code`, so that a hook set with PyFile_SetOpenCodeHook is asked as zipimport would ask
// it, and raises the event `open` as a consequence. `absolute` need not exist. Where the hook or
// the operating system denies access, it fails with `kIo`.
Status audit_open(const std::string& absolute);

// audit_verify raises `signedvfs.verify` (archive, member): content has passed its check and is
// about to be handed out. `archive` is in the file system's bytes, `member` UTF-8; a member of ""
// is the archive's manifest.
Status audit_verify(const std::string& archive, std::string_view member);

// audit_load raises `signedvfs.load` (archive, member) before the dynamic linker is given a member,
// whose constructors it runs.
Status audit_load(const std::string& archive, std::string_view member);

// audit_refuse raises `signedvfs.refuse` (archive, member, code, message) before the exception
// that says so; `archive` and `member` may be empty where they are not known.
Status audit_refuse(const std::string& archive, const std::string& member, std::string_view code,
                    const std::string& message);

}  // namespace signedvfs
