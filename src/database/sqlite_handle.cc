// SPDX-License-Identifier: Apache-2.0
#include "database/sqlite_handle.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/stat.h>
#include <thread>
#include <utility>

namespace rowhaul {

namespace {

// A step of the virtual machine costs some nanoseconds: this often means every few milliseconds at most.
constexpr int steps_between_checks = 50'000;

int flags_for(SqliteAccess access) {
    constexpr int always = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    switch (access) {
        case SqliteAccess::ReadOnly:
            return always | SQLITE_OPEN_READONLY;
        case SqliteAccess::ReadWrite:
            return always | SQLITE_OPEN_READWRITE;
        case SqliteAccess::Create:
            return always | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    }
    return always | SQLITE_OPEN_READONLY;
}

ErrorKind kind_of(int code) {
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
        case SQLITE_IOERR:
        case SQLITE_SCHEMA:
            return ErrorKind::Unavailable;
        case SQLITE_FULL:
        case SQLITE_NOMEM:
            return ErrorKind::Exhausted;
        case SQLITE_CONSTRAINT:
            return ErrorKind::Conflict;
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
            return ErrorKind::Denied;
        case SQLITE_INTERRUPT:
            return ErrorKind::Cancelled;
        case SQLITE_MISUSE:
        case SQLITE_INTERNAL:
            return ErrorKind::Internal;
        default:
            return ErrorKind::Invalid;
    }
}

std::string advice_for(int code) {
    if (code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY) {
        return "A program that wrote to this file did not end properly; let it open the file once, then try again.";
    }
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "Another program is writing to this file; try again later, or raise 'busy_timeout'.";
        case SQLITE_FULL:
            return "Make room on the disk of this file, or on that of temporary files (/var/tmp, or where "
                   "SQLITE_TMPDIR "
                   "or TMPDIR says).";
        case SQLITE_IOERR:
            return "The disk of this file may be full, damaged or gone; the system's log says more.";
        case SQLITE_NOTADB:
            return "Look at 'path': this file is something else, or an encrypted database.";
        case SQLITE_CORRUPT:
            return "Check the file with: sqlite3 FILE 'pragma integrity_check'.";
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
            return "Check the permissions of the file and of its folder (a database in WAL mode needs a writable "
                   "folder).";
        default:
            return {};
    }
}

}  // namespace

SqliteHandle::SqliteHandle(std::string path, SqliteAccess access, std::chrono::milliseconds busy_timeout)
    : path_(std::move(path)), busy_timeout_(busy_timeout) {
    const int code = sqlite3_open_v2(path_.c_str(), &database_, flags_for(access), nullptr);
    if (code != SQLITE_OK) {
        // The object was not made, so its destructor will not close this.
        const std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)> closer(database_, &sqlite3_close_v2);
        struct stat info {};
        if (::stat(path_.c_str(), &info) != 0 && errno == ENOENT && access != SqliteAccess::Create) {
            throw Error(ErrorKind::NotFound, path_ + ": no such file").advise("Look at 'path'.");
        }
        fail(code);
    }
    sqlite3_progress_handler(database_, steps_between_checks, &on_progress, this);
    sqlite3_busy_handler(database_, &on_busy, this);
}

SqliteHandle::~SqliteHandle() {
    sqlite3_close_v2(database_);
}

bool SqliteHandle::should_stop() const noexcept {
    return context_ != nullptr &&
           ((context_->stop != nullptr && context_->stop->requested()) ||
            (context_->deadline != Context::Clock::time_point::max() && Context::Clock::now() > context_->deadline));
}

int SqliteHandle::on_progress(void* self) noexcept {
    return static_cast<SqliteHandle*>(self)->should_stop() ? 1 : 0;
}

int SqliteHandle::on_busy(void* self, int tries) noexcept {
    return static_cast<SqliteHandle*>(self)->wait_for_others(tries) ? 1 : 0;
}

bool SqliteHandle::wait_for_others(int tries) noexcept {
    const auto now = Context::Clock::now();
    if (tries == 0) {
        busy_since_ = now;
    }
    if (should_stop() || now - busy_since_ >= busy_timeout_) {
        return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(1 + tries, 25)));
    return true;
}

void SqliteHandle::fail(int code) const {
    if (should_stop()) {
        context_->check();
    }
    const char* message = database_ != nullptr && code != SQLITE_MISUSE ? sqlite3_errmsg(database_) : nullptr;
    throw Error(kind_of(code), path_ + ": " + (message != nullptr ? message : sqlite3_errstr(code)))
        .advise(advice_for(code));
}

SqliteStatement SqliteHandle::prepare(std::string_view sql) {
    sqlite3_stmt* made = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), 0, &made, &tail);
    if (code != SQLITE_OK) {
        fail(code);
    }
    SqliteStatement statement(*this, made);
    if (made == nullptr) {
        throw Error(ErrorKind::Invalid, path_ + ": there is no SQL statement");
    }
    // SQLite itself knows best what is a blank or a comment: those make no statement.
    const std::string_view rest(tail, static_cast<std::size_t>(sql.data() + sql.size() - tail));
    sqlite3_stmt* second = nullptr;
    const int rest_code =
        sqlite3_prepare_v3(database_, rest.data(), static_cast<int>(rest.size()), 0, &second, nullptr);
    sqlite3_finalize(second);
    if (rest_code != SQLITE_OK || second != nullptr) {
        throw Error(ErrorKind::Invalid, path_ + ": more than one SQL statement");
    }
    return statement;
}

void SqliteHandle::execute(std::string_view sql) {
    while (!sql.empty()) {
        sqlite3_stmt* made = nullptr;
        const char* tail = nullptr;
        const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), 0, &made, &tail);
        if (code != SQLITE_OK) {
            fail(code);
        }
        if (made == nullptr) {
            return;  // only blanks and comments are left
        }
        SqliteStatement statement(*this, made);
        statement.run();
        sql.remove_prefix(static_cast<std::size_t>(tail - sql.data()));
    }
}

void SqliteHandle::use_write_ahead_log() {
    // SQLite reads the file first and then wants it for itself; two that do so would wait for each
    // other for ever, so it does not ask its busy handler there.
    for (int tries = 0;; ++tries) {
        auto change = prepare("pragma journal_mode = wal");
        const int code = sqlite3_step(change.raw());
        if (code == SQLITE_ROW || code == SQLITE_DONE) {
            return;
        }
        if ((code & 0xff) != SQLITE_BUSY || !wait_for_others(tries)) {
            fail(code);
        }
    }
}

void SqliteStatement::expect_ok(int code) const {
    if (code != SQLITE_OK) {
        handle_->fail(code);
    }
}

void SqliteStatement::bind(int index, std::int64_t value) {
    expect_ok(sqlite3_bind_int64(raw(), index, value));
}

void SqliteStatement::bind(int index, double value) {
    expect_ok(sqlite3_bind_double(raw(), index, value));
}

void SqliteStatement::bind(int index, std::string_view text) {
    const char* data = text.empty() ? "" : text.data();
    expect_ok(sqlite3_bind_text64(raw(), index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void SqliteStatement::bind_blob(int index, std::string_view bytes) {
    const char* data = bytes.empty() ? "" : bytes.data();
    expect_ok(sqlite3_bind_blob64(raw(), index, data, bytes.size(), SQLITE_TRANSIENT));
}

void SqliteStatement::bind_null(int index) {
    expect_ok(sqlite3_bind_null(raw(), index));
}

bool SqliteStatement::step() {
    const int code = sqlite3_step(raw());
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code != SQLITE_DONE) {
        handle_->fail(code);
    }
    return false;
}

void SqliteStatement::run() {
    while (step()) {
    }
    reset();
}

void SqliteStatement::reset() noexcept {
    sqlite3_reset(raw());
    sqlite3_clear_bindings(raw());
}

int SqliteStatement::columns() const noexcept {
    return sqlite3_column_count(raw());
}

std::string_view SqliteStatement::name(int column) const {
    const char* name = sqlite3_column_name(raw(), column);
    if (name == nullptr) {
        handle_->fail(SQLITE_NOMEM);
    }
    return name;
}

bool SqliteStatement::is_null(int column) const noexcept {
    return sqlite3_column_type(raw(), column) == SQLITE_NULL;
}

std::int64_t SqliteStatement::integer(int column) const noexcept {
    return sqlite3_column_int64(raw(), column);
}

double SqliteStatement::real(int column) const noexcept {
    return sqlite3_column_double(raw(), column);
}

std::string_view SqliteStatement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(raw(), column));
    if (data == nullptr) {
        if (sqlite3_errcode(handle_->raw()) == SQLITE_NOMEM) {
            handle_->fail(SQLITE_NOMEM);
        }
        return "";
    }
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(raw(), column))};
}

std::string_view SqliteStatement::blob(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(raw(), column));
    if (data == nullptr) {
        return "";
    }
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(raw(), column))};
}

std::optional<std::int64_t> SqliteStatement::optional_integer(int column) const {
    if (is_null(column)) {
        return {};
    }
    return integer(column);
}

std::optional<std::string> SqliteStatement::optional_text(int column) const {
    if (is_null(column)) {
        return {};
    }
    return std::string(text(column));
}

SqliteTransaction::SqliteTransaction(SqliteHandle& handle, SqliteBegin begin) : handle_(handle) {
    handle_.execute(begin == SqliteBegin::Immediate ? "begin immediate" : "begin");
}

SqliteTransaction::~SqliteTransaction() {
    // After some failures SQLite has rolled back by itself.
    if (is_open_ && sqlite3_get_autocommit(handle_.raw()) == 0) {
        sqlite3_exec(handle_.raw(), "rollback", nullptr, nullptr, nullptr);
    }
}

void SqliteTransaction::commit() {
    handle_.execute("commit");
    is_open_ = false;
}

}  // namespace rowhaul
