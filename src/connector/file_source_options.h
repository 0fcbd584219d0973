// SPDX-License-Identifier: Apache-2.0
// Files of a connection as a source, as a person writes it in a configuration.
#pragma once
#include "options/options.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace rowhaul {

enum class FileOrder : std::uint8_t { Name, Time };
template <>
struct EnumChoices<FileOrder> {
    static constexpr std::array<Choice, 2> list{
        {{"name", "By their names."}, {"time", "Oldest first, by when they were written."}}};
};

enum class IfMissing : std::uint8_t { Automatic, Fail, Empty };
template <>
struct EnumChoices<IfMissing> {
    static constexpr std::array<Choice, 3> list{
        {{"automatic",
          "A missing `file` that is not moved or deleted after it was taken in fails; else the run is empty."},
         {"fail", "The run fails."},
         {"empty", "The run has nothing to move."}}};
};

enum class AfterAction : std::uint8_t { Keep, Delete, Move };
template <>
struct EnumChoices<AfterAction> {
    static constexpr std::array<Choice, 3> list{
        {{"keep", "It stays; it is not taken in again."}, {"delete", "It is deleted."}, {"move", "It is moved."}}};
};

struct AfterOptions {
    AfterAction action = AfterAction::Keep;
    std::string move;

    static constexpr auto spec = [] {
        return options(option("action", &AfterOptions::action, "What is done; `after: delete` is short for it."),
                       option("move", &AfterOptions::move, "Folder to move the file to, made when it is missing.")
                           .example("done"));
    }();
    static void validate(const AfterOptions&, Problems&);
};

struct SettleOptions {
    std::chrono::seconds age{0};
    std::chrono::seconds stable{0};
    std::string marker;
    std::string manifest;

    bool is_asked_for() const { return age.count() > 0 || stable.count() > 0 || !marker.empty() || !manifest.empty(); }

    static constexpr auto spec = [] {
        return options(
            option("age", &SettleOptions::age,
                   "How long ago a file must have been written last; `settle: 60s` is short for it.")
                .range(0, 30 * 86400)
                .example("60s"),
            option("stable", &SettleOptions::stable,
                   "How long size and time must stay the same while we look, for servers whose times mean nothing.")
                .range(0, 3600)
                .example("5s"),
            option("marker", &SettleOptions::marker,
                   "Name of a file that says that a file is complete, with {name} and {stem}.")
                .example("{name}.done"),
            option(
                "manifest", &SettleOptions::manifest,
                "Name of a file that says how long a file is, how many rows it has or what its digest is, with {name} "
                "and {stem}, or one for all: only files that it names are read, and they must be what it says.")
                .example("{name}.sha256"));
    }();
};

struct FileSourceOptions {
    std::string file;
    std::string files;
    FileOrder order = FileOrder::Name;
    bool newest = false;
    SettleOptions settle;
    AfterOptions after;
    IfMissing if_missing = IfMissing::Automatic;
    bool again = false;
    std::string set_aside;

    static constexpr auto spec = [] {
        return options(
            option("file", &FileSourceOptions::file, "File to read, below the connection's folder.")
                .example("customers.csv"),
            option("files", &FileSourceOptions::files,
                   "Pattern of files to read instead, with * and ? in the last part of the path.")
                .example("PREISE_*.csv"),
            option("order", &FileSourceOptions::order, "In which order several files are read."),
            option("newest", &FileSourceOptions::newest, "Reads only the one that was written last."),
            option("settle", &FileSourceOptions::settle,
                   "How a file that is still being written is told from a complete one."),
            option("after", &FileSourceOptions::after,
                   "What becomes of a file when its rows have arrived: keep, delete, or { move: FOLDER }."),
            option("if_missing", &FileSourceOptions::if_missing, "What a run does when there is no file."),
            option("again", &FileSourceOptions::again, "Also reads files whose content was taken in before.")
                .advanced(),
            option(
                "set_aside", &FileSourceOptions::set_aside,
                "Folder to move files to that cannot be read, while others can, each with a note that says why; they "
                "stay if not given.")
                .example("bad"));
    }();
    static void validate(const FileSourceOptions&, Problems&);

    bool takes_several() const { return !files.empty(); }
};

// The short forms `settle: 60s`, `after: delete` and `after: { move: done/ }` made long.
Node with_long_forms(const Node& section);

}  // namespace rowhaul
