// SPDX-License-Identifier: Apache-2.0
// One login to an FTP server: commands with their answers, and data connections one at a time.
// Everything that goes wrong comes out as an Error that names the server and repeats its words.
#pragma once
#include "net/curl.h"
#include "transport/ftp_options.h"

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// A command and what the server said to it.
struct FtpExchange {
    std::string command;             // without secrets; empty for the greeting
    int code = 0;                    // 0 while there is no complete answer
    std::string text;                // of the last line, without the code
    std::vector<std::string> lines;  // all of them, as they are

    bool good() const { return code >= 200 && code < 400; }
    bool unknown_command() const { return code == 500 || code == 502 || code == 504; }
};

// What the answer to FEAT promises.
struct FtpFeatures {
    bool mlst = false;
    bool size = false;
    bool mdtm = false;
    bool rest = false;
    bool utf8 = false;
    std::vector<std::string> hashes;  // of the HASH command: "SHA-256", …
    bool xsha256 = false;
    bool xsha1 = false;
    bool xmd5 = false;
};

class FtpSession {
public:
    explicit FtpSession(const FtpOptions& options);
    ~FtpSession();
    FtpSession(const FtpSession&) = delete;
    FtpSession& operator=(const FtpSession&) = delete;

    // "ftp.example.com:21", for messages.
    const std::string& where() const { return where_; }
    // Logs in unless that is done. Throws NotFound when the connection's folder does not exist.
    void open(const Context& context);
    // Drops the connection; open() makes a new one.
    void close();
    // After open().
    const FtpFeatures& features() const { return features_; }
    // What the server calls the folder of the login; empty where it does not say.
    const std::string& login_folder() const { return login_folder_; }
    // What the server is asked for: `path` below the connection's folder, absolute where the server
    // has absolute paths. After open().
    std::string path(std::string_view relative) const;

    // Sends commands one after the other, whatever the answers; an answer of 4xx or 5xx is an answer
    // too. Throws Unavailable when the connection breaks, also when that leaves unknown whether a
    // command was carried out.
    std::vector<FtpExchange> command(const Context& context, const std::vector<std::string>& commands);

    struct Transfer {
        std::string path;          // on the server; ends with '/' to list a folder
        std::string list_command;  // for folders: MLSD, LIST, LIST -a
        std::uint64_t offset = 0;  // where reading or writing starts
    };
    // Begin a transfer and return when data can flow. Throw when the server refuses; the connection is
    // then closed, because libcurl does so.
    void begin_download(const Context& context, const Transfer& transfer);
    void begin_upload(const Context& context, const Transfer& transfer);
    // At least one byte, or 0 at the confirmed end.
    std::size_t receive(const Context& context, std::span<char> into);
    void send(const Context& context, std::span<const char> bytes);
    // Ends the upload; returns when the server has confirmed it.
    void finish_upload(const Context& context);
    // Gives up what begin_… began, and the connection with it.
    void abandon();

    // The last answer, and the error it stands for.
    const FtpExchange& last() const;
    Error refusal(std::string_view doing) const;

private:
    CurlSession::Events events();
    void set_up();
    void prepare(const std::string& url_path, const std::vector<std::string>& before);
    void run(const Context& context, const std::function<bool()>& enough);
    void announce_utf8(std::string_view name, std::vector<std::string>& commands) const;
    void log_in(const Context& context);
    void check_folder(const Context& context);
    void read_features(const FtpExchange& answer);

    void on_sent(std::string_view line);
    void on_received(std::string_view line);
    void on_handshake(const TlsPeer& peer);
    void on_connected();
    void log(std::string line) const;
    std::optional<std::size_t> provide(std::span<char> into);
    bool accept(std::span<const char> bytes);

    [[noreturn]] void fail(std::string_view doing);
    Error explained(std::string_view doing) const;
    Error without_tls(std::string_view doing) const;
    Error connection_error(std::string_view doing) const;
    // A command went out and its final answer has not come.
    bool answer_outstanding() const { return !transcript_.empty() && last().code < 200; }

    FtpOptions options_;
    std::string where_;
    std::string url_;
    TlsVerifier verifier_;
    std::unique_ptr<CurlSession> curl_;
    const Context* context_ = nullptr;

    bool open_ = false;
    bool greeted_ = false;
    bool control_protected_ = false;
    std::string login_folder_;
    FtpFeatures features_;
    struct FreeList {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };
    using List = std::unique_ptr<curl_slist, FreeList>;
    static void append(List& list, const std::string& text);
    List quote_;  // libcurl reads these while a transfer runs
    List restart_;
    std::deque<FtpExchange> transcript_;  // since the last transfer or command began

    std::span<const char> outgoing_;  // not yet taken by libcurl
    bool wants_more_ = false;         // libcurl asked for data and there was none
    bool at_end_ = false;             // no more data will come
    bool was_cut_short_ = false;      // the server spoke before the end: not for a good reason
    std::span<char> incoming_;        // what the reader wants filled
    std::size_t received_ = 0;
    std::vector<char> surplus_;  // came after incoming_ was full
    std::size_t surplus_read_ = 0;
};

}  // namespace rowhaul
