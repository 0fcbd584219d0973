// SPDX-License-Identifier: Apache-2.0
// What a partner says beside a delivery about the files in it: how long each is, how many rows it
// has, what its digest is. Written as JSON, or as sha256sum, md5sum and their like write it.
#pragma once
#include "transport/transport.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

struct ManifestEntry {
    std::string name;  // without folders; empty where the manifest is about one file and does not name it
    std::optional<std::uint64_t> bytes;
    std::optional<std::uint64_t> rows;  // without a header
    std::optional<Checksum> checksum;   // the strongest that is told
};

// Understands
// - lines of a digest and a name, in the forms that coreutils write with and without --tag;
// - a JSON object with `name`, `bytes` (or `size`), `rows`, `sha256`, `sha1`, `md5`, or one with a list of
//   such objects under `files`, as a waybill has, or the list alone; other keys play no part.
// Throws Invalid for anything else, such as a manifest that is not whole yet, or that says of a file
// nothing by which it could be checked.
std::vector<ManifestEntry> read_manifest(std::string_view text);

// What the manifest says of a file; null when nothing.
const ManifestEntry* find_in(const std::vector<ManifestEntry>&, std::string_view file_name);

// What a file is that was read to its end.
struct FileFacts {
    std::uint64_t bytes = 0;
    std::uint64_t rows = 0;
    std::string digest;  // of the entry's checksum, if it has one
};
// How it differs from what was promised: "it has 5 bytes, not 7"; empty when it does not.
std::string difference(const ManifestEntry& promised, const FileFacts& facts);

}  // namespace rowhaul
