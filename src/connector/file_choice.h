// SPDX-License-Identifier: Apache-2.0
// Which files of a connection a source reads: those that match, are complete, in their order.
#pragma once
#include "base/time.h"
#include "connector/file_source_options.h"
#include "connector/manifest.h"
#include "transport/transport.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace rowhaul {

// Time as it passes; tests have their own.
struct Clock {
    std::function<Moment()> now = [] { return std::chrono::system_clock::now(); };
    std::function<void(const Context&, std::chrono::seconds)> wait =
        [](const Context& context, std::chrono::seconds duration) { context.sleep(duration); };
};

struct UnsettledFile {
    std::string path;
    std::string reason;  // "its marker \"a.csv.done\" is not there"
};

struct FileChoice {
    std::vector<Entry> files;                       // complete, in the order to be read
    std::vector<UnsettledFile> unsettled;           // those that may still be written
    std::map<std::string, ManifestEntry> promised;  // what manifests say of files, by path
};

// Looks at the server, twice where the options ask for it. A missing file is no file. Throws Invalid
// when `settle` needs times that the server does not tell.
FileChoice choose_files(const Context&, Transport&, const FileSourceOptions&, const Clock&);

// Whether a file is, as far as the server tells, what it was at an earlier look.
bool is_same(const Entry& one, const Entry& other);

// What lies beside this file for its sake alone: the marker that says that it is complete, the manifest
// that is not one for all; empty where there is none.
std::string marker_of(const Entry& file, const SettleOptions&);
std::string own_manifest_of(const Entry& file, const SettleOptions&);

// "in/a.csv" and "done" give "done/a.csv"; with a number before the ending when that exists.
std::string free_name(const Context&, Transport&, std::string_view file, std::string_view folder);

}  // namespace rowhaul
