// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_database.h"

#include "base/near_miss.h"
#include "database/column_choice.h"
#include "database/postgres_copy.h"
#include "database/postgres_query.h"
#include "database/postgres_rules.h"
#include "database/postgres_types.h"
#include "database/postgres_writer.h"
#include "database/range_condition.h"
#include "database/sql_position.h"
#include "database/table_name.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace rowhaul {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return out;
}

std::string quote_text(std::string_view text) {
    return quote_identifier(text, '\'');  // standard_conforming_strings is on
}

std::string value(const PostgresConnection::Result& result, int row, int column) {
    return {PQgetvalue(result.get(), row, column), static_cast<std::size_t>(PQgetlength(result.get(), row, column))};
}

// An array literal of any texts.
std::string array_of(const std::vector<std::string>& texts) {
    std::string out = "{";
    for (const auto& text : texts) {
        out += out.size() > 1 ? ",\"" : "\"";
        for (const char c : text) {
            if (c == '"' || c == '\\') {
                out += '\\';
            }
            out += c;
        }
        out += '"';
    }
    return out + "}";
}

std::optional<double> number_after(std::string_view text, std::string_view words) {
    const auto at = text.find(words);
    double number = 0;
    if (at == std::string_view::npos) {
        return {};
    }
    const auto* const begin = text.data() + at + words.size();
    const auto parsed = std::from_chars(begin, text.data() + text.size(), number);
    return parsed.ec == std::errc() ? std::optional(number) : std::nullopt;
}

class PostgresReader final : public RowReader {
public:
    // Destroys the session when it goes before the end, since rows would still be on their way.
    PostgresReader(std::unique_ptr<PostgresConnection>& session, PostgresCopyParser parser, std::string pushed_rule)
        : session_(session), parser_(std::move(parser)), pushed_rule_(std::move(pushed_rule)) {}
    ~PostgresReader() override {
        if (!is_at_end_) {
            session_.reset();
        }
    }

    bool next(const Context& context, Batch& out) override {
        out.clear();
        context.check();
        if (is_at_end_) {
            return false;
        }
        if (!session_) {
            throw Error(ErrorKind::Internal, "reading goes on after a failure");
        }
        try {
            fill(context, out);
        } catch (...) {
            session_.reset();
            throw;
        }
        return out.rows() != 0;
    }

    std::string pushed_rule() const override { return pushed_rule_; }

private:
    void fill(const Context& context, Batch& out) {
        out.set_first_row(rows_ + 1);
        columns_.start(out);
        std::size_t rows = 0;
        while (rows < Batch::max_rows && out.arena().used() < Batch::max_bytes) {
            const auto line = session_->next_row(context);
            if (!line) {
                session_->run(context, "commit");
                is_at_end_ = true;
                break;
            }
            parser_.parse(*line, columns_, rows++, out.arena());
        }
        columns_.finish(out, rows);
        rows_ += rows;
    }

    std::unique_ptr<PostgresConnection>& session_;
    PostgresCopyParser parser_;
    std::string pushed_rule_;
    ColumnWriter columns_;
    std::uint64_t rows_ = 0;
    bool is_at_end_ = false;
};

}  // namespace

struct PostgresDatabase::Table {
    std::string schema;
    std::string name;
    std::string oid;
    bool is_plain = false;   // all its rows are its own, so that it can be copied without a query
    bool is_stored = false;  // no rows are computed, or come from another server

    std::string quoted() const { return quote_identifier(schema) + "." + quote_identifier(name); }
    std::string text() const { return TableName{.schema = schema, .name = name}.text(); }
};

struct PostgresDatabase::Plan {
    Schema schema;
    std::string copy;  // `copy ... to stdout`
    std::vector<PostgresCopyParser::Field> fields;
    std::string pushed_rule;
};

PostgresConnection& PostgresDatabase::session(const Context& context) {
    if (!session_ || !session_->is_idle()) {
        session_.reset();
        session_ = std::make_unique<PostgresConnection>(context, options_);
    }
    return *session_;
}

void PostgresDatabase::begin(const Context& context) {
    const bool is_reused = session_ && session_->is_idle();
    try {
        start_transaction(context, session(context));
    } catch (const Error& error) {
        if (!is_reused || !error.is_transient()) {
            throw;
        }
        // The server, or something on the way, has closed a connection that nobody used for a while.
        session_.reset();
        start_transaction(context, session(context));
    }
}

void PostgresDatabase::start_transaction(const Context& context, PostgresConnection& connection) const {
    const bool is_old = PQserverVersion(connection.raw()) < 120000;
    const auto lock_timeout = std::chrono::milliseconds(options_.timeout).count();
    const std::string settings =
        "start transaction isolation level repeatable read, read only;"
        "set local standard_conforming_strings = on; set local datestyle = 'ISO, YMD';"
        "set local intervalstyle = 'postgres'; set local bytea_output = 'hex'; set local statement_timeout = 0;"
        "set local idle_in_transaction_session_timeout = '10min'; set local client_min_messages = 'error';"
        "set local extra_float_digits = " +
        std::string(is_old ? "3" : "1") + "; set local lock_timeout = " + std::to_string(lock_timeout) + ";";
    connection.run(context, settings);
    try {
        connection.run(context, "set local timezone = " + quote_text(options_.timezone));
    } catch (Error& error) {
        if (error.kind() == ErrorKind::Invalid) {
            error.advise("Check 'timezone'.");
        }
        throw;
    }
}

template <class Verb>
auto PostgresDatabase::in_transaction(const Context& context, Verb&& verb) {
    try {
        begin(context);
        return verb();
    } catch (...) {
        session_.reset();
        throw;
    }
}

void PostgresDatabase::check(const Context& context) {
    in_transaction(context, [&] {
        const auto rights = session_->query(
            context,
            "select rolsuper, (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n "
            "on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f') and "
            "n.nspname <> 'information_schema' and n.nspname !~ '^pg_' and pg_catalog.has_schema_privilege(n.oid, "
            "'usage') "
            "and pg_catalog.has_any_column_privilege(c.oid, 'select')) from pg_catalog.pg_roles where rolname = "
            "current_user");
        if (PQntuples(rights.get()) == 1) {
            context.step("read", value(rights, 0, 1) + " tables and views");
            if (value(rights, 0, 0) == "t") {
                context.log(Level::Warning, session_->place() + ": the user \"" + PQuser(session_->raw()) +
                                                "\" is a superuser; a user that may only SELECT is safer");
            }
        }
        session_->run(context, "commit");
    });
}

std::vector<TableInfo> PostgresDatabase::tables(const Context& context) {
    return in_transaction(context, [&] {
        const auto found = session_->query(
            context,
            "select case when pg_catalog.pg_table_is_visible(c.oid) then null else n.nspname end, c.relname, "
            "case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' "
            "when 'p' then 'partitioned table' else case when c.relispartition then 'partition' else 'table' end end, "
            "case when c.reltuples >= 0 and c.relkind <> 'v' then c.reltuples::int8 end "
            "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
            "where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname <> 'information_schema' and n.nspname !~ "
            "'^pg_' "
            "and pg_catalog.has_schema_privilege(n.oid, 'usage') "
            "and pg_catalog.has_any_column_privilege(c.oid, 'select') order by 1 nulls first, 2");
        std::vector<TableInfo> tables;
        for (int row = 0; row < PQntuples(found.get()); ++row) {
            TableName name{.schema = {}, .name = value(found, row, 1)};
            if (PQgetisnull(found.get(), row, 0) == 0) {
                name.schema = value(found, row, 0);
            }
            TableInfo info{.name = name.text(), .kind = value(found, row, 2), .rows = {}};
            if (PQgetisnull(found.get(), row, 3) == 0) {
                info.rows = std::stoull(value(found, row, 3));
            }
            tables.push_back(std::move(info));
        }
        session_->run(context, "commit");
        return tables;
    });
}

PostgresDatabase::Table PostgresDatabase::resolve(const Context& context, const std::string& text) {
    const auto name = TableName::parse(text);
    // A name as it is written comes before its lower case, which is what PostgreSQL makes of it.
    const auto found = session_->query(
        context,
        "select n.nspname, c.relname, c.oid, "
        "c.relkind = 'r' and not c.relhassubclass and not c.relrowsecurity, c.relkind in ('r', 'p', 'm') "
        "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'p', 'v', 'm', 'f') and (case when $3::text is null then c.relname in ($1, $2) and "
        "pg_catalog.pg_table_is_visible(c.oid) else c.relname in ($1, $2) and n.nspname in ($3, $4) "
        "or c.relname = $5 and pg_catalog.pg_table_is_visible(c.oid) end) "
        "order by (c.relname = $1) desc, (n.nspname = $3) desc limit 1",
        {name.name, name.is_quoted ? name.name : lower(name.name), name.schema,
         name.schema ? std::optional(lower(*name.schema)) : std::nullopt, text});
    if (PQntuples(found.get()) == 0) {
        refuse_table(context, text, name.name, {});
    }
    return {.schema = value(found, 0, 0),
            .name = value(found, 0, 1),
            .oid = value(found, 0, 2),
            .is_plain = value(found, 0, 3) == "t",
            .is_stored = value(found, 0, 4) == "t"};
}

void PostgresDatabase::refuse_table(const Context& context, const std::string& name, const std::string& wanted,
                                    const std::string& where) {
    const auto found = session_->query(
        context,
        "select n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid) from pg_catalog.pg_class c "
        "join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f') "
        "and n.nspname <> 'information_schema' and n.nspname !~ '^pg_' order by 3 desc, 1, 2 limit 10000");
    std::vector<std::string> candidates;
    std::string elsewhere;
    for (int row = 0; row < PQntuples(found.get()); ++row) {
        const TableName full{.schema = value(found, row, 0), .name = value(found, row, 1)};
        if (lower(full.name) == lower(wanted) && elsewhere.empty()) {
            elsewhere = "; did you mean \"" + full.text() + "\"?";
        }
        candidates.push_back(value(found, row, 2) == "t" ? TableName{.schema = {}, .name = full.name}.text()
                                                         : full.text());
    }
    const auto hint = elsewhere.empty() ? did_you_mean(wanted, candidates) : elsewhere;
    throw Error(ErrorKind::NotFound, session_->place() + ", database \"" + options_.database +
                                         "\": there is no table \"" + name + "\"" + hint + where);
}

PostgresConnection::Result PostgresDatabase::describe_query(const Context& context, const std::string& sql) {
    auto described = session_->describe(context, sql);
    if (is_failure(described.get())) {
        const auto offset = error_offset(described.get(), sql);
        if (sql_state(described.get()) == "42P01" && offset) {
            const auto name = identifier_at(sql, *offset);
            session_->run(context, "rollback");
            begin(context);
            refuse_table(context, name, name, "; " + point_at(sql, *offset));
        }
        throw session_->error_of(described.get(), sql);
    }
    if (PQnparams(described.get()) != 0) {
        throw Error(ErrorKind::Invalid, session_->place() + ": the query has a parameter ($1): " + shorten_query(sql));
    }
    if (PQnfields(described.get()) == 0) {
        throw Error(ErrorKind::Invalid, session_->place() + ": the query has no columns: " + shorten_query(sql));
    }
    return described;
}

void PostgresDatabase::refuse_harmful_functions(const Context& context, const std::vector<std::string>& functions) {
    if (functions.empty()) {
        return;
    }
    const auto harmful = session_->query(context, std::string(harmful_functions_sql()), {array_of(functions)});
    if (PQntuples(harmful.get()) != 0) {
        throw Error(ErrorKind::Invalid, session_->place() + ": the query calls " + value(harmful, 0, 0) +
                                            "(), which a read-only transaction does not hold back")
            .advise("If it is needed to read, let the owner of the database put it behind a view.");
    }
}

std::vector<std::string> PostgresDatabase::type_names(const Context& context, const PGresult* described) {
    std::vector<std::string> types;
    std::vector<std::string> modifiers;
    for (int column = 0; column < PQnfields(described); ++column) {
        types.push_back(std::to_string(PQftype(described, column)));
        modifiers.push_back(std::to_string(PQfmod(described, column)));
    }
    const auto found =
        session_->query(context,
                        "select pg_catalog.format_type(t.type, t.modifier) from unnest("
                        "$1::oid[], $2::int4[]) with ordinality as t(type, modifier, place) order by place",
                        {array_of(types), array_of(modifiers)});
    std::vector<std::string> names;
    for (int row = 0; row < PQntuples(found.get()); ++row) {
        names.push_back(value(found, row, 0));
    }
    return names;
}

namespace {

// The columns of a described statement; names of types come later.
Schema described_columns(const PGresult* described) {
    Schema schema;
    for (int place = 0; place < PQnfields(described); ++place) {
        const auto type = postgres_type(PQftype(described, place), PQfmod(described, place));
        schema.push_back({.name = PQfname(described, place),
                          .type = type.type,
                          .nullable = true,
                          .length = type.length,
                          .precision = type.precision,
                          .scale = type.scale,
                          .source_type = {}});
    }
    return schema;
}

std::vector<PostgresCopyParser::Field> described_fields(const PGresult* described,
                                                        const std::vector<std::size_t>& places) {
    std::vector<PostgresCopyParser::Field> fields;
    for (int place = 0; place < PQnfields(described); ++place) {
        fields.push_back(
            {.text = postgres_type(PQftype(described, place), PQfmod(described, place)).text, .columns = {}});
    }
    for (std::size_t column = 0; column < places.size(); ++column) {
        fields[places[column]].columns.push_back(column);
    }
    return fields;
}

bool is_money(const PGresult* described, int place) {
    return postgres_type(PQftype(described, place), PQfmod(described, place)).is_money;
}

bool has_money(const PGresult* described) {
    for (int place = 0; place < PQnfields(described); ++place) {
        if (is_money(described, place)) {
            return true;
        }
    }
    return false;
}

// `query` with its money made decimal by the server, which knows the currency's fraction.
std::string without_money(const std::string& query, const PGresult* described) {
    std::string list;
    std::string names;
    for (int place = 0; place < PQnfields(described); ++place) {
        const auto name = "c" + std::to_string(place);
        names += (place == 0 ? "" : ", ") + name;
        list += (place == 0 ? "" : ", ") + name + (is_money(described, place) ? "::pg_catalog.numeric" : "");
    }
    return "select " + list + " from (" + query + "\n) as q(" + names + ")";
}

}  // namespace

PostgresDatabase::Plan PostgresDatabase::plan_query(const Context& context, const Selection& selection) {
    const auto query = check_postgres_query(selection.query);
    refuse_harmful_functions(context, query.functions);
    const auto described = describe_query(context, query.text);
    auto offered = described_columns(described.get());
    auto names = type_names(context, described.get());
    for (std::size_t column = 0; column < offered.size(); ++column) {
        offered[column].source_type = std::move(names[column]);
    }
    const auto places = choose_columns(offered, selection.columns, "the query");
    const auto* const ranged = column_of(selection.range, offered);
    const auto range = ranged != nullptr ? postgres_range(selection.range, *ranged) : "";
    const auto rows = range.empty() ? query.text : limited_query(query.text, range);
    const auto text = has_money(described.get()) ? without_money(rows, described.get()) : rows;
    return {.schema = columns_at(offered, places),
            .copy = "copy (" + text + "\n) to stdout",
            .fields = described_fields(described.get(), places),
            .pushed_rule = {}};
}

PostgresDatabase::Plan PostgresDatabase::plan_table(const Context& context, const Selection& selection) {
    const auto table = resolve(context, selection.table);
    const bool has_generated = PQserverVersion(session_->raw()) >= 120000;
    const auto attributes =
        session_->query(context,
                        std::string("select attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull, ") +
                            (has_generated ? "attgenerated <> ''" : "false") +
                            " from pg_catalog.pg_attribute where attrelid = $1::oid and attnum > 0 and not "
                            "attisdropped order by attnum",
                        {table.oid});
    Schema offered;
    bool is_plain = table.is_plain;
    for (int row = 0; row < PQntuples(attributes.get()); ++row) {
        Column column;
        column.name = value(attributes, row, 0);
        column.source_type = value(attributes, row, 1);
        column.nullable = value(attributes, row, 2) != "t";
        is_plain = is_plain && value(attributes, row, 3) != "t";
        offered.push_back(std::move(column));
    }
    auto schema = columns_at(offered, choose_columns(offered, selection.columns, "table \"" + table.text() + "\""));
    if (schema.empty()) {
        throw Error(ErrorKind::Invalid, session_->place() + ": table \"" + table.text() + "\" has no columns");
    }
    std::string list;
    Schema distinct;
    std::vector<std::size_t> places;
    for (const auto& column : schema) {
        const auto same = std::find(distinct.begin(), distinct.end(), column);
        places.push_back(static_cast<std::size_t>(same - distinct.begin()));
        if (same == distinct.end()) {
            distinct.push_back(column);
            list += (list.empty() ? "" : ", ") + quote_identifier(column.name);
        }
    }
    auto query = "select " + list + " from " + table.quoted();
    const auto described = describe_query(context, query);
    const auto typed = described_columns(described.get());
    std::string rule;
    if (table.is_stored) {
        const char* encoding = PQparameterStatus(session_->raw(), "server_encoding");
        rule = pushed_rule(selection.rule, postgres_rules(described.get(), typed, encoding != nullptr ? encoding : ""));
    }
    const auto* const ranged = column_of(selection.range, typed);
    const auto condition = both(rule, ranged != nullptr ? postgres_range(selection.range, *ranged) : "");
    query += condition.empty() ? "" : " where " + condition;
    for (std::size_t column = 0; column < schema.size(); ++column) {
        const auto& described_type = typed[places[column]];
        schema[column].type = described_type.type;
        schema[column].length = described_type.length;
        schema[column].precision = described_type.precision;
        schema[column].scale = described_type.scale;
    }
    const bool needs_query = !is_plain || !condition.empty() || has_money(described.get());
    const auto source = has_money(described.get()) ? without_money(query, described.get()) : query;
    return {.schema = std::move(schema),
            .copy = needs_query ? "copy (" + source + ") to stdout"
                                : "copy " + table.quoted() + " (" + list + ") to stdout",
            .fields = described_fields(described.get(), places),
            .pushed_rule = std::move(rule)};
}

PostgresDatabase::Plan PostgresDatabase::plan(const Context& context, const Selection& selection) {
    if (selection.query.empty() == selection.table.empty()) {
        throw Error(ErrorKind::Invalid, session_->place() + ": a source needs either a table or a query");
    }
    return selection.query.empty() ? plan_table(context, selection) : plan_query(context, selection);
}

Schema PostgresDatabase::schema(const Context& context, const Selection& selection) {
    return in_transaction(context, [&] {
        auto planned = plan(context, selection);
        session_->run(context, "commit");
        return std::move(planned.schema);
    });
}

std::unique_ptr<RowReader> PostgresDatabase::read(const Context& context, const Selection& selection) {
    return in_transaction(context, [&]() -> std::unique_ptr<RowReader> {
        auto planned = plan(context, selection);
        session_->start_copy(context, planned.copy);
        return std::make_unique<PostgresReader>(session_, PostgresCopyParser(std::move(planned.fields)),
                                                std::move(planned.pushed_rule));
    });
}

// What sessions of other users do is shown to members of pg_read_all_stats only. A prepared transaction began
// before it was prepared, nobody tells when. What is open on a replica brings no rows.
std::chrono::microseconds PostgresDatabase::oldest_transaction(const Context& context) {
    constexpr int first_with_kinds_of_sessions = 100000;
    try {
        return in_transaction(context, [&] {
            std::chrono::microseconds age{};
            if (PQserverVersion(session_->raw()) >= first_with_kinds_of_sessions) {
                const auto told = session_->query(
                    context,
                    "select (extract(epoch from pg_catalog.clock_timestamp() - least(min(xact_start), (select "
                    "min(prepared) from pg_catalog.pg_prepared_xacts where database = "
                    "pg_catalog.current_database()))) * 1000000)::int8 from pg_catalog.pg_stat_activity "
                    "where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid() "
                    "and coalesce(backend_type, '') <> 'autovacuum worker' and not pg_catalog.pg_is_in_recovery()");
                if (PQgetisnull(told.get(), 0, 0) == 0) {
                    age = std::chrono::microseconds(std::max(0LL, std::stoll(value(told, 0, 0))));
                }
            }
            session_->run(context, "commit");
            return age;
        });
    } catch (const PostgresError& error) {
        // The user may not ask, or the server only speaks PostgreSQL's protocol.
        const bool is_refused = error.state().starts_with("42") || error.state().starts_with("0A");
        if (!is_refused) {
            throw;
        }
        return {};
    }
}

std::unique_ptr<TableWriter> PostgresDatabase::writer() const {
    return std::make_unique<PostgresWriter>(options_);
}

std::string PostgresDatabase::sql_name(const Context& context, const std::string& table) {
    return in_transaction(context, [&] {
        auto name = resolve(context, table).quoted();
        session_->run(context, "commit");
        return name;
    });
}

std::optional<std::uint64_t> PostgresDatabase::estimate(const Context& context, const Selection& selection) {
    if (selection.table.empty()) {
        return {};  // what the planner guesses of a query is too often far off
    }
    return in_transaction(context, [&] {
        const auto table = resolve(context, selection.table);
        // The planner scales its last count by the size that the table has now.
        const auto explained = session_->query(context, "explain (format json) select * from " + table.quoted());
        session_->run(context, "commit");
        const auto rows = number_after(value(explained, 0, 0), "\"Plan Rows\": ");
        return rows && *rows >= 0 ? std::optional(static_cast<std::uint64_t>(*rows)) : std::nullopt;
    });
}

}  // namespace rowhaul
