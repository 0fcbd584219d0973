// SPDX-License-Identifier: Apache-2.0
#include "format/xlsx_sheet.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace rowhaul {

namespace {

constexpr std::uint32_t most_columns = 16'384;
constexpr std::size_t longest_row = std::size_t{16} * 1024 * 1024;

struct Place {
    std::uint64_t row = 0;  // 0 = not said
    std::uint32_t column = 0;
};

// "BC12".
std::optional<Place> place_of(std::string_view reference) {
    constexpr std::uint32_t letters = 26;
    Place place;
    std::size_t i = 0;
    for (; i < reference.size() && reference[i] >= 'A' && reference[i] <= 'Z'; ++i) {
        place.column = place.column * letters + static_cast<std::uint32_t>(reference[i] - 'A') + 1;
        if (place.column > most_columns) {
            return {};
        }
    }
    if (i == 0) {
        return {};
    }
    --place.column;
    const auto* const end = reference.data() + reference.size();
    const auto parsed = std::from_chars(reference.data() + i, end, place.row);
    return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(place) : std::nullopt;
}

std::uint32_t number_in(std::string_view text) {
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

XlsxStored stored_as(std::string_view type) {
    if (type.empty() || type == "n") {
        return XlsxStored::Number;
    }
    if (type == "s") {
        return XlsxStored::SharedText;
    }
    return type == "b"   ? XlsxStored::Boolean
           : type == "e" ? XlsxStored::Error
           : type == "d" ? XlsxStored::Date
                         : XlsxStored::Text;
}

Error damaged(std::string_view sheet, std::string_view what) {
    return {ErrorKind::Invalid, fmt::format("{} is damaged: {}", sheet, what)};
}

class MergeReader final : public XmlHandler {
public:
    explicit MergeReader(std::string_view sheet) : sheet_(sheet) {}
    void start(std::string_view name, const XmlAttributes& attributes) override {
        constexpr std::size_t most = 100'000;
        if (name != "mergeCell") {
            return;
        }
        const auto reference = attributes["ref"];
        const auto colon = reference.find(':');
        const auto first = place_of(reference.substr(0, colon));
        const auto last = colon == std::string_view::npos ? first : place_of(reference.substr(colon + 1));
        if (!first || !last || all.size() >= most) {
            throw damaged(sheet_, first && last ? "it has too many merged cells" : "its merged cells are nowhere");
        }
        all.push_back({first->row, last->row, first->column, last->column});
    }
    void end(std::string_view) override {}

    std::vector<XlsxRange> all;

private:
    std::string_view sheet_;
};

}  // namespace

std::string column_letters(std::uint32_t column) {
    constexpr std::uint32_t letters = 26;
    std::string out;
    for (++column; column > 0; column = (column - 1) / letters) {
        out.insert(out.begin(), static_cast<char>('A' + (column - 1) % letters));
    }
    return out;
}

XlsxRows::XlsxRows(std::unique_ptr<InputStream> part, std::string name)
    : name_(std::move(name)), part_(std::move(part)), parser_(*part_, *this, name_) {}

bool XlsxRows::next(const Context& context) {
    has_row_ = false;
    parser_.run(context);
    return has_row_;
}

void XlsxRows::start(std::string_view name, const XmlAttributes& attributes) {
    if (is_in_cell_) {
        if (name == "v") {
            is_text_ = true;
            has_value_ = true;
        } else if (name == "t") {
            is_text_ = !is_phonetic_;
            has_value_ = true;
        } else if (name == "f") {
            has_formula_ = true;
        } else if (name == "rPh") {
            is_phonetic_ = true;
        }
    } else if (is_in_rows_ && name == "c") {
        start_cell(attributes);
    } else if (is_in_rows_ && name == "row") {
        start_row(attributes);
    } else if (name == "sheetData") {
        is_in_rows_ = true;
    }
}

void XlsxRows::start_row(const XmlAttributes& attributes) {
    cells_.clear();
    text_.clear();
    next_column_ = 0;
    ++number_;
    is_hidden_ = false;
    for (const char** pair = attributes.pairs(); *pair != nullptr; pair += 2) {
        const std::string_view name = pair[0];
        const std::string_view value = pair[1];
        if (name == "r") {
            number_ = number_in(value);
        } else if (name == "hidden") {
            is_hidden_ = value == "1" || value == "true";
        }
    }
}

void XlsxRows::start_cell(const XmlAttributes& attributes) {
    is_in_cell_ = true;
    is_text_ = is_phonetic_ = has_formula_ = has_value_ = false;
    cell_ = {.column = next_column_, .start = static_cast<std::uint32_t>(text_.size())};
    for (const char** pair = attributes.pairs(); *pair != nullptr; pair += 2) {
        const std::string_view name = pair[0];
        const std::string_view value = pair[1];
        if (name == "r") {
            const auto place = place_of(value);
            if (!place) {
                throw damaged(
                    name_, fmt::format("row {} has a cell at \"{}\", which is nowhere", number_, value.substr(0, 20)));
            }
            cell_.column = place->column;
        } else if (name == "s") {
            cell_.style = number_in(value);
        } else if (name == "t") {
            cell_.stored = stored_as(value);
        }
    }
    if (cell_.column >= most_columns) {
        throw damaged(name_, fmt::format("row {} has more than {} cells", number_, most_columns));
    }
    next_column_ = cell_.column + 1;
}

void XlsxRows::end_cell() {
    is_in_cell_ = false;
    cell_.size = static_cast<std::uint32_t>(text_.size()) - cell_.start;
    const bool is_text = cell_.stored == XlsxStored::Text;
    if (has_value_ && (cell_.size > 0 || is_text)) {
        cells_.push_back(cell_);
    } else if (has_formula_) {
        ++formulas_without_result_;
    }
}

void XlsxRows::end(std::string_view name) {
    if (is_in_cell_) {
        if (name == "v" || name == "t") {
            is_text_ = false;
        } else if (name == "c") {
            end_cell();
        } else if (name == "rPh") {
            is_phonetic_ = false;
        }
    } else if (name == "row" && is_in_rows_) {
        if (!cells_.empty()) {
            has_row_ = true;
            parser_.pause();
        }
    } else if (name == "sheetData") {
        is_in_rows_ = false;
    }
}

void XlsxRows::text(std::string_view text) {
    if (!is_text_) {
        return;
    }
    text_ += text;
    if (text_.size() > longest_row) {
        throw Error(ErrorKind::Invalid, fmt::format("{}: row {} has more than {} bytes", name_, number_, longest_row));
    }
}

std::vector<XlsxRange> merged_ranges(const Context& context, InputStream& part, const std::string& name) {
    MergeReader reader(name);
    XmlParser(part, reader, name).run(context);
    std::ranges::sort(reader.all, {}, &XlsxRange::first_row);
    return std::move(reader.all);
}

}  // namespace rowhaul
