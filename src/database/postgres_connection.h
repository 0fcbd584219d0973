// SPDX-License-Identifier: Apache-2.0
// One connection to a PostgreSQL server: libpq without blocking. Every call ends within milliseconds
// of a stop request, throwing as Context::check does, and gives up with Unavailable when the server
// is silent for the time-out. After a throw only the destructor may follow, except where said.
#pragma once
#include "base/context.h"
#include "database/postgres_options.h"

#include <cstdint>
#include <libpq-fe.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// A complaint of the server's with its SQLSTATE, for callers that know better what it means where
// they are.
class PostgresError : public Error {
public:
    PostgresError(ErrorKind kind, std::string message, std::string state)
        : Error(kind, std::move(message)), state_(std::move(state)) {}
    const std::string& state() const noexcept { return state_; }

private:
    std::string state_;
};

class PostgresConnection {
public:
    using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;
    using Parameters = std::vector<std::optional<std::string>>;

    // Resolves, connects and logs in, telling context.step each.
    PostgresConnection(const Context&, const PostgresOptions&);
    // Asks the server to give up a command that still runs, without waiting long for an answer.
    ~PostgresConnection();
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;

    // "db.example.com:5432", for messages.
    const std::string& place() const { return place_; }
    PGconn* raw() const noexcept { return connection_.get(); }
    // No command runs, no transaction is open, the line is not known to be broken.
    bool is_idle() const noexcept;

    // Several statements without parameters; the results are thrown away.
    void run(const Context&, const std::string& statements);
    // One statement. After an error of the server's own the connection may be used again.
    Result query(const Context&, const std::string& sql, const Parameters& parameters = {});
    // What one statement would return, and that it is one; it does not run. Failures of the server's
    // own are returned, see is_failure.
    Result describe(const Context&, const std::string& sql);

    // Starts `copy ... to stdout`. Likewise.
    void start_copy(const Context&, const std::string& sql);
    // The next row as the server sent it, with the line end, alive until the next call; nothing at
    // the true end, when the server has confirmed as many rows as it sent.
    std::optional<std::string_view> next_row(const Context&);

    // Starts `copy ... from stdin`, takes rows as the server wants them, ends it: the rows that it took.
    void start_copy_in(const Context&, const std::string& sql);
    void put_rows(const Context&, std::string_view rows);
    std::uint64_t end_copy_in(const Context&);

    // The server's complaint as an Error; `sql` is what a position in it refers to.
    PostgresError error_of(const PGresult*, std::string_view sql = {}) const;

private:
    struct FreeMemory {
        void operator()(char* memory) const noexcept { PQfreemem(memory); }
    };
    void connect(const Context&, const PostgresOptions&, const std::string& address);
    void finish_connecting(const Context&, const PostgresOptions&);
    [[noreturn]] void refuse_connection(const PostgresOptions&) const;
    void flush(const Context&);
    void wait_for_input(const Context&);
    Result next_result(const Context&);
    Result last_result(const Context&);
    Result good_result(const Context&, std::string_view sql);
    void end_copy(const Context&);
    [[noreturn]] void lost() const;

    std::string place_;
    std::chrono::milliseconds timeout_;
    TlsVerifier verifier_;  // outlives the connection
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, &PQfinish};
    std::unique_ptr<char, FreeMemory> row_;
    std::uint64_t rows_ = 0;
    bool is_running_ = false;  // a command was sent whose last result has not arrived
};

bool is_failure(const PGresult*);
// The rows that a command changed or copied.
std::uint64_t rows_of(const PGresult*);
// The SQLSTATE of a result, "" when it has none.
std::string_view sql_state(const PGresult*);
// The byte of `sql` that the server complains about.
std::optional<std::size_t> error_offset(const PGresult*, std::string_view sql);

}  // namespace rowhaul
