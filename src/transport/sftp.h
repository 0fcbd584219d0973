// SPDX-License-Identifier: Apache-2.0
// Files on an SSH server, over SFTP version 3 with what OpenSSH and others added to it.
#pragma once
#include "net/ssh_session.h"
#include "transport/publishing.h"
#include "transport/sftp_streams.h"
#include "transport/transport.h"

namespace rowhaul {

struct SftpOptions : SshOptions, PublishingOptions {
    std::string folder;
    std::int64_t concurrency = 64;
    std::optional<Bytes> chunk_size;
    bool sync = true;
    std::chrono::seconds idle_timeout{60};

    static constexpr auto spec = [] {
        return joined(
            joined(SshOptions::spec,
                   options(option("folder", &SftpOptions::folder,
                                  "Folder of the files on the server; empty for the folder after login.")
                               .example("/in"),
                           option("concurrency", &SftpOptions::concurrency, "How many requests may be on their way.")
                               .range(1, 1024)
                               .advanced(),
                           option("chunk_size", &SftpOptions::chunk_size,
                                  "How much data one request carries; by default as much as the server says that it "
                                  "takes, else 32 KiB.")
                               .range(1024, 261'120)
                               .advanced(),
                           option("sync", &SftpOptions::sync,
                                  "Has the server force every finished file to its disk, where it can.")
                               .advanced(),
                           option("idle_timeout", &SftpOptions::idle_timeout,
                                  "Makes a new connection instead of using one that was idle for this long.")
                               .advanced())),
            PublishingOptions::spec);
    }();
};

class SftpTransport final : public Transport {
public:
    using Options = SftpOptions;
    static constexpr std::string_view type = "sftp";
    static constexpr std::string_view title = "Files on an SSH server (SFTP).";

    explicit SftpTransport(SftpOptions options) : options_(std::move(options)) {}

    Capabilities capabilities() const override;
    void reconnect() override { client_.reset(); }
    std::optional<Entry> stat(const Context&, std::string_view path) override;
    void list(const Context&, std::string_view folder, const std::function<bool(const Entry&)>& each) override;
    std::unique_ptr<InputStream> read(const Context&, std::string_view path, std::uint64_t offset) override;
    std::unique_ptr<OutputStream> write(const Context&, std::string_view path, std::uint64_t offset) override;
    void rename(const Context&, std::string_view from, std::string_view to) override;
    void remove(const Context&, std::string_view path) override;
    void make_folder(const Context&, std::string_view path) override;
    std::optional<Checksum> checksum(const Context&, std::string_view path) override;

private:
    // Whether the server can take checksums; some can without announcing it.
    enum class CheckFile : std::uint8_t { Unknown, Offered, Missing };

    SftpClient& client(const Context&);
    std::string full(std::string_view path) const;
    SftpFile open(const Context&, std::string_view doing, std::string_view path, std::uint32_t flags);
    SftpPipeline pipeline(std::uint32_t longest_chunk) const;
    std::optional<SftpAttributes> attributes(const Context&, const std::string& full_path);
    void make_one_folder(const Context&, std::string_view path);

    const SftpOptions options_;
    std::shared_ptr<SftpClient> client_;
    Context::Clock::time_point last_use_;
    SftpExtensions extensions_;  // of the last session
    CheckFile check_file_ = CheckFile::Unknown;
};

}  // namespace rowhaul
