// SPDX-License-Identifier: Apache-2.0
// The one list of components of this program.
#pragma once
#include "connector/catalog.h"

namespace rowhaul {

Catalog components();

}  // namespace rowhaul
