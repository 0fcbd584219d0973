// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

namespace rowhaul {

std::string_view name_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::Invalid:
            return "invalid";
        case ErrorKind::NotFound:
            return "not_found";
        case ErrorKind::Denied:
            return "denied";
        case ErrorKind::Conflict:
            return "conflict";
        case ErrorKind::Unavailable:
            return "unavailable";
        case ErrorKind::Exhausted:
            return "exhausted";
        case ErrorKind::Guarded:
            return "guarded";
        case ErrorKind::Cancelled:
            return "cancelled";
        case ErrorKind::Internal:
            return "internal";
    }
    return "internal";
}

}  // namespace rowhaul
