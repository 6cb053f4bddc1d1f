#include "vfs/signing/carry_over.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "archive/base/byte_cursor.h"
#include "archive/workers/in_order.h"
#include "vfs/crypto/digest.h"
#include "vfs/manifest/manifest.h"
#include "vfs/pyc_header.h"
#include "vfs/signing/source_hash.h"

namespace signedvfs {
namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::binary_search(names.begin(), names.end(), name);
}

bool in_pycache(std::string_view name) {
  return name.starts_with("__pycache__/") || name.find("/__pycache__/") != std::string_view::npos;
}

// cached_source returns the source of the bytecode `name` in `__pycache__`, by the name alone;
// empty where that is not one of the interpreter whose tag is `tag` (PEP 3147 and 488).
std::string cached_source(std::string_view name, std::string_view tag) {
  constexpr std::string_view kDirectory = "__pycache__/";
  const std::size_t leaf = name.rfind('/') + 1;
  const std::string_view above = name.substr(0, leaf);
  if (!above.ends_with(kDirectory)) return {};
  const std::string_view parent = above.substr(0, above.size() - kDirectory.size());
  if (!parent.empty() && !parent.ends_with('/')) return {};
  std::string_view stem = name.substr(leaf);
  if (!stem.ends_with(".pyc")) return {};
  stem.remove_suffix(4);
  for (const std::string_view level : {".opt-1", ".opt-2"}) {
    if (stem.ends_with(level)) stem.remove_suffix(level.size());
  }
  const std::string ending = '.' + std::string(tag);
  if (!stem.ends_with(ending)) return {};
  stem.remove_suffix(ending.size());
  return std::string(parent).append(stem).append(".py");
}

// The time of a zip member has a resolution of two seconds; zipimport tolerates one either way.
bool same_time(std::uint32_t recorded, std::int64_t actual, std::int64_t tolerance) {
  const auto wrapped = static_cast<std::uint32_t>(actual);
  const std::uint32_t apart = recorded > wrapped ? recorded - wrapped : wrapped - recorded;
  return apart <= tolerance;
}

// Verdict is what becomes of a .pyc beside its source: carried over, where there is no reason
// against it; the warning is for one that is. On its own word it belongs to its source where nobody
// else, ourselves included, has said so before.
struct Verdict {
  std::string reason;
  std::string warning;
  bool on_its_own_word = false;
};

Verdict left_out(std::string reason) { return {std::move(reason), {}, false}; }

Result<bool> is_listed(const Existing& ours, const std::string& name,
                       std::span<const std::byte> content) {
  const auto at = ours.listed.find(name);
  if (at == ours.listed.end()) return false;
  SIGNEDVFS_ASSIGN(const Digest digest, digest_of(at->second.type(), content));
  return digest == at->second;
}

// Twins are a .pyc and the .py beside it.
struct Twins {
  const std::string& name;
  const std::string& py;
  std::span<const std::byte> content;  // of the .pyc
};

// What signing writes has no times, and it is to be signed again.
Result<bool> were_signed_together(const Container& source, const Existing* ours,
                                  const Twins& twins) {
  if (ours == nullptr) return false;
  SIGNEDVFS_ASSIGN(const bool compiled, is_listed(*ours, twins.name, twins.content));
  if (!compiled) return false;
  SIGNEDVFS_ASSIGN(const Buffer text, source.read(twins.py));
  return is_listed(*ours, twins.py, text.bytes());
}

Result<Verdict> judge_time(const Container& source, const PycHeader& pyc, const Existing* ours,
                           const Twins& twins) {
  ByteCursor fields(pyc.rest);
  const std::uint32_t time = fields.u32();
  const std::uint32_t size = fields.u32();
  if (size != static_cast<std::uint32_t>(source.size_of(twins.py).value_or(0))) {
    return left_out("stale: compiled from another " + twins.py + " (size)");
  }
  if (const auto modified = source.modified(twins.py)) {
    if (same_time(time, *modified, source.is_zip() ? 1 : 0)) return Verdict();
    return left_out("stale: compiled from another " + twins.py + " (time)");
  }
  SIGNEDVFS_ASSIGN(const bool together, were_signed_together(source, ours, twins));
  if (together) return Verdict();
  return left_out("no time is recorded for " + twins.py +
                  ", so nobody can tell whether it belongs to that; a .pyc with the hash of its "
                  "source can be told");
}

Result<Verdict> judge_hash(const Container& source, const PycHeader& pyc, const std::string& py) {
  SIGNEDVFS_ASSIGN(const Buffer text, source.read(py));
  SIGNEDVFS_ASSIGN(const std::optional<SourceHash> hash, source_hash(pyc.magic, text.bytes()));
  if (hash && std::equal(hash->begin(), hash->end(), pyc.rest.begin())) return Verdict();
  std::string why = hash ? "compiled from another " + py + " (hash)"
                         : "the Python that compiled it is not known, so nobody can tell whether "
                           "it belongs to " +
                               py;
  if (pyc.checks_source()) return left_out(std::move(why));
  return Verdict{{}, std::move(why), false};
}

Result<Verdict> judge_header(const Container& source, const Existing* ours, const Twins& twins) {
  const std::optional<PycHeader> pyc = read_pyc_header(twins.content);
  if (!pyc) return left_out("it is too short for a .pyc");
  if (pyc->has_known_flags()) {
    return pyc->is_hash_based() ? judge_hash(source, *pyc, twins.py)
                                : judge_time(source, *pyc, ours, twins);
  }
  return left_out("its flags (" + std::to_string(pyc->flags) +
                  ") are none that are known, so nobody can tell whether it belongs to " +
                  twins.py);
}

// judge decides on `name` beside its source `py`.
Result<Verdict> judge(const Container& source, const Existing* ours, const std::string& name,
                      const std::string& py) {
  SIGNEDVFS_ASSIGN(const Buffer content, source.read(name));
  const Twins twins{name, py, content.bytes()};
  SIGNEDVFS_ASSIGN(Verdict verdict, judge_header(source, ours, twins));
  if (!verdict.reason.empty() || !verdict.warning.empty()) return verdict;
  SIGNEDVFS_ASSIGN(const bool together, were_signed_together(source, ours, twins));
  verdict.on_its_own_word = !together;
  return verdict;
}

// One warning for all: an archive that another tool has compiled may have thousands.
std::string warning_of(const std::vector<std::string>& compiled) {
  constexpr std::size_t kShown = 10;
  const bool one = compiled.size() == 1;
  std::string out = std::to_string(compiled.size()) +
                    (one ? " .pyc file beside its source runs instead of it"
                         : " .pyc files beside their sources run instead of them") +
                    ", and what was compared with the source is what the .pyc says of itself: ";
  for (std::size_t i = 0; i < std::min(kShown, compiled.size()); ++i) {
    out += (i == 0 ? "" : ", ") + compiled[i];
  }
  if (compiled.size() > kShown) {
    out += " and " + std::to_string(compiled.size() - kShown) + " more";
  }
  return out + ". Leave out what you have not compiled yourself; `signedvfs pack` compiles anew";
}

// Code that Python finds under one name in two places is a question that signing must not answer.
Status refuse_twins(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    for (const std::string_view init : {"/__init__.py", "/__init__.pyc"}) {
      if (!name.ends_with(init)) continue;
      const std::string package = name.substr(0, name.size() - init.size());
      for (const std::string_view suffix : {".py", ".pyc"}) {
        const std::string module = package + std::string(suffix);
        if (!has(names, module)) continue;
        return {Errc::kUsage, in_quotes(module) + " and " + in_quotes(name) +
                                  " are the same module for Python: remove one of them"};
      }
    }
  }
  return {};
}

}  // namespace

Result<CarryOver> carry_over(const Container& source, const Carrying& how) {
  SIGNEDVFS_ASSIGN(const std::vector<std::string> all, source.names());
  const bool is_directory = !source.member_count();
  const auto source_of = [&](const std::string& name) {
    std::string py = name.ends_with(".pyc") ? name.substr(0, name.size() - 1) : "";
    if (is_directory && how.cache_tag && in_pycache(name)) py = cached_source(name, *how.cache_tag);
    return !py.empty() && has(all, py) ? py : "";
  };
  const auto verdict_on = [&](std::size_t i) -> Result<Verdict> {
    const std::string& name = all[i];
    if (is_reserved(name)) return Verdict();
    const std::string py = source_of(name);
    if (is_directory && in_pycache(name) && (py.empty() || !how.cache_tag)) {
      return left_out(how.cache_tag ? "it is no bytecode of " + *how.cache_tag + " with its source"
                                    : "in directories __pycache__ is never used");
    }
    if (py.empty()) return Verdict();
    SIGNEDVFS_ASSIGN(Verdict verdict, judge(source, how.signed_by_us, name, py));
    if (how.all && !verdict.reason.empty()) std::swap(verdict.reason, verdict.warning);
    return verdict;
  };
  CarryOver out;
  std::vector<std::string> on_their_own_word;
  const auto take = [&](std::size_t i, const Verdict& verdict) -> Status {
    const std::string& name = all[i];
    if (is_reserved(name)) return {};
    if (!verdict.reason.empty()) {
      out.left_out.push_back(name + ": " + verdict.reason);
      return {};
    }
    if (!verdict.warning.empty()) {
      out.warnings.push_back(name + " is signed beside " + source_of(name) +
                             " although it may be another program: " + verdict.warning);
    }
    if (verdict.on_its_own_word) on_their_own_word.push_back(name);
    out.names.push_back(name);
    return {};
  };
  const auto bytes_of = [](std::size_t) { return std::uint64_t{4096}; };  // nothing stays
  SIGNEDVFS_TRY(in_order<Verdict>(all.size(), how.threads, bytes_of, verdict_on, take));
  if (!how.compiled_here && !on_their_own_word.empty()) {
    out.warnings.push_back(warning_of(on_their_own_word));
  }
  if (Status status = refuse_twins(out.names); !status.ok()) {
    return std::move(status).in(source.path());
  }
  return out;
}

}  // namespace signedvfs
