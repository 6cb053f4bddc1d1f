// Which functions of C are answered by us. Private to files/.
#pragma once

#include <array>

#include "importer/files/answers.h"
#include "importer/files/builtin_door.h"

namespace signedvfs {

// Everything in `posix` (which `os` takes its functions from) that has a path, by version and
// platform where there is such a function; and functions of other modules of the standard library
// whose C code opens paths by itself.
inline constexpr std::array kBuiltinDoors{
    // What is asked.
    BuiltinDoor{"posix", "", "stat", &answer_stat, BuiltinDoor::Quick::kNoWay},
    BuiltinDoor{"posix", "", "lstat", &answer_lstat, BuiltinDoor::Quick::kNoWay},
    BuiltinDoor{"posix", "", "fstat", &answer_fstat},
    BuiltinDoor{"posix", "", "access", &answer_access},
    BuiltinDoor{"posix", "", "listdir", &answer_listdir},
    BuiltinDoor{"posix", "", "scandir", &answer_scandir},
    BuiltinDoor{"posix", "", "open", &answer_open},
    BuiltinDoor{"posix", "", "readlink", &answer_readlink, BuiltinDoor::Quick::kNoWay},
    BuiltinDoor{"posix", "", "statvfs", &answer_of_archive},
    BuiltinDoor{"posix", "", "pathconf", &answer_of_archive},
    BuiltinDoor{"posix", "", "getxattr", &answer_getxattr},
    BuiltinDoor{"posix", "", "listxattr", &answer_listxattr},
    BuiltinDoor{"posix", "", "statx", &answer_not_supported},

    // What a process would go to, or run.
    BuiltinDoor{"posix", "", "chdir", &answer_chdir},
    BuiltinDoor{"posix", "", "fchdir", &answer_chdir},
    BuiltinDoor{"posix", "", "chroot", &answer_chdir},
    BuiltinDoor{"posix", "", "execv", &answer_exec},
    BuiltinDoor{"posix", "", "execve", &answer_exec},
    BuiltinDoor{"posix", "", "posix_spawn", &answer_spawn, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"posix", "", "posix_spawnp", &answer_spawn, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_posixsubprocess", "", "fork_exec", &answer_fork_exec,
                BuiltinDoor::Quick::kNothing},

    // What would change something.
    BuiltinDoor{"posix", "", "mkdir", &answer_making},
    BuiltinDoor{"posix", "", "mkfifo", &answer_making},
    BuiltinDoor{"posix", "", "mknod", &answer_making},
    BuiltinDoor{"posix", "", "rmdir", &answer_changing},
    BuiltinDoor{"posix", "", "unlink", &answer_changing},
    BuiltinDoor{"posix", "", "remove", &answer_changing},
    BuiltinDoor{"posix", "", "chmod", &answer_changing},
    BuiltinDoor{"posix", "", "lchmod", &answer_changing},
    BuiltinDoor{"posix", "", "chown", &answer_changing},
    BuiltinDoor{"posix", "", "lchown", &answer_changing},
    BuiltinDoor{"posix", "", "chflags", &answer_changing},
    BuiltinDoor{"posix", "", "lchflags", &answer_changing},
    BuiltinDoor{"posix", "", "utime", &answer_changing},
    BuiltinDoor{"posix", "", "truncate", &answer_changing},
    BuiltinDoor{"posix", "", "setxattr", &answer_changing},
    BuiltinDoor{"posix", "", "removexattr", &answer_changing},
    BuiltinDoor{"posix", "", "rename", &answer_moving, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"posix", "", "replace", &answer_moving, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"posix", "", "link", &answer_moving, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"posix", "", "symlink", &answer_symlink, BuiltinDoor::Quick::kNothing},

    // Native code that would come from below an archive.
    BuiltinDoor{"_imp", "", "create_dynamic", &answer_create_dynamic, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_ctypes", "", "dlopen", &answer_dlopen, BuiltinDoor::Quick::kNothing},

    BuiltinDoor{"_cffi_backend", "", "load_library", &answer_dlopen, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_cffi_backend", "FFI", "dlopen", &answer_dlopen, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_sqlite3", "Connection", "load_extension", &answer_dlopen,
                BuiltinDoor::Quick::kNothing},

    // Other libraries that open paths, or write to them, by themselves.
    BuiltinDoor{"_gdbm", "", "open", &answer_by_itself},
    BuiltinDoor{"_dbm", "", "open", &answer_by_itself},
    BuiltinDoor{"readline", "", "read_init_file", &answer_by_itself},
    BuiltinDoor{"readline", "", "read_history_file", &answer_by_itself},
    BuiltinDoor{"readline", "", "write_history_file", &answer_by_itself},
    BuiltinDoor{"readline", "", "append_history_file", &answer_appending,
                BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_locale", "", "bindtextdomain", &answer_text_domain, BuiltinDoor::Quick::kNothing},

    // Sockets that have a path.
    BuiltinDoor{"_socket", "socket", "bind", &answer_bind, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_socket", "socket", "connect", &answer_connect, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_socket", "socket", "connect_ex", &answer_connect_ex,
                BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_socket", "socket", "sendto", &answer_send, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_socket", "socket", "sendmsg", &answer_send, BuiltinDoor::Quick::kNothing},

    // OpenSSL opens paths by itself: it is given one of sealed memory.
    BuiltinDoor{"_ssl", "_SSLContext", "load_verify_locations", &answer_verify_locations,
                BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_ssl", "_SSLContext", "load_cert_chain", &answer_cert_chain,
                BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_ssl", "", "_test_decode_cert", &answer_dh_params, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_ssl", "_SSLContext", "load_dh_params", &answer_dh_params,
                BuiltinDoor::Quick::kNothing},

    // Modules that are loaded later have their doors opened then.
    BuiltinDoor{"_imp", "", "exec_dynamic", &answer_executed, BuiltinDoor::Quick::kNothing},
    BuiltinDoor{"_imp", "", "exec_builtin", &answer_executed, BuiltinDoor::Quick::kNothing},
};

}  // namespace signedvfs
