// SPDX-License-Identifier: Apache-2.0
// Files on an FTP server, plain or with TLS.
//
// One control connection serves all verbs and streams until it breaks. A verb whose answer was lost
// throws Unavailable and says that the outcome is unknown: look with stat() on a new connection
// before anything is repeated or removed. Whether rename() replaces an existing file is the server's
// affair and shows only when it refuses: then it throws Conflict and capabilities() says so from
// then on.
#pragma once
#include "transport/ftp_options.h"
#include "transport/ftp_session.h"
#include "transport/transport.h"

namespace rowhaul {

class FtpTransport : public Transport {
public:
    using Options = FtpOptions;
    static constexpr std::string_view type = "ftp";
    static constexpr std::string_view title = "Files on an FTP server, plain or with TLS (FTP, FTPS).";

    explicit FtpTransport(FtpOptions options);

    Capabilities capabilities() const override;
    void reconnect() override;
    std::optional<Entry> stat(const Context& context, std::string_view path) override;
    void list(const Context& context, std::string_view folder, const std::function<bool(const Entry&)>& each) override;
    std::unique_ptr<InputStream> read(const Context& context, std::string_view path, std::uint64_t offset) override;
    std::unique_ptr<OutputStream> write(const Context& context, std::string_view path, std::uint64_t offset) override;
    void rename(const Context& context, std::string_view from, std::string_view to) override;
    void remove(const Context& context, std::string_view path) override;
    void make_folder(const Context& context, std::string_view path) override;
    std::optional<Checksum> checksum(const Context& context, std::string_view path) override;

private:
    bool uses_mlst() const { return options_.mlsd && session_.features().mlst; }
    std::optional<Entry> stat_by_mlst(const Context& context, std::string_view path);
    std::optional<Entry> stat_by_size(const Context& context, std::string_view path);
    std::optional<Entry> stat_by_listing(const Context& context, std::string_view path);
    bool folder_exists(const Context& context, const std::string& server_path);
    void list_server(const Context& context, const std::string& server_path, std::string_view folder,
                     const std::function<bool(const Entry&)>& each);
    std::optional<Checksum> hash(const Context& context, const std::string& server_path);
    // Looks why the server said 550 about a path, which it says for many reasons.
    [[noreturn]] void explain(const Context& context, std::string_view doing, std::string_view path, Error error);

    FtpOptions options_;
    FtpSession session_;
    bool rename_replaces_ = true;
};

}  // namespace rowhaul
