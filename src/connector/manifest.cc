// SPDX-License-Identifier: Apache-2.0
#include "connector/manifest.h"

#include "base/error.h"
#include "transport/path.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <fmt/format.h>

namespace rowhaul {

namespace {

std::string lowercase(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char character) { return static_cast<char>(std::tolower(character)); });
    return lower;
}

std::string_view without_blanks(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Nothing when these are no digits of a digest that we know, which is told by their number.
std::optional<Checksum> checksum_of(std::string_view text) {
    const auto hex = lowercase(text);
    if (hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
        return {};
    }
    switch (hex.size()) {
        case 32:
            return Checksum{HashAlgorithm::Md5, hex};
        case 40:
            return Checksum{HashAlgorithm::Sha1, hex};
        case 64:
            return Checksum{HashAlgorithm::Sha256, hex};
        default:
            return {};
    }
}

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorKind::Invalid, why);
}

std::optional<std::uint64_t> count_in(const boost::json::object& object, std::string_view key) {
    const auto* const value = object.if_contains(key);
    if (value == nullptr || value->is_null()) {
        return {};
    }
    boost::system::error_code error;
    const auto count = value->to_number<std::uint64_t>(error);
    if (error) {
        refuse(fmt::format("`{}` is no number of rows or bytes", key));
    }
    return count;
}

std::string text_in(const boost::json::object& object, std::string_view key) {
    const auto* const value = object.if_contains(key);
    if (value == nullptr || value->is_null()) {
        return {};
    }
    if (!value->is_string()) {
        refuse(fmt::format("`{}` is no text", key));
    }
    return std::string(value->get_string());
}

ManifestEntry entry_of(const boost::json::value& value) {
    if (!value.is_object()) {
        refuse("a file in it is no JSON object");
    }
    const auto& object = value.get_object();
    ManifestEntry entry{.name = std::string(file_name_of(text_in(object, "name"))),
                        .bytes = count_in(object, object.contains("bytes") ? "bytes" : "size"),
                        .rows = count_in(object, "rows"),
                        .checksum = {}};
    for (const auto* const digest : {"md5", "sha1", "sha256"}) {
        const auto text = text_in(object, digest);
        if (text.empty()) {
            continue;
        }
        entry.checksum = checksum_of(text);
        if (!entry.checksum) {
            refuse(fmt::format("`{}` is no digest", digest));
        }
    }
    if (!entry.bytes && !entry.rows && !entry.checksum) {
        refuse(fmt::format("it says neither `bytes`, `rows` nor a digest{}",
                           entry.name.empty() ? "" : fmt::format(" of \"{}\"", entry.name)));
    }
    return entry;
}

std::vector<ManifestEntry> from_json(std::string_view text) {
    boost::system::error_code error;
    const auto document = boost::json::parse(text, error);
    if (error) {
        refuse("it is no complete JSON");
    }
    const auto* const object = document.if_object();
    const auto* const files = object != nullptr ? object->if_contains("files") : &document;
    if (files == nullptr) {
        return {entry_of(document)};
    }
    if (!files->is_array()) {
        refuse("`files` is no list");
    }
    std::vector<ManifestEntry> entries;
    for (const auto& file : files->get_array()) {
        entries.push_back(entry_of(file));
    }
    return entries;
}

// "DIGEST  NAME", "DIGEST *NAME", "SHA256 (NAME) = DIGEST" or the digest alone.
ManifestEntry from_line(std::string_view line) {
    std::string_view name;
    auto digest = line.substr(0, line.find_first_of(" \t"));
    if (const auto open = line.find(" ("), close = line.rfind(") = ");
        open != std::string_view::npos && close != std::string_view::npos && open < close) {
        name = line.substr(open + 2, close - open - 2);
        digest = line.substr(close + 4);
    } else if (digest.size() < line.size()) {
        name = without_blanks(line.substr(digest.size()));
        name.remove_prefix(name.starts_with('*') ? 1 : 0);
    }
    auto checksum = checksum_of(digest);
    if (!checksum) {
        refuse(fmt::format("\"{}\" begins with no digest", line.substr(0, 100)));
    }
    return {.name = std::string(file_name_of(name)), .bytes = {}, .rows = {}, .checksum = std::move(checksum)};
}

}  // namespace

std::vector<ManifestEntry> read_manifest(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) {
        text.remove_prefix(3);
    }
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        refuse("it is empty");
    }
    if (text[first] == '{' || text[first] == '[') {
        return from_json(text.substr(first));
    }
    std::vector<ManifestEntry> entries;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (const auto line = without_blanks(text.substr(0, end)); !line.empty()) {
            entries.push_back(from_line(line));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return entries;
}

const ManifestEntry* find_in(const std::vector<ManifestEntry>& entries, std::string_view file_name) {
    const auto found = std::ranges::find(entries, file_name, &ManifestEntry::name);
    if (found != entries.end()) {
        return &*found;
    }
    return entries.size() == 1 && entries.front().name.empty() ? &entries.front() : nullptr;
}

std::string difference(const ManifestEntry& promised, const FileFacts& facts) {
    if (promised.bytes && *promised.bytes != facts.bytes) {
        return fmt::format("it has {} bytes, not {}", facts.bytes, *promised.bytes);
    }
    if (promised.checksum && promised.checksum->hex != facts.digest) {
        return fmt::format("its digest is {}, not {}", facts.digest, promised.checksum->hex);
    }
    if (promised.rows && *promised.rows != facts.rows) {
        return fmt::format("its number of rows is {}, not {}", facts.rows, *promised.rows);
    }
    return {};
}

}  // namespace rowhaul
