// SPDX-License-Identifier: Apache-2.0
#include "format/csv_dialect.h"

#include "base/error.h"
#include "base/utf8.h"

#include <algorithm>
#include <vector>

namespace rowhaul {

namespace {

CsvOptions preset_options(CsvPreset preset) {
    CsvOptions set;
    switch (preset) {
        case CsvPreset::Rfc4180:
            set.line_end = CsvLineEnd::Crlf;
            break;
        case CsvPreset::ExcelDe:
            // Without grouping, because Excel takes 1.234 for a date in some cells and settings. The
            // fraction stands after a comma, the decimal mark of that language.
            set.delimiter = ";";
            set.line_end = CsvLineEnd::Crlf;
            set.encoding = TextEncoding::Utf8Bom;
            set.numbers = "1234,56";
            set.dates = "dd.mm.yyyy";
            set.times = "HH:MM:SS,f";
            set.timestamps = "dd.mm.yyyy HH:MM:SS,fz";
            set.true_text = "WAHR";
            set.false_text = "FALSCH";
            break;
        case CsvPreset::UnixTsv:
            set.delimiter = "\t";
            set.quoting = CsvQuoting::Never;
            set.escape = CsvEscape::Backslash;
            set.null_text = "\\N";
            break;
    }
    return set;
}

bool is_one_character(std::string_view text) {
    return !text.empty() && take_character(text).has_value() && text.empty();
}

std::string single_delimiter(std::string_view given, Problems& problems) {
    if (given == "\\t" || given == "tab") {
        return "\t";
    }
    if (!is_one_character(given) || given == "\r" || given == "\n") {
        problems.add("delimiter", "must be one character, and no line break; for a tab write \\t");
        return ",";
    }
    return std::string(given);
}

char single_quote_character(std::string_view given, Problems& problems) {
    if (given.size() != 1 || given[0] < ' ' || given[0] > '~') {
        problems.add("quote", "must be one printable ASCII character");
        return '"';
    }
    return given[0];
}

template <class Notation>
std::optional<Notation> notation(std::string_view option, const std::optional<std::string>& given, Problems& problems) {
    if (!given) {
        return {};
    }
    try {
        return Notation(*given);
    } catch (const Error& error) {
        problems.add(option, error.what());
        return {};
    }
}

void set_notations(const CsvOptions& options, const CsvOptions& preset, CsvDialect& dialect, Problems& problems) {
    const auto either = [](const auto& own, const auto& other) { return own ? own : other; };
    dialect.numbers = notation<NumberNotation>("numbers", either(options.numbers, preset.numbers), problems);
    if (dialect.numbers && dialect.numbers->is_canonical()) {
        dialect.numbers.reset();
    }
    dialect.dates = notation<DateNotation>("dates", either(options.dates, preset.dates), problems);
    if (dialect.dates && dialect.dates->has_time()) {
        problems.add("dates", "names hours, minutes or seconds, which a date has not; use timestamps for that");
    }
    dialect.times = notation<DateNotation>("times", either(options.times, preset.times), problems);
    if (dialect.times && dialect.times->has_date()) {
        problems.add("times", "names year, month or day, which a time has not; use timestamps for that");
    }
    auto timestamps = either(options.timestamps, options.dates ? std::nullopt : preset.timestamps);
    if (!timestamps && options.dates) {
        timestamps = *options.dates + " HH:MM:SS.fz";
    }
    dialect.timestamps = notation<DateNotation>("timestamps", timestamps, problems);
    dialect.read.numbers = either(options.numbers, preset.numbers).value_or("");
    dialect.read.dates = either(options.dates, preset.dates).value_or("");
    dialect.read.times = either(options.times, preset.times).value_or("");
    dialect.read.timestamps = timestamps.value_or("");
    if (options.true_text || options.false_text || preset.true_text) {
        dialect.read.true_text = dialect.true_text;
        dialect.read.false_text = dialect.false_text;
    }
}

void check_null_text(const CsvDialect& dialect, Problems& problems) {
    const std::string_view text = dialect.null_text;
    if (dialect.quoting == CsvQuoting::Never) {
        constexpr std::string_view meaningful = "tnr\\";
        if (text.size() < 2 || text[0] != '\\' || meaningful.find(text[1]) != std::string_view::npos ||
            text.substr(1).find('\\') != std::string_view::npos || text.substr(1).starts_with(dialect.delimiter)) {
            problems.add("null_text",
                         "\"" + dialect.null_text + "\" could also be a text when nothing is quoted; use \\N");
        }
        return;
    }
    if (text.find_first_of("\r\n") != std::string_view::npos || text.find(dialect.quote) != std::string_view::npos ||
        text.find(dialect.delimiter) != std::string_view::npos) {
        problems.add("null_text",
                     "must not contain the delimiter, the quote or a line break, since NULL is never quoted");
    }
}

void check_marks(const CsvDialect& dialect, Problems& problems) {
    if (dialect.delimiter == std::string_view(&dialect.quote, 1)) {
        problems.add("delimiter", "is the same character as quote");
    }
    if (dialect.escape == CsvEscape::Backslash && (dialect.delimiter == "\\" || dialect.quote == '\\')) {
        problems.add("escape", "backslash cannot be the delimiter or the quote as well");
    }
    if (dialect.quoting == CsvQuoting::Never && dialect.escape != CsvEscape::Backslash) {
        problems.add("quoting", "never needs escape: backslash, or some texts could not be read back");
    }
    if (dialect.quoting == CsvQuoting::Never &&
        (dialect.delimiter == "t" || dialect.delimiter == "n" || dialect.delimiter == "r")) {
        problems.add("delimiter", "t, n and r have a meaning after a backslash when nothing is quoted");
    }
    if (dialect.comment && (dialect.delimiter[0] == *dialect.comment || dialect.quote == *dialect.comment)) {
        problems.add("comment", "is the same character as delimiter or quote");
    }
    if (dialect.comment && dialect.quoting == CsvQuoting::Never) {
        problems.add("comment", "needs quotes, or a row that begins with this character would be none");
    }
    if (dialect.true_text == dialect.false_text) {
        problems.add("true_text", "is the same as false_text");
    }
}

void check_columns(const CsvDialect& dialect, Problems& problems) {
    for (auto name = dialect.columns.begin(); name != dialect.columns.end(); ++name) {
        if (name->empty() || std::find(dialect.columns.begin(), name, *name) != name) {
            problems.add("columns", name->empty() ? "has an empty name" : "names \"" + *name + "\" twice");
        }
    }
}

void check_encodable(const CsvDialect& dialect, Problems& problems) {
    const auto check = [&](std::string_view option, std::string_view text) {
        while (!text.empty()) {
            const auto character = take_character(text);
            if (!character) {
                problems.add(option, "is not valid UTF-8");
                return;
            }
            if (is_single_byte(dialect.encoding) && !single_byte_of(dialect.encoding, *character)) {
                problems.add(option,
                             "has a character that " + std::string(name_of(dialect.encoding)) + " does not have");
                return;
            }
        }
    };
    check("delimiter", dialect.delimiter);
    check("null_text", dialect.null_text);
    check("true_text", dialect.true_text);
    check("false_text", dialect.false_text);
    if (dialect.numbers) {
        check("numbers", std::string(dialect.numbers->grouping()) + std::string(dialect.numbers->decimal_mark()));
    }
}

}  // namespace

CsvDialect resolve(const CsvOptions& options, Problems& problems) {
    const auto preset = options.preset ? preset_options(*options.preset) : CsvOptions{};
    const auto decide = [&](auto member, auto fallback) {
        return (options.*member) ? *(options.*member) : (preset.*member).value_or(std::move(fallback));
    };
    CsvDialect dialect;
    dialect.delimiter = single_delimiter(decide(&CsvOptions::delimiter, std::string(",")), problems);
    dialect.quote = single_quote_character(decide(&CsvOptions::quote, std::string("\"")), problems);
    dialect.quoting = decide(&CsvOptions::quoting, dialect.quoting);
    dialect.escape = decide(&CsvOptions::escape, dialect.escape);
    dialect.header = decide(&CsvOptions::header, dialect.header);
    dialect.line_end = decide(&CsvOptions::line_end, dialect.line_end);
    dialect.encoding = decide(&CsvOptions::encoding, dialect.encoding);
    dialect.unencodable = options.unencodable;
    const bool never = dialect.quoting == CsvQuoting::Never;
    dialect.null_text = decide(&CsvOptions::null_text, std::string(never ? "\\N" : ""));
    dialect.true_text = decide(&CsvOptions::true_text, dialect.true_text);
    dialect.false_text = decide(&CsvOptions::false_text, dialect.false_text);
    dialect.formula_guard = options.formula_guard;
    dialect.skip_lines = static_cast<std::uint64_t>(options.skip_lines);
    dialect.ragged = options.ragged;
    dialect.columns = options.columns;
    if (options.comment &&
        (options.comment->size() != 1 || (*options.comment)[0] <= ' ' || (*options.comment)[0] > '~')) {
        problems.add("comment", "must be one printable ASCII character");
    } else if (options.comment) {
        dialect.comment = (*options.comment)[0];
    }
    set_notations(options, preset, dialect, problems);
    check_marks(dialect, problems);
    check_null_text(dialect, problems);
    check_columns(dialect, problems);
    check_encodable(dialect, problems);
    return dialect;
}

CsvDialect resolve(const CsvOptions& options) {
    Problems problems;
    auto dialect = resolve(options, problems);
    problems.throw_if_any();
    return dialect;
}

void CsvOptions::validate(const CsvOptions& options, Problems& problems) {
    resolve(options, problems);
}

}  // namespace rowhaul
