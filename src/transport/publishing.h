// SPDX-License-Identifier: Apache-2.0
// How a finished file gets its final name on a server (P3): options that every transport has, as a
// base of its own Options:
//
//     struct FtpOptions : PublishingOptions {
//         ...
//         static constexpr auto spec = [] { return joined(options(...), PublishingOptions::spec); }();
//     };
#pragma once
#include "options/options.h"

#include <string>

namespace rowhaul {

enum class Verify : std::uint8_t { Automatic, Checksum, Size, None };
template <>
struct EnumChoices<Verify> {
    static constexpr std::array<Choice, 4> list{{{"automatic", "Size, and checksum where the server offers one."},
                                                 {"checksum", "Size and checksum; fails when the server offers none."},
                                                 {"size", "Size only."},
                                                 {"none", "Not at all, for servers that hide what was uploaded."}}};
};

enum class IfExists : std::uint8_t { Replace, Fail, Number };
template <>
struct EnumChoices<IfExists> {
    static constexpr std::array<Choice, 3> list{
        {{"replace", "The new file takes the place of the old one."},
         {"fail", "The run fails and the old file stays."},
         {"number", "The new file is called name_1.csv, name_2.csv and so on."}}};
};

struct PublishingOptions {
    bool rename = true;
    std::string temporary_name = ".{name}.{execution}.part";
    std::string temporary_folder;
    Verify verify = Verify::Automatic;

    static constexpr auto spec = [] {
        return options(
            option("rename", &PublishingOptions::rename,
                   "Writes under a temporary name and renames the complete file; false for servers that forbid "
                   "renaming or temporary names: the file is then completed here before it is uploaded.")
                .advanced(),
            option("temporary_name", &PublishingOptions::temporary_name,
                   "Name of a file while it is being written, with {name} and {execution}.")
                .advanced(),
            option("temporary_folder", &PublishingOptions::temporary_folder,
                   "Folder for files while they are being written; empty for the folder of the file itself.")
                .advanced()
                .example("tmp"),
            option("verify", &PublishingOptions::verify,
                   "How an uploaded file is checked before it gets its final name.")
                .advanced());
    }();
};

}  // namespace rowhaul
