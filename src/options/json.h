// SPDX-License-Identifier: Apache-2.0
// JSON from documents, and JSON that people read.
#pragma once
#include "options/document.h"

#include <boost/json/fwd.hpp>
#include <string>

namespace rowhaul {

// Plain true, false and numbers become what JSON has for them, everything else text; interpolated
// values stand as in the file.
boost::json::value to_json(const Node&);

// Two spaces a level, keys in their order, short lists of scalars on one line, a line break at the end.
std::string pretty(const boost::json::value&);

}  // namespace rowhaul
