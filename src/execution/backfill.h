// SPDX-License-Identifier: Apache-2.0
// A range of the cursor that is read chunk by chunk, each an execution with a commit and a waybill of its
// own: what has arrived stays when a later chunk fails, and the same command goes on behind it.
#pragma once
#include "execution/mapping_run.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rowhaul {

// Of the chunks that one command read.
struct BackfillResult {
    std::string mapping;
    std::uint64_t done = 0;               // chunks that have arrived, also by earlier commands
    std::uint64_t of = 0;                 // chunks in all; 0 = it is not known
    RowCounts rows;                       // of the chunks that arrived now
    std::vector<std::string> executions;  // of this command; none when all chunks had arrived before
};

// The chunks that the request means. Throws Invalid where there can be none.
ChunkedReading chunked_reading(const RunRequest&, const MappingDefinition&, const std::string& zone);

void add(RowCounts& sum, const RowCounts& rows);

}  // namespace rowhaul
