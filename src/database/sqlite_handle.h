// SPDX-License-Identifier: Apache-2.0
// An open SQLite file and its statements: the thin layer under the SQLite source and our own store.
// Every failure is a rowhaul::Error: locked by somebody else -> Unavailable, disk full -> Exhausted,
// constraint -> Conflict, no permission -> Denied, missing file -> NotFound, wrong SQL -> Invalid.
// One thread at a time.
#pragma once
#include "base/context.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>

namespace rowhaul {

enum class SqliteAccess : std::uint8_t {
    ReadOnly,   // the file must exist; nothing is ever written to it
    ReadWrite,  // the file must exist
    Create,     // made when it is missing
};

class SqliteHandle;

// A prepared statement; finalised when it goes, which must be before its handle does.
class SqliteStatement {
public:
    // Parameters count from 1. Texts and blobs are copied.
    void bind(int index, std::int64_t value);
    void bind(int index, double value);
    void bind(int index, std::string_view text);
    void bind_blob(int index, std::string_view bytes);
    void bind_null(int index);
    void bind(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
    void bind(int index, const char* text) { bind(index, std::string_view(text)); }
    void bind(int index, const std::string& text) { bind(index, std::string_view(text)); }
    void bind(int index, bool) = delete;
    void bind(int index, std::nullopt_t) { bind_null(index); }
    template <class T>
    void bind(int index, const std::optional<T>& value) {
        if (value) {
            bind(index, *value);
        } else {
            bind_null(index);
        }
    }
    // Binds 1, 2, ... in this order.
    template <class... Values>
    void bind_all(const Values&... values) {
        int index = 0;
        (bind(++index, values), ...);
    }

    // True when a row is there, false at the end.
    bool step();
    // Steps to the end, passing over rows, and resets.
    void run();
    // Ready to step again, with all parameters NULL.
    void reset() noexcept;

    // Columns count from 0. Views live until the next step, reset or read of the same column in
    // another form.
    int columns() const noexcept;
    std::string_view name(int column) const;
    bool is_null(int column) const noexcept;
    std::int64_t integer(int column) const noexcept;
    double real(int column) const noexcept;
    std::string_view text(int column) const;  // NULL reads as ""
    std::string_view blob(int column) const;
    std::optional<std::int64_t> optional_integer(int column) const;
    std::optional<std::string> optional_text(int column) const;

    sqlite3_stmt* raw() const noexcept { return statement_.get(); }

private:
    friend class SqliteHandle;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    SqliteStatement(SqliteHandle& handle, sqlite3_stmt* statement) : handle_(&handle), statement_(statement) {}
    void expect_ok(int code) const;

    SqliteHandle* handle_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteHandle {
public:
    // Waits up to `busy_timeout` wherever another connection holds a lock. `path` is a file name,
    // never a URI; ":memory:" works.
    SqliteHandle(std::string path, SqliteAccess access,
                 std::chrono::milliseconds busy_timeout = std::chrono::seconds(10));
    ~SqliteHandle();
    SqliteHandle(const SqliteHandle&) = delete;
    SqliteHandle& operator=(const SqliteHandle&) = delete;

    const std::string& path() const { return path_; }
    sqlite3* raw() const noexcept { return database_; }

    // Exactly one statement; anything but blanks and comments after it is Invalid.
    SqliteStatement prepare(std::string_view sql);
    // Any number of statements, one after the other; rows are passed over.
    void execute(std::string_view sql);
    // Puts the file into write-ahead mode, where readers and one writer do not wait for each other.
    // Waits for other connections as everywhere, also where SQLite's own change of mode would give
    // up at once: when two of them open a new file together.
    void use_write_ahead_log();
    // One statement with its parameters, to its end.
    template <class... Values>
    void run(std::string_view sql, const Values&... values) {
        auto statement = prepare(sql);
        statement.bind_all(values...);
        statement.run();
    }
    // Rows that the last insert, update or delete changed.
    std::int64_t changes() const noexcept { return sqlite3_changes64(database_); }
    std::int64_t last_insert_rowid() const noexcept { return sqlite3_last_insert_rowid(database_); }

    // While this lives, everything on the handle ends within milliseconds of a stop request or the
    // context's deadline, also waits for locks, and throws as Context::check does.
    class Watch {
    public:
        Watch(SqliteHandle& handle, const Context& context) noexcept : handle_(handle), outer_(handle.context_) {
            handle_.context_ = &context;
        }
        ~Watch() { handle_.context_ = outer_; }
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;

    private:
        SqliteHandle& handle_;
        const Context* outer_;
    };

    // Throws what a result code of SQLite's means, with SQLite's own message.
    [[noreturn]] void fail(int code) const;

private:
    static int on_progress(void* self) noexcept;
    static int on_busy(void* self, int tries) noexcept;
    // After the `tries`-th refusal (from 0): waits a little, or says that it was long enough.
    bool wait_for_others(int tries) noexcept;
    bool should_stop() const noexcept;

    std::string path_;
    std::chrono::milliseconds busy_timeout_;
    Context::Clock::time_point busy_since_;
    const Context* context_ = nullptr;
    sqlite3* database_ = nullptr;
};

enum class SqliteBegin : std::uint8_t {
    Deferred,   // takes locks when they are needed; the way to read
    Immediate,  // takes the write lock now, so that later statements cannot meet a deadlock
};

// Rolled back when it goes without commit().
class SqliteTransaction {
public:
    explicit SqliteTransaction(SqliteHandle& handle, SqliteBegin begin = SqliteBegin::Immediate);
    ~SqliteTransaction();
    SqliteTransaction(const SqliteTransaction&) = delete;
    SqliteTransaction& operator=(const SqliteTransaction&) = delete;
    void commit();

private:
    SqliteHandle& handle_;
    bool is_open_ = true;
};

}  // namespace rowhaul
