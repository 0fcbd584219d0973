// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/pro_ftpd_ssh.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <stdexcept>
#include <unistd.h>

namespace rowhaul::testing {

namespace {

// crypt(3) of the password.
constexpr std::string_view password_hash =
    "$6$rowhaul$BgFAO.EBFgMnx9Jz0Fn2RjcBZRDUNYq6YU9YQs0VgqgIhOOimMK.om3mHB.je1BbT9JSnll49CyO4xCN0NvdD0";

void hand_over(const std::filesystem::path& path, unsigned user, unsigned group) {
    if (::geteuid() == 0 && ::chown(path.c_str(), user, group) != 0) {
        throw std::runtime_error("cannot hand over " + path.string());
    }
}

}  // namespace

ProFtpdSsh::ProFtpdSsh() : port_(free_port()), host_key_(make_ssh_key(folder_ / "host_key", "ecdsa")) {
    const auto modules = std::filesystem::path(program({"/usr/lib/proftpd/mod_sftp.so"})).parent_path();
    const bool is_root = ::geteuid() == 0;
    const unsigned id = is_root ? 65534 : ::geteuid();
    const unsigned group = is_root ? 65534 : ::getegid();
    write_file(folder_ / "users",
               fmt::format("{}:{}:{}:{}::{}:/bin/false\n", user, password_hash, id, group, folder_.path().string()));
    write_file(
        folder_ / "proftpd.conf",
        fmt::format("ModulePath {}\nLoadModule mod_sftp.c\nServerType standalone\nServerName test\n"
                    "DefaultAddress 127.0.0.1\nPort {}\nUseIPv6 off\nAuthOrder mod_auth_file.c\nAuthUserFile {}\n"
                    "RequireValidShell off\nAuthPAM off\nUseFtpUsers off\nWtmpLog off\nPidFile {}\n"
                    "ScoreboardFile none\nDelayEngine off\nControlsEngine off\nUseReverseDNS off\n"
                    "AllowStoreRestart on\nAllowRetrieveRestart on\nAllowOverwrite on\nUmask 022\n"
                    "TransferLog none\nUser {}\nGroup {}\nSFTPEngine on\nSFTPHostKey {}\n"
                    "SFTPAuthMethods password\n",
                    modules.string(), port_, folder_ / "users", folder_ / "pid", ::getpwuid(id)->pw_name,
                    ::getgrgid(group)->gr_name, host_key_.file.string()));
    write_file(folder_ / "log", "");
    for (const auto* name : {"", "users", "host_key", "log"}) {
        std::filesystem::permissions(folder_ / name,
                                     *name == '\0' ? std::filesystem::perms(0755) : std::filesystem::perms(0600));
        hand_over(folder_ / name, id, group);
    }
    ProcessOptions process;
    process.output = folder_ / "log";
    process.user = {id, group};
    // Its libraries may lie unpacked beside it.
    const auto libraries = modules.parent_path() / "x86_64-linux-gnu";
    if (std::filesystem::exists(libraries)) {
        process.environment["LD_LIBRARY_PATH"] = libraries.string();
    }
    process_ = std::make_unique<Process>(
        std::vector<std::string>{program({"/usr/sbin/proftpd"}), "-n", "-c", folder_ / "proftpd.conf"}, process);
    wait_for_port(port_, *process_, folder_ / "log");
}

std::filesystem::path ProFtpdSsh::new_folder() {
    auto folder = folder_.path() / ("files" + std::to_string(++folders_made_));
    std::filesystem::create_directory(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::all);
    return folder;
}

}  // namespace rowhaul::testing
