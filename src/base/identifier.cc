// SPDX-License-Identifier: Apache-2.0
#include "base/identifier.h"

#include "base/error.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <sys/random.h>

namespace rowhaul {

std::string new_identifier(std::chrono::system_clock::time_point now) {
    constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::array<std::uint8_t, 16> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        throw Error(ErrorKind::Internal, "the system gave no random numbers");
    }
    std::string text(26, '0');
    auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
    for (std::size_t place = 10; place-- > 0; milliseconds /= 32) {
        text[place] = alphabet[static_cast<std::size_t>(milliseconds % 32)];
    }
    for (std::size_t place = 10; place < 26; ++place) {
        text[place] = alphabet[random[place - 10] % 32];
    }
    return text;
}

}  // namespace rowhaul
