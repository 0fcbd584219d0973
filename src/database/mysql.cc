// SPDX-License-Identifier: Apache-2.0
#include "database/mysql.h"

#include "base/near_miss.h"
#include "database/mysql_connection.h"
#include "database/mysql_query.h"
#include "database/mysql_rows.h"

#include <algorithm>
#include <charconv>
#include <mysqld_error.h>
#include <numeric>

namespace rowhaul {

namespace {

constexpr std::string_view system_schemas = "('information_schema', 'mysql', 'performance_schema', 'sys')";

std::optional<std::uint64_t> count_of(const std::optional<std::string>& text) {
    std::uint64_t count = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), count).ec != std::errc()) {
        return {};
    }
    return count;
}

// As `table:` takes it: in backticks only where a plain name would be read otherwise.
std::string selectable(const std::string& name) {
    return name.find_first_of(".`") == std::string::npos ? name : quoted_name(name);
}

std::string kind_of_table(const std::string& type) {
    return type == "BASE TABLE" || type == "SYSTEM VERSIONED" ? "table" : "view";
}

// One part of a dotted name from `text`, in backticks or plain, and what follows it.
std::string take_part(std::string_view& text) {
    std::string part;
    if (!text.starts_with('`')) {
        const auto end = std::min(text.find('.'), text.size());
        part = text.substr(0, end);
        text.remove_prefix(end);
        return part;
    }
    for (text.remove_prefix(1); !text.empty(); text.remove_prefix(1)) {
        if (text.starts_with("``")) {
            text.remove_prefix(1);
        } else if (text.front() == '`') {
            text.remove_prefix(1);
            return part;
        }
        part += text.front();
    }
    return {};
}

}  // namespace

struct MysqlDatabase::TableName {
    std::string schema;  // empty: the session's database
    std::string name;

    std::string quoted() const { return (schema.empty() ? "" : quoted_name(schema) + ".") + quoted_name(name); }
    std::string schema_expression() const { return schema.empty() ? "database()" : quoted_text(schema); }
};

struct MysqlDatabase::Prepared {
    Schema schema;
    std::vector<MYSQL_FIELD> fields;
    std::vector<std::size_t> targets;  // where each field goes in the batch
};

class MysqlDatabase::Reader final : public RowReader {
public:
    Reader(MysqlDatabase& database, MysqlRowDecoder decoder) : database_(database), decoder_(std::move(decoder)) {}

    ~Reader() override {
        if (!ended_) {
            // Hanging up beats reading what may be gigabytes; the next verb connects anew.
            database_.connection_.reset();
        }
    }

    bool next(const Context& context, Batch& out) override {
        out.clear();
        if (ended_) {
            return false;
        }
        decoder_.start(out, next_row_);
        ended_ = !database_.connection_->fetch(context, [this](std::string_view row) { return decoder_.add(row); });
        decoder_.finish();
        next_row_ += out.rows();
        return out.rows() > 0;
    }

    std::vector<Warning> warnings() const override { return decoder_.warnings(); }

private:
    MysqlDatabase& database_;
    MysqlRowDecoder decoder_;
    std::uint64_t next_row_ = 1;
    bool ended_ = false;
};

MysqlDatabase::MysqlDatabase(MysqlOptions options) : options_(std::move(options)) {}
MysqlDatabase::~MysqlDatabase() = default;

MysqlConnection& MysqlDatabase::session(const Context& context) {
    if (!connection_ || !connection_->alive(context)) {
        connection_.reset();
        connection_ = std::make_unique<MysqlConnection>(context, options_);
    }
    return *connection_;
}

void MysqlDatabase::check(const Context& context) {
    // Always the whole way, so that each step is told with its time.
    connection_.reset();
    session(context);
}

std::vector<TableInfo> MysqlDatabase::tables(const Context& context) {
    auto& connection = session(context);
    std::string statement =
        "select table_schema, table_name, table_type, table_rows from information_schema.tables"
        " where table_type <> 'SEQUENCE' and ";
    statement +=
        options_.database.empty() ? "table_schema not in " + std::string(system_schemas) : "table_schema = database()";
    std::vector<TableInfo> tables;
    for (const auto& row : connection.run(context, statement + " order by 1, 2")) {
        TableInfo table;
        table.name = selectable(row[1].value_or(""));
        if (options_.database.empty()) {
            table.name.insert(0, selectable(row[0].value_or("")) + ".");
        }
        table.kind = kind_of_table(row[2].value_or(""));
        table.rows = table.kind == "table" ? count_of(row[3]) : std::nullopt;
        tables.push_back(std::move(table));
    }
    return tables;
}

MysqlDatabase::TableName MysqlDatabase::table_name(std::string_view text) const {
    auto rest = text;
    TableName table;
    table.name = take_part(rest);
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        table.schema = std::exchange(table.name, take_part(rest));
    }
    if (!rest.empty() || table.name.empty()) {
        throw Error(ErrorKind::Invalid, "table \"" + std::string(text) + "\" is not a name")
            .advise("Write name or database.name, odd names in `backticks`.");
    }
    if (table.schema.empty() && options_.database.empty()) {
        throw Error(ErrorKind::Invalid, "table \"" + std::string(text) + "\": it is not said in which database")
            .advise("Set the option database of the connection, or write database.name.");
    }
    return table;
}

std::vector<std::string> MysqlDatabase::names_near(const Context& context, const TableName& table) {
    std::vector<std::string> names;
    for (const auto& row :
         connection_->run(context, "select table_name from information_schema.tables where table_schema = " +
                                       table.schema_expression())) {
        names.push_back(row.front().value_or(""));
    }
    return names;
}

void MysqlDatabase::explain_table(const Context& context, const Selection& selection, const TableName& table,
                                  const MysqlError& error) {
    const auto subject = "table \"" + selection.table + "\"";
    if (error.number() == ER_NO_SUCH_TABLE || error.number() == ER_BAD_DB_ERROR) {
        throw Error(ErrorKind::NotFound,
                    subject + " does not exist" + did_you_mean(table.name, names_near(context, table)));
    }
    if (error.number() != ER_BAD_FIELD_ERROR) {
        auto explained = error;
        explained.while_doing(subject);
        throw explained;
    }
    connection_->prepare(context, "select * from " + table.quoted());
    std::vector<std::string> names;
    for (const auto& field : connection_->fields()) {
        names.emplace_back(field.name, field.name_length);
    }
    const auto missing = std::ranges::find_if(
        selection.columns, [&](const auto& column) { return std::ranges::find(names, column) == names.end(); });
    const auto column = missing == selection.columns.end() ? std::string() : *missing;
    throw Error(ErrorKind::NotFound, subject + " has no column \"" + column + "\"" + did_you_mean(column, names));
}

void MysqlDatabase::explain_query(const Context& context, const MysqlError& error) {
    if (error.number() == ER_NO_SUCH_TABLE) {
        // "Table 'shop.custmers' doesn't exist"
        const std::string_view message = error.what();
        const auto begin = message.find('\'') + 1;
        const auto dot = message.find('.', begin);
        const auto end = message.find('\'', begin);
        if (dot < end && end != std::string_view::npos) {
            const TableName table{std::string(message.substr(begin, dot - begin)),
                                  std::string(message.substr(dot + 1, end - dot - 1))};
            throw Error(ErrorKind::NotFound, "query: table \"" + table.schema + "." + table.name + "\" does not exist" +
                                                 did_you_mean(table.name, names_near(context, table)));
        }
    }
    auto explained = error;
    explained.while_doing("query");
    throw explained;
}

MysqlDatabase::Prepared MysqlDatabase::prepare_table(const Context& context, const Selection& selection) {
    const auto table = table_name(selection.table);
    std::string columns;
    for (const auto& column : selection.columns) {
        columns += (columns.empty() ? "" : ", ") + quoted_name(column);
    }
    try {
        connection_->prepare(context, "select " + (columns.empty() ? "*" : columns) + " from " + table.quoted());
    } catch (const MysqlError& error) {
        explain_table(context, selection, table, error);
    }
    Prepared prepared;
    prepared.fields = connection_->fields();
    prepared.schema = mysql_schema(prepared.fields, options_.zero_dates);
    prepared.targets.resize(prepared.fields.size());
    std::iota(prepared.targets.begin(), prepared.targets.end(), std::size_t{0});
    return prepared;
}

MysqlDatabase::Prepared MysqlDatabase::prepare_query(const Context& context, const Selection& selection) {
    check_reading(selection.query);
    try {
        connection_->prepare(context, selection.query);
    } catch (const MysqlError& error) {
        explain_query(context, error);
    }
    Prepared prepared;
    prepared.fields = connection_->fields();
    if (prepared.fields.empty()) {
        throw Error(ErrorKind::Invalid, "query: gives no columns").advise("A source takes one SELECT that only reads.");
    }
    const auto all = mysql_schema(prepared.fields, options_.zero_dates);
    prepared.targets.assign(all.size(), MysqlRowDecoder::skipped);
    if (selection.columns.empty()) {
        prepared.schema = all;
        std::iota(prepared.targets.begin(), prepared.targets.end(), std::size_t{0});
        return prepared;
    }
    std::vector<std::string> names;
    std::ranges::transform(all, std::back_inserter(names), &Column::name);
    for (const auto& column : selection.columns) {
        const auto found = std::ranges::find(names, column);
        if (found == names.end()) {
            throw Error(ErrorKind::NotFound, "query: has no column \"" + column + "\"" + did_you_mean(column, names));
        }
        const auto index = static_cast<std::size_t>(found - names.begin());
        prepared.targets[index] = prepared.schema.size();
        prepared.schema.push_back(all[index]);
    }
    return prepared;
}

MysqlDatabase::Prepared MysqlDatabase::prepare(const Context& context, const Selection& selection) {
    session(context);
    return selection.query.empty() ? prepare_table(context, selection) : prepare_query(context, selection);
}

Schema MysqlDatabase::schema(const Context& context, const Selection& selection) {
    return prepare(context, selection).schema;
}

std::unique_ptr<RowReader> MysqlDatabase::read(const Context& context, const Selection& selection) {
    const auto prepared = prepare(context, selection);
    const auto expected = mysql_schema(prepared.fields, options_.zero_dates);
    MysqlRowDecoder decoder(prepared.fields, prepared.targets, options_.zero_dates);
    try {
        connection_->execute(context);
        // The server prepares again by itself when a table was altered in between.
        if (mysql_schema(connection_->fields(), options_.zero_dates) != expected) {
            throw Error(ErrorKind::Unavailable, "mysql: the columns changed while the rows were asked for");
        }
    } catch (Error& error) {
        connection_.reset();
        error.while_doing(selection.query.empty() ? "table \"" + selection.table + "\"" : "query");
        throw;
    }
    return std::make_unique<Reader>(*this, std::move(decoder));
}

std::optional<std::uint64_t> MysqlDatabase::estimate(const Context& context, const Selection& selection) {
    if (selection.table.empty()) {
        return {};
    }
    const auto table = table_name(selection.table);
    const auto rows = session(context).run(
        context, "select table_rows from information_schema.tables where table_schema = " + table.schema_expression() +
                     " and table_name = " + quoted_text(table.name) + " and table_type <> 'VIEW'");
    return rows.empty() ? std::nullopt : count_of(rows.front().front());
}

}  // namespace rowhaul
