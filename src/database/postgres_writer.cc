// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_writer.h"

#include "database/bulk_text.h"
#include "database/chunk_loader.h"
#include "database/table_name.h"
#include "database/table_statements.h"

#include <algorithm>
#include <array>
#include <utility>

namespace rowhaul {

namespace {

constexpr Dialect postgres_dialect{
    .quote = '"',
    .same = "is not distinct from",
    .stage_begin = "create temporary table rowhaul_stage as select cast(0 as bigint) as rowhaul_row",
    .stage_end = "where false",
    .stage_index = "create index if not exists rowhaul_stage_row on rowhaul_stage (rowhaul_row)",
    .exact_json = "cast({} as text)",
    .commits_columns = "(mapping text not null primary key, execution text not null, fence bigint not null)",
    .types = {.text = "text",
              .key_text = "text",
              .longest_text = 10'000'000,
              .decimal = "numeric",
              .any_decimal = "numeric",
              .real = "double precision",
              .time = "time",
              .timestamp = "timestamp",
              .zoned = "timestamptz",
              .bytes = "bytea",
              .json = "json"},
    .lock_and_wait = "lock table {} in share row exclusive mode",
    .lock_or_fail = "lock table {} in share row exclusive mode nowait",
    .column_types =
        "select attname, pg_catalog.format_type(atttypid, atttypmod) from pg_catalog.pg_attribute where attrelid = "
        "{1}::pg_catalog.regclass and attnum > 0 and not attisdropped",
    .image = "cast({0} as text) collate \"C\"",
    .float_image = "cast({0} as text) collate \"C\"",
    .insert_as_is = "overriding system value",
    .lock_read = "for update",
    .row_index = "create index on {0} (rowhaul_row)",
};

std::string reason_of(std::string_view state) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> reasons{{{"23505", "refused_unique"},
                                                                                    {"23503", "refused_foreign_key"},
                                                                                    {"23502", "refused_not_null"},
                                                                                    {"23514", "refused_check"}}};
    const auto found = std::ranges::find(reasons, state, &std::pair<std::string_view, std::string_view>::first);
    return std::string(found != reasons.end() ? found->second : "refused");
}

// What rows hold, or what a trigger says of them.
bool is_refusal(std::string_view state) {
    return state.starts_with("22") || state.starts_with("23") || state == "P0001" || state == "54000";
}

// Calls the server, and tells a refusal from other failures. The words are the server's own: the
// place is the same for every row.
template <class Call>
auto told_apart(const PostgresConnection& session, Call call) -> decltype(call()) {
    try {
        return call();
    } catch (const PostgresError& error) {
        if (error.state() == "42501") {
            auto denied = error;
            denied.advise("Ask for: GRANT SELECT, INSERT, UPDATE ON ... TO the user of this connection.");
            throw denied;
        }
        if (error.state() == "40P01" || error.state() == "40001") {
            throw Collision(error);
        }
        if (!is_refusal(error.state())) {
            throw;
        }
        std::string_view words = error.what();
        if (const auto place = session.place() + ": "; words.starts_with(place)) {
            words.remove_prefix(place.size());
        }
        throw Refusal(reason_of(error.state()), std::string(words));
    }
}

class CopyForm final : public BulkForm {
public:
    CopyForm(PostgresConnection& session, std::string sql, const Schema& columns)
        : session_(session), sql_(std::move(sql)) {
        for (const auto& column : columns) {
            types_.push_back(column.type);
        }
    }

    ZeroBytes encode(const Batch& batch, std::size_t row, std::string& out) override {
        return append_bulk_row(batch, row, types_.size(), out, [&](std::size_t column) -> std::string_view {
            return types_[column] == Type::Bytes ? "\\\\x" : "";
        });
    }
    void send(const Context& context, std::string_view rows, std::size_t count) override {
        told_apart(session_, [&] {
            session_.start_copy_in(context, sql_);
            session_.put_rows(context, rows);
            if (session_.end_copy_in(context) != count) {
                throw Error(ErrorKind::Unavailable, session_.place() + ": the server did not take every row")
                    .advise("Look for a trigger or rule on the table that swallows rows.");
            }
        });
    }

private:
    PostgresConnection& session_;
    std::string sql_;
    std::vector<Type> types_;
};

}  // namespace

const Dialect& PostgresWriter::dialect() const {
    return postgres_dialect;
}

PostgresConnection& PostgresWriter::session(const Context& context) {
    if (!session_) {
        auto opened = std::make_unique<PostgresConnection>(context, options_);
        opened->run(context,
                    "set client_encoding = 'UTF8'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; "
                    "set timezone = 'UTC'; set standard_conforming_strings = on; set xmloption = content; "
                    "set default_transaction_read_only = off");
        session_ = std::move(opened);
    }
    return *session_;
}

TargetTable PostgresWriter::table(const Context& context, const std::string& name) {
    TargetTable found;
    found.sql = looks_.sql_name(context, name);
    found.name = name;
    found.commits = quote_identifier(TableName::parse(found.sql).schema.value_or("public")) + ".rowhaul_commits";
    for (auto& column : looks_.schema(context, {.table = name, .query = {}, .columns = {}})) {
        found.columns.push_back({.column = std::move(column)});
    }
    const auto relation = quote_literal(found.sql) + "::pg_catalog.regclass";
    found.note_columns(query(context,
                             "select attname, (atthasdef and attgenerated = '') or attidentity <> '', "
                             "attgenerated <> '' or attidentity = 'a', attidentity <> '' or "
                             "coalesce(pg_catalog.pg_get_expr(adbin, adrelid), '') like 'nextval(%' "
                             "from pg_catalog.pg_attribute left join pg_catalog.pg_attrdef on adrelid = attrelid and "
                             "adnum = attnum where attrelid = " +
                                 relation + " and attnum > 0 and not attisdropped"));
    found.note_unique_keys(query(context,
                                 "select i.indexrelid, a.attname from pg_catalog.pg_index i join "
                                 "pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) "
                                 "where i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null "
                                 "and i.indnkeyatts = i.indnatts and i.indrelid = " +
                                     relation + " order by 1"));
    found.has_triggers =
        query(context, "select exists (select from pg_catalog.pg_trigger where tgrelid = " + relation +
                           " and not tgisinternal) or relhasrules from pg_catalog.pg_class where oid = " + relation)
            .at(0)
            .at(0) == "t";
    return found;
}

TargetTable PostgresWriter::missing_table(const Context& context, const std::string& name) {
    const auto wanted = TableName::parse(name);
    const auto schema = wanted.schema
                            ? *wanted.schema
                            : query(context, "select pg_catalog.current_schema()").at(0).at(0).value_or("public");
    TargetTable missing;
    missing.name = name;
    missing.sql = quote_identifier(schema) + "." + quote_identifier(wanted.name);
    missing.commits = quote_identifier(schema) + ".rowhaul_commits";
    return missing;
}

void PostgresWriter::begin(const Context& context, Reach) {
    session(context).run(context, "begin isolation level read committed; set constraints all immediate");
}

void PostgresWriter::commit(const Context& context) {
    const auto ended = session_->query(context, "commit");
    // A transaction in which something failed is rolled back, and the server calls that a success.
    if (std::string_view(PQcmdStatus(ended.get())) != "COMMIT") {
        throw Error(ErrorKind::Conflict, session_->place() + ": the transaction was rolled back, not committed");
    }
}

void PostgresWriter::rollback(const Context& context) {
    session_->run(context, "rollback");
}

std::uint64_t PostgresWriter::execute(const Context& context, const std::string& sql) {
    auto& open = session(context);
    return told_apart(open, [&] { return rows_of(open.query(context, sql).get()); });
}

TableRows PostgresWriter::query(const Context& context, const std::string& sql) {
    const auto result = session(context).query(context, sql);
    TableRows rows;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        auto& cells = rows.emplace_back();
        for (int column = 0; column < PQnfields(result.get()); ++column) {
            cells.push_back(PQgetisnull(result.get(), row, column) != 0
                                ? std::nullopt
                                : std::optional(std::string(PQgetvalue(result.get(), row, column))));
        }
    }
    return rows;
}

std::unique_ptr<RowLoader> PostgresWriter::load(const Context& context, const std::string& into, const Schema& columns,
                                                Rejects rejects) {
    std::string list;
    for (const auto& column : columns) {
        list += (list.empty() ? "" : ", ") + quote_identifier(column.name);
    }
    auto form = std::make_unique<CopyForm>(session(context), "copy " + into + " (" + list + ") from stdin", columns);
    return std::make_unique<ChunkLoader>(*this, std::move(form), columns, std::move(rejects));
}

}  // namespace rowhaul
