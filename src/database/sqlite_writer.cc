// SPDX-License-Identifier: Apache-2.0
#include "database/sqlite_writer.h"

#include "base/near_miss.h"
#include "database/sqlite_types.h"
#include "database/table_name.h"

#include <algorithm>
#include <charconv>

namespace rowhaul {

namespace {

// A quoted text would end at its first NUL, and no literal is infinite.
constexpr std::string_view sqlite_image =
    "(case when typeof({0}) = 'text' and instr({0}, char(0)) > 0 "
    "then 'cast(' || quote(cast({0} as blob)) || ' as text)' "
    "when typeof({0}) = 'real' and {0} = 9e999 then '9e999' when typeof({0}) = 'real' and {0} = -9e999 then '-9e999' "
    "else quote({0}) end)";

constexpr Dialect sqlite_dialect{
    .quote = '"',
    .same = "is",
    .stage_begin = "create temporary table rowhaul_stage as select cast(0 as integer) as rowhaul_row",
    .stage_end = "limit 0",
    .key_index = "create index if not exists temp.{0}_key on {0} ({1})",
    .stage_index = "create index if not exists temp.rowhaul_stage_row on rowhaul_stage (rowhaul_row)",
    .exact_text = "{} collate binary",
    .commits_columns = "(mapping text not null primary key, execution text not null, fence integer not null)",
    // Of its numbers only those without a fraction are exact.
    .types = {.text = "text",
              .key_text = "text",
              .longest_text = 1'000'000,
              .integer = "integer",
              .decimal = "",
              .any_decimal = "text",
              .real = "real",
              .time = "time",
              .timestamp = "datetime",
              .zoned = "timestamptz",
              .bytes = "blob",
              .json = "json text"},
    .do_not_wait = "pragma busy_timeout = 0",
    .column_types = "select name, type from pragma_table_xinfo({2}, 'main')",
    .image = sqlite_image,
    .float_image = sqlite_image,
    .images_are_literals = true,
    .row_index = "create index if not exists temp.{0}_row on {0} (rowhaul_row)",
};

std::string reason_of(int code) {
    switch (code) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
            return "refused_unique";
        case SQLITE_CONSTRAINT_FOREIGNKEY:
            return "refused_foreign_key";
        case SQLITE_CONSTRAINT_NOTNULL:
            return "refused_not_null";
        case SQLITE_CONSTRAINT_CHECK:
            return "refused_check";
        default:
            return "refused";
    }
}

bool is_refusal(int code) {
    const int primary = code & 0xFF;
    return primary == SQLITE_CONSTRAINT || primary == SQLITE_MISMATCH || primary == SQLITE_TOOBIG;
}

// The words alone: the file's path is the same for every row.
std::string words_of(sqlite3* database) {
    return sqlite3_errmsg(database);
}

std::string blob_of(std::string_view hex) {
    std::string bytes(hex.size() / 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, reinterpret_cast<unsigned char&>(bytes[i]), 16);
    }
    return bytes;
}

// Empty where it compares bytes.
std::string collation_of(SqliteHandle& session, const std::string& table, const std::string& column) {
    const char* collation = nullptr;
    const bool is_known = sqlite3_table_column_metadata(session.raw(), "main", table.c_str(), column.c_str(), nullptr,
                                                        &collation, nullptr, nullptr, nullptr) == SQLITE_OK;
    return is_known && std::string_view(collation) != "BINARY" ? collation : "";
}

class SqliteLoader final : public RowLoader {
public:
    SqliteLoader(SqliteHandle& session, SqliteStatement statement, const Schema& columns, Rejects rejects)
        : session_(session), statement_(std::move(statement)), rejects_(std::move(rejects)) {
        for (const auto& column : columns) {
            types_.push_back(column.type);
        }
    }

    void write(const Context& context, const Batch& batch) override {
        const SqliteHandle::Watch watch(session_, context);
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            for (std::size_t column = 0; column < types_.size(); ++column) {
                bind(static_cast<int>(column) + 1, types_[column], batch.column(column)[row]);
            }
            const int code = sqlite3_step(statement_.raw());
            if (code != SQLITE_DONE) {
                const int extended = sqlite3_extended_errcode(session_.raw());
                if (!is_refusal(extended) || sqlite3_get_autocommit(session_.raw()) != 0) {
                    session_.fail(code);
                }
                rejects_({.row = batch.row_number(row),
                          .reason = reason_of(extended),
                          .field = {},
                          .value = {},
                          .message = words_of(session_.raw())});
            }
            sqlite3_reset(statement_.raw());
        }
    }
    void finish(const Context&) override {}
    std::size_t undecided() const override { return 0; }

private:
    // The batch outlives the step.
    void bind(int place, Type type, const Cell& cell) {
        if (cell.is_null()) {
            statement_.bind_null(place);
            return;
        }
        const auto text = cell.text();
        if (type == Type::Bytes) {
            statement_.bind_blob(place, blob_of(text));
        } else if (type == Type::Boolean) {
            statement_.bind(place, std::int64_t{text == "true"});
        } else if (const int code = sqlite3_bind_text64(statement_.raw(), place, text.data(), text.size(),
                                                        SQLITE_STATIC, SQLITE_UTF8);
                   code != SQLITE_OK) {
            session_.fail(code);
        }
    }

    SqliteHandle& session_;
    SqliteStatement statement_;
    Rejects rejects_;
    std::vector<Type> types_;
};

}  // namespace

const Dialect& SqliteWriter::dialect() const {
    return sqlite_dialect;
}

SqliteHandle& SqliteWriter::session(const Context& context) {
    context.check();
    if (!session_) {
        auto opened = std::make_unique<SqliteHandle>(options_.path, SqliteAccess::ReadWrite, options_.busy_timeout);
        const SqliteHandle::Watch watch(*opened, context);
        sqlite3_db_config(opened->raw(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
        // Indexes are walked back and forth: what is usual, 2 MiB, holds too little of them.
        opened->execute(
            "pragma foreign_keys = 1; pragma temp_store = file; pragma cache_size = -12288; "
            "pragma temp.cache_size = -4096");
        session_ = std::move(opened);
    }
    return *session_;
}

TargetTable SqliteWriter::table(const Context& context, const std::string& name) {
    auto& opened = session(context);
    const SqliteHandle::Watch watch(opened, context);
    const auto wanted = TableName::parse(name).name;
    std::vector<std::string> names;
    TargetTable found;
    auto tables = opened.prepare("select name, type from pragma_table_list where schema = 'main' and type <> 'shadow'");
    std::string kind;
    while (tables.step()) {
        names.emplace_back(tables.text(0));
        if (sqlite3_stricmp(names.back().c_str(), wanted.c_str()) == 0) {
            found.name = names.back();
            kind = tables.text(1);
        }
    }
    if (found.name.empty()) {
        throw Error(ErrorKind::NotFound,
                    options_.path + ": there is no table \"" + name + "\"" + did_you_mean(wanted, names));
    }
    if (kind != "table") {
        throw Error(ErrorKind::Invalid, options_.path + ": \"" + found.name + "\" is a " + kind + ", not a table");
    }
    found.sql = "main." + quote_identifier(found.name);
    found.commits = "main.rowhaul_commits";
    auto columns = opened.prepare(
        "select name, type, \"notnull\", dflt_value is not null, pk, hidden from "
        "pragma_table_xinfo(?)");
    columns.bind(1, found.name);
    std::vector<std::string> primary;
    int key_columns = 0;
    std::string rowid_type;
    while (columns.step()) {
        TargetColumn column;
        column.column.name = columns.text(0);
        column.column.source_type = columns.text(1);
        column.column.type = sqlite_type(column.column.source_type);
        column.column.nullable = columns.integer(2) == 0;
        column.has_default = columns.integer(3) != 0;
        column.is_generated = columns.integer(5) != 0;
        column.collation = collation_of(opened, found.name, column.column.name);
        if (columns.integer(4) != 0) {
            ++key_columns;
            rowid_type = column.column.source_type;
            primary.push_back(column.column.name);
            column.has_default |= sqlite3_stricmp(column.column.source_type.c_str(), "INTEGER") == 0;
        }
        found.columns.push_back(std::move(column));
    }
    if (key_columns != 0) {
        if (key_columns == 1 && sqlite3_stricmp(rowid_type.c_str(), "INTEGER") == 0) {
            found.exact_keys.push_back(primary);
        }
        found.unique_keys.push_back(std::move(primary));
    }
    auto indexes = opened.prepare("select name from pragma_index_list(?) where \"unique\" = 1 and partial = 0");
    indexes.bind(1, found.name);
    while (indexes.step()) {
        auto parts = opened.prepare("select name, coll from pragma_index_xinfo(?) where key = 1 order by seqno");
        parts.bind(1, indexes.text(0));
        auto& key = found.unique_keys.emplace_back();
        bool is_exact = true;
        while (parts.step()) {
            key.emplace_back(parts.text(0));
            is_exact &= parts.text(1) == "BINARY" && collation_of(opened, found.name, key.back()).empty();
        }
        if (is_exact) {
            found.exact_keys.push_back(key);
        }
    }
    auto triggers = opened.prepare("select count(*) from sqlite_schema where type = 'trigger' and tbl_name = ?");
    triggers.bind(1, found.name);
    found.has_triggers = triggers.step() && triggers.integer(0) != 0;
    return found;
}

TargetTable SqliteWriter::missing_table(const Context&, const std::string& name) {
    TargetTable missing;
    missing.name = TableName::parse(name).name;
    missing.sql = "main." + quote_identifier(missing.name);
    missing.commits = "main.rowhaul_commits";
    return missing;
}

void SqliteWriter::begin(const Context& context, Reach reach) {
    auto& opened = session(context);
    const SqliteHandle::Watch watch(opened, context);
    // SQLite itself would notice it at the first write only.
    if (reach == Reach::Tables && sqlite3_db_readonly(opened.raw(), "main") == 1) {
        throw Error(ErrorKind::Denied, options_.path + ": this file may only be read")
            .advise("Check the permissions of the file and of its folder.");
    }
    transaction_ = std::make_unique<SqliteTransaction>(
        opened, reach == Reach::Tables ? SqliteBegin::Immediate : SqliteBegin::Deferred);
}

void SqliteWriter::commit(const Context& context) {
    const SqliteHandle::Watch watch(*session_, context);
    transaction_->commit();
    transaction_.reset();
}

void SqliteWriter::rollback(const Context&) {
    transaction_.reset();
}

std::uint64_t SqliteWriter::execute(const Context& context, const std::string& sql) {
    auto& opened = session(context);
    const SqliteHandle::Watch watch(opened, context);
    auto statement = opened.prepare(sql);
    try {
        const auto before = sqlite3_total_changes64(opened.raw());
        statement.run();
        // Not the changes of the last statement that changed something, which this need not be.
        return sqlite3_total_changes64(opened.raw()) == before ? 0 : static_cast<std::uint64_t>(opened.changes());
    } catch (const Error&) {
        const int code = sqlite3_extended_errcode(opened.raw());
        if (is_refusal(code) && (transaction_ == nullptr || sqlite3_get_autocommit(opened.raw()) == 0)) {
            throw Refusal(reason_of(code), words_of(opened.raw()));
        }
        throw;
    }
}

TableRows SqliteWriter::query(const Context& context, const std::string& sql) {
    auto& opened = session(context);
    const SqliteHandle::Watch watch(opened, context);
    auto statement = opened.prepare(sql);
    TableRows rows;
    while (statement.step()) {
        auto& row = rows.emplace_back();
        for (int column = 0; column < statement.columns(); ++column) {
            row.push_back(statement.optional_text(column));
        }
    }
    return rows;
}

std::unique_ptr<RowLoader> SqliteWriter::load(const Context& context, const std::string& into, const Schema& columns,
                                              Rejects rejects) {
    auto& opened = session(context);
    const SqliteHandle::Watch watch(opened, context);
    std::string names;
    std::string places;
    for (const auto& column : columns) {
        names += (names.empty() ? "" : ", ") + quote_identifier(column.name);
        places += places.empty() ? "?" : ", ?";
    }
    return std::make_unique<SqliteLoader>(
        opened, opened.prepare("insert into " + into + " (" + names + ") values (" + places + ")"), columns,
        std::move(rejects));
}

}  // namespace rowhaul
