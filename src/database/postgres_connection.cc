// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_connection.h"

#include "database/sql_position.h"
#include "net/resolve.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <future>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace rowhaul {

namespace {

using std::chrono::milliseconds;

// By the class and number of https://www.postgresql.org/docs/current/errcodes-appendix.html
ErrorKind kind_of(std::string_view state) {
    const auto begins = [&](std::initializer_list<std::string_view> prefixes) {
        return std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) { return state.starts_with(prefix); });
    };
    if (begins({"28", "42501"})) {
        return ErrorKind::Denied;
    }
    if (begins({"3D", "3F", "42P01", "42703"})) {
        return ErrorKind::NotFound;
    }
    if (begins({"53100", "53400", "54"})) {
        return ErrorKind::Exhausted;
    }
    if (begins({"08", "53", "55006", "55P03", "57", "40", "58"})) {
        return ErrorKind::Unavailable;
    }
    return ErrorKind::Invalid;
}

bool is_folder(const std::string& host) {
    return host.starts_with('/') || host.starts_with('@');
}

// "FATAL:  28P01: password authentication failed" -> 28P01, the server's own words.
struct Complaint {
    std::string state;
    std::string message;
};
Complaint complaint_of(std::string_view text) {
    const auto is_state_character = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    Complaint complaint;
    for (std::size_t colon = text.find(":  "); colon != std::string_view::npos; colon = text.find(":  ", colon + 1)) {
        const auto state = text.substr(colon + 3, 5);
        if (state.size() == 5 && text.substr(colon + 8, 2) == ": " &&
            std::all_of(state.begin(), state.end(), is_state_character)) {
            complaint.state = state;
            text.remove_prefix(colon + 10);
            break;
        }
    }
    complaint.message = text.substr(0, text.find('\n'));
    return complaint;
}

std::string field(const PGresult* result, int which) {
    const char* text = PQresultErrorField(result, which);
    return text != nullptr ? text : "";
}

// PQcancel blocks for as long as the network likes, so it has a thread of its own; whoever is
// waiting for the end of a run waits only this long for it.
void cancel_in_background(PGconn* connection) noexcept {
    constexpr milliseconds patience{300};
    PGcancel* const request = PQgetCancel(connection);
    if (request == nullptr) {
        return;
    }
    try {
        const auto done = std::make_shared<std::promise<void>>();
        auto is_done = done->get_future();
        std::thread([request, done] {
            std::array<char, 256> complaint{};
            PQcancel(request, complaint.data(), complaint.size());
            PQfreeCancel(request);
            done->set_value();
        }).detach();
        is_done.wait_for(patience);
    } catch (const std::exception&) {
        PQfreeCancel(request);  // no thread was started; the server will notice the closed line
    }
}

}  // namespace

bool is_failure(const PGresult* result) {
    const auto status = PQresultStatus(result);
    return result != nullptr && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_OUT &&
           status != PGRES_COPY_IN;
}

std::optional<std::size_t> error_offset(const PGresult* result, std::string_view sql) {
    const char* text = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    std::size_t character = 0;
    if (text == nullptr || std::from_chars(text, text + std::strlen(text), character).ec != std::errc()) {
        return {};
    }
    return byte_offset(sql, character);
}

std::uint64_t rows_of(const PGresult* result) {
    const std::string_view tag = PQcmdTuples(const_cast<PGresult*>(result));
    std::uint64_t rows = 0;
    std::from_chars(tag.data(), tag.data() + tag.size(), rows);
    return rows;
}

std::string_view sql_state(const PGresult* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state != nullptr ? state : "";
}

PostgresConnection::PostgresConnection(const Context& context, const PostgresOptions& options)
    : place_(is_folder(options.host) ? options.host + "/.s.PGSQL." + std::to_string(options.port)
                                     : options.host + ":" + std::to_string(options.port)),
      timeout_(options.timeout),
      verifier_(options, options.host) {
    if (options.host.empty() || options.database.empty()) {
        throw Error(ErrorKind::Invalid, "a PostgreSQL connection needs 'host' and 'database'");
    }
    if (is_folder(options.host)) {
        connect(context, options, "");
        return;
    }
    const auto addresses = resolve(context, options.host, options.connect_timeout);
    std::string found;
    for (const auto& address : addresses) {
        found += (found.empty() ? "" : ", ") + address;
    }
    context.step("resolve name", found);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        try {
            connect(context, options, addresses[i]);
            return;
        } catch (const Error& error) {
            if (!error.is_transient() || i + 1 == addresses.size()) {
                throw;
            }
            context.log(Level::Info, std::string(error.what()) + "; trying the next address");
        }
    }
}

PostgresConnection::~PostgresConnection() {
    if (is_running_ && PQstatus(connection_.get()) == CONNECTION_OK) {
        cancel_in_background(connection_.get());
    }
}

bool PostgresConnection::is_idle() const noexcept {
    return !is_running_ && PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

void PostgresConnection::connect(const Context& context, const PostgresOptions& options, const std::string& address) {
    const bool with_tls = !address.empty() && uses_tls(options, address);
    std::vector<std::pair<const char*, std::string>> settings = {
        {"host", options.host},
        {"port", std::to_string(options.port)},
        {"dbname", options.database},
        {"user", options.user},
        {"password", options.password.value},
        {"passfile", "/nonexistent"},  // what is not configured is not used
        {"application_name", "rowhaul"},
        {"client_encoding", "UTF8"},
        {"sslmode", with_tls ? "require" : "disable"},
        {"sslrootcert", "/nonexistent"},  // the verifier decides, not the library
        {"sslcert", options.tls_certificate.empty() ? "/nonexistent" : options.tls_certificate},
        {"sslkey", options.tls_key.empty() ? "/nonexistent" : options.tls_key},
        {"gssencmode", "disable"},
        {"keepalives", "1"},
        {"keepalives_idle", "30"},
        {"keepalives_interval", "10"},
        {"keepalives_count", "6"},
    };
    if (!address.empty()) {
        settings.emplace_back("hostaddr", address);
    }
    std::vector<const char*> names;
    std::vector<const char*> values;
    for (const auto& [name, value] : settings) {
        names.push_back(name);
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(names.data(), values.data(), 0));
    if (!connection_) {
        throw Error(ErrorKind::Exhausted, place_ + ": no memory to connect");
    }
    // So that a refusal bears the SQLSTATE: the words alone depend on the server's language.
    PQsetErrorVerbosity(raw(), PQERRORS_VERBOSE);
    PQsetNoticeProcessor(
        raw(), [](void*, const char*) {}, nullptr);
    if (with_tls) {
        verifier_.load_authorities();
        const TlsVerifier::Everywhere attached(verifier_);
        finish_connecting(context, options);
    } else {
        finish_connecting(context, options);
    }
}

void PostgresConnection::finish_connecting(const Context& context, const PostgresOptions& options) {
    const auto give_up = Context::Clock::now() + options.connect_timeout;
    auto told = CONNECTION_STARTED;
    auto polling = PQstatus(raw()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (polling != PGRES_POLLING_OK) {
        if (polling == PGRES_POLLING_FAILED) {
            refuse_connection(options);
        }
        const auto left = std::chrono::ceil<milliseconds>(give_up - Context::Clock::now());
        const auto what = polling == PGRES_POLLING_READING ? Readiness::Read : Readiness::Write;
        if (left.count() <= 0 || !context.wait(PQsocket(raw()), what, left)) {
            throw Error(ErrorKind::Unavailable, place_ + ": the server does not answer")
                .advise("Check 'host' and 'port', firewalls on the way, and 'connect_timeout'.");
        }
        polling = PQconnectPoll(raw());
        const auto status = PQstatus(raw());
        if (told == CONNECTION_STARTED && status != CONNECTION_STARTED && status != CONNECTION_BAD) {
            context.step("connect", place_);
            told = CONNECTION_MADE;
        }
        // Between the handshake and the first word about the user.
        if (told == CONNECTION_MADE && PQsslInUse(raw()) != 0 && status != CONNECTION_SSL_STARTUP &&
            status != CONNECTION_BAD) {
            if (!verifier_.peer()) {
                throw Error(ErrorKind::Internal, place_ + ": the certificate was not verified");
            }
            context.step("TLS", to_text(*verifier_.peer()));
            told = CONNECTION_SSL_STARTUP;
        }
    }
    ::fcntl(PQsocket(raw()), F_SETFD, FD_CLOEXEC);
    PQsetnonblocking(raw(), 1);
    context.step("login", "user " + std::string(PQuser(raw())) + ", database " + options.database);
    const char* version = PQparameterStatus(raw(), "server_version");
    context.step("server version", std::string("PostgreSQL ") + (version != nullptr ? version : "of unknown version"));
}

void PostgresConnection::refuse_connection(const PostgresOptions& options) const {
    const auto [state, message] = complaint_of(PQerrorMessage(raw()));
    const auto mentions = [&text = message](std::string_view words) { return text.find(words) != std::string::npos; };
    const auto error = [&](ErrorKind kind, std::string advice) {
        return Error(kind, place_ + ": " + message).advise(std::move(advice));
    };
    if (state == "28P01") {
        throw error(ErrorKind::Denied, "Check 'user' and 'password'.");
    }
    if (state == "28000") {
        throw error(ErrorKind::Denied, "Check 'user' and 'tls'; the server's pg_hba.conf says who may log in and how.");
    }
    if (state == "3D000") {
        throw error(ErrorKind::NotFound, "Check 'database'.");
    }
    if (!state.empty()) {
        throw error(kind_of(state), {});
    }
    if (PQconnectionNeedsPassword(raw()) != 0) {
        throw error(ErrorKind::Denied, "Set 'password'.");
    }
    if (mentions("does not support SSL")) {
        throw no_tls_offered(place_);
    }
    if (const auto refusal = verifier_.refusal(place_)) {
        throw Error(*refusal);
    }
    if (mentions("SSL error")) {
        throw error(ErrorKind::Denied, "Check 'tls' and 'tls_max'.");
    }
    if (mentions("private key file") || mentions("certificate file")) {
        throw error(ErrorKind::Invalid, "Check 'tls_certificate' and 'tls_key'.");
    }
    if (is_folder(options.host)) {
        throw error(ErrorKind::Unavailable,
                    "Check that the server runs, and 'host' and 'port', which name its socket.");
    }
    throw error(ErrorKind::Unavailable, "Check that the server runs, and 'host' and 'port'.");
}

void PostgresConnection::lost() const {
    throw Error(ErrorKind::Unavailable,
                place_ + ": the connection was lost: " + complaint_of(PQerrorMessage(raw())).message)
        .advise("The server's log says whether it ended the connection.");
}

void PostgresConnection::flush(const Context& context) {
    while (true) {
        const int left = PQflush(raw());
        if (left == 0) {
            return;
        }
        if (left < 0 || PQconsumeInput(raw()) == 0) {
            lost();
        }
        if (!context.wait(PQsocket(raw()), Readiness::ReadOrWrite, timeout_)) {
            throw Error(ErrorKind::Unavailable, place_ + ": the server takes no data");
        }
    }
}

void PostgresConnection::wait_for_input(const Context& context) {
    if (!context.wait(PQsocket(raw()), Readiness::Read, timeout_)) {
        throw Error(ErrorKind::Unavailable,
                    place_ + ": the server was silent for " + std::to_string(timeout_.count() / 1000) + " s")
            .advise("Raise 'timeout' if the query needs that long before its first row.");
    }
    if (PQconsumeInput(raw()) == 0) {
        lost();
    }
}

PostgresConnection::Result PostgresConnection::next_result(const Context& context) {
    while (PQisBusy(raw()) != 0) {
        wait_for_input(context);
    }
    return {PQgetResult(raw()), &PQclear};
}

// The last result of a command, or the first that is an error, with the command at its end.
PostgresConnection::Result PostgresConnection::last_result(const Context& context) {
    is_running_ = true;
    flush(context);
    Result last(nullptr, &PQclear);
    while (auto result = next_result(context)) {
        const auto status = PQresultStatus(result.get());
        if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN) {
            return result;
        }
        if (status == PGRES_COPY_BOTH) {
            throw Error(ErrorKind::Internal, place_ + ": the server wants data");
        }
        if (!is_failure(last.get())) {
            last = std::move(result);
        }
        if (PQstatus(raw()) == CONNECTION_BAD) {
            break;
        }
    }
    is_running_ = false;
    if (!last || (PQstatus(raw()) == CONNECTION_BAD && sql_state(last.get()).empty())) {
        lost();
    }
    return last;
}

PostgresConnection::Result PostgresConnection::good_result(const Context& context, std::string_view sql) {
    auto result = last_result(context);
    if (is_failure(result.get())) {
        throw error_of(result.get(), sql);
    }
    return result;
}

void PostgresConnection::run(const Context& context, const std::string& statements) {
    context.check();
    if (PQsendQuery(raw(), statements.c_str()) == 0) {
        lost();
    }
    good_result(context, statements);
}

PostgresConnection::Result PostgresConnection::query(const Context& context, const std::string& sql,
                                                     const Parameters& parameters) {
    context.check();
    std::vector<const char*> values;
    for (const auto& parameter : parameters) {
        values.push_back(parameter ? parameter->c_str() : nullptr);
    }
    if (PQsendQueryParams(raw(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr,
                          0) == 0) {
        lost();
    }
    return good_result(context, sql);
}

PostgresConnection::Result PostgresConnection::describe(const Context& context, const std::string& sql) {
    context.check();
    if (PQsendPrepare(raw(), "", sql.c_str(), 0, nullptr) == 0) {
        lost();
    }
    auto parsed = last_result(context);
    if (is_failure(parsed.get())) {
        return parsed;
    }
    if (PQsendDescribePrepared(raw(), "") == 0) {
        lost();
    }
    return last_result(context);
}

void PostgresConnection::start_copy(const Context& context, const std::string& sql) {
    // The extended protocol, since it takes one statement only.
    const auto started = query(context, sql);
    if (PQresultStatus(started.get()) != PGRES_COPY_OUT) {
        throw Error(ErrorKind::Internal, place_ + ": the server did not start to copy");
    }
    rows_ = 0;
}

std::optional<std::string_view> PostgresConnection::next_row(const Context& context) {
    // What the socket has is taken at once; only when that was nothing useful do we wait.
    for (bool has_asked = false;; has_asked = !has_asked) {
        char* row = nullptr;
        const int size = PQgetCopyData(raw(), &row, 1);
        row_.reset(row);
        if (size > 0) {
            ++rows_;
            return std::string_view(row, static_cast<std::size_t>(size));
        }
        if (size < 0) {
            end_copy(context);
            return {};
        }
        if (has_asked) {
            wait_for_input(context);
        } else if (PQconsumeInput(raw()) == 0) {
            lost();
        }
    }
}

void PostgresConnection::end_copy(const Context& context) {
    const auto ended = good_result(context, {});
    const auto confirmed = rows_of(ended.get());
    if (confirmed != rows_) {
        throw Error(ErrorKind::Unavailable, place_ + ": the server says it sent " + std::to_string(confirmed) +
                                                " rows, but " + std::to_string(rows_) + " arrived");
    }
}

void PostgresConnection::start_copy_in(const Context& context, const std::string& sql) {
    const auto started = query(context, sql);
    if (PQresultStatus(started.get()) != PGRES_COPY_IN) {
        throw Error(ErrorKind::Internal, place_ + ": the server does not take rows");
    }
}

void PostgresConnection::put_rows(const Context& context, std::string_view rows) {
    constexpr std::size_t at_once = std::size_t{1} << 20;
    while (!rows.empty()) {
        const auto part = rows.substr(0, at_once);
        const int taken = PQputCopyData(raw(), part.data(), static_cast<int>(part.size()));
        if (taken < 0) {
            lost();
        }
        if (taken > 0) {
            rows.remove_prefix(part.size());
        }
        flush(context);
    }
}

std::uint64_t PostgresConnection::end_copy_in(const Context& context) {
    while (true) {
        const int ended = PQputCopyEnd(raw(), nullptr);
        if (ended < 0) {
            lost();
        }
        if (ended > 0) {
            break;
        }
        flush(context);
    }
    return rows_of(good_result(context, {}).get());
}

PostgresError PostgresConnection::error_of(const PGresult* result, std::string_view sql) const {
    const auto state = sql_state(result);
    auto message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message.empty()) {
        message = complaint_of(PQresultErrorMessage(result)).message;
    }
    if (const auto detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) {
        message += " (" + detail + ")";
    }
    if (const auto offset = error_offset(result, sql); offset && !sql.empty()) {
        message += "; " + point_at(sql, *offset);
    }
    PostgresError error(kind_of(state), place_ + ": " + message, std::string(state));
    if (state == "42501") {
        error.advise("Ask for: GRANT SELECT ON ... TO the user of this connection.");
    } else if (state == "25006") {
        error.advise("A query has to be one SELECT that only reads; a source is never changed.");
    } else if (state == "53300") {
        error.advise("The server has no connection left for us; try again later.");
    } else {
        error.advise(field(result, PG_DIAG_MESSAGE_HINT));
    }
    return error;
}

}  // namespace rowhaul
