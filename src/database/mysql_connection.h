// SPDX-License-Identifier: Apache-2.0
// One logged-in session on a MySQL or MariaDB server, over libmariadb. Every wait for the network
// ends within milliseconds of a stop request, and when the server is silent for too long.
#pragma once
#include "base/context.h"
#include "database/mysql_options.h"

#include <functional>
#include <memory>
#include <mysql.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

using MysqlTexts = std::vector<std::optional<std::string>>;

// An answer of the server or the library with its error number, for callers that know better what
// it means where they are.
class MysqlError : public Error {
public:
    MysqlError(ErrorKind kind, std::string message, unsigned number)
        : Error(kind, std::move(message)), number_(number) {}
    unsigned number() const noexcept { return number_; }

private:
    unsigned number_;
};

enum class MysqlAccess : std::uint8_t {
    ReadOnly,   // and an empty sql_mode, so that a query means the same on every server
    ReadWrite,  // strict, with no escapes in texts beside the doubled quote
    None,       // as the server begins a session; to end others
};

class MysqlConnection {
public:
    // Connects, logs in and prepares the session: UTC, UTF-8. Tells context.step. Throws NotFound (host, database),
    // Denied (credentials, certificate), Unavailable.
    MysqlConnection(const Context&, const MysqlOptions&, MysqlAccess access = MysqlAccess::ReadOnly);
    // Hangs up; what the server still sends is not read, and what it still computes is stopped.
    ~MysqlConnection();
    MysqlConnection(const MysqlConnection&) = delete;
    MysqlConnection& operator=(const MysqlConnection&) = delete;

    // Runs a statement of ours; its rows, if any, must be few.
    std::vector<MysqlTexts> run(const Context&, std::string_view statement);
    // The rows that a statement of ours changed.
    std::uint64_t change(const Context&, std::string_view statement);
    // The same for a `load data local infile` statement, whose file is `rows`; with the warnings that
    // the server has after it.
    struct Loaded {
        std::uint64_t rows = 0;
        std::uint64_t warnings = 0;
    };
    Loaded load(const Context&, std::string_view statement, std::string_view rows);
    // Replaces the prepared statement; it can only be one that has columns.
    void prepare(const Context&, std::string_view statement);
    // The columns of the prepared statement; empty when it has none.
    std::vector<MYSQL_FIELD> fields() const;
    // Starts the prepared statement inside a snapshot that sees one moment of the database.
    void execute(const Context&);
    // Hands over the rows of the executed statement as they come over the wire (packets of the
    // binary protocol), each valid during the call, until `take` returns false: then the result is
    // true, and the next call goes on. False at the end, after which the transaction is over.
    bool fetch(const Context&, const std::function<bool(std::string_view row)>& take);
    // Whether the session still stands, on both sides.
    bool alive(const Context&);
    bool is_mariadb() { return mariadb_connection(&mysql_) != 0; }
    // Nothing more can be asked: a call failed halfway or rows were left unread.
    bool broken() const { return broken_; }

private:
    bool protects(const std::string& address) const;
    void configure(const std::string& address);
    void offer_rows();
    void connect(const Context&);
    // `address` is "" for the socket.
    bool try_address(const Context&, const std::string& address);
    [[noreturn]] void refuse_connection();
    void prepare_session(const Context&);
    std::vector<std::string> near_databases(const Context&);
    void close_statement();
    void stop_server() noexcept;
    // Calls the library, which waits through the hook in the source file.
    void call(const Context&, std::chrono::milliseconds silence, const std::function<bool()>& work);
    [[noreturn]] void fail();

    const MysqlOptions& options_;
    const MysqlAccess access_;
    std::string where_;
    TlsVerifier verifier_;  // outlives the connection
    MYSQL mysql_;
    MYSQL_STMT* statement_ = nullptr;
    std::uint64_t rows_ = 0;  // fetched of the executed statement
    std::chrono::steady_clock::time_point connect_until_;
    std::string_view rows_to_load_;
    bool executing_ = false;
    bool broken_ = false;
};

}  // namespace rowhaul
