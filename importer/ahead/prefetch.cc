#include "importer/ahead/prefetch.h"

#include <utility>

#include "importer/modules/spec.h"
#include "importer/native/search_path.h"

namespace signedvfs {
namespace {

// kFewest is how many import statements are worth waking another thread for.
constexpr std::size_t kFewest = 2;

// sealing makes libraries of an archive ready. Where memory cannot be sealed it fails: what a
// policy has stand in for it is for the asker, who has a policy.
ReadAhead::Seal sealing(std::shared_ptr<const SignedVfs> vfs, std::string archive) {
  return [source = LibrarySource{std::move(vfs), std::move(archive), {}, nullptr}](
             const std::string& entry) -> Result<ReadyLibrary> {
    SIGNEDVFS_ASSIGN(SealedLibrary library, SealedLibrary::read(source, entry));
    SIGNEDVFS_ASSIGN(auto needs, bundled_members(source.vfs->listing(), entry, library.object()));
    return ReadyLibrary{std::make_unique<SealedLibrary>(std::move(library)), std::move(needs)};
  };
}

}  // namespace

std::shared_ptr<Prefetch> Prefetch::create(std::shared_ptr<const SignedVfs> vfs,
                                           std::string archive) {
  std::unique_ptr<ReadAhead> ahead = ReadAhead::create(vfs, sealing(vfs, std::move(archive)));
  if (!ahead) return nullptr;
  return std::shared_ptr<Prefetch>(new Prefetch(std::move(vfs), std::move(ahead)));
}

Prefetch::Prefetch(std::shared_ptr<const SignedVfs> vfs, std::unique_ptr<ReadAhead> ahead) noexcept
    : vfs_(std::move(vfs)), ahead_(std::move(ahead)) {}

// The thread begins with the first import: many programs open archives for their data.
void Prefetch::expect_recorded_order() {
  if (!has_recorded_order() || is_expected_.exchange(true)) return;
  expects_->store(true, std::memory_order_relaxed);
  ahead_->expect([vfs = vfs_, expects = expects_]() -> std::vector<std::string> {
    Result<std::vector<std::string>> order = vfs->order();
    // What is wrong with it is for `verify_all` to say; every member is verified all the same.
    if (!order.ok()) return {};
    // Asked here, where nobody waits: of thousands of tiny modules none is worth a question.
    std::erase_if(*order, [&](const std::string& name) {
      const Result<std::uint64_t> size = vfs->size_of(name);
      return !size.ok() || *size < ReadAheadBounds().smallest;
    });
    expects->store(!order->empty(), std::memory_order_relaxed);
    return std::move(order).value();
  });
}

std::optional<VerifiedBytes> Prefetch::take(const std::string& entry) {
  expect_recorded_order();
  if (!expects_->load(std::memory_order_relaxed)) return std::nullopt;
  ReadAhead::Answer answer = ahead_->take(entry);
  if (!answer.is_being_read) return std::move(answer.member.content);
  return without_gil([&] { return ahead_->wait(entry).content; });
}

std::unique_ptr<SealedLibrary> Prefetch::take_library(const std::string& entry) {
  expect_recorded_order();
  if (!expects_->load(std::memory_order_relaxed)) return nullptr;
  ReadAhead::Answer answer = ahead_->take(entry);
  if (!answer.is_being_read) return std::move(answer.member.library);
  return ahead_->wait(entry).library;
}

void Prefetch::expect_libraries(std::vector<std::string> entries) {
  expects_->store(true, std::memory_order_relaxed);
  ahead_->expect([entries = std::move(entries)]() mutable { return std::move(entries); });
}

Status Prefetch::about_to_run(PyObject* code, PyObject* name, const std::string& stem,
                              bool is_package, const SearchOrder& order,
                              const std::vector<std::string>& extension_suffixes) {
  // What Python imports while it starts is little, and a program that needs no more of us shall not
  // wait for a thread.
  if (has_recorded_order() || Py_IsInitialized() == 0) return {};
  SIGNEDVFS_ASSIGN(const PyRef package, package_of(name, is_package));
  std::vector<ImportStatement> imports = imports_of(code, package.get());
  if (imports.size() < kFewest) return {};
  SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name));
  expects_->store(true, std::memory_order_relaxed);
  ahead_->expect([vfs = vfs_, order, imports = std::move(imports),
                  scope = scope_of_imports(dotted, stem, is_package),
                  suffixes = extension_suffixes] {
    return foresee(imports, scope, vfs->listing(), order, suffixes);
  });
  return {};
}

}  // namespace signedvfs
