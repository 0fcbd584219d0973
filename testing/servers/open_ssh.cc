// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/open_ssh.h"

#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <pwd.h>
#include <sstream>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace rowhaul::testing {

namespace {

const passwd& server_user() {
    const passwd* user = ::geteuid() == 0 ? ::getpwnam("nobody") : ::getpwuid(::geteuid());
    if (user == nullptr) {
        throw std::runtime_error("there is no user to run sshd as");
    }
    return *user;
}

std::string expect_output(const std::vector<std::string>& command) {
    const auto outcome = run(command);
    if (outcome.status != 0) {
        throw std::runtime_error(command.front() + " failed: " + outcome.errors);
    }
    return outcome.output;
}

}  // namespace

std::string SshKey::fingerprint() const {
    std::istringstream words(expect_output({program({"/usr/bin/ssh-keygen"}), "-l", "-f", file.string() + ".pub"}));
    std::string bits;
    std::string fingerprint;
    words >> bits >> fingerprint;
    return fingerprint;
}

SshKey make_ssh_key(const std::filesystem::path& file, const std::string& type, const std::string& passphrase) {
    // The default of RSA takes seconds.
    const std::string bits = type == "rsa" ? "2048" : "256";
    expect_output(
        {program({"/usr/bin/ssh-keygen"}), "-q", "-t", type, "-b", bits, "-N", passphrase, "-f", file.string()});
    return {file};
}

OpenSsh::OpenSsh(const OpenSshOptions& options)
    : port_(free_port()),
      user_(server_user().pw_name),
      key_(make_ssh_key(folder_ / "key", "ed25519")),
      host_key_(make_ssh_key(folder_ / "host_key", options.host_key_type)),
      files_(folder_.path() / "files") {
    std::filesystem::create_directory(files_);
    write_configuration(options);
    ProcessOptions process;
    if (!options.questions.empty()) {
        process.environment = ask(options.questions);
    }
    hand_over();
    process.output = folder_ / "log";
    process.user = {server_user().pw_uid, server_user().pw_gid};
    process_ = std::make_unique<Process>(
        std::vector<std::string>{program({"/usr/sbin/sshd"}), "-D", "-e", "-f", folder_ / "sshd_config"}, process);
    wait_for_port(port_, *process_, folder_ / "log");
}

// The wrapper copies the service to a folder of its own for every session, and leaves it there.
OpenSsh::~OpenSsh() {
    process_.reset();
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/tmp", ignored)) {
        std::ifstream service(entry.path() / "sshd");
        const std::string text{std::istreambuf_iterator<char>(service), {}};
        if (entry.path().filename().string().starts_with("pam.") && text.find(folder_.path()) != std::string::npos) {
            std::filesystem::remove_all(entry.path(), ignored);
        }
    }
}

// With UsePAM, because without it sshd takes a user whose password it cannot read for locked.
void OpenSsh::write_configuration(const OpenSshOptions& options) const {
    std::string keys = key_.public_text();
    for (const auto& key : options.authorized) {
        keys += key;
    }
    write_file(folder_ / "authorized_keys", keys);
    std::string text;
    for (const auto& line : options.lines) {
        text += line + "\n";
    }
    text += "Port " + std::to_string(port_) + "\nListenAddress 127.0.0.1\nHostKey " + host_key_.file.string() +
            "\nPidFile none\nUsePAM yes\nStrictModes no\nAuthorizedKeysFile " + (folder_ / "authorized_keys") +
            "\nPasswordAuthentication no\nKbdInteractiveAuthentication " + (options.questions.empty() ? "no" : "yes") +
            "\nMaxStartups 100\nUseDNS no\nSubsystem " + options.subsystem + "\n";
    write_file(folder_ / "sshd_config", text);
}

// The machine's own PAM is left alone: the wrapper gives this process another folder of services.
std::map<std::string, std::string> OpenSsh::ask(const std::vector<SshQuestion>& questions) const {
    const std::filesystem::path wrapper = program({"/usr/lib/x86_64-linux-gnu/libpam_wrapper.so"});
    const auto module = wrapper.parent_path() / "pam_wrapper/pam_matrix.so";
    const auto rule = [&](std::string_view kind, std::string_view more) {
        return fmt::format("{} required {} passdb={} {}\n", kind, module.string(), folder_ / "passwords", more);
    };
    std::string service;
    for (const auto question : questions) {
        service += rule("auth", question == SshQuestion::Shown ? "echo" : "");
    }
    std::filesystem::create_directory(folder_ / "pam");
    write_file(folder_ / "pam/sshd", service + rule("account", "") + rule("session", ""));
    write_file(folder_ / "passwords", fmt::format("{}:{}:sshd\n", user_, password));
    return {{"LD_PRELOAD", wrapper.string()}, {"PAM_WRAPPER", "1"}, {"PAM_WRAPPER_SERVICE_DIR", folder_ / "pam"}};
}

// Everything belongs to the user that the server runs as; the log is opened by us before that.
void OpenSsh::hand_over() const {
    write_file(folder_ / "log", "");
    const auto& user = server_user();
    if (::geteuid() != 0) {
        return;
    }
    for (const auto& path : {folder_.path(), files_, host_key_.file, std::filesystem::path(folder_ / "log")}) {
        if (::chown(path.c_str(), user.pw_uid, user.pw_gid) != 0) {
            throw std::runtime_error("cannot hand " + path.string() + " over to " + user_);
        }
    }
}

std::filesystem::path OpenSsh::new_folder() {
    auto folder = files_ / std::to_string(++folders_made_);
    std::filesystem::create_directory(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::all);
    return folder;
}

}  // namespace rowhaul::testing
