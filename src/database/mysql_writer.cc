// SPDX-License-Identifier: Apache-2.0
#include "database/mysql_writer.h"

#include "database/bulk_text.h"
#include "database/chunk_loader.h"
#include "database/mysql_connection.h"
#include "database/table_name.h"
#include "database/table_statements.h"

#include <fmt/format.h>
#include <mysqld_error.h>

namespace rowhaul {

namespace {

constexpr unsigned mariadb_check_failed = 4025;
constexpr unsigned mysql_check_failed = 3819;

constexpr Dialect mysql_dialect{
    .quote = '`',
    .same = "<=>",
    // Indexed from the start: an index made later would commit.
    .stage_begin =
        "create temporary table rowhaul_stage (rowhaul_row bigint not null primary key{}) engine=InnoDB "
        "select 0 as rowhaul_row",
    .stage_end = "limit 0",
    .keys_begin = "create temporary table {0} ({1}) engine=InnoDB select",
    .exact_text = "binary {}",
    .exact_json = "binary {}",
    .commits_columns =
        "(mapping varchar(190) character set utf8mb4 collate utf8mb4_bin not null primary key, "
        "execution varchar(64) character set ascii not null, fence bigint not null) engine=InnoDB",
    .updates_by_join = true,
    .definitions_commit = true,
    .types = {.text = "longtext",
              .key_text = "varchar(190)",
              .longest_text = 4000,
              .decimal = "decimal",
              .any_decimal = "decimal(38, 10)",
              .real = "double",
              .time = "time(6)",
              .timestamp = "datetime(6)",
              .zoned = "timestamp(6)",
              .bytes = "longblob",
              .json = "json"},
    .table_end = " engine=InnoDB character set utf8mb4 collate utf8mb4_bin",
    // No lock of a table goes with a transaction; but each row can be locked, and what lies between.
    .lock_and_wait = "select count(*) from {} for update",
    .lock_or_fail = "select count(*) from {} for update nowait",
    .column_types = "show columns from {0}",
    // A float is told in as many digits as a double, or its last bits are lost.
    .float_image = "({0} + 0e0)",
    .bytes_image = "hex({0})",
    .lock_read = "for update",
};

bool is_refusal(unsigned number) {
    switch (number) {
        case ER_DUP_ENTRY:
        case ER_DUP_ENTRY_WITH_KEY_NAME:
        case ER_NO_REFERENCED_ROW:
        case ER_NO_REFERENCED_ROW_2:
        case ER_ROW_IS_REFERENCED:
        case ER_ROW_IS_REFERENCED_2:
        case ER_BAD_NULL_ERROR:
        case ER_NO_DEFAULT_FOR_FIELD:
        case ER_WARN_DATA_OUT_OF_RANGE:
        case ER_DATA_TOO_LONG:
        case ER_TRUNCATED_WRONG_VALUE:
        case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
        case WARN_DATA_TRUNCATED:
        case ER_SIGNAL_EXCEPTION:
        case mariadb_check_failed:
        case mysql_check_failed:
            return true;
        default:
            return false;
    }
}

std::string reason_of(unsigned number) {
    switch (number) {
        case ER_DUP_ENTRY:
        case ER_DUP_ENTRY_WITH_KEY_NAME:
            return "refused_unique";
        case ER_NO_REFERENCED_ROW:
        case ER_NO_REFERENCED_ROW_2:
        case ER_ROW_IS_REFERENCED:
        case ER_ROW_IS_REFERENCED_2:
            return "refused_foreign_key";
        case ER_BAD_NULL_ERROR:
        case ER_NO_DEFAULT_FOR_FIELD:
        case ER_WARN_NULL_TO_NOTNULL:
            return "refused_not_null";
        case mariadb_check_failed:
        case mysql_check_failed:
            return "refused_check";
        default:
            return "refused";
    }
}

template <class Call>
auto told_apart(Call call) -> decltype(call()) {
    try {
        return call();
    } catch (const MysqlError& error) {
        if (error.number() == ER_LOCK_DEADLOCK) {
            throw Collision(error);
        }
        if (!is_refusal(error.number())) {
            throw;
        }
        const std::string_view words = error.what();
        const auto place = words.find(": ");  // the same for every row
        throw Refusal(reason_of(error.number()),
                      std::string(place == std::string_view::npos ? words : words.substr(place + 2)));
    }
}

// How a column takes the text of a cell that stands in the variable or literal `value`.
std::string taken(const Column& column, std::string_view value) {
    switch (column.type) {
        case Type::Bytes:
            return fmt::format("unhex({})", value);
        case Type::TimestampZoned:
            return fmt::format("convert_tz(left({0}, char_length({0}) - 6), right({0}, 6), '+00:00')", value);
        case Type::Integer:
            return column.source_type.starts_with("bit") ? fmt::format("cast({} as unsigned)", value) : "";
        default:
            return {};
    }
}

class DataForm final : public BulkForm {
public:
    DataForm(MysqlConnection& session, const std::string& into, const Schema& columns)
        : session_(session), width_(columns.size()) {
        std::string places;
        std::string sets;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const auto name = quote_identifier(columns[i].name, '`');
            const auto variable = fmt::format("@rowhaul{}", i);
            const auto form = taken(columns[i], variable);
            places += (places.empty() ? "" : ", ") + (form.empty() ? name : variable);
            if (!form.empty()) {
                sets += fmt::format("{}{} = {}", sets.empty() ? " set " : ", ", name, form);
            }
        }
        sql_ = fmt::format(
            "load data local infile 'rows' into table {} character set utf8mb4 fields terminated by "
            "'\t' escaped by '\\' lines terminated by '\n' ({}){}",
            into, places, sets);
    }

    ZeroBytes encode(const Batch& batch, std::size_t row, std::string& out) override {
        append_bulk_row(batch, row, width_, out, [](std::size_t) { return std::string_view(); });
        return ZeroBytes::None;  // texts may have them
    }
    void send(const Context& context, std::string_view rows, std::size_t count) override {
        told_apart([&] {
            const auto loaded = session_.load(context, sql_, rows);
            if (loaded.warnings != 0) {
                const auto warnings = session_.run(context, "show warnings limit 1");
                const auto number =
                    warnings.empty() ? 0U : static_cast<unsigned>(std::stoul(warnings[0][1].value_or("0")));
                throw Refusal(reason_of(number), warnings.empty() ? "" : warnings[0][2].value_or(""));
            }
            if (loaded.rows != count) {
                throw Refusal("refused", "the server did not take the row");
            }
        });
    }

private:
    MysqlConnection& session_;
    std::size_t width_;
    std::string sql_;
};

// Where the server forbids `load data local`.
class InsertForm final : public BulkForm {
public:
    InsertForm(MysqlConnection& session, const std::string& into, const Schema& columns)
        : session_(session), columns_(columns) {
        std::string names;
        for (const auto& column : columns) {
            names += (names.empty() ? "" : ", ") + quote_identifier(column.name, '`');
        }
        head_ = fmt::format("insert into {} ({}) values ", into, names);
    }

    ZeroBytes encode(const Batch& batch, std::size_t row, std::string& out) override {
        out += '(';
        for (std::size_t column = 0; column < columns_.size(); ++column) {
            if (column != 0) {
                out += ", ";
            }
            const Cell cell = batch.column(column)[row];
            if (cell.is_null()) {
                out += "null";
                continue;
            }
            const auto literal = quote_literal(cell.text());
            const auto form = taken(columns_[column], literal);
            out += form.empty() ? literal : form;
        }
        out += "),";
        return ZeroBytes::None;
    }
    void send(const Context& context, std::string_view rows, std::size_t count) override {
        rows.remove_suffix(1);
        const auto statement = head_ + std::string(rows);
        if (told_apart([&] { return session_.change(context, statement); }) != count) {
            throw Refusal("refused", "the server did not take the row");
        }
    }

private:
    MysqlConnection& session_;
    Schema columns_;
    std::string head_;
};

}  // namespace

MysqlWriter::MysqlWriter(MysqlOptions options) : options_(std::move(options)), looks_(options_) {}

MysqlWriter::~MysqlWriter() = default;

const Dialect& MysqlWriter::dialect() const {
    return mysql_dialect;
}

MysqlConnection& MysqlWriter::session(const Context& context) {
    if (!session_) {
        session_ = std::make_unique<MysqlConnection>(context, options_, MysqlAccess::ReadWrite);
    }
    return *session_;
}

TargetTable MysqlWriter::table(const Context& context, const std::string& name) {
    TargetTable found;
    for (auto& column : looks_.schema(context, {.table = name, .query = {}, .columns = {}})) {
        found.columns.push_back({.column = std::move(column)});
    }
    const auto [schema, table] = looks_.full_name(context, name);
    found.name = name;
    found.sql = quote_identifier(schema, '`') + "." + quote_identifier(table, '`');
    found.commits = quote_identifier(schema, '`') + ".rowhaul_commits";
    const auto which =
        fmt::format("table_schema = {} and table_name = {}", quote_literal(schema), quote_literal(table));
    const auto engine = query(context,
                              "select t.engine, e.transactions from information_schema.tables t left join "
                              "information_schema.engines e on e.engine = t.engine where " +
                                  which);
    if (engine.empty() || engine[0][1] != "YES") {
        throw Error(ErrorKind::Invalid, fmt::format("the table {} cannot take part in a transaction (engine {})", name,
                                                    engine.empty() ? "none" : engine[0][0].value_or("none")))
            .advise("Choose a table, not a view, with an engine that can roll back, such as InnoDB.");
    }
    found.note_columns(query(context,
                             "select column_name, column_default is not null or extra like '%auto_increment%', "
                             "extra like '%generated%' and extra not like 'default_generated%' "
                             "from information_schema.columns where " +
                                 which));
    found.note_unique_keys(query(context,
                                 "select index_name, column_name from information_schema.statistics where "
                                 "non_unique = 0 and " +
                                     which + " order by index_name, seq_in_index"));
    found.has_triggers = query(context, fmt::format("select count(*) from information_schema.triggers where "
                                                    "event_object_schema = {} and event_object_table = {}",
                                                    quote_literal(schema), quote_literal(table)))
                             .at(0)
                             .at(0) != "0";
    return found;
}

TargetTable MysqlWriter::missing_table(const Context& context, const std::string& name) {
    const auto [schema, table] = looks_.full_name(context, name);
    TargetTable missing;
    missing.name = name;
    missing.sql = quote_identifier(schema, '`') + "." + quote_identifier(table, '`');
    missing.commits = quote_identifier(schema, '`') + ".rowhaul_commits";
    return missing;
}

void MysqlWriter::begin(const Context& context, Reach) {
    session(context).run(context, "start transaction read write");
}

void MysqlWriter::commit(const Context& context) {
    session_->run(context, "commit");
}

void MysqlWriter::rollback(const Context& context) {
    session_->run(context, "rollback");
}

std::uint64_t MysqlWriter::execute(const Context& context, const std::string& sql) {
    auto& open = session(context);
    return told_apart([&] { return open.change(context, sql); });
}

TableRows MysqlWriter::query(const Context& context, const std::string& sql) {
    return session(context).run(context, sql);
}

std::unique_ptr<RowLoader> MysqlWriter::load(const Context& context, const std::string& into, const Schema& columns,
                                             Rejects rejects) {
    const std::lock_guard lock(turn);
    auto& open = session(context);
    std::unique_ptr<BulkForm> form;
    if (query(context, "select @@local_infile").at(0).at(0) == "1") {
        form = std::make_unique<DataForm>(open, into, columns);
    } else {
        form = std::make_unique<InsertForm>(open, into, columns);
    }
    return std::make_unique<ChunkLoader>(*this, std::move(form), columns, std::move(rejects));
}

}  // namespace rowhaul
