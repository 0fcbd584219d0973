// SPDX-License-Identifier: Apache-2.0
// The texts of a workbook, which its cells name by number: the first ones in memory, up to a limit,
// and the rest in a temporary file.
#pragma once
#include "data/batch.h"
#include "io/spool_file.h"
#include "io/stream.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace rowhaul {

class XlsxStrings {
public:
    XlsxStrings(std::uint64_t bytes_in_memory, SpoolPlace spool) : most_(bytes_in_memory), spool_(std::move(spool)) {}

    // Reads the part that holds them; once.
    void read(const Context&, InputStream& in, std::string_view part);
    // The next text; for read().
    void add(std::string_view text);
    std::uint64_t size() const { return count_; }
    bool is_in_memory() const { return spilled_ == nullptr; }
    // Nothing when there is no such text. In this object, or copied into the arena.
    std::optional<std::string_view> text(std::uint64_t number, Arena&);

private:
    struct Spilled {
        explicit Spilled(const SpoolPlace& place) : texts(place), ends(place) {}
        SpoolPages texts;
        SpoolPages ends;  // 8 bytes each, counted from the first text in the file
    };
    const std::uint64_t most_;
    const SpoolPlace spool_;
    Arena arena_;
    std::vector<std::string_view> texts_;
    std::unique_ptr<Spilled> spilled_;
    std::uint64_t count_ = 0;
};

}  // namespace rowhaul
