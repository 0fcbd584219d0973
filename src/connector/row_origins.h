// SPDX-License-Identifier: Apache-2.0
// Where rows stood in their files, kept on our own disk for those that a database refuses late: sending
// it along would double what a database has to take in.
#pragma once
#include "data/batch.h"
#include "data/rows.h"
#include "io/spool_file.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

class RowOrigins {
public:
    explicit RowOrigins(SpoolPlace place) : place_(std::move(place)) {}
    // Rows of files; their numbers rise. Others have no origin, and take no room.
    void note(const Batch&);
    // Fills in file, line and raw text of the reject's row, if it came from a file. After the last note().
    void tell(Reject&);
    // The file that a row came from, or "".
    std::string_view file(std::uint64_t row) const;

private:
    struct Part {
        std::uint64_t first_row = 0;
        std::uint64_t begin = 0;  // in the spool file
        std::size_t bytes = 0;
        std::size_t file = 0;  // in files_
    };

    const Part* part(std::uint64_t row) const;

    SpoolPlace place_;
    std::unique_ptr<SpoolPages> pages_;
    bool is_finished_ = false;
    std::vector<Part> parts_;  // one a batch
    std::vector<std::string> files_;
    std::string text_;
};

}  // namespace rowhaul
