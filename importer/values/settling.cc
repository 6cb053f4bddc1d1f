#include "importer/values/settling.h"

#include "importer/python/errors.h"
#include "importer/python/guard.h"
#include "vfs/crypto/settling.h"

namespace signedvfs {
namespace {

PyObject* settle(PyObject* module) {
  Interpreter* const home = living_home(module);
#ifdef SIGNEDVFS_OWN_OPENSSL
  // Python's hashlib and ssl have another copy, which is not settled by settling ours.
  forget_openssl_environment();
#endif
  return home == nullptr ? nullptr : none(*home, settle_openssl(), Activity::kTool);
}

PyMethodDef settling_functions[] = {
    method_of<&settle>("_settle_openssl",
                       "_settle_openssl($module)\n--\n\n"
                       "Have OpenSSL read no configuration for the rest of the process, unless "
                       "it has done so.\n\nRaises IntegrityCheckError."),
    {}};

}  // namespace

Status add_settling(Interpreter& home) {
  if (PyModule_AddFunctions(home.module, settling_functions) < 0) return python_error();
  return {};
}

}  // namespace signedvfs
