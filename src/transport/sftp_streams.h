// SPDX-License-Identifier: Apache-2.0
// Reading and writing one file over SFTP with many requests on their way, so that the speed of a
// link counts and not its delay.
#pragma once
#include "io/stream.h"
#include "transport/sftp_client.h"

#include <deque>
#include <memory>

namespace rowhaul {

struct SftpPipeline {
    std::uint32_t chunk_bytes = 32768;
    std::size_t requests = 64;
    bool is_synced = false;  // to the server's disk, before a written file counts as confirmed
};

// An open file on the server. Streams share the client with their transport, so that neither's end
// harms the other.
struct SftpFile {
    std::shared_ptr<SftpClient> client;
    std::string handle;
    std::string path;  // for messages
};

class SftpInput final : public InputStream {
public:
    SftpInput(SftpFile file, std::uint64_t offset, SftpPipeline pipeline);
    ~SftpInput() override;

    std::size_t read(const Context&, std::span<std::byte> into) override;

private:
    struct Request {
        std::uint32_t id;
        std::uint64_t offset;
        std::uint32_t size;
    };

    Request ask(std::uint64_t offset, std::uint32_t size);
    void ask_ahead();
    void take_next(const Context&);
    void end(const Context&);

    SftpFile file_;
    const SftpPipeline pipeline_;
    std::uint32_t size_request_ = 0;
    std::uint64_t next_offset_;  // of the next request
    std::uint64_t position_;     // in the file, of the next byte handed out
    std::size_t ahead_ = 16;     // grows with every answer: a small file costs few requests
    std::deque<Request> requests_;
    SftpReply current_{SftpType::Data, {}};
    std::span<const std::byte> left_;  // of current_
    bool has_ended_ = false;
};

class SftpOutput final : public OutputStream {
public:
    // What may have been sent without being confirmed, at most.
    static constexpr std::size_t longest_window = std::size_t{4} << 20;

    SftpOutput(SftpFile file, std::uint64_t offset, SftpPipeline pipeline);
    ~SftpOutput() override;

    void write(const Context&, std::span<const std::byte> bytes) override;
    void commit(const Context&) override;

private:
    void send(const Context&, std::span<const std::byte> chunk);
    void confirm_oldest(const Context&);
    void fail(const Context&, const SftpReply&);

    SftpFile file_;
    const SftpPipeline pipeline_;
    std::uint64_t offset_;  // of the next request
    std::vector<std::byte> chunk_;
    std::deque<std::uint32_t> requests_;
    bool is_closed_ = false;
};

}  // namespace rowhaul
