// SPDX-License-Identifier: Apache-2.0
#include "database/mysql_connection.h"

#include "base/near_miss.h"
#include "net/resolve.h"

#include <algorithm>
#include <cerrno>
#include <errmsg.h>
#include <exception>
#include <fcntl.h>
#include <mysqld_error.h>
#include <span>

namespace rowhaul {

namespace {

using std::chrono::ceil;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// What the library's waiting hook needs; the hook has no argument of its own, but always runs on
// the thread that called the library.
struct Waiting {
    const Context& context;
    milliseconds silence;
    bool timed_out = false;
    std::exception_ptr failure = nullptr;
};
thread_local Waiting* waiting = nullptr;

class WaitingScope {
public:
    explicit WaitingScope(Waiting& mine) : outer_(std::exchange(waiting, &mine)) {}
    ~WaitingScope() { waiting = outer_; }
    WaitingScope(const WaitingScope&) = delete;
    WaitingScope& operator=(const WaitingScope&) = delete;

private:
    Waiting* outer_;
};

// Called by the library whenever its socket is not ready, and only then: rows that have arrived
// already cost nothing. Positive when it is ready.
int wait_for_server(my_socket socket, my_bool reads, int) noexcept {
    // Without TLS the library asks for non-blocking calls itself; its TLS layer relies on the socket.
    ::fcntl(socket, F_SETFL, O_RDWR | O_NONBLOCK);
    ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    if (waiting == nullptr) {
        return -1;
    }
    try {
        if (waiting->context.wait(socket, reads ? Readiness::Read : Readiness::Write, waiting->silence)) {
            return 1;
        }
        waiting->timed_out = true;
    } catch (...) {
        waiting->failure = std::current_exception();
    }
    errno = ETIMEDOUT;
    return 0;
}

ErrorKind kind_of(unsigned number, std::string_view state) {
    switch (number) {
        case ER_ACCESS_DENIED_ERROR:
        case ER_DBACCESS_DENIED_ERROR:
        case ER_HOST_NOT_PRIVILEGED:
        case ER_TABLEACCESS_DENIED_ERROR:
        case ER_COLUMNACCESS_DENIED_ERROR:
        case ER_SPECIFIC_ACCESS_DENIED_ERROR:
        case ER_PROCACCESS_DENIED_ERROR:
        case ER_MUST_CHANGE_PASSWORD_LOGIN:
        case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
        case CR_SSL_CONNECTION_ERROR:
        case CR_AUTH_PLUGIN_CANNOT_LOAD:
        case CR_AUTH_PLUGIN_ERR:
            return ErrorKind::Denied;
        case ER_BAD_DB_ERROR:
        case ER_NO_SUCH_TABLE:
        case ER_BAD_FIELD_ERROR:
        case ER_UNKNOWN_TABLE:
            return ErrorKind::NotFound;
        case ER_DISK_FULL:
        case ER_RECORD_FILE_FULL:
            return ErrorKind::Exhausted;
        case ER_CON_COUNT_ERROR:
        case ER_TOO_MANY_USER_CONNECTIONS:
        case ER_USER_LIMIT_REACHED:
        case ER_SERVER_SHUTDOWN:
        case ER_LOCK_WAIT_TIMEOUT:
        case ER_LOCK_DEADLOCK:
        case ER_QUERY_INTERRUPTED:
        case ER_STATEMENT_TIMEOUT:
        case ER_CONNECTION_KILLED:
        case ER_HOST_IS_BLOCKED:
        case ER_NET_READ_ERROR:
        case ER_NET_READ_INTERRUPTED:
        case ER_NET_ERROR_ON_WRITE:
        case ER_NET_WRITE_INTERRUPTED:
        case ER_TABLE_DEF_CHANGED:
            return ErrorKind::Unavailable;
        default:
            break;
    }
    const bool from_library = number >= CR_MIN_ERROR && number <= CR_MAX_ERROR;
    return from_library || state.starts_with("08") ? ErrorKind::Unavailable : ErrorKind::Invalid;
}

std::string advice_for(unsigned number) {
    switch (number) {
        case ER_ACCESS_DENIED_ERROR:
            return "Check user and password; the server tells users apart by the machine they come from.";
        case ER_HOST_NOT_PRIVILEGED:
            return "Let the server accept this user from this machine.";
        case CR_SSL_CONNECTION_ERROR:
            return "Check tls and tls_max.";
        case ER_CON_COUNT_ERROR:
            return "The server has no free connection; try later or raise its max_connections.";
        default:
            return {};
    }
}

std::string place_of(const MysqlOptions& options) {
    return options.socket.empty() ? options.host + ":" + std::to_string(options.port) : options.socket;
}

}  // namespace

MysqlConnection::MysqlConnection(const Context& context, const MysqlOptions& options, MysqlAccess access)
    : options_(options),
      access_(access),
      where_("mysql " + place_of(options)),
      verifier_(options, options.host),
      connect_until_(Clock::now() + options.connect_timeout) {
    static const int initialised = ::mysql_server_init(0, nullptr, nullptr);
    if (initialised != 0 || ::mysql_init(&mysql_) == nullptr) {
        throw Error(ErrorKind::Internal, "cannot initialise the MariaDB client library");
    }
    try {
        connect(context);
        if (access != MysqlAccess::None) {
            prepare_session(context);
        }
    } catch (...) {
        ::mysql_close(&mysql_);
        throw;
    }
}

MysqlConnection::~MysqlConnection() {
    if (executing_) {
        stop_server();
    }
    // In this order the library forgets the statement's unread rows instead of reading them.
    ::mysql_close(&mysql_);
    if (statement_ != nullptr) {
        ::mysql_stmt_close(statement_);
    }
}

// A server does not notice that its client hung up before it has a row to send, which may take it
// hours: it is told so from a second connection, for which there is little time.
void MysqlConnection::stop_server() noexcept {
    constexpr milliseconds limit(800);
    try {
        Context context;
        context.deadline = Clock::now() + limit;
        MysqlConnection aside(context, options_, MysqlAccess::None);
        aside.run(context, "kill " + std::to_string(::mysql_thread_id(&mysql_)));
    } catch (...) {
        // Then it notices later.
    }
}

bool MysqlConnection::protects(const std::string& address) const {
    return options_.socket.empty() && uses_tls(options_, address);
}

void MysqlConnection::configure(const std::string& address) {
    const auto text = [this](mysql_option option, const char* value) { ::mysql_options(&mysql_, option, value); };
    // A server could otherwise ask for any file of this machine; of a writer it gets what is offered.
    const unsigned may_ask = access_ == MysqlAccess::ReadWrite ? 1 : 0;
    ::mysql_options(&mysql_, MYSQL_OPT_LOCAL_INFILE, &may_ask);
    offer_rows();
    text(MYSQL_SET_CHARSET_NAME, "utf8mb4");
    const unsigned protocol = options_.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
    ::mysql_options(&mysql_, MYSQL_OPT_PROTOCOL, &protocol);
    ::mysql_optionsv(&mysql_, MARIADB_OPT_IO_WAIT, wait_for_server);
    const my_bool with_tls = protects(address) ? 1 : 0;
    ::mysql_options(&mysql_, MYSQL_OPT_SSL_ENFORCE, &with_tls);
    if (with_tls == 1) {
        // Told to enforce TLS, the library would still send the password to a server that offers none.
        // Told what certificate to expect, it does not; it looks after our verifier has accepted one.
        text(MARIADB_OPT_TLS_PEER_FP, std::string(40, '0').c_str());
        verifier_.on_handshake(
            [this](const TlsPeer& peer) { ::mysql_options(&mysql_, MARIADB_OPT_TLS_PEER_FP, peer.sha1.c_str()); });
    } else {
        // Methods that hand out the password as it is need a verified server.
        text(MARIADB_OPT_RESTRICTED_AUTH, "mysql_native_password,client_ed25519,caching_sha2_password");
    }
}

bool MysqlConnection::try_address(const Context& context, const std::string& address) {
    configure(address);
    std::optional<TlsVerifier::Everywhere> attached;
    if (protects(address)) {
        verifier_.load_authorities();
        attached.emplace(verifier_);
    }
    const auto left = ceil<milliseconds>(connect_until_ - Clock::now());
    bool connected = false;
    call(context, std::max(left, milliseconds(1)), [&] {
        // No database yet: a wrong name is told apart better by a statement.
        connected =
            ::mysql_real_connect(&mysql_, options_.socket.empty() ? address.c_str() : nullptr, options_.user.c_str(),
                                 options_.password.value.c_str(), nullptr, static_cast<unsigned>(options_.port),
                                 options_.socket.empty() ? nullptr : options_.socket.c_str(), 0) != nullptr;
        return true;
    });
    return connected;
}

void MysqlConnection::connect(const Context& context) {
    std::vector<std::string> addresses{""};
    if (options_.socket.empty()) {
        addresses = resolve(context, options_.host, options_.connect_timeout);
        context.step("resolve name", addresses.front());
    }
    std::size_t tried = 0;
    while (!try_address(context, addresses[tried])) {
        const auto number = ::mysql_errno(&mysql_);
        if (++tried == addresses.size() || (number != CR_CONN_HOST_ERROR && number != CR_CONNECTION_ERROR)) {
            refuse_connection();
        }
    }
    ::fcntl(::mysql_get_socket(&mysql_), F_SETFL, O_RDWR | O_NONBLOCK);
    ::fcntl(::mysql_get_socket(&mysql_), F_SETFD, FD_CLOEXEC);
    context.step("connect", place_of(options_));
    if (protects(addresses[tried])) {
        if (::mysql_get_ssl_cipher(&mysql_) == nullptr || !verifier_.peer()) {
            throw Error(ErrorKind::Internal, where_ + ": the connection is not protected");
        }
        context.step("TLS", to_text(*verifier_.peer()));
    }
    context.step("login", options_.user);
    context.step("server version", ::mysql_get_server_info(&mysql_));
}

void MysqlConnection::refuse_connection() {
    if (const auto refusal = verifier_.refusal(where_)) {
        throw Error(*refusal);
    }
    if (::mysql_errno(&mysql_) == CR_SSL_CONNECTION_ERROR &&
        std::string_view(::mysql_error(&mysql_)).find("does not support") != std::string_view::npos) {
        throw no_tls_offered(where_);
    }
    fail();
}

void MysqlConnection::offer_rows() {
    const auto open = [](void** offered, const char*, void* self) {
        *offered = &static_cast<MysqlConnection*>(self)->rows_to_load_;
        return 0;
    };
    const auto read = [](void* offered, char* to, unsigned size) {
        auto& rows = *static_cast<std::string_view*>(offered);
        const auto taken = rows.copy(to, size);
        rows.remove_prefix(taken);
        return static_cast<int>(taken);
    };
    ::mysql_set_local_infile_handler(
        &mysql_, open, read, [](void*) {}, [](void*, char*, unsigned) { return 0; }, this);
}

void MysqlConnection::prepare_session(const Context& context) {
    const bool writes = access_ == MysqlAccess::ReadWrite;
    run(context, std::string("set session transaction isolation level repeatable read, ") +
                     (writes ? "read write" : "read only"));
    const std::string mode = writes ? "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_AUTO_VALUE_ON_ZERO" : "";
    run(context, "set session time_zone = '+00:00', sql_mode = '" + mode +
                     "', sql_select_limit = default, net_write_timeout = " +
                     std::to_string(options_.slow_reader_timeout.count()));
    if (options_.database.empty()) {
        return;
    }
    int failed = 0;
    call(context, options_.timeout, [&] {
        failed = ::mysql_select_db(&mysql_, options_.database.c_str());
        return true;
    });
    if (failed == 0) {
        context.step("database", options_.database);
        return;
    }
    const auto number = ::mysql_errno(&mysql_);
    if (number != ER_BAD_DB_ERROR && number != ER_DBACCESS_DENIED_ERROR) {
        fail();
    }
    // Someone without rights is told "denied" also of a database that does not exist.
    const bool missing = number == ER_BAD_DB_ERROR;
    throw Error(missing ? ErrorKind::NotFound : ErrorKind::Denied,
                where_ + ": " + (missing ? "" : "access denied: ") + "database \"" + options_.database + "\"" +
                    (missing ? " does not exist" : "") + did_you_mean(options_.database, near_databases(context)));
}

std::vector<std::string> MysqlConnection::near_databases(const Context& context) {
    std::vector<std::string> names;
    for (const auto& row : run(context, "show databases")) {
        names.push_back(row.front().value_or(""));
    }
    return names;
}

void MysqlConnection::call(const Context& context, milliseconds silence, const std::function<bool()>& work) {
    context.check();
    Waiting mine{context, silence};
    const bool fine = [&] {
        const WaitingScope scope(mine);
        return work();
    }();
    if (mine.failure) {
        broken_ = true;
        std::rethrow_exception(mine.failure);
    }
    if (mine.timed_out) {
        broken_ = true;
        throw Error(ErrorKind::Unavailable,
                    where_ + ": no answer within " + std::to_string(ceil<std::chrono::seconds>(silence).count()) + " s")
            .advise("Raise timeout (for a query) or connect_timeout if the server only needs longer.");
    }
    if (!fine) {
        fail();
    }
}

void MysqlConnection::fail() {
    const auto number = ::mysql_errno(&mysql_);
    if (number == 0 || (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR)) {
        broken_ = true;
    }
    const std::string_view words = number == 0 ? "malformed answer" : ::mysql_error(&mysql_);
    MysqlError error(kind_of(number, ::mysql_sqlstate(&mysql_)), where_ + ": " + std::string(words), number);
    error.advise(advice_for(number));
    if (rows_ > 0) {
        // The server's own words are lost when it gives up on a slow reader: it only hangs up.
        error.while_doing("the rows broke off after row " + std::to_string(rows_));
        if (number == CR_SERVER_LOST || number == CR_SERVER_GONE_ERROR) {
            error.advise("If the target takes rows slowly, raise slow_reader_timeout; else see the server's log.");
        }
    }
    throw error;
}

std::vector<MysqlTexts> MysqlConnection::run(const Context& context, std::string_view statement) {
    std::vector<MysqlTexts> rows;
    call(context, options_.timeout, [&] {
        if (::mysql_real_query(&mysql_, statement.data(), statement.size()) != 0) {
            return false;
        }
        MYSQL_RES* const result = ::mysql_store_result(&mysql_);
        if (result == nullptr) {
            return ::mysql_errno(&mysql_) == 0;
        }
        const std::size_t width = ::mysql_num_fields(result);
        while (char** const cells = ::mysql_fetch_row(result)) {
            const unsigned long* const sizes = ::mysql_fetch_lengths(result);
            auto& row = rows.emplace_back(width);
            for (std::size_t i = 0; i < width; ++i) {
                if (cells[i] != nullptr) {
                    row[i] = std::string(cells[i], sizes[i]);
                }
            }
        }
        ::mysql_free_result(result);
        return true;
    });
    return rows;
}

std::uint64_t MysqlConnection::change(const Context& context, std::string_view statement) {
    run(context, statement);
    return ::mysql_affected_rows(&mysql_);
}

MysqlConnection::Loaded MysqlConnection::load(const Context& context, std::string_view statement,
                                              std::string_view rows) {
    rows_to_load_ = rows;
    run(context, statement);
    rows_to_load_ = {};
    return {.rows = ::mysql_affected_rows(&mysql_), .warnings = ::mysql_warning_count(&mysql_)};
}

void MysqlConnection::close_statement() {
    if (statement_ != nullptr) {
        ::mysql_stmt_close(std::exchange(statement_, nullptr));
    }
}

void MysqlConnection::prepare(const Context& context, std::string_view statement) {
    call(context, options_.timeout, [&] {
        close_statement();
        statement_ = ::mysql_stmt_init(&mysql_);
        return statement_ != nullptr && ::mysql_stmt_prepare(statement_, statement.data(), statement.size()) == 0;
    });
    if (::mysql_stmt_param_count(statement_) != 0) {
        throw Error(ErrorKind::Invalid, "query: has a placeholder (?) for which there is no value");
    }
}

std::vector<MYSQL_FIELD> MysqlConnection::fields() const {
    const MYSQL_FIELD* const first = ::mariadb_stmt_fetch_fields(statement_);
    return {first, first + ::mysql_stmt_field_count(statement_)};
}

void MysqlConnection::execute(const Context& context) {
    run(context, "start transaction with consistent snapshot, read only");
    rows_ = 0;
    executing_ = true;
    broken_ = true;  // until the last row, or what happened in between, is known
    call(context, options_.timeout, [&] { return ::mysql_stmt_execute(statement_) == 0; });
}

bool MysqlConnection::fetch(const Context& context, const std::function<bool(std::string_view)>& take) {
    bool ended = false;
    call(context, options_.timeout, [&] {
        while (true) {
            const unsigned long size = ::mysql_net_read_packet(&mysql_);
            if (size == packet_error || size == 0) {
                return false;
            }
            const std::string_view packet(reinterpret_cast<const char*>(mysql_.net.read_pos), size);
            // A row starts with 0; the end, however the server spells it, with 254.
            if (packet.front() != 0) {
                ended = true;
                return true;
            }
            ++rows_;
            if (!take(packet)) {
                return true;
            }
        }
    });
    if (!ended) {
        return true;
    }
    mysql_.status = MYSQL_STATUS_READY;
    statement_->state = MYSQL_STMT_FETCH_DONE;
    executing_ = false;
    broken_ = false;
    rows_ = 0;
    run(context, "commit");
    return false;
}

bool MysqlConnection::alive(const Context& context) {
    if (broken_) {
        return false;
    }
    bool answered = false;
    try {
        call(context, options_.connect_timeout, [&] {
            answered = ::mysql_ping(&mysql_) == 0;
            return true;
        });
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unavailable) {
            throw;
        }
    }
    return answered;
}

}  // namespace rowhaul
