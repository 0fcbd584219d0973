// SPDX-License-Identifier: Apache-2.0
#include "transport/ftp_session.h"

#include "transport/path.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr long upload_buffer = 1 << 20;
constexpr long download_buffer = 512 * 1024;
constexpr std::size_t kept_exchanges = 64;

// Anything that could end a command and start another must never be sent.
bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

const std::string& checked_command(const std::string& command) {
    if (has_control_character(command)) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("{} cannot be sent to an FTP server: it has a control character", in_quotes(command)));
    }
    return command;
}

std::string url_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
    return out;
}

// The first line of what is sent, with what must stay secret left out.
std::string without_secret(std::string_view line) {
    line = line.substr(0, line.find_first_of("\r\n"));
    const auto verb = upper(line.substr(0, line.find(' ')));
    if (verb == "PASS" || verb == "ACCT") {
        return verb + " ***";
    }
    return std::string(line);
}

std::string replaced(std::string text, const std::string& secret) {
    if (secret.size() < 3) {
        return text;
    }
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
        text.replace(at, secret.size(), "***");
    }
    return text;
}

}  // namespace

void FtpSession::append(List& list, const std::string& text) {
    curl_slist* longer = curl_slist_append(list.get(), text.c_str());
    if (longer == nullptr) {
        throw Error(ErrorKind::Exhausted, "no memory for a command");
    }
    [[maybe_unused]] const auto* same = list.release();
    list.reset(longer);
}

FtpSession::FtpSession(const FtpOptions& options) : options_(options), verifier_(options, options.host) {
    const bool implicit = options_.tls == FtpTls::Implicit;
    const auto port = options_.port != 0 ? options_.port : implicit ? 990 : 21;
    const bool is_v6 = options_.host.find(':') != std::string::npos;
    const auto host = is_v6 ? fmt::format("[{}]", options_.host) : options_.host;
    where_ = fmt::format("{}:{}", host, port);
    url_ = fmt::format("{}://{}:{}/", implicit ? "ftps" : "ftp", is_v6 ? host : url_encoded(host), port);
    checked_command(options_.user);
    checked_command(options_.folder);
    if (has_control_character(options_.password.value)) {
        throw Error(ErrorKind::Invalid, "the password has a control character, which FTP cannot send");
    }
    verifier_.on_handshake([this](const TlsPeer& peer) { on_handshake(peer); });
}

FtpSession::~FtpSession() {
    if (open_ && curl_ && !curl_->running()) {
        try {
            Context brief;
            brief.deadline = Context::Clock::now() + std::chrono::milliseconds(500);
            command(brief, {"QUIT"});
        } catch (...) {
            // The server notices the end of the connection as well.
        }
    }
}

void FtpSession::close() {
    curl_.reset();
    verifier_.forget_connections();
    open_ = false;
    greeted_ = false;
    control_protected_ = false;
}

void FtpSession::set_up() {
    curl_ = std::make_unique<CurlSession>(events());
    auto& curl = *curl_;
    curl.limit(options_.timeout, options_.close_timeout);
    curl.set(CURLOPT_USERNAME, options_.user.c_str());
    curl.set(CURLOPT_PASSWORD, options_.password.value.c_str());
    curl.set(CURLOPT_PROTOCOLS_STR, "ftp,ftps");
    curl.set(CURLOPT_FTP_FILEMETHOD, static_cast<long>(CURLFTPMETHOD_NOCWD));
    curl.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::chrono::milliseconds(options_.connect_timeout).count()));
    curl.set(CURLOPT_ACCEPTTIMEOUT_MS, static_cast<long>(std::chrono::milliseconds(options_.connect_timeout).count()));
    curl.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(options_.timeout.count()));
    curl.set(CURLOPT_TCP_KEEPALIVE, 1L);
    curl.set(CURLOPT_TCP_KEEPIDLE, 30L);
    curl.set(CURLOPT_TCP_KEEPINTVL, 15L);
    curl.set(CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer);
    curl.set(CURLOPT_BUFFERSIZE, download_buffer);
    curl.set(CURLOPT_FTP_USE_EPSV, options_.epsv ? 1L : 0L);
    curl.set(CURLOPT_FTP_SKIP_PASV_IP, options_.trust_announced_address ? 0L : 1L);
    if (options_.data_connections == FtpDataMode::Active) {
        curl.set(CURLOPT_FTPPORT, "-");
        curl.set(CURLOPT_FTP_USE_EPRT, options_.epsv ? 1L : 0L);
    }
    if (!options_.proxy.empty()) {
        curl.set(CURLOPT_PROXY, options_.proxy.c_str());
        curl.set(CURLOPT_HTTPPROXYTUNNEL, 1L);
        curl.set(CURLOPT_PROXYUSERNAME, options_.proxy_user.empty() ? nullptr : options_.proxy_user.c_str());
        curl.set(CURLOPT_PROXYPASSWORD,
                 options_.proxy_password.value.empty() ? nullptr : options_.proxy_password.value.c_str());
    }
    if (options_.tls != FtpTls::None) {
        curl.set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
        curl.set(CURLOPT_FTPSSLAUTH, static_cast<long>(CURLFTPAUTH_TLS));
        // Ours, not libcurl's: see TlsVerifier::resume_first_session.
        curl.set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
        verifier_.resume_first_session(options_.tls_sessions);
        apply_tls(curl, verifier_);
    }
}

CurlSession::Events FtpSession::events() {
    CurlSession::Events events;
    events.connecting = [this](std::string_view address) {
        if (context_ != nullptr && !open_) {
            context_->step("resolve name", address);
        }
    };
    events.sent = [this](std::string_view line) { on_sent(line); };
    events.received = [this](std::string_view line) { on_received(line); };
    events.remarked = [this](std::string_view line) { log(fmt::format("* {}", line)); };
    events.provide = [this](std::span<char> into) { return provide(into); };
    events.accept = [this](std::span<const char> bytes) { return accept(bytes); };
    events.moving_data = [this] { return last().code >= 100 && last().code < 200; };
    events.upload_ended = [this] { return at_end_ && last().code >= 100 && last().code < 200; };
    return events;
}

void FtpSession::log(std::string line) const {
    if (context_ != nullptr) {
        line = replaced(std::move(line), options_.password.value);
        context_->log(Level::Debug,
                      fmt::format("{} {}", where_, replaced(std::move(line), options_.proxy_password.value)));
    }
}

void FtpSession::on_sent(std::string_view line) {
    auto command = without_secret(line);
    log("> " + command);
    transcript_.push_back({std::move(command), 0, {}, {}});
    if (transcript_.size() > kept_exchanges) {
        transcript_.pop_front();
    }
}

void FtpSession::on_received(std::string_view line) {
    log(fmt::format("< {}", line));
    if (transcript_.empty()) {
        transcript_.emplace_back();
    }
    auto& exchange = transcript_.back();
    constexpr std::size_t most_lines = 1000;
    if (exchange.lines.size() < most_lines) {
        exchange.lines.emplace_back(line);
    }
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit) ||
        (line.size() > 3 && line[3] != ' ')) {
        return;
    }
    exchange.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    exchange.text = line.substr(std::min<std::size_t>(4, line.size()));
    on_connected();
    if (exchange.code == 230 && context_ != nullptr && !open_) {
        context_->step("login", options_.user);
    }
}

void FtpSession::on_connected() {
    if (!greeted_ && context_ != nullptr) {
        greeted_ = true;
        context_->step("connect", where_);
    }
}

void FtpSession::on_handshake(const TlsPeer& peer) {
    on_connected();
    if (control_protected_) {
        log(fmt::format("* data connection: {} session {}", peer.resumed ? "resumed" : "new", peer.protocol));
        return;
    }
    control_protected_ = true;
    if (context_ != nullptr) {
        context_->step("TLS", to_text(peer));
    }
}

void FtpSession::run(const Context& context, const std::function<bool()>& enough) {
    context_ = &context;
    try {
        curl_->drive(context, enough);
    } catch (Error& error) {
        context_ = nullptr;
        open_ = false;
        if (error.kind() == ErrorKind::Unavailable) {
            error.while_doing(where_);
        }
        throw;
    } catch (...) {
        context_ = nullptr;
        open_ = false;
        throw;
    }
    context_ = nullptr;
}

void FtpSession::prepare(const std::string& url_path, const std::vector<std::string>& before) {
    // libcurl keeps what it is told, so everything that differs between transfers is said each time.
    auto& curl = *curl_;
    transcript_.clear();
    outgoing_ = {};
    incoming_ = {};
    surplus_.clear();
    surplus_read_ = 0;
    wants_more_ = false;
    at_end_ = false;
    was_cut_short_ = false;
    List quote;
    for (const auto& command : before) {
        append(quote, command);
    }
    curl.set(CURLOPT_URL, (url_ + url_path).c_str());
    curl.set(CURLOPT_NOBODY, 0L);
    curl.set(CURLOPT_UPLOAD, 0L);
    curl.set(CURLOPT_RESUME_FROM_LARGE, curl_off_t{0});
    curl.set(CURLOPT_INFILESIZE_LARGE, curl_off_t{-1});
    curl.set(CURLOPT_CUSTOMREQUEST, static_cast<const char*>(nullptr));
    curl.set(CURLOPT_PREQUOTE, static_cast<curl_slist*>(nullptr));
    curl.set(CURLOPT_QUOTE, quote.get());
    quote_ = std::move(quote);
}

void FtpSession::open(const Context& context) {
    context.check();
    if (open_) {
        return;
    }
    close();
    set_up();
    log_in(context);
    open_ = true;
    curl_->allow_connecting(false);
    check_folder(context);
}

void FtpSession::log_in(const Context& context) {
    prepare("", {"*FEAT"});
    curl_->set(CURLOPT_NOBODY, 1L);
    curl_->start();
    run(context, [] { return false; });
    if (curl_->result() != CURLE_OK) {
        fail("log in");
    }
    const char* entry = nullptr;
    curl_easy_getinfo(curl_->handle(), CURLINFO_FTP_ENTRY_PATH, &entry);
    login_folder_ = entry == nullptr ? "" : entry;
    features_ = {};
    for (const auto& exchange : transcript_) {
        if (exchange.command == "FEAT" && exchange.good()) {
            read_features(exchange);
        }
    }
}

void FtpSession::read_features(const FtpExchange& answer) {
    for (const auto& line : answer.lines) {
        if (!line.starts_with(' ')) {
            continue;
        }
        const auto text = std::string_view(line).substr(std::min(line.find_first_not_of(' '), line.size()));
        const auto name = upper(text.substr(0, text.find(' ')));
        features_.mlst |= name == "MLST";
        features_.size |= name == "SIZE";
        features_.mdtm |= name == "MDTM";
        features_.rest |= name == "REST";
        features_.utf8 |= name == "UTF8";
        features_.xsha256 |= name == "XSHA256";
        features_.xsha1 |= name == "XSHA1";
        features_.xmd5 |= name == "XMD5";
        if (name == "HASH" && text.size() > 5) {
            auto rest = upper(text.substr(5));
            std::erase(rest, '*');
            std::size_t at = 0;
            while (at < rest.size()) {
                const auto end = std::min(rest.find(';', at), rest.size());
                features_.hashes.push_back(rest.substr(at, end - at));
                at = end + 1;
            }
        }
    }
}

void FtpSession::check_folder(const Context& context) {
    // Where paths are not absolute, a change of folder would change what they mean.
    const auto folder = path("");
    if (!options_.folder.empty() && folder.starts_with('/')) {
        const auto answers = command(context, {"CWD " + folder});
        if (!answers.back().good()) {
            auto error = refusal(fmt::format("open the folder {}", in_quotes(folder)));
            open_ = false;
            if (answers.back().code == 550) {
                throw Error(ErrorKind::NotFound, error.what())
                    .advise(
                        "Set folder to one that exists on the server, or leave it out for the folder of the login.");
            }
            throw Error(std::move(error));
        }
    }
    context.step("folder", folder);
}

std::string FtpSession::path(std::string_view relative) const {
    auto folder = options_.folder;
    if (!folder.starts_with('/') && login_folder_.starts_with('/')) {
        folder = folder.empty() ? login_folder_ : path_below(login_folder_, folder);
    }
    return path_on_server(folder, relative);
}

std::vector<FtpExchange> FtpSession::command(const Context& context, const std::vector<std::string>& commands) {
    std::vector<std::string> sent;
    for (const auto& command : commands) {
        if (sent.empty()) {
            announce_utf8(command, sent);
        }
        // libcurl goes on after a refusal when there is a star, and would close the connection else.
        sent.push_back("*" + checked_command(command));
    }
    prepare("", sent);
    curl_->set(CURLOPT_NOBODY, 1L);
    curl_->start();
    run(context, [] { return false; });
    if (curl_->result() != CURLE_OK) {
        fail(commands.front());
    }
    std::vector<FtpExchange> answers;
    for (const auto& command : commands) {
        const auto answer = std::find_if(transcript_.begin(), transcript_.end(),
                                         [&](const auto& exchange) { return exchange.command == command; });
        if (answer != transcript_.end()) {
            answers.push_back(*answer);
        }
    }
    if (answers.empty()) {
        fail(commands.front());
    }
    return answers;
}

void FtpSession::announce_utf8(std::string_view name, std::vector<std::string>& commands) const {
    if (options_.utf8 && features_.utf8 && !is_ascii(name)) {
        commands.emplace_back("*OPTS UTF8 ON");
    }
}

void FtpSession::begin_download(const Context& context, const Transfer& transfer) {
    std::vector<std::string> before;
    announce_utf8(transfer.path, before);
    const bool is_folder = transfer.path.ends_with('/');
    const auto path = std::string_view(transfer.path).substr(0, transfer.path.size() - (is_folder ? 1 : 0));
    prepare(url_encoded(path) + (is_folder && !path.empty() ? "/" : ""), before);
    if (!transfer.list_command.empty()) {
        curl_->set(CURLOPT_CUSTOMREQUEST, transfer.list_command.c_str());
    }
    curl_->set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.offset));
    curl_->start();
    received_ = 0;
    run(context, [this] { return !surplus_.empty(); });
    if (!curl_->running() && curl_->result() != CURLE_OK) {
        fail("read");
    }
}

void FtpSession::begin_upload(const Context& context, const Transfer& transfer) {
    std::vector<std::string> before;
    announce_utf8(transfer.path, before);
    prepare(url_encoded(checked_command(transfer.path)), before);
    curl_->set(CURLOPT_UPLOAD, 1L);
    List restart;
    // Not APPE: an earlier session may still be writing what it had received, and would move our place.
    if (transfer.offset != 0) {
        append(restart, fmt::format("REST {}", transfer.offset));
        curl_->set(CURLOPT_PREQUOTE, restart.get());
    }
    restart_ = std::move(restart);
    curl_->start();
    run(context, [this] { return wants_more_; });
    if (!curl_->running()) {
        fail("write");
    }
}

bool FtpSession::accept(std::span<const char> bytes) {
    if (surplus_read_ < surplus_.size()) {
        return false;
    }
    const auto fitting = std::min(bytes.size(), incoming_.size());
    std::copy_n(bytes.data(), fitting, incoming_.data());
    incoming_ = incoming_.subspan(fitting);
    received_ += fitting;
    surplus_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(fitting), bytes.end());
    surplus_read_ = 0;
    return true;
}

std::size_t FtpSession::receive(const Context& context, std::span<char> into) {
    if (surplus_read_ < surplus_.size()) {
        const auto size = std::min(into.size(), surplus_.size() - surplus_read_);
        std::copy_n(surplus_.data() + surplus_read_, size, into.data());
        surplus_read_ += size;
        return size;
    }
    incoming_ = into;
    received_ = 0;
    if (curl_->running()) {
        run(context, [this] { return received_ > 0; });
    }
    incoming_ = {};
    if (received_ == 0 && curl_->result() != CURLE_OK) {
        fail("read");
    }
    return received_;
}

std::optional<std::size_t> FtpSession::provide(std::span<char> into) {
    if (outgoing_.empty()) {
        wants_more_ = true;
        return at_end_ ? std::optional<std::size_t>(0) : std::nullopt;
    }
    if (curl_->answer_waits()) {
        was_cut_short_ = at_end_ = true;
        return 0;
    }
    const auto size = std::min(into.size(), outgoing_.size());
    std::copy_n(outgoing_.data(), size, into.data());
    outgoing_ = outgoing_.subspan(size);
    return size;
}

void FtpSession::send(const Context& context, std::span<const char> bytes) {
    outgoing_ = bytes;
    wants_more_ = false;
    run(context, [this] { return outgoing_.empty(); });
    if (was_cut_short_ || !outgoing_.empty() || !curl_->running()) {
        fail("write");
    }
}

void FtpSession::finish_upload(const Context& context) {
    outgoing_ = {};
    at_end_ = true;
    run(context, [] { return false; });
    if (curl_->result() != CURLE_OK || was_cut_short_) {
        fail("write");
    }
}

void FtpSession::abandon() {
    if (curl_ && curl_->running()) {
        curl_->abandon();
        open_ = false;
    }
}

const FtpExchange& FtpSession::last() const {
    static const FtpExchange none;
    return transcript_.empty() ? none : transcript_.back();
}

void FtpSession::fail(std::string_view doing) {
    auto error = explained(doing);
    open_ = false;
    throw Error(std::move(error));
}

}  // namespace rowhaul
