// SPDX-License-Identifier: Apache-2.0
// The commands of the program, one function each.
#pragma once
#include "app/session.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

ExitCode run_demo(const std::filesystem::path& folder, const GlobalOptions&);
ExitCode run_check(Session&, const std::string& connection);
ExitCode run_browse(Session&, const std::string& connection, const std::string& object);

struct MapRequest {
    std::string mapping;
    std::vector<std::string> target_columns;  // what the target wants
    std::filesystem::path like;               // a file whose columns the target wants
    std::filesystem::path input;              // a file to read in place of the source's
};
ExitCode run_map(Session&, const MapRequest&);

enum class FailOnEmpty : std::uint8_t { No, Yes };
ExitCode run_haul(Session&, const RunRequest&, FailOnEmpty);

ExitCode run_undo(Session&, const UndoCommand&);

enum class WaybillPart : std::uint8_t { Whole, RejectList };
ExitCode run_waybill(Session&, const std::string& execution, WaybillPart);
ExitCode run_history(Session&, const std::string& name, std::uint32_t at_most);

// Of a mapping, or of a record in the targets of all of them.
struct MarksRequest {
    std::string mapping;
    std::string key;     // as it is shown; empty = every record
    std::string record;  // a key, likewise
    std::string source;  // only of mappings that read from this connection; for a record
    std::string status;  // empty = any
    std::uint64_t at_most = 0;
};
ExitCode run_marks(Session&, const MarksRequest&);

ExitCode run_validate(Session&);
ExitCode run_schema(Session&);
// With a folder, writes the whole reference there as markdown instead of printing.
ExitCode run_reference(Session&, const std::string& component, const std::optional<std::filesystem::path>& folder);

}  // namespace rowhaul
