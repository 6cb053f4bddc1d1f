// Text out of anywhere else is not compiled.
// expect: invalid initialization|no matching function|no viable conversion
#include <string_view>

#include "archive/base/buffer.h"
#include "importer/modules/code_object.h"

signedvfs::Result<signedvfs::PyRef> load(std::string_view text,
                                         const signedvfs::VerifiedBytes& genuine, PyObject* name,
                                         const signedvfs::ImportSystem& system) {
#ifdef SHOULD_NOT_COMPILE
  return signedvfs::compile_source(system, signedvfs::bytes_of(text), name, name);
#else
  if (text.empty()) return signedvfs::python_error();
  return signedvfs::compile_source(system, genuine, name, name);
#endif
}
