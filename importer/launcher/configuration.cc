#include "importer/launcher/configuration.h"

#include <array>
#include <string>
#include <string_view>

#include "archive/os/dynamic_linker.h"
#include "archive/os/process.h"
#include "archive/os/program_start.h"
#include "importer/python/object.h"

namespace signedvfs {
namespace {

// What begins with these is Python's, or tells its launchers things.
constexpr std::array<std::string_view, 3> kPrefixes{"PYTHON", "_PYTHON", "__PYVENV_LAUNCHER__"};

// What chooses code in the C library (iconv's modules, locales with code of their own, tunables and
// the allocator's switches, ld.so(8)) and in OpenSSL (config(5)).
constexpr std::array<std::string_view, 6> kNames{"GCONV_PATH",      "LOCPATH",
                                                 "GLIBC_TUNABLES",  "OPENSSL_CONF",
                                                 "OPENSSL_MODULES", "OPENSSL_ENGINES"};

bool is_scrubbed(std::string_view name) {
  for (const std::string_view prefix : kPrefixes) {
    if (name.starts_with(prefix)) return true;
  }
  for (const std::string_view one : kNames) {
    if (name == one) return true;
  }
  return name.starts_with("MALLOC_");
}

// Configuring fills in a PyConfig, and remembers the first failure.
class Configuring {
 public:
  Configuring() { PyConfig_InitIsolatedConfig(&config_); }
  Configuring(const Configuring&) = delete;
  Configuring& operator=(const Configuring&) = delete;
  ~Configuring() { PyConfig_Clear(&config_); }

  PyConfig& config() noexcept { return config_; }

  void set(wchar_t** field, const std::string& value) {
    keep(PyConfig_SetBytesString(&config_, field, value.c_str()));
  }
  void keep(PyStatus status) {
    if (PyStatus_Exception(status_) == 0) status_ = status;
  }
  void initialize() {
    if (PyStatus_Exception(status_) == 0) keep(Py_InitializeFromConfig(&config_));
  }
  const PyStatus& status() const noexcept { return status_; }

 private:
  PyConfig config_{};
  PyStatus status_ = PyStatus_Ok();
};

Status failed(const PyStatus& status) {
  std::string what = "Python does not start";
  if (status.err_msg != nullptr) what += std::string(": ") + status.err_msg;
  return {Errc::kUsage, what};
}

// set_switches says what Python shall do, and above all what it shall not look for.
void set_switches(PyConfig& config) {
  config.site_import = 0;
  config.write_bytecode = 0;
  config.parse_argv = 0;
  config.pathconfig_warnings = 0;
  config.install_signal_handlers = 1;  // Ctrl-C is a KeyboardInterrupt
  config.configure_c_stdio = 1;
  config.module_search_paths_set = 1;  // and there are none
#if PY_VERSION_HEX >= 0x030b0000
  config.use_frozen_modules = 1;  // parts of the Python library, which was verified
#endif
#if PY_VERSION_HEX >= 0x030e0000
  config.remote_debug = 0;
#endif
}

Status preinitialize() {
  PyPreConfig before;
  PyPreConfig_InitIsolatedConfig(&before);
  before.utf8_mode = 1;
  const PyStatus status = Py_PreInitialize(&before);
  return PyStatus_Exception(status) != 0 ? failed(status) : Status();
}

}  // namespace

void scrub_environment() {
  for (const std::string& name : environment_names()) {
    if (is_scrubbed(name)) unset_environment(name.c_str());
  }
}

Status check_search_environment() {
  for (const std::string& directories : start_environment("LD_LIBRARY_PATH")) {
    return Status(Errc::kBadLibrary, "the process was started with LD_LIBRARY_PATH, " +
                                         in_quotes(directories) +
                                         ", and code from there comes before any that was verified")
        .advising("Start it without: env -u LD_LIBRARY_PATH");
  }
  return {};
}

Status begin_python(const std::string& path, int argc, char** argv) {
  SIGNEDVFS_TRY(preinitialize());
  Configuring configuring;
  PyConfig& config = configuring.config();
  set_switches(config);
  // A name that leads to the program, and in whose directory nobody can put a file: Python looks
  // for "pyvenv.cfg" and others beside it (Modules/getpath.py).
  constexpr const char* kProgram = "/proc/self/exe";
  for (wchar_t** const field :
       {&config.program_name, &config.executable, &config.base_executable}) {
    configuring.set(field, kProgram);
  }
  for (wchar_t** const field : {&config.home, &config.prefix, &config.base_prefix,
                                &config.exec_prefix, &config.base_exec_prefix}) {
    configuring.set(field, path);
  }
  configuring.set(&config.platlibdir, "lib");
#if PY_VERSION_HEX >= 0x030b0000
  // Until the import system is closed, which says where it really is.
  configuring.set(&config.stdlib_dir, path + "/lib");
#endif
  configuring.keep(PyConfig_SetBytesArgv(&config, argc, argv));
  configuring.initialize();
  if (PyStatus_Exception(configuring.status()) != 0) return failed(configuring.status());
  return {};
}

}  // namespace signedvfs
