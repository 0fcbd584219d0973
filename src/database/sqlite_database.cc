// SPDX-License-Identifier: Apache-2.0
#include "database/sqlite_database.h"

#include "base/near_miss.h"
#include "database/column_choice.h"
#include "database/column_writer.h"
#include "database/range_condition.h"
#include "database/sql_position.h"
#include "database/sqlite_rules.h"
#include "database/sqlite_types.h"
#include "database/sqlite_writer.h"
#include "database/table_name.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace rowhaul {

namespace {

// Pragmas that only tell something, and are how full-text and other virtual tables and the functions
// pragma_table_info(...) and so on read. Those in `flags` would set something if given a value.
constexpr std::array<std::string_view, 9> telling_pragmas = {"table_info",       "table_xinfo",   "table_list",
                                                             "index_list",       "index_info",    "index_xinfo",
                                                             "foreign_key_list", "database_list", "collation_list"};
constexpr std::array<std::string_view, 3> telling_flags = {"data_version", "page_size", "encoding"};

// While a person's query is prepared and run. SQLite asks for SELECT first when the statement is one.
struct Permission {
    bool is_select = false;
};

int authorize(void* state, int action, const char* first, const char* second, const char*, const char*) noexcept {
    auto& permission = *static_cast<Permission*>(state);
    switch (action) {
        case SQLITE_SELECT:
            permission.is_select = true;
            return SQLITE_OK;
        case SQLITE_READ:
        case SQLITE_RECURSIVE:
            return permission.is_select ? SQLITE_OK : SQLITE_DENY;
        case SQLITE_FUNCTION: {
            const std::string_view name = second != nullptr ? second : "";
            return permission.is_select && name != "load_extension" && name != "fts3_tokenizer" ? SQLITE_OK
                                                                                                : SQLITE_DENY;
        }
        case SQLITE_PRAGMA: {
            const std::string_view name = first != nullptr ? first : "";
            const bool tells =
                std::find(telling_pragmas.begin(), telling_pragmas.end(), name) != telling_pragmas.end() ||
                (second == nullptr &&
                 std::find(telling_flags.begin(), telling_flags.end(), name) != telling_flags.end());
            return permission.is_select && tells ? SQLITE_OK : SQLITE_DENY;
        }
        case SQLITE_UPDATE:
            // How a virtual table that is met for the first time declares its columns to SQLite, in
            // memory only. A statement that really updates is not read-only, and refused for that.
            return permission.is_select && std::string_view(first) == "sqlite_master" ? SQLITE_OK : SQLITE_DENY;
        default:
            return SQLITE_DENY;
    }
}

// The authorizer is asked while statements are prepared, and once more when a changed schema makes
// SQLite prepare one again, so it stays for as long as the person's statement does.
class ReadingOnly {
public:
    explicit ReadingOnly(SqliteHandle& session) : session_(session) {
        sqlite3_set_authorizer(session_.raw(), &authorize, permission_.get());
    }
    ~ReadingOnly() {
        if (permission_) {
            sqlite3_set_authorizer(session_.raw(), nullptr, nullptr);
        }
    }
    ReadingOnly(ReadingOnly&&) noexcept = default;
    ReadingOnly& operator=(ReadingOnly&&) = delete;

private:
    SqliteHandle& session_;
    std::unique_ptr<Permission> permission_ = std::make_unique<Permission>();
};

void expect_file(const std::string& path) {
    if (path.empty()) {
        throw Error(ErrorKind::Invalid, "the option 'path' is empty").advise("Name the database file in 'path'.");
    }
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
        const int code = errno;
        const auto kind = code == ENOENT || code == ENOTDIR ? ErrorKind::NotFound : ErrorKind::Denied;
        throw Error(kind, path + ": " + std::strerror(code)).advise("Look at 'path'; a missing file is never created.");
    }
    if (!S_ISREG(info.st_mode)) {
        throw Error(ErrorKind::Invalid, path + ": is not a file").advise("Look at 'path'.");
    }
    if (::access(path.c_str(), R_OK) != 0) {
        throw Error(ErrorKind::Denied, path + ": " + std::strerror(errno))
            .advise("Give the user that runs Rowhaul permission to read the file.");
    }
}

std::string one_text(SqliteHandle& session, std::string_view sql) {
    auto statement = session.prepare(sql);
    return statement.step() ? std::string(statement.text(0)) : "";
}

std::string_view declared_type(const SqliteStatement& statement, int column) {
    const char* declared = sqlite3_column_decltype(statement.raw(), column);
    return declared != nullptr ? declared : "";
}

bool is_not_null(SqliteHandle& session, const std::string& table, const std::string& column) {
    int not_null = 0;
    int primary_key = 0;
    const char* declared = nullptr;
    if (sqlite3_table_column_metadata(session.raw(), "main", table.c_str(), column.c_str(), &declared, nullptr,
                                      &not_null, &primary_key, nullptr) != SQLITE_OK) {
        return false;  // a view
    }
    // INTEGER PRIMARY KEY is the row's own number; any other primary key may be NULL for old times' sake.
    return not_null != 0 || (primary_key != 0 && declared != nullptr && sqlite3_stricmp(declared, "INTEGER") == 0);
}

Schema offered_by(const SqliteStatement& statement) {
    Schema schema;
    for (int column = 0; column < statement.columns(); ++column) {
        Column described;
        described.name = statement.name(column);
        described.source_type = declared_type(statement, column);
        described.type = sqlite_type(described.source_type);
        schema.push_back(std::move(described));
    }
    return schema;
}

class SqliteReader final : public RowReader {
public:
    SqliteReader(SqliteHandle& session, std::unique_ptr<SqliteTransaction> snapshot, ReadingOnly permission,
                 SqliteStatement statement, Schema schema, std::vector<std::size_t> places, std::string pushed_rule)
        : session_(session),
          snapshot_(std::move(snapshot)),
          permission_(std::move(permission)),
          statement_(std::move(statement)),
          schema_(std::move(schema)),
          places_(std::move(places)),
          pushed_rule_(std::move(pushed_rule)),
          differing_(schema_.size()) {}

    bool next(const Context& context, Batch& out) override {
        out.clear();
        context.check();
        if (is_at_end_) {
            return false;
        }
        if (is_broken_) {
            throw Error(ErrorKind::Internal, session_.path() + ": reading goes on after a failure");
        }
        const SqliteHandle::Watch watch(session_, context);
        is_broken_ = true;
        fill(out);
        is_broken_ = false;
        return out.rows() != 0;
    }

    std::vector<Warning> warnings() const override {
        std::string columns;
        std::uint64_t count = 0;
        for (std::size_t column = 0; column < schema_.size(); ++column) {
            if (differing_[column] != 0) {
                columns +=
                    (columns.empty() ? "" : ", ") + schema_[column].name + " (" + schema_[column].source_type + ")";
                count += differing_[column];
            }
        }
        if (count == 0) {
            return {};
        }
        return {{.code = "stored_type_differs",
                 .message = "values are stored as something else than their column's declared type: " + columns,
                 .count = count}};
    }

    std::string pushed_rule() const override { return pushed_rule_; }

private:
    void fill(Batch& out) {
        out.set_first_row(rows_ + 1);
        columns_.start(out);
        auto& arena = out.arena();
        std::size_t rows = 0;
        while (rows < Batch::max_rows && arena.used() < Batch::max_bytes) {
            if (!statement_.step()) {
                is_at_end_ = true;
                break;
            }
            for (std::size_t column = 0; column < schema_.size(); ++column) {
                const auto stored = read_sqlite_cell(statement_.raw(), static_cast<int>(places_[column]),
                                                     schema_[column].type, arena, columns_.at(column, rows));
                differing_[column] += stored == StoredType::Different ? 1 : 0;
            }
            ++rows;
        }
        columns_.finish(out, rows);
        rows_ += rows;
    }

    SqliteHandle& session_;
    // In this order, so that the statement goes first and the transaction last.
    std::unique_ptr<SqliteTransaction> snapshot_;
    ReadingOnly permission_;
    SqliteStatement statement_;
    Schema schema_;
    std::vector<std::size_t> places_;
    std::string pushed_rule_;
    std::vector<std::uint64_t> differing_;
    ColumnWriter columns_;
    std::uint64_t rows_ = 0;
    bool is_at_end_ = false;
    bool is_broken_ = false;
};

}  // namespace

struct SqliteDatabase::Prepared {
    ReadingOnly permission;
    SqliteStatement statement;
    Schema schema;
    std::vector<std::size_t> places;  // where the statement has them
    std::string pushed_rule;
};

SqliteHandle& SqliteDatabase::session(const Context& context) {
    context.check();
    if (session_) {
        return *session_;
    }
    expect_file(options_.path);
    auto opened = std::make_unique<SqliteHandle>(options_.path, SqliteAccess::ReadOnly, options_.busy_timeout);
    const SqliteHandle::Watch watch(*opened, context);
    sqlite3_db_config(opened->raw(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(opened->raw(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    opened->execute("pragma query_only = 1");
    // The first statement that looks into the file.
    opened->execute("select count(*) from sqlite_schema");
    context.step("open file", options_.path);
    session_ = std::move(opened);
    return *session_;
}

void SqliteDatabase::check(const Context& context) {
    auto& opened = session(context);
    const SqliteHandle::Watch watch(opened, context);
    context.step("version", std::string("SQLite ") + sqlite3_libversion() + ", " + one_text(opened, "pragma encoding") +
                                ", journal mode " + one_text(opened, "pragma journal_mode"));
    context.step("read", one_text(opened, "select count(*) from sqlite_schema where type in ('table', 'view')") +
                             " tables and views");
}

std::vector<TableInfo> SqliteDatabase::tables(const Context& context) {
    auto& opened = session(context);
    const SqliteHandle::Watch watch(opened, context);
    const bool has_counts = one_text(opened, "select 1 from sqlite_schema where name = 'sqlite_stat1'") == "1";
    auto statement = opened.prepare(
        std::string("select name, case type when 'virtual' then 'virtual table' else type end, ") +
        (has_counts ? "(select max(cast(stat as integer)) from sqlite_stat1 where tbl = name)" : "null") +
        " from pragma_table_list where schema = 'main' and type <> 'shadow' and name not like 'sqlite\\_%' escape '\\'"
        " order by name");
    std::vector<TableInfo> found;
    while (statement.step()) {
        TableInfo info;
        info.name = TableName{.schema = {}, .name = std::string(statement.text(0))}.text();
        info.kind = statement.text(1);
        if (const auto rows = statement.optional_integer(2); rows && *rows >= 0) {
            info.rows = static_cast<std::uint64_t>(*rows);
        }
        found.push_back(std::move(info));
    }
    return found;
}

std::vector<std::string> SqliteDatabase::table_names() {
    auto statement = session_->prepare("select name from pragma_table_list where schema = 'main' and type <> 'shadow'");
    std::vector<std::string> names;
    while (statement.step()) {
        names.emplace_back(statement.text(0));
    }
    return names;
}

std::string SqliteDatabase::resolve(const std::string& table) {
    auto statement =
        session_->prepare("select name from pragma_table_list where schema = 'main' and name = ? collate nocase");
    const auto find = [&](const std::string& name) {
        statement.reset();
        statement.bind(1, name);
        return statement.step() ? std::optional<std::string>(statement.text(0)) : std::nullopt;
    };
    const auto name = TableName::parse(table);
    if (!name.schema || sqlite3_stricmp(name.schema->c_str(), "main") == 0) {
        if (auto found = find(name.name)) {
            return *found;
        }
    }
    if (auto found = find(table)) {
        return *found;  // a dot may well be part of a name here
    }
    throw Error(ErrorKind::NotFound,
                options_.path + ": there is no table \"" + table + "\"" + did_you_mean(name.name, table_names()));
}

void SqliteDatabase::explain_failure(const Error& error, const std::string& sql, int offset) {
    const std::string_view message = error.what();
    const auto after = [&](std::string_view words) {
        const auto at = message.find(words);
        return at == std::string_view::npos ? std::string() : std::string(message.substr(at + words.size()));
    };
    const auto where = offset >= 0 ? "; " + point_at(sql, static_cast<std::size_t>(offset)) : "";
    if (const auto table = after("no such table: "); !table.empty()) {
        const auto name = table.substr(table.rfind('.') + 1);
        throw Error(ErrorKind::NotFound, error.what() + did_you_mean(name, table_names()) + where);
    }
    if (!after("no such column: ").empty()) {
        throw Error(ErrorKind::NotFound, error.what() + where);
    }
    if (error.kind() == ErrorKind::Denied) {
        throw Error(ErrorKind::Invalid, options_.path + ": the query is not one that only reads (" +
                                            after(options_.path + ": ") + "): " + shorten_query(sql))
            .advise("A query has to be one SELECT; a source is never changed.");
    }
    throw Error(error.kind(), error.what() + where).advise(error.advice());
}

SqliteStatement SqliteDatabase::prepare_query(const std::string& sql) {
    try {
        auto statement = session_->prepare(sql);
        if (statement.columns() == 0 || sqlite3_stmt_readonly(statement.raw()) == 0 ||
            sqlite3_stmt_isexplain(statement.raw()) != 0) {
            throw Error(ErrorKind::Denied, options_.path + ": it returns no rows of a table");
        }
        return statement;
    } catch (const Error& error) {
        explain_failure(error, sql, sqlite3_error_offset(session_->raw()));
    }
}

SqliteDatabase::Prepared SqliteDatabase::prepare(const Selection& selection) {
    if (selection.query.empty() == selection.table.empty()) {
        throw Error(ErrorKind::Invalid, options_.path + ": a source needs either a table or a query");
    }
    if (!selection.query.empty()) {
        ReadingOnly permission(*session_);
        auto statement = prepare_query(selection.query);
        auto offered = offered_by(statement);
        auto places = choose_columns(offered, selection.columns, "the query");
        auto schema = columns_at(offered, places);
        const auto* const ranged = column_of(selection.range, schema);
        if (const auto range = ranged != nullptr ? sqlite_range(selection.range, *ranged) : ""; !range.empty()) {
            statement = prepare_query(limited_query(selection.query, range));
        }
        return {std::move(permission), std::move(statement), std::move(schema), std::move(places), {}};
    }
    const auto table = resolve(selection.table);
    ReadingOnly permission(*session_);
    auto offered = offered_by(prepare_query("select * from main." + quote_identifier(table)));
    auto schema = columns_at(offered, choose_columns(offered, selection.columns, "table \"" + table + "\""));
    std::string list;
    for (auto& column : schema) {
        column.nullable = !is_not_null(*session_, table, column.name);
        list += (list.empty() ? "" : ", ") + quote_identifier(column.name);
    }
    auto rule = pushed_rule(selection.rule, sqlite_rules(*session_, table, schema));
    const auto* const ranged = column_of(selection.range, schema);
    const auto condition = both(rule, ranged != nullptr ? sqlite_range(selection.range, *ranged) : "");
    auto statement = prepare_query("select " + list + " from main." + quote_identifier(table) +
                                   (condition.empty() ? "" : " where " + condition));
    auto places = choose_columns(schema, {}, table);
    return {std::move(permission), std::move(statement), std::move(schema), std::move(places), std::move(rule)};
}

Schema SqliteDatabase::schema(const Context& context, const Selection& selection) {
    const SqliteHandle::Watch watch(session(context), context);
    return prepare(selection).schema;
}

std::unique_ptr<RowReader> SqliteDatabase::read(const Context& context, const Selection& selection) {
    auto& opened = session(context);
    const SqliteHandle::Watch watch(opened, context);
    auto snapshot = std::make_unique<SqliteTransaction>(opened, SqliteBegin::Deferred);
    // The first read fixes what the transaction sees.
    opened.execute("select count(*) from sqlite_schema");
    auto prepared = prepare(selection);
    return std::make_unique<SqliteReader>(opened, std::move(snapshot), std::move(prepared.permission),
                                          std::move(prepared.statement), std::move(prepared.schema),
                                          std::move(prepared.places), std::move(prepared.pushed_rule));
}

std::optional<std::uint64_t> SqliteDatabase::estimate(const Context& context, const Selection& selection) {
    if (selection.table.empty()) {
        return {};
    }
    auto& opened = session(context);
    const SqliteHandle::Watch watch(opened, context);
    const auto table = quote_identifier(resolve(selection.table));
    try {
        // Row numbers usually have few gaps, and both ends are found without reading the table.
        auto statement = opened.prepare("select (select max(rowid) from main." + table +
                                        ") - (select min(rowid) from main." + table + ") + 1");
        if (!statement.step() || statement.is_null(0)) {
            return 0;
        }
        const auto rows = statement.integer(0);
        return rows > 0 ? std::optional(static_cast<std::uint64_t>(rows)) : std::nullopt;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Invalid) {
            return {};  // a view, or a table without row numbers
        }
        throw;
    }
}

std::unique_ptr<TableWriter> SqliteDatabase::writer() const {
    return std::make_unique<SqliteWriter>(options_);
}

}  // namespace rowhaul
