// SPDX-License-Identifier: Apache-2.0
// One SSH connection with one channel, on libssh, cancellable everywhere and strict about whom it
// talks to: a host key that is neither pinned nor known ends the connection before any login.
#pragma once
#include "base/context.h"
#include "options/options.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rowhaul {

struct SshOptions {
    std::string host;
    std::int64_t port = 22;
    std::string user;
    Secret password;
    Secret private_key;
    std::string private_key_file;
    Secret passphrase;
    bool agent = false;
    std::vector<std::string> host_key;
    std::string known_hosts = "~/.ssh/known_hosts";
    std::chrono::seconds connect_timeout{20};
    std::chrono::seconds timeout{60};
    std::string ciphers;
    std::string key_exchanges;
    std::string macs;
    std::string host_key_algorithms;

    static constexpr auto spec = [] {
        return options(
            option("host", &SshOptions::host, "Name or address of the server.").required().example("files.example.com"),
            option("port", &SshOptions::port, "Port of the SSH server.").range(1, 65535),
            option("user", &SshOptions::user, "Login name.").required(),
            option("password", &SshOptions::password, "Login password, also given to a server that asks for it."),
            option("private_key", &SshOptions::private_key, "Private key as text, in OpenSSH or PEM form.")
                .example("${file:keys/partner}"),
            option("private_key_file", &SshOptions::private_key_file, "File with the private key, instead of its text.")
                .example("/etc/rowhaul/keys/partner"),
            option("passphrase", &SshOptions::passphrase, "Passphrase of the private key."),
            option("agent", &SshOptions::agent, "Offers the keys of the SSH agent that SSH_AUTH_SOCK names."),
            option("host_key", &SshOptions::host_key,
                   "Fingerprints of the server's host key, as check prints them; any one must match.")
                .example("SHA256:..."),
            option("known_hosts", &SshOptions::known_hosts,
                   "File of known host keys, used when host_key is not set; empty for none.")
                .advanced(),
            option("connect_timeout", &SshOptions::connect_timeout, "How long connecting and login may take.")
                .range(1, 3600)
                .advanced(),
            option("timeout", &SshOptions::timeout, "How long the server may stay silent when its answer is due.")
                .range(1, 86400)
                .advanced(),
            option("ciphers", &SshOptions::ciphers, "Ciphers to offer, best first, with commas between.").advanced(),
            option("key_exchanges", &SshOptions::key_exchanges, "Key exchange methods to offer, best first.")
                .advanced(),
            option("macs", &SshOptions::macs, "Message authentication codes to offer, best first.").advanced(),
            option("host_key_algorithms", &SshOptions::host_key_algorithms,
                   "Host key algorithms to accept, best first.")
                .advanced());
    }();
};

// Used by one thread at a time.
class SshSession {
public:
    // Connects, checks the host key, logs in and starts `subsystem`; reports the steps "resolve
    // name", "connect", "host key" (with its fingerprint), "login" and the subsystem's name. Throws
    // Denied for a host key or login that is not right, Unavailable for what may pass.
    SshSession(const Context&, const SshOptions& options, const std::string& subsystem);
    ~SshSession();
    SshSession(const SshSession&) = delete;
    SshSession& operator=(const SshSession&) = delete;

    // Sends as much of `bytes` as goes without waiting; returns how much. Throws Unavailable when
    // the connection is gone.
    std::size_t send(std::span<const std::byte> bytes);
    // Receives what is there without waiting, at most `into`; zero means nothing now. Throws
    // Unavailable when the other side has ended.
    std::size_t receive(std::span<std::byte> into);
    // Waits until one of the two may go on; false when `limit` passed first. Throws as Context::wait().
    bool wait(const Context&, std::chrono::milliseconds limit);

    // "files.example.com:22", for messages.
    const std::string& peer() const;

private:
    class Handle;
    std::unique_ptr<Handle> handle_;
};

}  // namespace rowhaul
