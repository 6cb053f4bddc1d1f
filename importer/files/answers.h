// What stands behind the doors of table.h. Private to files/.
#pragma once

#include "importer/files/builtin_door.h"

namespace signedvfs {

// asking.cc: what a read-only file system says.
PyObject* answer_stat(Call& call, const Passing& passing);
PyObject* answer_lstat(Call& call, const Passing& passing);
PyObject* answer_fstat(Call& call, const Passing& passing);
PyObject* answer_access(Call& call, const Passing& passing);
PyObject* answer_listdir(Call& call, const Passing& passing);
PyObject* answer_scandir(Call& call, const Passing& passing);
PyObject* answer_readlink(Call& call, const Passing& passing);
PyObject* answer_of_archive(Call& call, const Passing& passing);
PyObject* answer_getxattr(Call& call, const Passing& passing);
PyObject* answer_listxattr(Call& call, const Passing& passing);
PyObject* answer_not_supported(Call& call, const Passing& passing);

// opening.cc
PyObject* answer_open(Call& call, const Passing& passing);

// refusing.cc: what such a file system, or nobody at all, does with what is signed.
PyObject* answer_chdir(Call& call, const Passing& passing);
PyObject* answer_exec(Call& call, const Passing& passing);
PyObject* answer_spawn(Call& call, const Passing& passing);
PyObject* answer_fork_exec(Call& call, const Passing& passing);
PyObject* answer_making(Call& call, const Passing& passing);
PyObject* answer_changing(Call& call, const Passing& passing);
PyObject* answer_moving(Call& call, const Passing& passing);
PyObject* answer_symlink(Call& call, const Passing& passing);

// native_code.cc
PyObject* answer_create_dynamic(Call& call, const Passing& passing);
PyObject* answer_dlopen(Call& call, const Passing& passing);

// libraries.cc: what other C code would open by itself.
PyObject* answer_by_itself(Call& call, const Passing& passing);
PyObject* answer_appending(Call& call, const Passing& passing);
PyObject* answer_text_domain(Call& call, const Passing& passing);
PyObject* answer_bind(Call& call, const Passing& passing);
PyObject* answer_connect(Call& call, const Passing& passing);
PyObject* answer_connect_ex(Call& call, const Passing& passing);
PyObject* answer_send(Call& call, const Passing& passing);

// ssl.cc
PyObject* answer_verify_locations(Call& call, const Passing& passing);
PyObject* answer_cert_chain(Call& call, const Passing& passing);
PyObject* answer_dh_params(Call& call, const Passing& passing);

// doors.cc
PyObject* answer_executed(Call& call, const Passing& passing);

}  // namespace signedvfs
