// SPDX-License-Identifier: Apache-2.0
#include "store/mark.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

namespace rowhaul {

namespace {

constexpr std::array<std::string_view, 4> status_names{"succeeded", "failed", "skipped", "absent"};
constexpr std::size_t longest_remark = 1000;

// How a mark lies in a file; its key, its remark and its key there behind it.
struct Head {
    Hash128 key_hash;
    Hash128 row_hash;
    std::uint32_t last_sync;
    std::uint32_t last_success;
    std::uint32_t key_size;
    std::uint16_t remark_size;
    std::uint8_t status;
    std::uint8_t key_there_size;
};
static_assert(sizeof(Head) == 48);

Error damaged() {
    return Error(ErrorKind::Internal, "the marks of this mapping are damaged")
        .advise(
            "Restore the folder `marks` of --home, or remove the mapping's file there: then every row is compared "
            "anew.");
}

// Whole characters only.
std::string_view shortened(std::string_view text) {
    if (text.size() > longest_remark) {
        text = text.substr(0, longest_remark);
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) {
            text.remove_suffix(1);
        }
        if (!text.empty()) {
            text.remove_suffix(1);
        }
    }
    return text;
}

}  // namespace

std::string_view name_of(MarkStatus status) {
    return status_names[static_cast<std::size_t>(status)];
}

void append_key_part(std::string& key, std::string_view part) {
    const auto size = static_cast<std::uint32_t>(part.size());
    key.append(reinterpret_cast<const char*>(&size), sizeof size);
    key.append(part);
}

std::vector<std::string_view> key_parts(std::string_view key) {
    std::vector<std::string_view> parts;
    while (!key.empty()) {
        std::uint32_t size = 0;
        if (key.size() < sizeof size) {
            throw damaged();
        }
        std::memcpy(&size, key.data(), sizeof size);
        key.remove_prefix(sizeof size);
        if (key.size() < size) {
            throw damaged();
        }
        parts.push_back(key.substr(0, size));
        key.remove_prefix(size);
    }
    return parts;
}

std::string shown_key(std::string_view key) {
    std::string shown;
    bool is_first = true;
    for (const auto part : key_parts(key)) {
        shown += is_first ? "" : ", ";
        shown += part;
        is_first = false;
    }
    return shown;
}

void append_mark(std::string& bytes, const Mark& mark) {
    const auto remark = shortened(mark.remark);
    assert(mark.key_there.size() <= longest_key_there);
    const Head head{.key_hash = mark.key_hash,
                    .row_hash = mark.row_hash,
                    .last_sync = mark.last_sync,
                    .last_success = mark.last_success,
                    .key_size = static_cast<std::uint32_t>(mark.key.size()),
                    .remark_size = static_cast<std::uint16_t>(remark.size()),
                    .status = static_cast<std::uint8_t>(mark.status),
                    .key_there_size = static_cast<std::uint8_t>(mark.key_there.size())};
    bytes.append(reinterpret_cast<const char*>(&head), sizeof head);
    bytes.append(mark.key);
    bytes.append(remark);
    bytes.append(mark.key_there);
}

Mark take_mark(std::string_view& bytes) {
    Head head;
    if (bytes.size() < sizeof head) {
        throw damaged();
    }
    std::memcpy(&head, bytes.data(), sizeof head);
    bytes.remove_prefix(sizeof head);
    const auto size = std::size_t{head.key_size} + head.remark_size + head.key_there_size;
    if (bytes.size() < size || head.status >= status_names.size()) {
        throw damaged();
    }
    const Mark mark{.key_hash = head.key_hash,
                    .row_hash = head.row_hash,
                    .status = static_cast<MarkStatus>(head.status),
                    .last_sync = head.last_sync,
                    .last_success = head.last_success,
                    .key = bytes.substr(0, head.key_size),
                    .remark = bytes.substr(head.key_size, head.remark_size),
                    .key_there = bytes.substr(std::size_t{head.key_size} + head.remark_size, head.key_there_size)};
    bytes.remove_prefix(size);
    return mark;
}

}  // namespace rowhaul
