// SPDX-License-Identifier: Apache-2.0
// A waybill as a person reads it on a terminal.
#pragma once
#include "execution/waybill.h"

#include <string>

namespace rowhaul {

std::string waybill_text(const Waybill&);

}  // namespace rowhaul
