// SPDX-License-Identifier: Apache-2.0
// Digests, and whether a value is what it claims to be.
#include "base/error.h"
#include "data/number_text.h"
#include "expression/functions.h"
#include "expression/utf8.h"

#include <openssl/evp.h>
#include <utf8proc.h>

namespace rowhaul {

namespace {

std::string_view digest(Row& row, std::string_view bytes, const EVP_MD* kind) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), raw.data(), &size, kind, nullptr) != 1) {
        throw Error(ErrorKind::Internal, "OpenSSL cannot compute this digest");
    }
    char* at = row.room(std::size_t{2} * size);
    write_hex(at, {reinterpret_cast<const char*>(raw.data()), size});
    return {at, std::size_t{2} * size};
}

std::string_view md5(Row& row, std::string_view text) {
    static const auto* const kind = EVP_md5();
    return digest(row, text, kind);
}
std::string_view sha256(Row& row, std::string_view text) {
    static const auto* const kind = EVP_sha256();
    return digest(row, text, kind);
}

bool is_one_of(char c, std::string_view characters) {
    return characters.find(c) != std::string_view::npos;
}
bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_local_part(std::string_view local) {
    if (local.empty() || local.size() > 64 || local.front() == '.' || local.back() == '.' ||
        local.find("..") != std::string_view::npos) {
        return false;
    }
    for (const char c : local) {
        if (!is_letter_or_digit(c) && static_cast<unsigned char>(c) < 0x80 && !is_one_of(c, "!#$%&'*+-/=?^_`{|}~.")) {
            return false;
        }
    }
    return true;
}

bool is_label(std::string_view label) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
        return false;
    }
    for (const char c : label) {
        if (!is_letter_or_digit(c) && c != '-' && static_cast<unsigned char>(c) < 0x80) {
            return false;
        }
    }
    return true;
}

bool is_domain(std::string_view domain) {
    if (domain.size() > 253 || domain.find('.') == std::string_view::npos) {
        return false;
    }
    std::string_view label;
    while (true) {
        const auto dot = domain.find('.');
        label = domain.substr(0, dot);
        if (!is_label(label)) {
            return false;
        }
        if (dot == std::string_view::npos) {
            break;
        }
        domain.remove_prefix(dot + 1);
    }
    // The last label is no number, or it would be an address.
    return label.size() >= 2 && label.find_first_not_of("0123456789") != std::string_view::npos;
}

// What mail servers of today deliver to: no quoted local parts, no addresses in brackets.
bool email_valid(Row&, std::string_view text) {
    const auto at = text.rfind('@');
    if (at == std::string_view::npos || text.size() > 254 || utf8proc_ssize_t(text.size()) < 3) {
        return false;
    }
    for (auto rest = text; !rest.empty(); rest.remove_prefix(first_character(rest).size)) {
        const auto code = first_character(rest).code;
        if (code < 0 || (code >= 0x80 && (utf8proc_category(code) == UTF8PROC_CATEGORY_ZS ||
                                          utf8proc_category(code) == UTF8PROC_CATEGORY_CC ||
                                          utf8proc_category(code) == UTF8PROC_CATEGORY_CF))) {
            return false;
        }
    }
    return is_local_part(text.substr(0, at)) && is_domain(text.substr(at + 1));
}

// Without spaces around it and in lower case; NULL when it is no address then.
std::optional<std::string_view> email_normalized(Row& row, std::string_view text) {
    const auto bare = trimmed(text);
    if (!email_valid(row, bare)) {
        return {};
    }
    auto& out = row.scratch();
    for (auto rest = bare; !rest.empty();) {
        const auto character = first_character(rest);
        char bytes[4];
        out.append(bytes, write_character(utf8proc_tolower(character.code), bytes));
        rest.remove_prefix(character.size);
    }
    return row.copy(out);
}

}  // namespace

std::vector<Function> check_functions() {
    return {
        {.name = "email_valid",
         .usage = "email_valid(text)",
         .help = "Whether the text is an e-mail address that can be delivered to, as far as its form tells.",
         .group = Group::Check,
         .overloads = {strict<email_valid>()},
         .examples = {{"email_valid('anna@example.com')", "true"},
                      {"email_valid('anna@example')", "false"},
                      {"email_valid('anna@@example.com')", "false"}}},
        {.name = "email_normalized",
         .usage = "email_normalized(text)",
         .help = "The address without spaces around it and in lower case; NULL when it is none.",
         .group = Group::Check,
         .overloads = {strict<email_normalized>()},
         .examples = {{"email_normalized(' Anna@Example.COM ')", "anna@example.com"},
                      {"email_normalized('n/a')", "NULL"}}},
        {.name = "md5",
         .usage = "md5(text)",
         .help = "The MD5 digest as 32 hexadecimal digits.",
         .group = Group::Check,
         .overloads = {strict<md5>()},
         .examples = {{"md5('abc')", "900150983cd24fb0d6963f7d28e17f72"}}},
        {.name = "sha256",
         .usage = "sha256(text)",
         .help = "The SHA-256 digest as 64 hexadecimal digits.",
         .group = Group::Check,
         .overloads = {strict<sha256>()},
         .examples = {{"left(sha256('abc'), 16)", "ba7816bf8f01cfea"}}},
    };
}

}  // namespace rowhaul
