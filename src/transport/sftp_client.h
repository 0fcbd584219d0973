// SPDX-License-Identifier: Apache-2.0
// An SFTP session as requests and their answers: any number of requests on their way at once.
#pragma once
#include "net/ssh_session.h"
#include "transport/sftp_protocol.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace rowhaul {

struct SftpReply {
    SftpType type;
    std::vector<std::byte> body;  // after the request's id

    SftpPacketReader reader() const { return SftpPacketReader(body); }
};

// What the server can do beyond version 3, and how large packets may be.
struct SftpExtensions {
    bool posix_rename = false;
    bool fsync = false;
    bool check_file = false;
    bool statvfs = false;
    std::uint32_t longest_read = 32768;  // every server must take these
    std::uint32_t longest_write = 32768;
};

// Used by one thread at a time. Requests are sent in the order they were posted.
class SftpClient {
public:
    SftpClient(const Context&, const SshOptions&);

    const SftpExtensions& extensions() const { return extensions_; }
    const std::string& peer() const { return session_.peer(); }

    // Queues a request without sending it; `fill` writes what follows its id.
    template <class Fill>
    std::uint32_t post(SftpType type, Fill&& fill) {
        const std::uint32_t id = next_id_++;
        SftpPacketWriter writer(out_, type);
        writer.u32(id);
        fill(writer);
        writer.end();
        waiting_.emplace(id, std::nullopt);
        return id;
    }
    // Sends and receives what goes without waiting; when there is nothing to be done at all, waits
    // until there is. Throws Unavailable when the server stays silent for the option `timeout`.
    void advance(const Context&);
    std::size_t unsent_bytes() const { return out_.size() - sent_; }
    bool is_answered(std::uint32_t id) const { return waiting_.at(id).has_value(); }
    // Waits for the answer of this request, whatever else arrives before it.
    SftpReply await(const Context&, std::uint32_t id);
    // Nobody will ask for this answer any more.
    void forget(std::uint32_t id);

    template <class Fill>
    SftpReply ask(const Context& context, SftpType type, Fill&& fill) {
        return await(context, post(type, fill));
    }

private:
    void introduce(const Context&);
    void ask_limits(const Context&);
    bool send();
    bool receive();
    void take(std::span<const std::byte> packet);

    SshSession session_;
    const std::chrono::milliseconds timeout_;
    SftpExtensions extensions_;
    std::vector<std::byte> out_;
    std::size_t sent_ = 0;
    SftpFrames frames_;
    std::uint32_t next_id_ = 1;
    std::optional<SftpReply> version_;
    // By id: nothing yet, or the answer.
    std::unordered_map<std::uint32_t, std::optional<SftpReply>> waiting_;
    std::unordered_map<std::uint32_t, bool> forgotten_;
};

}  // namespace rowhaul
