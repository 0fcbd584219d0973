// SPDX-License-Identifier: Apache-2.0
// Workbooks made of XML that a test writes itself.
#pragma once
#include "testing/zip.h"

#include <map>
#include <string>
#include <vector>

namespace rowhaul::testing {

struct WorkbookParts {
    // Sheets by name, each the XML of what stands within <worksheet>.
    std::vector<std::pair<std::string, std::string>> sheets;
    std::string strings;              // <si> elements
    std::string styles;               // what stands within <styleSheet>
    std::string workbook;             // what stands before <sheets>
    std::vector<std::string> hidden;  // names of sheets
};

inline std::map<std::string, std::string> parts_of(const WorkbookParts& book) {
    const std::string office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
    const auto relation = [&](const std::string& id, const std::string& type, const std::string& target) {
        return "<Relationship Id=\"" + id + "\" Type=\"" + office + type + "\" Target=\"" + target + "\"/>";
    };
    std::map<std::string, std::string> parts;
    parts["[Content_Types].xml"] = "<Types/>";
    parts["_rels/.rels"] = "<Relationships>" + relation("a", "officeDocument", "xl/workbook.xml") + "</Relationships>";
    std::string sheets;
    std::string relations;
    for (std::size_t i = 0; i < book.sheets.size(); ++i) {
        const auto& [name, content] = book.sheets[i];
        const auto id = "rId" + std::to_string(i + 1);
        bool is_hidden = false;
        for (const auto& hidden : book.hidden) {
            is_hidden = is_hidden || hidden == name;
        }
        sheets += "<sheet name=\"" + name + "\" sheetId=\"" + std::to_string(i + 1) + "\" r:id=\"" + id + "\"" +
                  (is_hidden ? " state=\"hidden\"/>" : "/>");
        relations += relation(id, "worksheet", "worksheets/" + id + ".xml");
        parts["xl/worksheets/" + id + ".xml"] = "<worksheet>" + content + "</worksheet>";
    }
    if (!book.strings.empty()) {
        relations += relation("s", "sharedStrings", "/xl/texts.xml");
        parts["xl/texts.xml"] = "<sst>" + book.strings + "</sst>";
    }
    if (!book.styles.empty()) {
        relations += relation("f", "styles", "../xl/styles.xml");
        parts["xl/styles.xml"] = "<styleSheet>" + book.styles + "</styleSheet>";
    }
    parts["xl/workbook.xml"] =
        "<workbook xmlns:r=\"r\">" + book.workbook + "<sheets>" + sheets + "</sheets></workbook>";
    parts["xl/_rels/workbook.xml.rels"] = "<Relationships>" + relations + "</Relationships>";
    return parts;
}

}  // namespace rowhaul::testing
