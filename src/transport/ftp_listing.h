// SPDX-License-Identifier: Apache-2.0
// What FTP servers say about files: MLSD facts (RFC 3659), and the answers to LIST that were never
// standardised: like `ls -l`, like DIR on Windows, and EPLF.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowhaul {

struct FtpListed {
    std::string name;  // as the server wrote it
    bool is_folder = false;
    std::optional<std::uint64_t> size;  // of files; nothing for folders and links
    // MLSD: UTC. LIST: in the server's zone, which nobody knows, taken for UTC; minutes or days only.
    std::optional<std::chrono::sys_seconds> modified;
    bool is_roughly_timed = false;
};

// One line of MLSD or MLST without its line end; nothing for the folder itself, its parent, and what
// is no such line.
std::optional<FtpListed> parse_mlsd_line(std::string_view line);

// One line of LIST; nothing for "total 12", ".", ".." and what nobody understands. `today` gives the
// year to dates without one: such a file is at most a year old.
std::optional<FtpListed> parse_list_line(std::string_view line, std::chrono::sys_days today);

// YYYYMMDDHHMMSS with an optional fraction, as MDTM and MLSD write it.
std::optional<std::chrono::sys_seconds> parse_ftp_time(std::string_view text);

}  // namespace rowhaul
