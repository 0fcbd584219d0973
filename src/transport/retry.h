// SPDX-License-Identifier: Apache-2.0
// A transport that tries again what is transient (Unavailable), over a new session and with growing
// pauses, and never anything else.
//
// A read goes on where it broke off. A write keeps in memory what the server may not have got yet
// (capabilities().unconfirmed_bytes) and goes on where the server's file ends, when that lies there
// and the server can (capabilities().resume_write); else it fails. A rename recognises its own success.
#pragma once
#include "transport/transport.h"

#include <limits>
#include <random>

namespace rowhaul {

struct RetryOptions {
    int attempts = 5;  // how often one thing is tried in a row without any progress
    std::chrono::milliseconds first_pause{500};
    std::chrono::milliseconds longest_pause{30'000};
    // What a write keeps in memory at most; less than is needed for transports whose writes are
    // carried out in any order would lose rows.
    std::size_t most_window_bytes = std::numeric_limits<std::size_t>::max();
};

class RetryTransport final : public Transport {
public:
    RetryTransport(std::unique_ptr<Transport> inner, RetryOptions options);

    Capabilities capabilities() const override { return inner_->capabilities(); }
    void reconnect() override { inner_->reconnect(); }
    std::optional<Entry> stat(const Context&, std::string_view path) override;
    void list(const Context&, std::string_view folder, const std::function<bool(const Entry&)>& each) override;
    std::unique_ptr<InputStream> read(const Context&, std::string_view path, std::uint64_t offset) override;
    std::unique_ptr<OutputStream> write(const Context&, std::string_view path, std::uint64_t offset) override;
    void rename(const Context&, std::string_view from, std::string_view to) override;
    void remove(const Context&, std::string_view path) override;
    void make_folder(const Context&, std::string_view path) override;
    std::optional<Checksum> checksum(const Context&, std::string_view path) override;

private:
    class Input;
    class Output;

    template <class Verb>
    auto retrying(const Context&, Verb&& verb);
    bool may_retry(const Error&, int attempt) const;
    // Ends the session and waits a while before the next try.
    void pause(const Context&, const Error&, int attempt);

    std::unique_ptr<Transport> inner_;
    const RetryOptions options_;
    std::minstd_rand random_;
};

}  // namespace rowhaul
