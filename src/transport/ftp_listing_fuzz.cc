// SPDX-License-Identifier: Apache-2.0
#include "transport/ftp_listing.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    constexpr std::chrono::sys_days today{std::chrono::days(20'000)};
    for (const auto& listed : {rowhaul::parse_list_line(line, today), rowhaul::parse_mlsd_line(line)}) {
        if (listed && (listed->name.empty() || listed->name == "." || listed->name == "..")) {
            __builtin_trap();
        }
    }
    return 0;
}
