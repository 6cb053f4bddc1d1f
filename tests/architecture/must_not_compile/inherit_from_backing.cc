// Nobody becomes a backing that may ask by being one of a kind.
// expect: final
#include "vfs/indexed_backing.h"
#include "vfs/listed_backing.h"

#ifdef SHOULD_NOT_COMPILE
class Mine : public signedvfs::ListedBacking {};
class Ours : public signedvfs::IndexedBacking {};
#else
using Mine = signedvfs::ListedBacking;
using Ours = signedvfs::IndexedBacking;
#endif
