// SPDX-License-Identifier: Apache-2.0
#include "execution/backfill.h"

#include "execution/cursor_subject.h"

#include <fmt/format.h>

namespace rowhaul {

namespace {

// A file whose name is the same each time would replace that of the chunk before.
void expect_files_apart(const MappingDefinition& mapping) {
    const auto* const file = mapping.target.find("file");
    if (file == nullptr) {
        return;
    }
    const auto name = file->text();
    if (name.find("{sequence}") == std::string::npos && name.find("{execution}") == std::string::npos) {
        throw Error(
            ErrorKind::Invalid,
            fmt::format("each chunk of {} makes a file, and they may have the same name: {}", mapping.name, name))
            .advise("Put {sequence} or {execution} into the name of the file, or leave --chunk out.");
    }
}

}  // namespace

ChunkedReading chunked_reading(const RunRequest& request, const MappingDefinition& mapping, const std::string& zone) {
    if (request.since.empty() || request.until.empty()) {
        throw Error(ErrorKind::Invalid, "--chunk cuts a range into pieces, and an end of it is not given")
            .advise("Give --since and --until, too.");
    }
    const auto span = parse_overlap(request.chunk);
    if (!span || is_zero(span->amount)) {
        throw Error(ErrorKind::Invalid, fmt::format("--chunk {} is no length of a piece", request.chunk))
            .advise("Give a time, as in 6h or 1d, or for numbers a number above 0.");
    }
    expect_files_apart(mapping);
    auto command = fmt::format("{}\nsince {}\nuntil {}\nchunk {}\nzone {}", cursor_subject(mapping), request.since,
                               request.until, request.chunk, zone);
    for (const auto& [name, value] : request.parameters) {
        command += fmt::format("\nwith {}={}", name, value);
    }
    return {.command = std::move(command), .chunk = {.span = *span}};
}

void add(RowCounts& sum, const RowCounts& rows) {
    sum.read += rows.read;
    sum.filtered += rows.filtered;
    sum.created += rows.created;
    sum.updated += rows.updated;
    sum.unchanged += rows.unchanged;
    sum.skipped += rows.skipped;
    sum.deleted += rows.deleted;
    sum.rejected += rows.rejected;
    sum.retried += rows.retried;
}

}  // namespace rowhaul
