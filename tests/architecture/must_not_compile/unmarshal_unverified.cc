// Bytes out of an archive are not unmarshalled.
// expect: invalid initialization|no matching function|no viable conversion
#include "archive/base/buffer.h"
#include "importer/modules/code_object.h"

signedvfs::Result<signedvfs::PyRef> load(const signedvfs::Buffer& content,
                                         const signedvfs::VerifiedBytes& genuine, PyObject* name,
                                         const signedvfs::ImportSystem& system) {
#ifdef SHOULD_NOT_COMPILE
  return signedvfs::unmarshal_code(system, content, name);
#else
  if (content.size() == 0) return signedvfs::python_error();
  return signedvfs::unmarshal_code(system, genuine, name);
#endif
}
