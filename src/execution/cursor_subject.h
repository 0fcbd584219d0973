// SPDX-License-Identifier: Apache-2.0
// What the memory of a cursor belongs to, and does not count for when it changes.
#pragma once
#include "execution/project.h"

#include <string>
#include <string_view>

namespace rowhaul {

// Column, source, key and target, a part a line.
std::string cursor_subject(const MappingDefinition& mapping);
// Which part differs, as the file calls it; empty when all are the same.
std::string change_of_subject(std::string_view before, std::string_view now);

}  // namespace rowhaul
