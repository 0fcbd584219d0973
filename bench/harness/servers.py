# SPDX-License-Identifier: Apache-2.0
"""The servers of the jobs, each a real program on a free port of 127.0.0.1 with its data below build/bench."""
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

from .processes import NOBODY, Server, as_nobody, free_port, give_away, must_succeed
from .rows import COLUMNS

PROJECT = pathlib.Path(__file__).resolve().parents[2]
UNPACKED = PROJECT / "build/servers"
PASSWORD = "bench-password"


def program(*candidates):
    for candidate in candidates:
        for path in (pathlib.Path(candidate), UNPACKED / candidate.lstrip("/")):
            if path.exists():
                return str(path)
    raise SystemExit(f"bench: {candidates[0]} is missing; `make bench` installs it")


def own_name():
    return pwd.getpwuid(NOBODY if os.geteuid() == 0 else os.geteuid()).pw_name


def new_folder(path):
    path.mkdir(parents=True)
    give_away(path)
    return path


def columns(kind):
    return ", ".join(f"{column[0]} {column[kind]}" for column in COLUMNS)


class Postgres:
    """Fast for its reader and lazy about crashes; so for Rowhaul and for psql."""

    def __init__(self, folder, tsv):
        self.data, self.log, self.port = folder / "postgres", folder / "postgres.log", free_port()
        self.binaries = pathlib.Path(program(*(f"/usr/lib/postgresql/{version}/bin/postgres"
                                               for version in range(19, 11, -1)))).parent
        made = folder / "postgres.made"
        if not made.exists():
            shutil.rmtree(self.data, ignore_errors=True)
            new_folder(self.data)
            must_succeed([self.binaries / "initdb", "--pgdata", self.data, "--username=bench", "--encoding=UTF8",
                          "--no-locale", "--no-sync", "--auth=trust"], **as_nobody(), cwd="/")
            self.start()
            self.load(tsv)
            self.server.stop()
            made.touch()
        self.start()

    def start(self):
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "",
                    "shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "30min", "fsync": "off",
                    "wal_level": "minimal", "max_wal_senders": 0, "autovacuum": "off", "jit": "off", "ssl": "off"}
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.server = Server(command, self.port, self.log, end=signal.SIGINT, ready=self.answers)

    def psql(self):
        return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench",
                "postgres"]

    def answers(self):
        return subprocess.run([*self.psql(), "-c", "select 1"], capture_output=True, check=False).returncode == 0

    def execute(self, statements):
        must_succeed([*self.psql(), *(part for statement in statements for part in ("-c", statement))])

    def write_rows(self, query, path):
        must_succeed([*self.psql(), "-c", f"\\copy ({query}) to '{path}' with (format csv)"])

    def load(self, tsv):
        must_succeed([*self.psql(), "-c", "begin", "-c", f"create table items ({columns(1)})",
                      "-c", f"\\copy items from '{tsv}'", "-c", "commit", "-c", "vacuum (freeze, analyze) items",
                      "-c", "checkpoint"])

    def connection(self):
        return {"type": "postgres", "host": "127.0.0.1", "port": self.port, "database": "postgres", "user": "bench"}

    def environment(self):
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "bench", "PGDATABASE": "postgres"}

    def stop(self):
        self.server.stop()


class MariaDb:
    def __init__(self, folder, tsv):
        self.data, self.log, self.port = folder / "mariadb", folder / "mariadb.log", free_port()
        made = folder / "mariadb.made"
        if not made.exists():
            shutil.rmtree(self.data, ignore_errors=True)
            new_folder(self.data)
            must_succeed([program("/usr/bin/mariadb-install-db"), "--no-defaults", "--skip-test-db",
                          "--auth-root-authentication-method=normal", "--skip-name-resolve", f"--datadir={self.data}"],
                         **as_nobody(), cwd="/")
            self.start()
            self.load(tsv)
            self.server.stop()
            made.touch()
        self.start()
        self.execute(["grant all on bench.* to bench"])

    def client(self):
        return ["mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={self.port}", "--user=root",
                "--local-infile=1", "--default-character-set=utf8mb4", "--database=bench"]

    def execute(self, statements):
        must_succeed([*self.client(), "--execute", "; ".join(statements)])

    def write_rows(self, query, path):
        with open(path, "wb") as output:
            subprocess.run([*self.client(), "--batch", "--quick", "--execute", query], stdout=output, check=True)

    def start(self):
        command = [program("/usr/sbin/mariadbd"), "--no-defaults", f"--datadir={self.data}", "--socket=socket",
                   f"--pid-file={self.data}/pid", "--bind-address=127.0.0.1", f"--port={self.port}",
                   "--skip-name-resolve", "--innodb-buffer-pool-size=512M", "--innodb-log-file-size=256M",
                   "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--performance-schema=0",
                   "--character-set-server=utf8mb4", "--local-infile=1"]
        self.server = Server(command, self.port, self.log)

    def load(self, tsv):
        client = [part for part in self.client() if part != "--database=bench"]
        must_succeed([*client, "--execute", "create database bench; create user bench"])
        must_succeed([*self.client(), "--execute",
                      f"create table items ({columns(2)}); set unique_checks=0; "
                      f"load data local infile '{tsv}' into table items character set utf8mb4"])

    def connection(self):
        return {"type": "mysql", "host": "127.0.0.1", "port": self.port, "database": "bench", "user": "bench"}

    def environment(self):
        return {"MARIADB_PORT": str(self.port)}

    def stop(self):
        self.server.stop()


class SqliteFile:
    """Not a server, but a database file that commands write to."""

    def __init__(self, path):
        self.path = path

    def execute(self, statements):
        must_succeed(["sqlite3", "-bail", self.path, "; ".join(statements)])

    def write_rows(self, query, path):
        with open(path, "wb") as output:
            subprocess.run(["sqlite3", "-csv", self.path, query], stdout=output, check=True)

    def connection(self):
        return {"type": "sqlite", "path": self.path}

    def environment(self):
        return {"TARGET": str(self.path)}


class OpenSsh:
    def __init__(self, folder):
        self.folder, self.port = folder / "ssh", free_port()
        shutil.rmtree(self.folder, ignore_errors=True)
        new_folder(self.folder)
        self.files = new_folder(self.folder / "files")
        for name in ("key", "host_key"):
            must_succeed([program("/usr/bin/ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name])
        give_away(self.folder / "host_key")
        public = (self.folder / "key.pub").read_text()
        (self.folder / "authorized_keys").write_text(public)
        self.fingerprint = must_succeed(["ssh-keygen", "-l", "-f", self.folder / "host_key.pub"]).split()[1]
        (self.folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host_key\nPidFile none\nUsePAM yes\n"
            f"StrictModes no\nAuthorizedKeysFile {self.folder}/authorized_keys\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nUseDNS no\n"
            "Subsystem sftp internal-sftp\n")
        self.server = Server([program("/usr/sbin/sshd"), "-D", "-e", "-f", str(self.folder / "sshd_config")],
                             self.port, folder / "ssh.log")

    def connection(self, port=None):
        return {"type": "sftp", "host": "127.0.0.1", "port": port or self.port, "user": own_name(),
                "private_key_file": self.folder / "key", "host_key": [self.fingerprint], "folder": self.files}

    def environment(self, port=None):
        host_key = " ".join((self.folder / "host_key.pub").read_text().split()[:2])
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{port or self.port} {host_key}\n")
        return {"SSH_PORT": str(port or self.port), "SSH_USER": own_name(), "SSH_KEY": str(self.folder / "key"),
                "SSH_KNOWN_HOSTS": str(self.folder / "known_hosts"), "SSH_FOLDER": str(self.files),
                "SSH_HOST_KEY": self.fingerprint.removeprefix("SHA256:"), "RCLONE_CONFIG": "/dev/null"}

    def stop(self):
        self.server.stop()


class DelayProxy:
    """Every byte takes 25 ms in each direction."""

    def __init__(self, proxy_program, port):
        self.process = subprocess.Popen([proxy_program, str(port), "25"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


class Vsftpd:
    """Knows real users through PAM only, so its user is the anonymous one, with a password."""

    def __init__(self, folder, tls):
        self.folder, self.port, self.tls = folder / ("ftps" if tls else "ftp"), free_port(), tls
        shutil.rmtree(self.folder, ignore_errors=True)
        new_folder(self.folder)
        self.files = new_folder(self.folder / "files")
        os.chmod(self.files, 0o755)
        new_folder(self.folder / "state")
        text = (f"listen=YES\nlisten_address=127.0.0.1\nlisten_port={self.port}\nbackground=NO\n"
                "run_as_launching_user=YES\nanonymous_enable=YES\nlocal_enable=NO\nwrite_enable=YES\n"
                f"anon_root={self.files}\nanon_upload_enable=YES\nanon_mkdir_write_enable=YES\n"
                "anon_other_write_enable=YES\nanon_umask=022\nanon_world_readable_only=NO\n"
                f"ftp_username={own_name()}\nnopriv_user={own_name()}\nsecure_email_list_enable=YES\n"
                f"email_password_file={self.folder}/passwords\nseccomp_sandbox=NO\n"
                f"secure_chroot_dir={self.folder}/state\nsetproctitle_enable=NO\n")
        if tls:
            self.make_certificate()
            text += ("ssl_enable=YES\nallow_anon_ssl=YES\nrequire_ssl_reuse=YES\nforce_anon_logins_ssl=YES\n"
                     f"force_anon_data_ssl=YES\nssl_ciphers=HIGH\nrsa_cert_file={self.certificate}\n"
                     f"rsa_private_key_file={self.folder}/key.pem\n")
        for name, content in (("passwords", PASSWORD + "\n"), ("vsftpd.conf", text)):
            (self.folder / name).write_text(content)
            os.chmod(self.folder / name, 0o600)
            give_away(self.folder / name)
        self.server = Server([program("/usr/sbin/vsftpd"), str(self.folder / "vsftpd.conf")], self.port,
                             folder / f"{self.folder.name}.log")

    def make_certificate(self):
        self.certificate = self.folder / "certificate.pem"
        must_succeed(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                      "-keyout", self.folder / "key.pem", "-out", self.certificate])
        give_away(self.folder / "key.pem")

    def connection(self):
        described = {"type": "ftp", "host": "127.0.0.1", "port": self.port, "user": "anonymous",
                     "password": PASSWORD, "tls": "explicit" if self.tls else "none"}
        return {**described, "ca_file": self.certificate} if self.tls else described

    def environment(self):
        return {"FTP_PORT": str(self.port), "FTP_USER": "anonymous", "FTP_PASSWORD": PASSWORD,
                "FTP_CERTIFICATE": str(self.certificate) if self.tls else ""}

    def stop(self):
        self.server.stop()
