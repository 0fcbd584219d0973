// SPDX-License-Identifier: Apache-2.0
// The beginning of a file, for formats that say themselves what their columns are.
#pragma once
#include "format/format.h"

#include <string>

namespace rowhaul {

// The columns and first rows of a reader.
Sniffed sniffed_rows(const Context&, std::string format, FileReader&);

}  // namespace rowhaul
