// SPDX-License-Identifier: Apache-2.0
// vsftpd knows real users through PAM only, so its user is the anonymous one, with a password.
#include "testing/servers/ftp_server.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

namespace rowhaul::testing {

namespace {

std::string own_name() {
    if (::geteuid() == 0) {
        return "nobody";
    }
    const passwd* entry = ::getpwuid(::geteuid());
    return entry == nullptr ? "nobody" : entry->pw_name;
}

class Vsftpd final : public FtpServer {
public:
    explicit Vsftpd(const FtpServerOptions& options) {
        user_ = "anonymous";
        std::string text = fmt::format(
            "listen=YES\nlisten_address=127.0.0.1\nlisten_port={}\nbackground=NO\nrun_as_launching_user=YES\n"
            "anonymous_enable=YES\nlocal_enable=NO\nanon_root={}\nwrite_enable=YES\nanon_upload_enable=YES\n"
            "anon_mkdir_write_enable=YES\nanon_other_write_enable=YES\nanon_umask=022\n"
            "anon_world_readable_only=NO\nftp_username={}\nnopriv_user={}\nsecure_email_list_enable=YES\n"
            "email_password_file={}\nseccomp_sandbox=NO\nsecure_chroot_dir={}\nxferlog_enable=YES\n"
            "log_ftp_protocol=YES\nvsftpd_log_file={}\nsetproctitle_enable=NO\nmax_login_fails=1\n"
            "delay_failed_login=0\nuse_localtime=NO\n",
            port_, folder().string(), own_name(), own_name(), configure("passwords", password() + "\n"), own("state"),
            own("state/log"));
        if (options.tls != FtpServerOptions::Tls::None) {
            text += fmt::format(
                "ssl_enable=YES\nallow_anon_ssl=YES\nrequire_ssl_reuse={}\nrsa_cert_file={}\n"
                "rsa_private_key_file={}\nimplicit_ssl={}\nforce_anon_logins_ssl={}\nforce_anon_data_ssl={}\n"
                "ssl_ciphers=HIGH\ndebug_ssl=YES\n",
                options.require_tls_resumption ? "YES" : "NO", options.certificate->certificate_file,
                options.certificate->key_file, options.tls == FtpServerOptions::Tls::Implicit ? "YES" : "NO",
                options.require_tls ? "YES" : "NO", options.require_tls ? "YES" : "NO");
        }
        if (!options.announced_address.empty()) {
            text += fmt::format("pasv_address={}\n", options.announced_address);
        }
        if (!options.announce_epsv) {
            text += "cmds_denied=EPSV,EPRT\n";
        }
        launch({program({"/usr/sbin/vsftpd"}), configure("vsftpd.conf", text)});
    }
};

}  // namespace

std::unique_ptr<FtpServer> start_vsftpd(const FtpServerOptions& options) {
    return std::make_unique<Vsftpd>(options);
}

}  // namespace rowhaul::testing
