// From verified bytes to code objects: the only place that unmarshals or compiles.
#pragma once

#include "archive/base/status.h"
#include "importer/python/import_system.h"
#include "importer/python/object.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {

// check_bytecode looks at the header of a .pyc (PEP 552). Fails with `kNoCode`, saying why, where
// this interpreter cannot use the file. Its time and hash are not looked at. Needs the GIL.
Status check_bytecode(const ImportSystem& system, const VerifiedBytes& pyc);

// wants_source_check tells whether a .pyc is to be compared with its source, as zipimport decides
// it: a hash-based one that asks for it, or any where the interpreter was started with
// `--check-hash-based-pycs always`, and none with `never`. Times are the signer's business.
Result<bool> wants_source_check(const ImportSystem& system, const VerifiedBytes& pyc);

// fits_source tells whether the hash in a hash-based .pyc is that of `source` (PEP 552).
Result<bool> fits_source(const ImportSystem& system, const VerifiedBytes& pyc,
                         const VerifiedBytes& source);

// unmarshal_code returns the code object in a .pyc that `check_bytecode` accepted, with `filename`
// (a str) as the file that its functions name. Fails with `kNoCode` or `kPython`.
Result<PyRef> unmarshal_code(const ImportSystem& system, const VerifiedBytes& pyc,
                             PyObject* filename);

// compile_source compiles the source file of the module `name` (a str) as the interpreter's own
// loaders do. Fails with `kPython`.
Result<PyRef> compile_source(const ImportSystem& system, const VerifiedBytes& source,
                             PyObject* name, PyObject* filename);

// decode_source returns a source file as str: encoding by PEP 263, newlines translated. Fails with
// `kPython`: an ImportError where the bytes are not in the encoding they claim.
Result<PyRef> decode_source(const VerifiedBytes& source, PyObject* name, PyObject* filename);

// run_code runs `code` in the namespace of a module.
Status run_code(const ImportSystem& system, PyObject* code, PyObject* module);

}  // namespace signedvfs
