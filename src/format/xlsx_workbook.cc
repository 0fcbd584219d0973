// SPDX-License-Identifier: Apache-2.0
#include "format/xlsx_workbook.h"

#include "format/xml_parser.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace rowhaul {

namespace {

constexpr std::size_t most_sheets = 10'000;
constexpr std::size_t most_styles = 100'000;

std::uint32_t number_in(std::string_view text) {
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

class WorkbookReader final : public XmlHandler {
public:
    struct Sheet {
        std::string name;
        bool is_hidden;
        std::string relationship;
    };
    void start(std::string_view name, const XmlAttributes& attributes) override {
        if (name == "workbookPr") {
            const auto epoch = attributes["date1904"];
            if (epoch == "1" || epoch == "true" || epoch == "on") {
                year_1904 = true;
            }
        } else if (name == "sheet" && sheets.size() < most_sheets) {
            const auto state = attributes["state"];
            sheets.push_back(
                {std::string(attributes["name"]), !state.empty() && state != "visible", std::string(attributes["id"])});
        }
    }
    void end(std::string_view) override {}

    std::vector<Sheet> sheets;
    bool year_1904 = false;
};

class StyleReader final : public XmlHandler {
public:
    void start(std::string_view name, const XmlAttributes& attributes) override {
        if (name == "numFmt" && custom_.size() < most_styles) {
            custom_[number_in(attributes["numFmtId"])] = kind_of_format(attributes["formatCode"]);
        } else if (name == "cellXfs") {
            is_in_cells_ = true;
        } else if (name == "xf" && is_in_cells_ && ids_.size() < most_styles) {
            ids_.push_back(number_in(attributes["numFmtId"]));
        }
    }
    void end(std::string_view name) override { is_in_cells_ = is_in_cells_ && name != "cellXfs"; }

    std::vector<NumberKind> kinds() const {
        std::vector<NumberKind> all;
        for (const auto id : ids_) {
            const auto custom = custom_.find(id);
            all.push_back(custom == custom_.end() ? kind_of_builtin_format(id) : custom->second);
        }
        return all;
    }

private:
    std::map<std::uint32_t, NumberKind> custom_;
    std::vector<std::uint32_t> ids_;
    bool is_in_cells_ = false;
};

const XlsxRelationship* of_type(const std::vector<XlsxRelationship>& all, std::string_view type) {
    const auto found = std::ranges::find(all, type, &XlsxRelationship::type);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

XlsxWorkbook read_workbook(const Context& context, const XlsxPackage& package) {
    const auto roots = package.relationships(context, "");
    const auto* const root = of_type(roots, "officeDocument");
    if (root == nullptr || root->part.ends_with(".bin")) {
        throw Error(ErrorKind::Invalid, root == nullptr ? "this is a zip archive, but no Excel workbook"
                                                        : "this is a binary workbook (.xlsb); save it as .xlsx");
    }
    WorkbookReader reader;
    {
        const auto stream = package.open(root->part);
        XmlParser(*stream, reader, root->part).run(context);
    }
    XlsxWorkbook workbook;
    workbook.epoch = reader.year_1904 ? DateEpoch::Year1904 : DateEpoch::Year1900;
    const auto parts = package.relationships(context, root->part);
    for (auto& sheet : reader.sheets) {
        const auto part = std::ranges::find(parts, sheet.relationship, &XlsxRelationship::id);
        if (part != parts.end() && part->type == "worksheet") {
            workbook.sheets.push_back({std::move(sheet.name), sheet.is_hidden, part->part});
        }
    }
    if (const auto* const strings = of_type(parts, "sharedStrings"); strings != nullptr && package.has(strings->part)) {
        workbook.strings_part = strings->part;
    }
    if (const auto* const styles = of_type(parts, "styles"); styles != nullptr && package.has(styles->part)) {
        StyleReader style_reader;
        const auto stream = package.open(styles->part);
        XmlParser(*stream, style_reader, styles->part).run(context);
        workbook.kinds = style_reader.kinds();
    }
    if (workbook.sheets.empty()) {
        throw Error(ErrorKind::Invalid,
                    "the file has no sheet with cells; it is no Excel workbook, or has charts only");
    }
    return workbook;
}

}  // namespace rowhaul
