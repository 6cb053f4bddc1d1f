// What the core and the shared object that links libarchive say to each other: plain C, no memory
// changes hands, no exception crosses. The version is part of the function's name.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Traits of an entry, or-ed together.
enum {
  kSignedvfsForeignLink = 1,       // a symbolic or hard link
  kSignedvfsForeignSparse = 2,     // has holes
  kSignedvfsForeignEncrypted = 4,  // data or metadata
};

// SignedvfsForeignEntry describes a file or anything else that stands in the archive. `name` is
// UTF-8 or whatever bytes the archive has, not terminated, and lives until the callback returns.
typedef struct SignedvfsForeignEntry {
  const char* name;
  size_t name_length;
  uint64_t size;
  uint32_t mode;  // as st_mode of stat(2): type and permissions
  uint32_t traits;
} SignedvfsForeignEntry;

// What a file is, as the core has found out.
enum {
  kSignedvfsForeignStream = 0,  // a tar or cpio archive, perhaps compressed
  kSignedvfsForeignSevenZip,    // a 7z archive
  kSignedvfsForeignLzma,        // no archive: one .lzma file, whose content goes to `data`
  kSignedvfsForeignBzip2,       // the same with a .bz2 file
};

// SignedvfsForeignHost is the core's side. Callbacks return 0 to go on; anything else ends the
// decoding with kSignedvfsForeignStopped. They are called from the calling thread only.
typedef struct SignedvfsForeignHost {
  void* context;
  uint64_t size;  // of the file
  int format;     // one of the values above
  // read fills `dst` with `length` bytes of the file from `offset` on.
  int (*read)(void* context, uint64_t offset, void* dst, size_t length);
  // entry starts the next entry of an archive.
  int (*entry)(void* context, const SignedvfsForeignEntry* entry);
  // data gives the next bytes of the entry's content, only for regular files; or of the file's.
  int (*data)(void* context, const void* bytes, size_t length);
  // decoded tells how many bytes of a stream have come out of the decompressor so far, headers
  // included.
  int (*decoded)(void* context, uint64_t total);
} SignedvfsForeignHost;

enum {
  kSignedvfsForeignDone = 0,
  kSignedvfsForeignStopped,    // a callback asked for it
  kSignedvfsForeignMalformed,  // libarchive refuses the archive, or warns of something in it
  kSignedvfsForeignTruncated,  // the archive has no end
  kSignedvfsForeignTrailing,   // something stands behind its end
  kSignedvfsForeignEncryptedArchive,
  kSignedvfsForeignNoMemory,
};

// signedvfs_foreign_decode_3 decodes the archive that `host` reads, once and in order, and returns
// one of the values above. `why` (of `why_size` bytes, at least one) receives a terminated sentence
// for people. May be called from any number of threads.
typedef int SignedvfsForeignDecode(const SignedvfsForeignHost* host, char* why, size_t why_size);

__attribute__((visibility("default"))) SignedvfsForeignDecode signedvfs_foreign_decode_3;

#ifdef __cplusplus
}
#endif
