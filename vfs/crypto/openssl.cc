#include "vfs/crypto/openssl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "archive/os/process.h"
#include "vfs/crypto/settling.h"

namespace signedvfs {
namespace {

using OwnedContext = Owned<OSSL_LIB_CTX, OSSL_LIB_CTX_free>;
using OwnedProvider = Owned<OSSL_PROVIDER, OSSL_PROVIDER_unload>;

// Context is a library context with the default provider, which goes before it does.
struct Context {
  OwnedContext context;
  OwnedProvider provider;
};

// Threads may be verifying while the process exits; what OpenSSL would free then, they still use.
constexpr std::uint64_t kInitialisation = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT;

// The names that OpenSSL had for algorithms before it had providers. Nobody here asks by them, and
// gathering them takes longer than verifying a signature.
constexpr std::uint64_t kWithoutOldNames =
    OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS;

// begin_openssl is called in front of every other call, by a thread that is inside the gate: the
// first call that OpenSSL gets, be it a look at the errors, decides for the process whether OpenSSL
// cleans up in atexit(3). Where others were first it does, and the gate, registered later, closes
// before.
bool begin_openssl() noexcept {
  static const bool begun = [] {
    // Without this OpenSSL 3.0 reads the configuration that the environment names, and loads the
    // modules it lists, when EVP_PKEY_CTX_new_from_pkey is first called, whatever the context. The
    // setting holds for the whole process: who wants that configuration elsewhere must load it
    // first.
    const bool done = OPENSSL_init_crypto(kInitialisation, nullptr) == 1;
    PassingGate::close_at_exit();
    return done;
  }();
  return begun;
}

// has_ended tells whether OpenSSL is no more for the calling thread: at exit for all but the one
// that called it, and for that one when OpenSSL has cleaned up.
bool has_ended() noexcept {
  if (!PassingGate::is_closed()) return false;
  const PassingGate gate;
  return !gate.is_inside() || OPENSSL_init_crypto(kInitialisation, nullptr) != 1;
}

std::unique_ptr<const Context> make_context() {
  OwnedContext context(OSSL_LIB_CTX_new());
  if (!context) return nullptr;
  OwnedProvider provider(OSSL_PROVIDER_load(context.get(), "default"));
  if (!provider) return nullptr;
  return std::make_unique<const Context>(Context{std::move(context), std::move(provider)});
}

}  // namespace

Result<OSSL_LIB_CTX*> openssl_context() {
  // Never freed: at exit, threads that still verify outlive every static object.
  static std::atomic<const Context*> made = nullptr;
  if (has_ended()) return Status(Errc::kCrypto, "OpenSSL is gone: the process is ending");
  if (const Context* const present = made.load(std::memory_order_acquire)) {
    return present->context.get();
  }

  const ErrorQueue errors;
  std::unique_ptr<const Context> ours = begin_openssl() ? make_context() : nullptr;
  if (!ours) return errors.failure(Errc::kCrypto, "OpenSSL's default provider cannot be loaded");
  const Context* theirs = nullptr;
  if (!made.compare_exchange_strong(theirs, ours.get())) return theirs->context.get();
  return ours.release()->context.get();
}

Status settle_private_openssl() {
  SIGNEDVFS_TRY(settle_openssl());
  const ErrorQueue errors;
  return OPENSSL_init_crypto(kInitialisation | kWithoutOldNames, nullptr) == 1
             ? Status()
             : errors.failure(Errc::kCrypto, "OpenSSL cannot be set up");
}

Status settle_openssl() {
  const ErrorQueue errors;
  return begin_openssl() ? Status() : errors.failure(Errc::kCrypto, "OpenSSL cannot be set up");
}

void forget_openssl_environment() noexcept {
  for (const char* const name : {"OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES"}) {
    unset_environment(name);
  }
}

void free_memory(void* memory) noexcept { OPENSSL_free(memory); }

std::vector<std::byte> public_half(const EVP_PKEY* key) {
  unsigned char* encoding = nullptr;
  const int size = i2d_PUBKEY(key, &encoding);
  const OwnedMemory<unsigned char> owner(encoding);
  if (size < 0) return {};
  const auto* const begin = reinterpret_cast<const std::byte*>(encoding);
  return {begin, begin + size};
}

ErrorQueue::ErrorQueue() noexcept {
  if (!gate_.is_inside()) return;
  static_cast<void>(begin_openssl());
  if (ERR_peek_error() != 0) ERR_clear_error();
}

ErrorQueue::~ErrorQueue() {
  if (gate_.is_inside() && ERR_peek_error() != 0) ERR_clear_error();
}

void free_key(EVP_PKEY* key) noexcept {
  const PassingGate gate;
  if (gate.is_inside()) EVP_PKEY_free(key);
}

Status ErrorQueue::failure(Errc code, std::string what) const {
  if (!gate_.is_inside()) return {Errc::kCrypto, std::move(what)};
  std::string reasons;
  while (const unsigned long error = ERR_get_error()) {
    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) code = Errc::kCrypto;
    const char* const reason = ERR_reason_error_string(error);
    reasons += reasons.empty() ? "" : "; ";
    reasons += reason != nullptr ? reason : "error " + std::to_string(error);
  }
  if (!reasons.empty()) what += " (" + reasons + ")";
  return {code, std::move(what)};
}

const unsigned char* raw(std::span<const std::byte> bytes) noexcept {
  static constexpr unsigned char kNothing = 0;
  return bytes.empty() ? &kNothing : reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace signedvfs
