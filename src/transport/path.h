// SPDX-License-Identifier: Apache-2.0
// Names of files under a connection's folder. What leaves the folder, or would mean something else
// to a server than to us, is refused before any server sees it.
#pragma once
#include <string>
#include <string_view>

namespace rowhaul {

// The path itself. Throws Invalid when it is empty, absolute, has an empty part, "." or "..", a
// backslash (a separator for servers on Windows), or a control character (which could end an FTP
// command or a log line).
std::string checked_path(std::string_view path);
// The same, but "" is allowed and means the connection's own folder.
std::string checked_folder(std::string_view path);

// What the server is asked for: `path` below the option `folder`, which may be empty (the folder of
// the login), relative or absolute. Checks `path`; "" gives the folder itself, never "".
std::string path_on_server(std::string_view folder, std::string_view path);

// "in/customers.csv" gives "in" and "customers.csv"; the folder is "" when there is none.
std::string_view folder_of(std::string_view path);
std::string_view file_name_of(std::string_view path);
std::string path_below(std::string_view folder, std::string_view name);

// For messages: in double quotes, control characters as \xNN.
std::string in_quotes(std::string_view name);

}  // namespace rowhaul
