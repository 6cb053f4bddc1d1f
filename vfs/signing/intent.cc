#include "vfs/signing/intent.h"

#include <algorithm>
#include <utility>

#include "archive/os/processors.h"
#include "vfs/manifest/policy.h"
#include "vfs/manifest/rfc3339.h"
#include "vfs/signing/statement.h"

namespace signedvfs {
namespace {

// Attribute is one of those that stay true of other contents, and can be carried over to them.
struct Attribute {
  const char* name;
  bool (*carry)(const Attributes& from,
                Attributes& to);                      // tells whether `to` lacked what `from` has
  std::string (*text)(const Attributes& attributes);  // of one that is set
};

template <class T>
bool fill(const std::optional<T>& from, std::optional<T>& to) {
  if (to || !from) return false;
  to = from;
  return true;
}

constexpr Attribute kAttributes[] = {
    {"name", [](const Attributes& from, Attributes& to) { return fill(from.name, to.name); },
     [](const Attributes& all) { return in_quotes(*all.name); }},
    {"serial", [](const Attributes& from, Attributes& to) { return fill(from.serial, to.serial); },
     [](const Attributes& all) { return std::to_string(*all.serial); }},
    {"not_before",
     [](const Attributes& from, Attributes& to) { return fill(from.not_before, to.not_before); },
     [](const Attributes& all) { return format_utc(*all.not_before); }},
    {"expires",
     [](const Attributes& from, Attributes& to) { return fill(from.expires, to.expires); },
     [](const Attributes& all) { return format_utc(*all.expires); }},
};

std::vector<std::string> carry_attributes(const Attributes& from, Attributes& to) {
  std::vector<std::string> carried;
  for (const Attribute& attribute : kAttributes) {
    if (attribute.carry(from, to)) carried.emplace_back(attribute.name);
  }
  return carried;
}

// lost_attributes returns those that `from` has and `kept` lacks, for people.
std::string lost_attributes(const Attributes& from, Attributes kept) {
  std::string out;
  for (const Attribute& attribute : kAttributes) {
    if (!attribute.carry(from, kept)) continue;
    out += (out.empty() ? "" : ", ") + std::string(attribute.name) + " " + attribute.text(from);
  }
  return out;
}

std::vector<std::string> others(const std::vector<Signature>& signatures,
                                const std::vector<Signer>& keys) {
  std::vector<std::string> out;
  for (const Signature& signature : signatures) {
    if (!is_by_one_of(signature, keys)) out.push_back(signature.fingerprint);
  }
  return out;
}

void warn_of_serial_without_name(Intent& intent) {
  if (!intent.attributes.serial || intent.attributes.name) return;
  intent.warnings.emplace_back(
      "it has a serial number and no name, so the floor against older releases goes by the path of "
      "the archive, and another path knows of none; give it a name (--name)");
}

// co_sign makes `intent` the statement of `existing` once more.
Status co_sign(const SignRequest& request, const std::optional<Existing>& existing,
               Intent& intent) {
  const auto nothing = [&](const std::string& why) {
    return Status(Errc::kUsage, "there is no signature to be kept: " + why)
        .advising("Leave --keep-signatures (keep_signatures) out.");
  };
  if (!existing) return nothing("nobody has signed this");
  if (!existing->defect.empty()) {
    return nothing("the manifest is none that anybody can follow (" + existing->defect + ")");
  }
  if (others(existing->signatures, request.keys).empty()) {
    return nothing("no other key than those given has signed this");
  }
  intent.co_signs = existing;
  intent.hash_type = request.hash_type.value_or(existing->header.hash_type);
  intent.index = request.index.value_or(existing->header.index.has_value());
  intent.carried_over = carry_attributes(existing->header.attributes, intent.attributes);
  return {};
}

// supersede makes another statement of `intent`, to which the signatures on `existing` do not
// belong.
void supersede(const SignRequest& request, const Existing& existing,
               const std::vector<std::string>& names, Intent& intent) {
  if (!existing.defect.empty()) {
    intent.warnings.push_back("nothing was carried over from the manifest that stood there: " +
                              existing.defect);
    return;
  }
  intent.dropped = others(existing.signatures, request.keys);
  const Attributes& former = existing.header.attributes;
  const bool is_of_these = existing.signed_by_us && is_manifest_of(existing, names);
  if (is_of_these) {
    intent.carried_over = carry_attributes(former, intent.attributes);
    return;
  }
  const std::string lost = lost_attributes(former, intent.attributes);
  if (lost.empty()) return;
  intent.warnings.push_back(
      std::string(
          existing.signed_by_us
              ? "the manifest that stood there is signed by the keys given and lists other "
                "members than these, as another archive's does"
              : "the manifest that stood there has no genuine signature by the keys given") +
      ", so this was not carried over from it: " + lost);
}

// repeat makes `intent` the statement `text`, which was drawn up before.
Status repeat(const SignRequest& request, const std::string& text,
              const std::optional<Existing>& existing, Intent& intent) {
  if (request.keep_signatures || request.hash_type || request.index ||
      request.attributes != Attributes()) {
    return {Errc::kUsage,
            "a statement says by itself what is signed: give no attributes, hash or choice of an "
            "index besides"};
  }
  SIGNEDVFS_ASSIGN(const HeaderFields stated, read_statement(text, request.limits));
  intent.statement = text;
  intent.hash_type = stated.hash_type;
  carry_attributes(stated.attributes, intent.attributes);
  intent.index = stated.index.has_value();
  if (keeps_others(request, existing)) {
    intent.co_signs = existing;
  } else if (existing) {
    intent.dropped = others(existing->signatures, request.keys);
  }
  return {};
}

}  // namespace

unsigned threads_of(const SignRequest& request) {
  return request.threads == 0 ? processors() : request.threads;
}

bool keeps_others(const SignRequest& request, const std::optional<Existing>& existing) {
  if (!request.statement) return request.keep_signatures;
  return existing && existing->defect.empty() && existing->header_text == *request.statement;
}

Result<CarryOver> carry_over_for(const SignRequest& request, const Container& source,
                                 const std::optional<Existing>& existing) {
  return carry_over(source,
                    {.signed_by_us = existing && existing->signed_by_us ? &*existing : nullptr,
                     .all = keeps_others(request, existing),
                     .compiled_here = request.compiled_here,
                     .cache_tag = request.cache_tag,
                     .threads = threads_of(request)});
}

// What nobody can use should not leave the signer's desk unnoticed.
Status check_validity(const Attributes& attributes, const std::optional<std::int64_t>& at,
                      const std::vector<std::string>& carried_over) {
  const std::optional<std::int64_t>& expires = attributes.expires;
  const std::optional<std::int64_t>& not_before = attributes.not_before;
  if (not_before && expires && *not_before >= *expires) {
    return {Errc::kUsage, "it would never be valid: it expires before it becomes valid"};
  }
  const std::int64_t moment = at.value_or(system_clock_seconds());
  const auto refusal = [&](const std::string& what, const char* attribute, const char* better) {
    const bool is_old =
        std::find(carried_over.begin(), carried_over.end(), attribute) != carried_over.end();
    return Status(Errc::kUsage, what + (is_old ? " (carried over from the manifest there)" : "") +
                                    (at ? ", and --at says " : ", and it is ") + format_utc(moment))
        .advising(
            "Sign it with " + std::string(better) +
            ", or say with --at TIME (in Python: at=TIME) at which moment it is to be valid.");
  };
  if (expires && moment >= *expires) {
    return refusal("the result would have expired at " + format_utc(*expires), "expires",
                   "a later --expires");
  }
  if (not_before && moment < *not_before) {
    return refusal("the result would be valid from " + format_utc(*not_before) + " on only",
                   "not_before", "an earlier --not-before");
  }
  return {};
}

Result<Intent> intend(const SignRequest& request, const std::optional<Existing>& existing,
                      const Layout& layout) {
  Intent intent;
  intent.hash_type = request.hash_type.value_or(HashType::kSha256);
  intent.attributes = request.attributes;
  intent.attributes.order = layout.order;
  intent.index = request.index;
  if (request.statement) {
    SIGNEDVFS_TRY(repeat(request, *request.statement, existing, intent).in(request.path));
  } else if (request.keep_signatures) {
    SIGNEDVFS_TRY(co_sign(request, existing, intent).in(request.path));
  } else if (existing) {
    supersede(request, *existing, layout.names, intent);
  }
  SIGNEDVFS_TRY(
      check_validity(intent.attributes, request.at, intent.carried_over).in(request.path));
  warn_of_serial_without_name(intent);
  return intent;
}

Result<Intent> intend_again(const SignedVfs& archive, const std::vector<Signer>& keys,
                            const std::optional<std::int64_t>& at) {
  Intent intent;
  intent.hash_type = archive.hash_type();
  intent.attributes.order = archive.attributes().order;
  intent.carried_over = carry_attributes(archive.attributes(), intent.attributes);
  intent.index = archive.has_index();
  intent.dropped = others(archive.signatures(), keys);
  SIGNEDVFS_TRY(check_validity(intent.attributes, at, intent.carried_over).in(archive.path()));
  warn_of_serial_without_name(intent);
  return intent;
}

}  // namespace signedvfs
