// SPDX-License-Identifier: Apache-2.0
// A rule as a superset of it that a database can check beforehand.
//
// The rule itself is always checked again by us, so the database may hand out too many rows, never
// too few: every row that meets the rule, and every row in which the rule fails, which is to become a
// reject, gets through. The database never computes anything that can fail there.
//
// Values that the database holds but we cannot read, or take for something else, get through whatever
// the rest says. A conjunction is taken apart: what cannot be said in the database's language is left
// out. A failure counts where it is met first from left to right, so parts behind one that can fail are
// left out, too, and where one after a part can, rows in which the part is NULL get through. A
// disjunction needs all its parts. Texts are only looked at for being equal, which any collation says of
// texts of the same bytes, and never for being different.
#pragma once
#include "expression/condition.h"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace rowhaul {

// What a database knows of one column.
struct RuleColumn {
    // As which its values are compared in the same way there and here; Unknown: not at all.
    Kind kind = Kind::Unknown;
    std::string name;  // as it is written in a condition
    // Whether every value of it can be read as what the schema promises.
    bool is_sound = false;
    // SQL that is true for the values that cannot, or that mean something else there, and not for NULL;
    // never fails.
    std::string odd_values = {};
    // Whether NULL there is NULL here, and nothing else is.
    bool has_plain_nulls = true;
    // Whether texts can only be compared with those of ASCII.
    bool takes_ascii_only = false;
    // Whether numbers can only be compared with whole ones in the same way.
    bool takes_whole_numbers = false;
};

struct RuleDialect {
    std::map<std::string, RuleColumn> columns;  // by name in the schema
    // A value as it is written in a condition; nothing for one that cannot be. Texts are valid UTF-8
    // without NUL.
    std::function<std::optional<std::string>(const KnownValue&)> literal;
};

// The part of the rule that the database can check, as a condition in its SQL; empty when there is
// none, or when it would be too long to be a help.
std::string pushed_rule(const Condition& rule, const RuleDialect& dialect);

}  // namespace rowhaul
