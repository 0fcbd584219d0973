// SPDX-License-Identifier: Apache-2.0
#include "connector/connection.h"

namespace rowhaul {

std::unique_ptr<Undoing> Connection::undoing(const UndoRequest&) {
    throw Error(ErrorKind::Invalid, "what was written into files cannot be undone")
        .advise("Only rows in tables are given back.");
}

}  // namespace rowhaul
