// SPDX-License-Identifier: Apache-2.0
#include "connector/table_connection.h"

#include "connector/table_target.h"
#include "connector/table_undo.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr std::size_t preview_rows = 10;
constexpr std::size_t longest_object = 60;

// A query as one line that a person recognises.
std::string first_words(std::string_view query) {
    std::string words;
    bool blank = false;
    for (const char c : query) {
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            blank = !words.empty();
            continue;
        }
        if (words.size() >= longest_object && blank) {
            return words + " …";
        }
        if (blank) {
            words += ' ';
        }
        blank = false;
        words += c;
    }
    return words;
}

class TableSource final : public Source {
public:
    TableSource(Database& database, const TableSourceOptions& options)
        : database_(database), selection_{options.table, options.query, {}, {}, {}}, push_down_(options.push_down) {}

    std::string object() const override {
        return selection_.query.empty() ? selection_.table : first_words(selection_.query);
    }
    Schema schema(const Context& context) override { return database_.schema(context, selection_); }
    void offer_rule(const Condition& rule) override {
        if (push_down_) {
            selection_.rule = rule;
        }
    }
    void offer_range(const ColumnRange& range) override {
        if (push_down_) {
            selection_.range = range;
        }
    }
    std::chrono::microseconds oldest_transaction(const Context& context) override {
        return database_.oldest_transaction(context);
    }
    std::unique_ptr<RowReader> open(const Context& context, const std::vector<std::string>& columns, Rejects) override {
        auto selection = selection_;
        selection.columns = columns;
        return database_.read(context, selection);
    }
    std::optional<std::uint64_t> estimate(const Context& context) override {
        return database_.estimate(context, selection_);
    }

private:
    Database& database_;
    Selection selection_;
    const bool push_down_;
};

}  // namespace

void TableSourceOptions::validate(const TableSourceOptions& options, Problems& problems) {
    if (options.table.empty() && options.query.empty()) {
        problems.add("table", "name the table to read, or give a query");
    }
    if (!options.table.empty() && !options.query.empty()) {
        problems.add("query", "give either a table or a query, not both");
    }
}

TableConnection::TableConnection(std::unique_ptr<Database> database) : database_(std::move(database)) {}

std::unique_ptr<Source> TableConnection::source(const Node& section, std::string_view path,
                                                const SourceRequest& request, Problems& problems) {
    const auto before = problems.size();
    if (!request.input.empty()) {
        problems.add(section.position(), std::string(path), "is a table; a file can take the place of files only");
    }
    const auto options = parse<TableSourceOptions>(section, path, problems, {"connection"});
    if (problems.size() != before) {
        return nullptr;
    }
    return std::make_unique<TableSource>(*database_, options);
}

std::unique_ptr<Target> TableConnection::target(const Node& section, std::string_view path,
                                                const TargetRequest& request, Problems& problems) {
    const auto before = problems.size();
    const auto options = parse<TableTargetOptions>(section, path, problems, {"connection"});
    if (problems.size() != before) {
        return nullptr;
    }
    return std::make_unique<TableTarget>(*database_, options, request);
}

std::unique_ptr<Undoing> TableConnection::undoing(const UndoRequest& request) {
    return std::make_unique<TableUndo>(*database_, request);
}

void TableConnection::check(const Context& context) {
    database_->check(context);
    const auto tables = database_->tables(context);
    context.step("read", fmt::format("{} tables and views", tables.size()));
}

Contents TableConnection::browse(const Context& context, std::string_view object) {
    Contents contents;
    if (object.empty()) {
        for (auto& table : database_->tables(context)) {
            contents.holdings.push_back(
                {.name = std::move(table.name), .kind = std::move(table.kind), .rows = table.rows});
        }
        return contents;
    }
    const Selection selection{.table = std::string(object)};
    contents.schema = database_->schema(context, selection);
    const auto reader = database_->read(context, selection);
    Batch batch(contents.schema.size());
    if (reader->next(context, batch)) {
        for (std::size_t row = 0; row < std::min(batch.rows(), preview_rows); ++row) {
            auto& cells = contents.rows.emplace_back();
            for (std::size_t column = 0; column < batch.width(); ++column) {
                const Cell cell = batch.column(column)[row];
                cells.push_back(cell.is_null() ? std::nullopt : std::optional(std::string(cell.text())));
            }
        }
    }
    return contents;
}

void TableConnection::clean_up(const Context&, const std::string&, const std::vector<FileRecord>&) {}

bool TableConnection::has_arrived(const Context& context, const InterruptedDelivery& delivery) {
    return CommitRecord::has_committed(context, *database_->writer(), delivery.object, delivery.mapping,
                                       delivery.execution);
}

}  // namespace rowhaul
