// SPDX-License-Identifier: Apache-2.0
// OpenSSH's server on a free loopback port, with keys of its own, for one user: whoever runs the
// tests, or nobody when that is root (sshd run by root wants a system set up for it).
#pragma once
#include "testing/process.h"
#include "testing/temporary_folder.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace rowhaul::testing {

// A pair of files: the private key, and the public one beside it with the ending .pub.
struct SshKey {
    std::filesystem::path file;

    std::string private_text() const { return read_file(file); }
    std::string public_text() const { return read_file(file.string() + ".pub"); }
    // "SHA256:..."
    std::string fingerprint() const;
};

// `type` is rsa, ecdsa or ed25519.
SshKey make_ssh_key(const std::filesystem::path& file, const std::string& type, const std::string& passphrase = {});

struct OpenSshOptions {
    std::string subsystem = "sftp internal-sftp";  // also with arguments: "-P posix-rename", "-R"
    std::vector<std::string> lines;                // added to sshd_config
    std::vector<std::string> authorized;           // public keys that may log in beside key()
    std::string host_key_type = "ed25519";
};

class OpenSsh {
public:
    explicit OpenSsh(const OpenSshOptions& options = {});

    int port() const { return port_; }
    const std::string& user() const { return user_; }
    // A key that the server lets in, and the server's own.
    const SshKey& key() const { return key_; }
    const SshKey& host_key() const { return host_key_; }
    // A folder that the server may write to.
    const std::filesystem::path& files() const { return files_; }
    // A new empty one of that kind.
    std::filesystem::path new_folder();
    std::string log() const { return read_file(folder_ / "log"); }

private:
    void write_configuration(const OpenSshOptions&) const;
    void hand_over() const;

    TemporaryFolder folder_;
    int port_;
    std::string user_;
    SshKey key_;
    SshKey host_key_;
    std::filesystem::path files_;
    int folders_made_ = 0;
    std::unique_ptr<Process> process_;
};

}  // namespace rowhaul::testing
