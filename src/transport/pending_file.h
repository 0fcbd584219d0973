// SPDX-License-Identifier: Apache-2.0
// The one way a file gets onto a transport: no short file ever lies under a final name (P3).
//
// Order of calls: open() and write to the stream, commit the stream and destroy it, complete(),
// publish(). Between complete() and publish() the transport is free for other files. Destroyed
// before publish(), it removes what it wrote, also after a stop request and over a new session,
// but tries no longer than a moment.
//
// The file lies under a temporary name that carries the execution and that no partner's "*.csv"
// matches. Where PublishingOptions::rename is false, it is spooled to a local folder instead and
// uploaded by publish(); then, and only then, a link that breaks during publish() can leave a
// short file under the final name, for as long as no new session can be made to remove it.
//
// Trying again is the transport's affair (transport/retry.h).
//
// Whether bytes arrived is never guessed: when the link breaks with the last answer outstanding, a
// new session is asked, before anything is repeated or deleted.
#pragma once
#include "transport/publishing.h"
#include "transport/transport.h"

#include <filesystem>
#include <span>

namespace rowhaul {

struct PendingRequest {
    std::string name;       // final path
    std::string execution;  // goes into the temporary name
    IfExists if_exists = IfExists::Replace;
    // On this machine, made when missing; needed where PublishingOptions::rename is false.
    std::filesystem::path spool_folder;
};

class PendingFile {
public:
    // `transport` must outlive this object. Throws Invalid for a name that leaves the folder or an
    // unusable PublishingOptions::temporary_name.
    PendingFile(Transport& transport, PublishingOptions options, PendingRequest request);
    ~PendingFile();
    PendingFile(const PendingFile&) = delete;
    PendingFile& operator=(const PendingFile&) = delete;

    // Called once. Makes missing folders. What this call's context refers to, and that of complete()
    // and publish(), must outlive this object: cleaning up heeds it. The stream's contexts need not.
    // With IfExists::Fail, throws Conflict at once when the file exists already. This object must
    // outlive the stream.
    std::unique_ptr<OutputStream> open(const Context&);
    // Verifies what arrived, as the option `verify` says; `digests` of the bytes written are
    // compared with the server's own, in whichever algorithm it offers.
    void complete(const Context&, std::span<const Checksum> digests = {});
    // Gives the file its final name and returns it (another than asked for with IfExists::Number).
    // A server that cannot replace a file has the old one moved aside first, and back when ours
    // cannot take its place; for a moment the final name is then missing while both files exist.
    std::string publish(const Context&);

    // After publish() threw: the server may have done it all the same, and could not be asked.
    bool may_be_published() const { return may_be_published_; }

    std::uint64_t bytes() const { return bytes_; }
    const std::string& temporary_path() const { return temporary_path_; }

private:
    class Stream;
    enum class State : std::uint8_t { New, Open, Written, Complete, Published };

    std::unique_ptr<OutputStream> open_on_server(const Context&, const std::string& path);
    void commit_on_server(const Context&, OutputStream&, const std::string& path);
    void verify(const Context&, const std::string& path);
    void verify_size(const Context&, const std::string& path);
    // Whether there was one to compare with.
    bool verify_checksum(const Context&, const std::string& path);
    void verify_by_reading(const Context&, const std::string& path);
    void take_final_name(const Context&, const std::string& name);
    void move_aside_and_rename(const Context&, const std::string& name);
    void upload(const Context&, const std::string& name);
    void remove_bad_file(const Context&, const std::string& name) noexcept;
    void refuse_existing(const Context&);
    std::string numbered_name(int number) const;
    Context cleanup_context(const Context&) const;

    Transport& transport_;
    const PublishingOptions options_;
    const PendingRequest request_;
    std::string temporary_path_;        // on the transport, or below the spool folder
    std::unique_ptr<Transport> spool_;  // instead of transport_ until publish()
    std::vector<Checksum> digests_;
    std::uint64_t bytes_ = 0;
    bool may_have_holes_ = false;  // the size is right, but not every write was confirmed
    bool is_damaged_ = false;      // the server's digest is not ours
    bool is_all_sent_ = false;     // to its final name
    bool may_be_published_ = false;
    State state_ = State::New;
    Context last_context_;
};

}  // namespace rowhaul
