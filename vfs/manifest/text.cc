#include "vfs/manifest/text.h"

#include <algorithm>
#include <utility>

#include "archive/members/name_conflicts.h"
#include "archive/members/names.h"
#include "vfs/crypto/base64.h"
#include "vfs/manifest/line_reader.h"

namespace signedvfs {
namespace {

constexpr std::size_t kFingerprintDigits = 64;

Status malformed(std::size_t line, const std::string& why) {
  return {Errc::kBadManifest, "line " + std::to_string(line) + ": " + why};
}

Result<Signature> parse_signature(std::string_view line, std::size_t number) {
  const std::string_view fingerprint = line.substr(0, kFingerprintDigits);
  if (!Digest::is_hex(HashType::kSha256, fingerprint) || line.size() <= kFingerprintDigits + 1 ||
      line[kFingerprintDigits] != ' ') {
    return malformed(number, in_quotes(line.substr(0, 80)) +
                                 " is no signature: a fingerprint of 64 hexadecimal digits, one "
                                 "space and base64 were expected");
  }
  auto value = base64_decode(line.substr(kFingerprintDigits + 1));
  if (!value) {
    return malformed(number, "the signature by " + std::string(fingerprint) +
                                 " is not canonical base64 (RFC 4648, section 4)");
  }
  return Signature{std::string(fingerprint), std::move(*value)};
}

// Our own names count as taken, in every disguise.
Status check_paths(const std::vector<Entry>& entries) {
  std::vector<std::string_view> paths;
  paths.reserve(entries.size() + kReservedNames.size());
  for (const Entry& entry : entries) paths.push_back(entry.path());
  paths.insert(paths.end(), kReservedNames.begin(), kReservedNames.end());
  return check_name_conflicts(paths, {});
}

}  // namespace

Result<ManifestParts> split_manifest(std::string_view text, const Limits& limits) {
  const std::string_view head = text.substr(
      0, static_cast<std::size_t>(std::min<std::uint64_t>(text.size(), limits.header_bytes)));
  LineReader lines(head);
  const auto no_line = [&](const std::string& expected) -> Status {
    if (head.size() == text.size()) return malformed(lines.number() + 1, expected);
    return too_large("header_bytes", limits.header_bytes, "signatures and attributes take more");
  };

  ManifestParts parts;
  while (true) {
    const auto line = lines.next();
    if (!line) return no_line("a signature or an empty line was expected");
    if (line->empty()) break;
    if (parts.signatures.size() == limits.signatures) {
      return too_large("signatures", limits.signatures, "more signatures than are allowed");
    }
    SIGNEDVFS_ASSIGN(Signature signature, parse_signature(*line, lines.number()));
    for (const Signature& other : parts.signatures) {
      if (other.fingerprint == signature.fingerprint) {
        return malformed(lines.number(), "a second signature by " + signature.fingerprint);
      }
    }
    parts.signatures.push_back(std::move(signature));
  }

  const std::size_t begin = lines.position();
  do {
    if (!lines.next()) return no_line("the header ends inside a line");
  } while (lines.position() < text.size() && text[lines.position()] == '@');
  parts.header = text.substr(begin, lines.position() - begin);
  parts.body = text.substr(lines.position());
  return parts;
}

Status parse_entry(std::string_view line, std::size_t number, HashType type, const Limits& limits,
                   PathRules rules, std::vector<Entry>& out) {
  const std::size_t digits = 2 * hash_bytes(type);
  const std::string_view hex = line.substr(0, digits);
  if (!Digest::is_hex(type, hex) || line.size() <= digits || line.size() > UINT32_MAX ||
      line[digits] != ' ') {
    return malformed(number, "of the members: " + in_quotes(line.substr(0, digits + 64)) +
                                 " is no member: " + std::to_string(digits) +
                                 " hexadecimal digits, one space and a path were expected");
  }
  const std::string_view path = line.substr(digits + 1);
  if (rules == PathRules::kApply) {
    if (Status status = check_member_name(path, limits); !status.ok()) {
      return std::move(status).in("line " + std::to_string(number) + " of the members");
    }
  }
  out.emplace_back(type, line);
  return {};
}

Status sort_entries(std::vector<Entry>& entries, PathRules rules) {
  const auto by_path = [](const Entry& a, const Entry& b) { return a.path() < b.path(); };
  const auto not_before = [](const Entry& a, const Entry& b) { return a.path() >= b.path(); };
  if (std::adjacent_find(entries.begin(), entries.end(), not_before) != entries.end()) {
    std::sort(entries.begin(), entries.end(), by_path);
    const auto twice = std::adjacent_find(entries.begin(), entries.end(), not_before);
    if (twice != entries.end()) {
      return {Errc::kDuplicateName, in_quotes(twice->path()) + " is listed twice"};
    }
  }
  for (const std::string_view own : kReservedNames) {
    const auto at = std::lower_bound(
        entries.begin(), entries.end(), own,
        [](const Entry& entry, std::string_view path) { return entry.path() < path; });
    if (at != entries.end() && at->path() == own) {
      return {Errc::kBadManifest, "the manifest lists " + in_quotes(own) + ", a reserved name"};
    }
  }
  return rules == PathRules::kApply ? check_paths(entries) : Status();
}

Result<std::vector<Entry>> parse_body(std::string_view body, const HeaderFields& header,
                                      const Limits& limits, PathRules rules) {
  if (header.members > limits.members) {
    return too_large("members", limits.members, std::to_string(header.members) + " members");
  }
  const std::size_t shortest_line = 2 * hash_bytes(header.hash_type) + sizeof " p";
  std::vector<Entry> entries;
  entries.reserve(static_cast<std::size_t>(
      std::min<std::uint64_t>(header.members, body.size() / shortest_line)));
  LineReader lines(body);
  while (const auto line = lines.next()) {
    if (entries.size() == header.members) return malformed(lines.number(), "one member too many");
    SIGNEDVFS_TRY(parse_entry(*line, lines.number(), header.hash_type, limits, rules, entries));
  }
  if (!lines.at_end()) return malformed(lines.number() + 1, "the last member line has no LF");
  if (entries.size() != header.members) {
    return Status(Errc::kBadManifest, std::to_string(entries.size()) + " member lines where " +
                                          std::to_string(header.members) + " were announced");
  }
  SIGNEDVFS_TRY(sort_entries(entries, rules));
  return entries;
}

Status check_roots(const std::vector<Entry>& entries, const std::vector<std::string>& roots) {
  if (roots.empty()) return {};
  for (const Entry& entry : entries) {
    const std::string_view path = entry.path();
    const std::size_t slash = path.find('/');
    const std::string_view root = path.substr(0, slash);
    if (slash == std::string_view::npos || !std::binary_search(roots.begin(), roots.end(), root)) {
      return {Errc::kBadManifest,
              "the manifest lists " + in_quotes(path) + ", which lies below none of its roots"};
    }
  }
  return {};
}

Result<std::string> encode_body(HashType type, const std::map<std::string, Digest>& digests) {
  std::string out;
  for (const auto& [path, digest] : digests) {
    if (digest.type() != type) {
      return Status(Errc::kUsage, in_quotes(path) + " has a digest of another type");
    }
    out.append(digest.hex()).append(" ").append(path).append("\n");
  }
  HeaderFields header;
  header.hash_type = type;
  header.members = digests.size();
  // What would not be read back is not written: a path with a newline would forge a line. How many
  // paths there may be, and how long, is for those who read the members to say.
  Limits limits;
  limits.members = digests.size();
  limits.name_bytes = SIZE_MAX;
  SIGNEDVFS_ASSIGN(const std::vector<Entry> again, parse_body(out, header, limits));
  return out;
}

std::string encode_manifest(const std::vector<Signature>& signatures, std::string_view header,
                            std::string_view body) {
  std::string out;
  for (const Signature& signature : signatures) {
    out.append(signature.fingerprint).append(" ");
    out.append(base64_encode(signature.value)).append("\n");
  }
  out.append("\n").append(header).append(body);
  return out;
}

}  // namespace signedvfs
