// How vfs/ reaches OpenSSL: a library context of its own, owners for its objects, its errors as
// text. Private to vfs/.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "archive/os/fork_gate.h"

namespace signedvfs {

// kProvider is the property query of every fetch: only OpenSSL's built-in algorithms will do.
inline constexpr const char* kProvider = "provider=default";

// openssl_context returns the context in which every algorithm is fetched. It is made once per
// process, holds the default provider and nothing else, and has read no configuration: neither
// OPENSSL_CONF nor OPENSSL_MODULES can bring foreign code into it. Fails with `kCrypto`, always so
// while the process ends. Any thread may call, after it has made an ErrorQueue.
Result<OSSL_LIB_CTX*> openssl_context();

// Owned is a unique_ptr to an OpenSSL object that `Release` gives back.
template <auto Release>
struct Releaser {
  template <class T>
  void operator()(T* object) const noexcept {
    Release(object);
  }
};
template <class T, auto Release>
using Owned = std::unique_ptr<T, Releaser<Release>>;

// free_memory gives back what OpenSSL has allocated for its caller.
void free_memory(void* memory) noexcept;
template <class T>
using OwnedMemory = Owned<T, free_memory>;

// free_key gives back a key, which threads may do while the process ends; it is kept where OpenSSL
// may be gone.
void free_key(EVP_PKEY* key) noexcept;

using OwnedBio = Owned<BIO, BIO_free_all>;
using OwnedKey = Owned<EVP_PKEY, free_key>;
using OwnedNumber = Owned<BIGNUM, BN_free>;
using OwnedDigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;

// public_half returns the DER SubjectPublicKeyInfo of `key`, and nothing where it has no public
// half or there is no memory for it.
std::vector<std::byte> public_half(const EVP_PKEY* key);

// ErrorQueue empties the calling thread's queue of OpenSSL errors where it begins and where it
// ends: errors that others left behind are not reported as ours, and ours do not end up in the
// reports of Python's ssl module, which reads the same queue.
//
// It also stands for "OpenSSL is at work": fork(2) waits until no thread is. OpenSSL has locks of
// its own, around every look-up of an algorithm, and in a child nobody would open those that
// another thread held. At exit OpenSSL frees them, so exit(3) waits, too, and whoever begins later
// learns from `openssl_context` that OpenSSL is gone. Digests need none of that once their
// algorithm is known.
class ErrorQueue {
 public:
  ErrorQueue() noexcept;
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
  ~ErrorQueue();

  // failure drains the queue into a status that reads "`what` (reason; reason)". Where OpenSSL ran
  // out of memory the code is `kCrypto` whatever `code` is, because nothing was found out then.
  Status failure(Errc code, std::string what) const;

 private:
  PassingGate gate_;
};

// raw returns a pointer to `bytes` that is never null; OpenSSL takes null for "absent".
const unsigned char* raw(std::span<const std::byte> bytes) noexcept;

}  // namespace signedvfs
