// SPDX-License-Identifier: Apache-2.0
#include "io/digest.h"
#include "testing/suite/transport_suite.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace rowhaul::testing {

std::string noise(std::size_t size) {
    std::mt19937_64 random(size);
    std::string text(size, '\0');
    for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
        const std::uint64_t number = random();
        std::memcpy(text.data() + at, &number, std::min(sizeof number, size - at));
    }
    return text;
}

std::string sha256_of(std::string_view text) {
    Hash hash(HashAlgorithm::Sha256);
    hash.update(as_bytes(text));
    return hash.finish();
}

void write_text(const Context& context, Transport& transport, std::string_view path, std::string_view text,
                std::uint64_t offset) {
    const auto stream = transport.write(context, path, offset);
    stream->write(context, as_bytes(text));
    stream->commit(context);
}

std::string read_text(const Context& context, Transport& transport, std::string_view path, std::uint64_t offset) {
    const auto stream = transport.read(context, path, offset);
    std::string text;
    std::vector<std::byte> buffer(100'000);
    while (const auto count = stream->read(context, buffer)) {
        text += as_text(std::span(buffer).first(count));
    }
    return text;
}

ErrorKind kind_thrown(const std::function<void()>& verb, std::string* message) {
    try {
        verb();
    } catch (const Error& error) {
        if (message != nullptr) {
            *message = error.what();
        }
        return error.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::Internal;
}

}  // namespace rowhaul::testing
