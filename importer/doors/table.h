// Which doors and registries there are, by version of Python. Private to doors/.
#pragma once

#include <Python.h>

#include <array>
#include <string_view>

namespace signedvfs {

// SideDoor is where a door is, and what takes its place.
struct SideDoor {
  std::string_view module;  // where it is
  const char* owner;        // the class there, or "" for a function of the module
  const char* name;         // the function
  const char* guard;        // the module of ours that has the function to call, or kInNative
  const char* function;     // its name
  bool copied = false;      // other packages carry copies of the module, under their own names
};

inline constexpr const char* kExternal = "_frozen_importlib_external";
#if PY_VERSION_HEX >= 0x030b0000
inline constexpr const char* kNamespaceLoader = "NamespaceLoader";
inline constexpr const char* kReaders = "importlib.resources.readers";
#else
inline constexpr const char* kNamespaceLoader = "_NamespaceLoader";
inline constexpr const char* kReaders = "importlib.readers";  // none in 3.9
#endif
inline constexpr const char* kMetadata = "signedvfs.metadata";
inline constexpr const char* kResources = "signedvfs.resources";
inline constexpr const char* kNative = "signedvfs.native";
inline constexpr const char* kPaths = "signedvfs.paths";
inline constexpr const char* kProcesses = "signedvfs.processes";
// kInNative stands for a function of C++ (watching.cc): in the way of every file, or needed while
// an error is shown, also when Python ends and imports nothing any more.
inline constexpr const char* kInNative = nullptr;

inline constexpr std::array kSideDoors{
    // Whatever executes a file with one of the modules below calls this.
    SideDoor{kExternal, "_LoaderBasics", "exec_module", kInNative, "exec_module"},
    // importlib.metadata lists and reads what lies in archives: for whoever asks the import system,
    // and for whoever asks its own classes.
    SideDoor{kExternal, "PathFinder", "find_distributions", kMetadata, "find_distributions"},
    SideDoor{"importlib.metadata", "FastPath", "search", kMetadata, "search"},
    SideDoor{"importlib_metadata", "FastPath", "search", kMetadata, "search", true},
#if PY_VERSION_HEX >= 0x030a0000
    // importlib.resources opens the archives that a namespace package has portions in.
    SideDoor{kExternal, kNamespaceLoader, "get_resource_reader", kResources, "get_resource_reader"},
    // Its readers do so for whoever makes them.
    SideDoor{kReaders, "ZipReader", "files", kResources, "zip_files"},
    SideDoor{kReaders, "NamespaceReader", "__init__", kResources, "read_namespace"},
#else
    // importlib.resources does not ask the loader for files(): it opens `loader.archive`.
    SideDoor{"importlib._common", "", "fallback_resources", kResources, "fallback_resources"},
#endif
    // Its backport does both.
    SideDoor{"importlib_resources.readers", "ZipReader", "files", kResources, "zip_files", true},
    SideDoor{"importlib_resources.readers", "NamespaceReader", "__init__", kResources,
             "read_namespace", true},
    // It takes an archive on the way for a file, and no more, and has the strict stop there.
    SideDoor{"posixpath", "", "realpath", kPaths, "realpath"},
    // It asks compilers and the system's cache of libraries, which know of none in an archive.
    SideDoor{"ctypes.util", "", "find_library", kNative, "find_library"},
    // A child process starts without the hook; so does the server that forks children.
    SideDoor{"multiprocessing.spawn", "", "get_preparation_data", kProcesses,
             "get_preparation_data"},
    SideDoor{"multiprocessing.forkserver", "ForkServer", "ensure_running", kProcesses,
             "ensure_running"},
    // loky, by itself or in joblib, starts its workers with a function of its own of that name.
    SideDoor{"loky.backend.spawn", "", "get_preparation_data", kProcesses, "get_preparation_data",
             true},
    // Whoever formats a traceback reads source, from 3.14 on by `get_data`, and expects no refusal.
    SideDoor{"linecache", "", "updatecache", kInNative, "updatecache"},
    SideDoor{"linecache", "", "checkcache", kInNative, "checkcache"},
    // Whoever warns may give the module's globals, with the loader to ask for the line.
    SideDoor{"warnings", "", "warn_explicit", kInNative, "warn_explicit"},
#if PY_VERSION_HEX >= 0x030f0000
    // Where a module is missing, it looks at the resources of its package.
    SideDoor{"traceback", "", "_find_incompatible_extension_module", kInNative,
             "_find_incompatible_extension_module"},
#endif
};

// ClassRegistry is one that is kept by the class of a finder or loader.
struct ClassRegistry {
  std::string_view module;  // which has it
  const char* ready;        // what the module has, of all that is needed, last
  const char* function;     // of signedvfs.registries, which enters ours; kInNative: C++ does
  bool copied = false;      // as above
};

inline constexpr std::array kRegistries{
    ClassRegistry{"pkgutil", "iter_importer_modules", kInNative},
    ClassRegistry{"pkg_resources", "Requirement", "enter_pkg_resources", true},
    ClassRegistry{"distlib.resources", "register_finder", "enter_distlib", true},
};

// is_module_at tells whether `name` is that of the module, or of a copy where there are copies.
constexpr bool is_module_at(std::string_view module, bool copied, std::string_view name) noexcept {
  if (!name.ends_with(module)) return false;
  if (name.size() == module.size()) return true;
  return copied && name[name.size() - module.size() - 1] == '.';
}

}  // namespace signedvfs
