// SPDX-License-Identifier: Apache-2.0
// A waybill as a person reads it on a terminal.
#pragma once
#include "execution/waybill.h"

#include <string>

namespace rowhaul {

std::string waybill_text(const Waybill&);
// One line, of a chunk whose rows have arrived.
std::string chunk_text(const Waybill&);
// Of all chunks that a command read: "10,000 read = 9,990 created + 10 rejected".
std::string accounts_text(const RowCounts&);

}  // namespace rowhaul
