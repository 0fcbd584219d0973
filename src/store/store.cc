// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "store/named_queries.h"
#include "store/store_sql.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <unistd.h>

namespace rowhaul {

namespace {

constexpr std::array<std::string_view, 3> state_names{"running", "committing", "ended"};
constexpr std::array<std::string_view, 6> outcome_names{"succeeded", "partial",   "empty",
                                                        "failed",    "cancelled", "interrupted"};
constexpr std::array<std::string_view, 3> file_state_names{"pending", "complete", "published"};

template <class Enum, std::size_t Size>
Enum from_name(const std::array<std::string_view, Size>& names, std::string_view name) {
    for (std::size_t i = 0; i < Size; ++i) {
        if (names[i] == name) {
            return static_cast<Enum>(i);
        }
    }
    throw Error(ErrorKind::Internal, fmt::format("the store holds an unknown word \"{}\"", name));
}

template <std::size_t Size, class Enum>
std::string_view to_name(const std::array<std::string_view, Size>& names, Enum value) {
    return names[static_cast<std::size_t>(value)];
}

std::optional<std::string_view> null_if_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

std::int64_t signed_count(std::uint64_t count) {
    return static_cast<std::int64_t>(count);
}
std::uint64_t count(std::int64_t stored) {
    return static_cast<std::uint64_t>(stored);
}

std::string store_path(const std::filesystem::path& home) {
    std::error_code failure;
    // Rejected rows lie here, and files on their way: nobody else's business.
    if (std::filesystem::create_directories(home, failure)) {
        std::filesystem::permissions(home, std::filesystem::perms::owner_all, failure);
    }
    if (failure) {
        throw Error(failure == std::errc::no_space_on_device ? ErrorKind::Exhausted : ErrorKind::Denied,
                    fmt::format("cannot make the home folder {}: {}", home.string(), failure.message()))
            .advise("Choose another folder with --home.");
    }
    return (home / "rowhaul.db").string();
}

bool is_published(const StoredFile& file) {
    return file.state == FileState::Published;
}

const NamedQueries& queries() {
    static const NamedQueries all(store_sql::queries_sql);
    return all;
}

const std::array migrations{store_sql::n0001_executions_sql,  store_sql::n0002_source_files_sql,
                            store_sql::n0003_cursors_sql,     store_sql::n0004_late_rows_sql,
                            store_sql::n0005_cursor_rows_sql, store_sql::n0006_backfills_sql};

}  // namespace

std::string_view name_of(ExecutionState state) {
    return to_name(state_names, state);
}
std::string_view name_of(RunOutcome outcome) {
    return to_name(outcome_names, outcome);
}
bool has_arrived(RunOutcome outcome) {
    return outcome == RunOutcome::Succeeded || outcome == RunOutcome::Partial || outcome == RunOutcome::Empty;
}

Store::Store(const std::filesystem::path& home) : database_(store_path(home), SqliteAccess::Create) {
    database_.use_write_ahead_log();
    database_.execute("pragma synchronous = full; pragma foreign_keys = on");
    migrate();
}

int Store::newest_version() {
    return static_cast<int>(migrations.size());
}

void Store::migrate() {
    const auto version = [this] {
        auto statement = database_.prepare("pragma user_version");
        statement.step();
        return statement.integer(0);
    };
    if (version() == newest_version()) {
        return;
    }
    SqliteTransaction transaction(database_);
    const auto present = version();
    if (present > newest_version()) {
        throw Error(ErrorKind::Conflict,
                    fmt::format("{} was written by a newer Rowhaul (version {} of its layout; this program knows {})",
                                database_.path(), present, newest_version()))
            .advise("Use the newer program, or another --home.");
    }
    for (auto next = present; next < newest_version(); ++next) {
        database_.execute(migrations[static_cast<std::size_t>(next)]);
    }
    database_.execute(fmt::format("pragma user_version = {}", newest_version()));
    transaction.commit();
}

SqliteStatement Store::query(std::string_view name) {
    return database_.prepare(queries().sql(name));
}

void Store::begin(const ExecutionRecord& record) {
    auto statement = query("begin_execution");
    statement.bind_all(record.id, null_if_empty(record.parent), null_if_empty(record.task),
                       null_if_empty(record.mapping), record.kind, record.cause, utc_text(record.started),
                       static_cast<std::int64_t>(::getpid()));
    statement.run();
}

void Store::committing(const std::string& id, const std::vector<StoredFile>& files, const std::string& waybill) {
    SqliteTransaction transaction(database_);
    for (std::size_t place = 0; place < files.size(); ++place) {
        put_file(id, place, files[place]);
    }
    auto statement = query("commit_execution");
    statement.bind_all(id, waybill);
    statement.run();
    transaction.commit();
}

void Store::end(const ExecutionRecord& record, const std::vector<StoredFile>& files,
                std::optional<std::uint64_t> sequence) {
    SqliteTransaction transaction(database_);
    auto drop = query("drop_files");
    drop.bind(1, record.id);
    drop.run();
    for (std::size_t place = 0; place < files.size(); ++place) {
        put_file(record.id, place, files[place]);
    }
    auto statement = query("end_execution");
    const auto outcome = record.outcome.value_or(RunOutcome::Failed);
    statement.bind_all(record.id, name_of(outcome), utc_text(record.ended.value_or(record.started)),
                       signed_count(record.rows_read), null_if_empty(record.message), null_if_empty(record.waybill),
                       std::ranges::all_of(files, is_published) ? 1 : 0);
    statement.run();
    if (sequence) {
        auto counter = query("set_sequence");
        counter.bind_all(record.mapping, signed_count(*sequence));
        counter.run();
    }
    settle_progress(record.mapping, record.id, outcome);
    transaction.commit();
}

void Store::settle_progress(const std::string& mapping, const std::string& id, RunOutcome outcome) {
    const auto run = [&](std::string_view step) {
        auto statement = query(step);
        statement.bind_all(mapping, id);
        statement.run();
    };
    if (has_arrived(outcome)) {
        run("drop_earlier_cursors");
        run("count_cursor");
        run("drop_earlier_backfills");
        run("count_backfill");
    } else {
        run("drop_cursor");
        run("drop_backfill");
    }
}

void Store::stage_backfill(const std::string& id, const std::string& mapping, const StoredBackfill& backfill) {
    auto statement = query("stage_backfill");
    statement.bind_all(id, mapping, backfill.command, signed_count(backfill.done), signed_count(backfill.of));
    statement.run();
}

std::optional<StoredBackfill> Store::backfill(const std::string& mapping) {
    auto statement = query("backfill");
    statement.bind(1, mapping);
    if (!statement.step()) {
        return {};
    }
    return StoredBackfill{.command = std::string(statement.text(0)),
                          .done = count(statement.integer(1)),
                          .of = count(statement.integer(2))};
}

void Store::stage_cursor(const std::string& id, const std::string& mapping, const StoredCursor& cursor) {
    auto statement = query("stage_cursor");
    statement.bind_all(id, mapping, cursor.subject, cursor.kind, cursor.value, cursor.low);
    statement.run();
}

std::optional<StoredCursor> Store::cursor(const std::string& mapping) {
    auto statement = query("cursor");
    statement.bind(1, mapping);
    if (!statement.step()) {
        return {};
    }
    return StoredCursor{.subject = std::string(statement.text(0)),
                        .kind = std::string(statement.text(1)),
                        .value = std::string(statement.text(2)),
                        .low = std::string(statement.text(3))};
}

void Store::stage_cursor_rows(const std::string& id, const std::string& mapping, std::int64_t place,
                              std::string_view rows) {
    auto statement = query("stage_cursor_rows");
    statement.bind_all(mapping, id, place, rows);
    statement.run();
}

void Store::each_cursor_rows(const std::string& mapping, const std::function<void(std::string_view)>& take) {
    auto statement = query("cursor_rows");
    statement.bind(1, mapping);
    while (statement.step()) {
        take(statement.text(0));
    }
}

void Store::forget_backfill(const std::string& mapping) {
    auto statement = query("forget_backfill");
    statement.bind(1, mapping);
    statement.run();
}

std::vector<ExecutionRecord> Store::executions(SqliteStatement statement) {
    std::vector<ExecutionRecord> found;
    while (statement.step()) {
        ExecutionRecord record;
        record.id = statement.text(0);
        record.parent = statement.text(1);
        record.task = statement.text(2);
        record.mapping = statement.text(3);
        record.kind = statement.text(4);
        record.cause = statement.text(5);
        record.state = from_name<ExecutionState>(state_names, statement.text(6));
        if (!statement.is_null(7)) {
            record.outcome = from_name<RunOutcome>(outcome_names, statement.text(7));
        }
        record.started = parse_utc(statement.text(8));
        if (!statement.is_null(9)) {
            record.ended = parse_utc(statement.text(9));
        }
        record.rows_read = count(statement.integer(10));
        record.message = statement.text(11);
        record.waybill = statement.text(12);
        found.push_back(std::move(record));
    }
    return found;
}

std::optional<ExecutionRecord> Store::execution(const std::string& id) {
    auto statement = query("execution");
    statement.bind(1, id);
    auto found = executions(std::move(statement));
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

ExecutionRecord Store::execution_like(const std::string& beginning) {
    auto statement = query("executions_like");
    statement.bind(1, beginning);
    std::vector<std::string> ids;
    while (statement.step()) {
        ids.emplace_back(statement.text(0));
    }
    if (ids.empty() || beginning.find_first_of("%_") != std::string::npos) {
        throw Error(ErrorKind::NotFound, fmt::format("there is no execution {}", beginning))
            .advise("`rowhaul history` lists them.");
    }
    if (ids.size() > 1) {
        throw Error(ErrorKind::Invalid, fmt::format("several executions begin with {}", beginning))
            .advise("Give more characters of its id.");
    }
    return *execution(ids.front());
}

std::optional<ExecutionRecord> Store::latest(const std::string& name) {
    auto statement = query("latest_execution");
    statement.bind(1, null_if_empty(name));
    auto found = executions(std::move(statement));
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::vector<ExecutionRecord> Store::history(const std::string& name, std::uint32_t at_most) {
    auto statement = query("history");
    statement.bind_all(null_if_empty(name), static_cast<std::int64_t>(at_most));
    return executions(std::move(statement));
}

std::vector<ExecutionRecord> Store::children(const std::string& id) {
    auto statement = query("children");
    statement.bind(1, id);
    return executions(std::move(statement));
}

std::vector<ExecutionRecord> Store::unfinished(const std::string& name) {
    auto statement = query("unfinished");
    statement.bind(1, name);
    return executions(std::move(statement));
}

std::vector<ExecutionRecord> Store::unfinished_tests() {
    return executions(query("unfinished_tests"));
}

std::vector<ExecutionRecord> Store::uncleaned(const std::string& mapping) {
    auto statement = query("uncleaned");
    statement.bind(1, mapping);
    return executions(std::move(statement));
}

void Store::mark_cleaned(const std::string& id) {
    auto statement = query("mark_cleaned");
    statement.bind(1, id);
    statement.run();
}

std::vector<StoredFile> Store::files(const std::string& id) {
    auto statement = query("files");
    statement.bind(1, id);
    std::vector<StoredFile> found;
    while (statement.step()) {
        found.push_back({.name = std::string(statement.text(0)),
                         .state = from_name<FileState>(file_state_names, statement.text(1)),
                         .bytes = count(statement.integer(2)),
                         .rows = count(statement.integer(3)),
                         .md5 = std::string(statement.text(4)),
                         .sha256 = std::string(statement.text(5))});
    }
    return found;
}

void Store::put_file(const std::string& id, std::size_t place, const StoredFile& file) {
    auto statement = query("put_file");
    statement.bind_all(id, signed_count(place), file.name, to_name(file_state_names, file.state),
                       signed_count(file.bytes), signed_count(file.rows), file.md5, file.sha256);
    statement.run();
}

void Store::add_rejects(const std::string& id, std::uint64_t first_place, const std::vector<Reject>& rejects) {
    SqliteTransaction transaction(database_);
    auto statement = query("add_reject");
    for (const auto& reject : rejects) {
        statement.bind_all(id, signed_count(first_place++), signed_count(reject.row), reject.reason, reject.field,
                           reject.value, reject.message, reject.key, reject.file, signed_count(reject.line),
                           reject.raw);
        statement.run();
    }
    transaction.commit();
}

void Store::each_reject(const std::string& id, const std::function<void(const Reject&)>& take) {
    auto statement = query("rejects");
    statement.bind(1, id);
    while (statement.step()) {
        take({.row = count(statement.integer(0)),
              .reason = std::string(statement.text(1)),
              .field = std::string(statement.text(2)),
              .value = std::string(statement.text(3)),
              .message = std::string(statement.text(4)),
              .key = std::string(statement.text(5)),
              .file = std::string(statement.text(6)),
              .line = count(statement.integer(7)),
              .raw = std::string(statement.text(8))});
    }
}

void Store::drop_rejects(const std::string& id) {
    auto statement = query("drop_rejects");
    statement.bind(1, id);
    statement.run();
}

void Store::put_source_files(const std::string& id, const std::string& mapping,
                             const std::vector<StoredSourceFile>& files) {
    SqliteTransaction transaction(database_);
    auto drop = query("drop_source_files");
    drop.bind(1, id);
    drop.run();
    auto statement = query("put_source_file");
    for (std::size_t place = 0; place < files.size(); ++place) {
        const auto& file = files[place];
        statement.bind_all(id, signed_count(place), mapping, file.name, signed_count(file.bytes), file.modified,
                           file.seen, file.sha256, file.header);
        statement.run();
    }
    transaction.commit();
}

std::vector<StoredSourceFile> Store::source_files_of(SqliteStatement statement) {
    std::vector<StoredSourceFile> found;
    while (statement.step()) {
        found.push_back({.name = std::string(statement.text(0)),
                         .bytes = count(statement.integer(1)),
                         .modified = statement.is_null(2) ? std::nullopt : std::optional(statement.integer(2)),
                         .seen = statement.integer(3),
                         .sha256 = std::string(statement.text(4)),
                         .header = std::string(statement.text(5))});
    }
    return found;
}

std::vector<StoredSourceFile> Store::source_files(const std::string& id) {
    auto statement = query("source_files");
    statement.bind(1, id);
    return source_files_of(std::move(statement));
}

std::string Store::taken_by(const std::string& mapping, const std::string& sha256) {
    auto statement = query("taken_by");
    statement.bind_all(mapping, sha256);
    return statement.step() ? std::string(statement.text(0)) : std::string();
}

std::optional<StoredSourceFile> Store::latest_source_file(const std::string& mapping, const std::string& name) {
    auto statement = query("latest_source_file");
    statement.bind_all(mapping, name);
    auto found = source_files_of(std::move(statement));
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::optional<Moment> Store::last_success(const std::string& mapping) {
    auto statement = query("last_success");
    statement.bind(1, mapping);
    return statement.step() ? std::optional(parse_utc(statement.text(0))) : std::nullopt;
}

std::uint64_t Store::last_sequence(const std::string& mapping) {
    auto statement = query("last_sequence");
    statement.bind(1, mapping);
    return statement.step() ? count(statement.integer(0)) : 0;
}

}  // namespace rowhaul
