// SPDX-License-Identifier: Apache-2.0
// What an execution that was killed left on a transport.
#pragma once
#include "transport/publishing.h"
#include "transport/transport.h"

namespace rowhaul {

// Removes the unfinished files of `execution` that were to become `name`, and gives a former file
// that had been moved aside its name back when nothing took its place. Knows them by the execution
// in their names; where PublishingOptions::temporary_name lacks it, nothing is touched.
void remove_leftovers(const Context&, Transport&, const PublishingOptions&, std::string_view execution,
                      std::string_view name);

}  // namespace rowhaul
