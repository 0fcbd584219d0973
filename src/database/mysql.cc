// SPDX-License-Identifier: Apache-2.0
#include "database/mysql.h"

#include "base/near_miss.h"
#include "database/column_choice.h"
#include "database/mysql_connection.h"
#include "database/mysql_query.h"
#include "database/mysql_rows.h"
#include "database/mysql_rules.h"
#include "database/mysql_writer.h"
#include "database/range_condition.h"
#include "database/sql_position.h"
#include "database/table_name.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <mysqld_error.h>

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

std::string kind_of_table(const std::string& type) {
    return type == "BASE TABLE" || type == "SYSTEM VERSIONED" ? "table" : "view";
}

std::string quoted(const TableName& table) {
    return (table.schema ? quote_identifier(*table.schema, '`') + "." : "") + quote_identifier(table.name, '`');
}

std::string schema_expression(const TableName& table) {
    return table.schema ? quoted_text(*table.schema) : "database()";
}

// The server says: ... near 'frm customers' at line 1; the words are the rest of the query, shortened.
std::string point_at_syntax_error(std::string_view query, std::string_view message) {
    const auto begin = message.find("near '");
    const auto end = message.rfind("' at line ");
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin + 6) {
        return std::string(message);
    }
    const auto rest = message.substr(begin + 6, end - begin - 6);
    auto offset = query.size();
    if (!rest.empty()) {
        // The last place where these words stand: earlier ones would have been understood.
        offset = query.rfind(rest);
    }
    if (offset == std::string_view::npos) {
        return "syntax error " + std::string(message.substr(begin));
    }
    return "syntax error at " + point_at(query, offset);
}

}  // namespace

struct MysqlDatabase::Prepared {
    Schema schema;
    std::vector<MYSQL_FIELD> fields;
    std::vector<std::size_t> places;  // which field each column of the schema is
    std::string pushed_rule;
};

class MysqlDatabase::Reader final : public RowReader {
public:
    Reader(MysqlDatabase& database, MysqlRowDecoder decoder, std::string pushed_rule)
        : database_(database), decoder_(std::move(decoder)), pushed_rule_(std::move(pushed_rule)) {}

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
        if (std::exchange(failed_, true)) {
            throw Error(ErrorKind::Unavailable, "mysql: the rows broke off before");
        }
        decoder_.start(out, next_row_);
        ended_ = !database_.connection_->fetch(context, [this](std::string_view row) { return decoder_.add(row); });
        failed_ = false;
        decoder_.finish();
        next_row_ += out.rows();
        return out.rows() > 0;
    }

    std::vector<Warning> warnings() const override { return decoder_.warnings(); }
    std::string pushed_rule() const override { return pushed_rule_; }

private:
    MysqlDatabase& database_;
    MysqlRowDecoder decoder_;
    std::string pushed_rule_;
    std::uint64_t next_row_ = 1;
    bool ended_ = false;
    bool failed_ = false;
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
        TableName name{.schema = {}, .name = row[1].value_or("")};
        if (options_.database.empty()) {
            name.schema = row[0].value_or("");
        }
        table.name = name.text();
        table.kind = kind_of_table(row[2].value_or(""));
        table.rows = table.kind == "table" ? count_of(row[3]) : std::nullopt;
        tables.push_back(std::move(table));
    }
    return tables;
}

TableName MysqlDatabase::table_name(std::string_view text) const {
    auto table = TableName::parse(text);
    if (!table.schema && options_.database.empty()) {
        throw Error(ErrorKind::Invalid, "table \"" + std::string(text) + "\": it is not said in which database")
            .advise("Set the option database of the connection, or write database.name.");
    }
    return table;
}

std::vector<std::string> MysqlDatabase::names_near(const Context& context, const TableName& table) {
    std::vector<std::string> names;
    for (const auto& row :
         connection_->run(context, "select table_name from information_schema.tables where table_schema = " +
                                       schema_expression(table))) {
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
    connection_->prepare(context, "select * from " + quoted(table));
    choose_columns(mysql_schema(connection_->fields(), options_.zero_dates), selection.columns, subject);
    throw error;
}

void MysqlDatabase::explain_query(const Context& context, const std::string& query, const MysqlError& error) {
    if (error.number() == ER_PARSE_ERROR) {
        throw Error(ErrorKind::Invalid, "query: " + point_at_syntax_error(query, error.what()));
    }
    if (error.number() == ER_NO_SUCH_TABLE) {
        // "Table 'shop.custmers' doesn't exist"
        const std::string_view message = error.what();
        const auto begin = message.find('\'') + 1;
        const auto dot = message.find('.', begin);
        const auto end = message.find('\'', begin);
        if (dot < end && end != std::string_view::npos) {
            const TableName table{.schema = std::string(message.substr(begin, dot - begin)),
                                  .name = std::string(message.substr(dot + 1, end - dot - 1))};
            throw Error(ErrorKind::NotFound, "query: table \"" + table.text() + "\" does not exist" +
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
        columns += (columns.empty() ? "" : ", ") + quote_identifier(column, '`');
    }
    const auto select = "select " + (columns.empty() ? "*" : columns) + " from " + quoted(table);
    try {
        connection_->prepare(context, select);
    } catch (const MysqlError& error) {
        explain_table(context, selection, table, error);
    }
    Prepared prepared;
    prepared.fields = connection_->fields();
    prepared.schema = mysql_schema(prepared.fields, options_.zero_dates);
    prepared.places = choose_columns(prepared.schema, {}, {});
    if (selection.rule.form != Condition::Form::Opaque) {
        prepared.pushed_rule = pushed_rule(
            selection.rule,
            mysql_rules(prepared.fields, prepared.schema, stored_columns(context, table), options_.zero_dates));
    }
    const auto* const ranged = column_of(selection.range, prepared.schema);
    const auto condition = both(prepared.pushed_rule, ranged != nullptr ? mysql_range(selection.range, *ranged) : "");
    if (!condition.empty()) {
        connection_->prepare(context, select + " where " + condition);
        prepared.fields = connection_->fields();
    }
    return prepared;
}

std::map<std::string, MysqlColumnFacts> MysqlDatabase::stored_columns(const Context& context, const TableName& table) {
    // Both parts name the table, which spares the server to open all others.
    const auto named = [&](std::string_view part) {
        return fmt::format("{0}.table_schema = {1} and {0}.table_name = {2}", part, schema_expression(table),
                           quoted_text(table.name));
    };
    std::map<std::string, MysqlColumnFacts> found;
    std::optional<std::string> name;
    for (const auto& row : connection_->run(
             context,
             "select t.table_name, c.column_name, c.data_type, c.character_set_name "
             "from information_schema.tables t join information_schema.columns c on binary c.table_name = binary "
             "t.table_name where " +
                 named("t") + " and " + named("c") + " and t.table_type in ('BASE TABLE', 'SYSTEM VERSIONED')")) {
        if (name.value_or(row[0].value_or("")) != row[0].value_or("")) {
            return {};
        }
        name = row[0].value_or("");
        found.emplace(row[1].value_or(""), MysqlColumnFacts{row[2].value_or(""), row[3].value_or("")});
    }
    return found;
}

MysqlDatabase::Prepared MysqlDatabase::prepare_query(const Context& context, const Selection& selection) {
    check_reading(selection.query);
    try {
        connection_->prepare(context, selection.query);
    } catch (const MysqlError& error) {
        explain_query(context, selection.query, error);
    }
    Prepared prepared;
    prepared.fields = connection_->fields();
    if (prepared.fields.empty()) {
        throw Error(ErrorKind::Invalid, "query: gives no columns").advise("A source takes one SELECT that only reads.");
    }
    const auto all = mysql_schema(prepared.fields, options_.zero_dates);
    prepared.places = choose_columns(all, selection.columns, "query");
    prepared.schema = columns_at(all, prepared.places);
    const auto* const ranged = column_of(selection.range, prepared.schema);
    if (const auto range = ranged != nullptr ? mysql_range(selection.range, *ranged) : ""; !range.empty()) {
        prepare_limited(context, selection.query, range);
        prepared.fields = connection_->fields();
    }
    return prepared;
}

// A query with several columns of one name cannot stand inside another, and is read whole.
void MysqlDatabase::prepare_limited(const Context& context, const std::string& query, const std::string& range) {
    try {
        connection_->prepare(context, limited_query(query, range));
    } catch (const MysqlError&) {
        connection_->prepare(context, query);
    }
}

MysqlDatabase::Prepared MysqlDatabase::prepare(const Context& context, const Selection& selection) {
    session(context);
    return selection.table.empty() ? prepare_query(context, selection) : prepare_table(context, selection);
}

Schema MysqlDatabase::schema(const Context& context, const Selection& selection) {
    return prepare(context, selection).schema;
}

std::unique_ptr<RowReader> MysqlDatabase::read(const Context& context, const Selection& selection) {
    const auto prepared = prepare(context, selection);
    const auto expected = mysql_schema(prepared.fields, options_.zero_dates);
    MysqlRowDecoder decoder(prepared.fields, prepared.places, options_.zero_dates);
    try {
        connection_->execute(context);
        // The server prepares again by itself when a table was altered in between.
        if (mysql_schema(connection_->fields(), options_.zero_dates) != expected) {
            throw Error(ErrorKind::Unavailable, "mysql: the columns changed while the rows were asked for");
        }
    } catch (Error& error) {
        connection_.reset();
        error.while_doing(!selection.table.empty() ? "table \"" + selection.table + "\"" : "query");
        throw;
    }
    return std::make_unique<Reader>(*this, std::move(decoder), prepared.pushed_rule);
}

// Shown to whoever has the privilege PROCESS, in whole seconds of the server's own zone. What begins while
// others ask all the time is in the list a tenth of a second late.
std::chrono::microseconds MysqlDatabase::oldest_transaction(const Context& context) {
    auto& connection = session(context);
    try {
        const auto told = connection.run(
            context,
            "select timestampdiff(microsecond, convert_tz(min(trx_started), 'SYSTEM', '+00:00'), utc_timestamp(6)) "
            "from information_schema.innodb_trx where trx_mysql_thread_id <> connection_id()");
        const auto& age = told.at(0).at(0);
        return std::chrono::microseconds(age ? std::max(0LL, std::stoll(*age)) : 0);
    } catch (const MysqlError&) {
        if (connection.broken()) {
            throw;
        }
        return {};  // the user may not know, or the server has no such list
    }
}

std::unique_ptr<TableWriter> MysqlDatabase::writer() const {
    return std::make_unique<MysqlWriter>(options_);
}

std::pair<std::string, std::string> MysqlDatabase::full_name(const Context&, const std::string& table) {
    auto name = table_name(table);
    return {name.schema.value_or(options_.database), std::move(name.name)};
}

std::optional<std::uint64_t> MysqlDatabase::estimate(const Context& context, const Selection& selection) {
    if (selection.table.empty()) {
        return {};
    }
    const auto table = table_name(selection.table);
    const auto rows = session(context).run(
        context, "select table_rows from information_schema.tables where table_schema = " + schema_expression(table) +
                     " and table_name = " + quoted_text(table.name) + " and table_type <> 'VIEW'");
    return rows.empty() ? std::nullopt : count_of(rows.front().front());
}

}  // namespace rowhaul
