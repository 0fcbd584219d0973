// SPDX-License-Identifier: Apache-2.0
// ProFTPD's SSH server on a free loopback port: another hand's SFTP, and the one that takes
// passwords of users who are not users of this machine.
#pragma once
#include "testing/process.h"
#include "testing/servers/open_ssh.h"
#include "testing/temporary_folder.h"

#include <filesystem>
#include <memory>

namespace rowhaul::testing {

class ProFtpdSsh {
public:
    static constexpr auto user = "acme";
    static constexpr auto password = "rowhaul-s3cret";

    ProFtpdSsh();

    int port() const { return port_; }
    const SshKey& host_key() const { return host_key_; }
    // A new empty folder that the server may write to.
    std::filesystem::path new_folder();

private:
    TemporaryFolder folder_;
    int port_;
    SshKey host_key_;
    int folders_made_ = 0;
    std::unique_ptr<Process> process_;
};

}  // namespace rowhaul::testing
