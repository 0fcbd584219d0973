// SPDX-License-Identifier: Apache-2.0
// What a workbook says about its sheets and cells before one looks at them.
#pragma once
#include "format/xlsx_package.h"
#include "format/xlsx_values.h"

#include <string>
#include <vector>

namespace rowhaul {

struct XlsxSheet {
    std::string name;
    bool is_hidden = false;
    std::string part;
};

struct XlsxWorkbook {
    std::vector<XlsxSheet> sheets;  // in their order; without charts and macros
    DateEpoch epoch = DateEpoch::Year1900;
    std::vector<NumberKind> kinds;  // of numbers, by the style of their cell
    std::string strings_part;       // empty = no shared strings

    NumberKind kind_of_style(std::size_t style) const {
        return style < kinds.size() ? kinds[style] : NumberKind::Number;
    }
};

// Throws Invalid for an archive that is no workbook of Excel 2007 or later.
XlsxWorkbook read_workbook(const Context&, const XlsxPackage&);

}  // namespace rowhaul
