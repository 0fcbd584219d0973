// SPDX-License-Identifier: Apache-2.0
// OpenSSH's server on a free loopback port, with keys of its own, for one user: whoever runs the
// tests, or nobody when that is root (sshd run by root wants a system set up for it).
#pragma once
#include "testing/process.h"
#include "testing/temporary_folder.h"

#include <cstdint>
#include <filesystem>
#include <map>
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

// A question of a keyboard-interactive login; a shown one is one whose answer may be seen as it is typed.
enum class SshQuestion : std::uint8_t { Hidden, Shown };

struct OpenSshOptions {
    std::string subsystem = "sftp internal-sftp";  // also with arguments: "-P posix-rename", "-R"
    std::vector<std::string> lines;                // added to sshd_config
    std::vector<std::string> authorized;           // public keys that may log in beside key()
    std::string host_key_type = "ed25519";
    // Who has no key is asked these, one after the other, through PAM (libpam-wrapper), and gives
    // OpenSsh::password to each; none = keys only. The method `password` is never offered.
    std::vector<SshQuestion> questions;
};

class OpenSsh {
public:
    static constexpr auto password = "Nachtigall-88";

    explicit OpenSsh(const OpenSshOptions& options = {});
    ~OpenSsh();
    OpenSsh(const OpenSsh&) = delete;
    OpenSsh& operator=(const OpenSsh&) = delete;

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
    // What makes sshd's PAM ask the questions, as environment variables.
    std::map<std::string, std::string> ask(const std::vector<SshQuestion>&) const;
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
