// SPDX-License-Identifier: Apache-2.0
// Files of partners on their way in, over every kind of server that companies have: what they are
// chosen by, what becomes of them, and what a partner, a server or a link may do at the worst moment.
#include "app/components.h"
#include "execution/executor.h"
#include "testing/relay.h"
#include "testing/servers/ftp_server.h"
#include "testing/servers/open_ssh.h"
#include "testing/suite/hooked_transport.h"
#include "testing/suite/wrapped_catalog.h"
#include "testing/tcp_proxy.h"
#include "testing/temporary_folder.h"

#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <map>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

namespace rowhaul {
namespace {

using namespace std::chrono_literals;
using namespace rowhaul::testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Tls = FtpServerOptions::Tls;

// A partner's server and the link that every byte goes over; one for all tests, with a new folder for each.
class Partner {
public:
    virtual ~Partner() = default;
    // As it lies on the disk.
    virtual std::filesystem::path root() const = 0;
    // As it stands in a configuration, for a folder below the root.
    virtual std::string connection(const std::string& folder) const = 0;
    virtual void cut() {}

    std::string new_folder() {
        auto name = fmt::format("partner{}", ++folders_);
        std::filesystem::create_directory(root() / name);
        return name;
    }

private:
    int folders_ = 0;
};

class Folder final : public Partner {
public:
    std::filesystem::path root() const override { return folder_.path(); }
    std::string connection(const std::string& folder) const override {
        return fmt::format("type: local, folder: '{}'", folder_ / folder);
    }

private:
    TemporaryFolder folder_;
};

class Ftp final : public Partner {
public:
    Ftp(std::unique_ptr<FtpServer> (*start)(const FtpServerOptions&), FtpServerOptions options) {
        if (options.tls != Tls::None) {
            options.certificate = authority_.valid();
        }
        tls_ = options.tls == Tls::None ? "none" : "explicit";
        server_ = start(options);
    }
    std::filesystem::path root() const override { return server_->folder(); }
    std::string connection(const std::string& folder) const override {
        return fmt::format(
            "type: ftp, host: 127.0.0.1, port: {}, user: {}, password: {}, tls: {}, ca_file: '{}', "
            "proxy: 'socks5://127.0.0.1:{}', timeout: 5s, folder: {}",
            server_->port(), server_->user(), FtpServer::password(), tls_, authority_.ca_file(), link_.port(), folder);
    }
    void cut() override { link_.cut(); }

private:
    CertificateAuthority authority_;
    std::string tls_;
    std::unique_ptr<FtpServer> server_;
    Relay relay_;
    TcpProxy link_{relay_.port()};
};

class Sftp final : public Partner {
public:
    std::filesystem::path root() const override { return server_.files(); }
    std::string connection(const std::string& folder) const override {
        return fmt::format(
            "type: sftp, host: 127.0.0.1, port: {}, user: {}, private_key_file: '{}', folder: '{}', host_key: '{}', "
            "timeout: 5s",
            link_.port(), server_.user(), server_.key().file.string(), (root() / folder).string(),
            server_.host_key().fingerprint());
    }
    void cut() override { link_.cut(); }

private:
    OpenSsh server_;
    TcpProxy link_{server_.port()};
};

struct PartnerKind {
    std::string name;
    std::function<std::unique_ptr<Partner>()> start;
    bool has_link = true;
};

std::ostream& operator<<(std::ostream& out, const PartnerKind& kind) {
    return out << kind.name;
}

const std::vector<PartnerKind> kinds{
    {"folder", [] { return std::make_unique<Folder>(); }, false},
    {"vsftpd", [] { return std::make_unique<Ftp>(start_vsftpd, FtpServerOptions{}); }},
    {"ProFTPD", [] { return std::make_unique<Ftp>(start_pro_ftpd, FtpServerOptions{}); }},
    {"PureFTPd", [] { return std::make_unique<Ftp>(start_pure_ftpd, FtpServerOptions{}); }},
    {"FTPS",
     [] {
         return std::make_unique<Ftp>(
             start_vsftpd, FtpServerOptions{.tls = Tls::Explicit, .require_tls = true, .require_tls_resumption = true});
     }},
    {"SFTP", [] { return std::make_unique<Sftp>(); }},
};

Partner& shared(const PartnerKind& kind) {
    static std::map<std::string, std::unique_ptr<Partner>> running;
    auto& partner = running[kind.name];
    if (!partner) {
        partner = kind.start();
    }
    return *partner;
}

// A mapping "prices" from a partner's files to out/{sequence}.csv.
class PartnerFiles : public ::testing::TestWithParam<PartnerKind> {
protected:
    PartnerFiles() {
        std::filesystem::create_directory(home_ / "out");
        give(folder());
        hooks_->before = [this](Step step, std::string_view path) {
            const std::lock_guard lock(access_);
            before(step, path);
        };
        hooks_->after = [this](Step step, std::string_view path) {
            const std::lock_guard lock(access_);
            after(step, path);
        };
    }

    void map(std::string_view source, std::string_view more = {}) const {
        write_file(home_ / "rowhaul.yaml",
                   fmt::format("version: 1\n"
                               "connections:\n"
                               "  partner: {{ {} }}\n"
                               "  out: {{ type: local, folder: '{}/out' }}\n"
                               "mappings:\n"
                               "  prices:\n"
                               "    source: {{ connection: partner, {} }}\n"
                               "    target: {{ connection: out, file: '{{sequence}}.csv', on_empty: skip }}\n{}",
                               partner_.connection(name_), home_.path().string(), source, more));
    }
    std::filesystem::path folder() const { return partner_.root() / name_; }
    // A file of the partner's, written so long ago, by whoever the server is.
    void put(const std::string& name, std::string_view content, std::chrono::seconds age = 2h) const {
        const auto path = folder() / name;
        write_file(path, content);
        std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
        give(path);
    }
    void make_folder(const std::string& name) const {
        std::filesystem::create_directory(folder() / name);
        give(folder() / name);
    }
    void append(const std::string& name, std::string_view content) const {
        const auto path = folder() / name;
        write_file(path, read_file(path) + std::string(content));
    }
    Waybill run() {
        auto catalog = with_transports(components(), [this](std::unique_ptr<Transport> inner) {
            return std::make_unique<HookedTransport>(std::move(inner), hooks_);
        });
        catalog.retry({.attempts = 3, .first_pause = {}, .longest_pause = {}});
        const Project project(home_ / "rowhaul.yaml", catalog);
        Executor executor(project, store_, home_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return executor.run(Context(), {.name = "prices"}, nobody).waybills.at(0);
    }
    static std::vector<std::string> names_below(const std::filesystem::path& root) {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
            if (entry.is_regular_file()) {
                names.push_back(entry.path().lexically_relative(root));
            }
        }
        std::ranges::sort(names);
        return names;
    }
    std::vector<std::string> partners() const { return names_below(folder()); }
    std::vector<std::string> delivered() const { return names_below(home_ / "out"); }
    std::string delivery(int number) const { return read_file(home_ / fmt::format("out/{}.csv", number)); }
    static std::vector<std::string> sources(const Waybill& waybill) {
        std::vector<std::string> names;
        for (const auto& file : waybill.report.source_files) {
            names.push_back(file.name);
        }
        return names;
    }
    static std::vector<std::string> warnings(const Waybill& waybill) {
        std::vector<std::string> codes;
        for (const auto& warning : waybill.report.warnings) {
            codes.push_back(warning.code);
        }
        return codes;
    }
    // Nothing arrived, nothing was taken away, and the failure says so much.
    void expect_failure(const Waybill& waybill, std::string_view message) const {
        EXPECT_EQ(waybill.outcome, RunOutcome::Failed);
        EXPECT_THAT(waybill.message, HasSubstr(std::string(message)));
        EXPECT_THAT(delivered(), IsEmpty());
    }
    // Rows of a file of about so many bytes.
    static std::string rows(std::size_t bytes) {
        std::string text = "sku,price\n";
        for (int row = 0; text.size() < bytes; ++row) {
            fmt::format_to(std::back_inserter(text), "{},{}.50 for something with a long name\n", row, row);
        }
        return text;
    }

    static void give(const std::filesystem::path& path) {
        if (::geteuid() == 0) {
            EXPECT_EQ(::chown(path.c_str(), 65534, 65534), 0);
        }
    }

    const TemporaryFolder home_;
    Store store_{home_ / "home"};
    Partner& partner_ = shared(GetParam());
    const std::string name_ = partner_.new_folder();
    const std::shared_ptr<Hooks> hooks_ = std::make_shared<Hooks>();
    std::function<void(Step, std::string_view)> before = [](Step, std::string_view) {};
    std::function<void(Step, std::string_view)> after = [](Step, std::string_view) {};

private:
    std::mutex access_;
};

TEST_P(PartnerFiles, OneFileArrivesAndIsKeptAndNotTakenTwice) {
    put("p.csv", "sku,price\n007,1.50\n8,\n");
    map("file: p.csv");
    const auto waybill = run();
    EXPECT_EQ(waybill.outcome, RunOutcome::Succeeded) << waybill.message;
    EXPECT_EQ(delivery(1), "sku,price\n007,1.50\n8,\n");
    EXPECT_EQ(run().outcome, RunOutcome::Empty);
    EXPECT_THAT(partners(), ElementsAre("p.csv"));
    EXPECT_THAT(delivered(), ElementsAre("1.csv"));
}

TEST_P(PartnerFiles, APatternIsReadInTheOrderOfNamesOrTimes) {
    put("P_b.csv", "sku\n2\n", 3h);
    put("P_a.csv", "sku\n1\n", 2h);
    put("P_c ä.csv", "sku\n3\n", 4h);
    put("Q.csv", "sku\n4\n");
    make_folder("P_d.csv");
    map("files: 'P_*.csv', again: true");
    EXPECT_THAT(sources(run()), ElementsAre("P_a.csv", "P_b.csv", "P_c ä.csv"));
    EXPECT_EQ(delivery(1), "sku\n1\n2\n3\n");
    map("files: 'P_*.csv', again: true, order: time");
    EXPECT_THAT(sources(run()), ElementsAre("P_c ä.csv", "P_b.csv", "P_a.csv"));
    map("files: 'P_*.csv', again: true, newest: true");
    EXPECT_THAT(sources(run()), ElementsAre("P_a.csv"));
    EXPECT_EQ(delivery(3), "sku\n1\n");
}

// A listing without seconds would order these by their names.
TEST_P(PartnerFiles, TheNewestIsToldFromOneThatIsASecondOlder) {
    put("z.csv", "sku\n1\n", 7201s);
    put("a.csv", "sku\n2\n", 7200s);
    put("k.csv", "sku\n3\n", 7202s);
    map("files: '*.csv', newest: true, again: true");
    EXPECT_THAT(sources(run()), ElementsAre("a.csv"));
    map("files: '*.csv', order: time, again: true");
    EXPECT_THAT(sources(run()), ElementsAre("k.csv", "z.csv", "a.csv"));
}

TEST_P(PartnerFiles, AYoungFileWaits) {
    put("a.csv", "sku\n1\n", 2h);
    put("b.csv", "sku\n2\n", 1s);
    map("files: '*.csv', settle: 1h, after: delete");
    const auto waybill = run();
    EXPECT_THAT(sources(waybill), ElementsAre("a.csv"));
    EXPECT_THAT(warnings(waybill), ElementsAre("file_not_settled"));
    EXPECT_THAT(partners(), ElementsAre("b.csv"));
    put("b.csv", "sku\n2\n", 2h);
    EXPECT_THAT(sources(run()), ElementsAre("b.csv"));
}

TEST_P(PartnerFiles, AFileThatGrowsBetweenTwoLooksWaits) {
    put("a.csv", "sku\n1\n");
    put("b.csv", "sku\n");
    map("files: '*.csv', settle: { stable: 1s }");
    int looks = 0;
    before = [&](Step step, std::string_view) {
        if (step == Step::List && ++looks == 2) {
            append("b.csv", "2\n");
        }
    };
    EXPECT_THAT(sources(run()), ElementsAre("a.csv"));
    EXPECT_THAT(sources(run()), ElementsAre("b.csv"));
    EXPECT_EQ(delivery(2), "sku\n2\n");
}

TEST_P(PartnerFiles, AFileWaitsForItsMarkerWhichGoesWithIt) {
    put("a.csv", "sku\n1\n");
    put("b.csv", "sku\n2\n");
    put("a.csv.done", "");
    map("files: '*', settle: { marker: '{name}.done' }, after: delete");
    EXPECT_THAT(sources(run()), ElementsAre("a.csv"));
    EXPECT_THAT(partners(), ElementsAre("b.csv"));
}

TEST_P(PartnerFiles, AFileWaitsForTheManifestThatNamesIt) {
    put("a.csv", "sku\n1\n");
    put("b.csv", "sku\n2\n");
    put("sums.json", R"({"files": [{"name": "b.csv", "bytes": 6, "rows": 1}, {"name": "a.csv", "bytes": 7}]})");
    map("files: '*.csv', settle: { manifest: sums.json }, after: delete");
    EXPECT_THAT(sources(run()), ElementsAre("b.csv"));
    EXPECT_THAT(partners(), ElementsAre("a.csv", "sums.json"));
}

TEST_P(PartnerFiles, CompressionIsKnownByTheContent) {
    write_file(home_ / "p.csv", "sku\n1\n");
    put("p.csv", testing::run({"gzip", "-c", home_ / "p.csv"}).output);
    map("file: p.csv");
    const auto waybill = run();
    EXPECT_EQ(waybill.outcome, RunOutcome::Succeeded) << waybill.message;
    EXPECT_EQ(delivery(1), "sku\n1\n");
}

TEST_P(PartnerFiles, FilesAreMovedIntoAFolderThatIsMadeUnderANameThatIsFree) {
    map("files: '*.csv', after: { move: done/2026 }");
    for (int number = 1; number <= 3; ++number) {
        put("a.csv", fmt::format("sku\n{}\n", number));
        const auto waybill = run();
        EXPECT_EQ(waybill.outcome, RunOutcome::Succeeded) << waybill.message;
        EXPECT_THAT(warnings(waybill), IsEmpty());
    }
    EXPECT_THAT(partners(), ElementsAre("done/2026/a.csv", "done/2026/a_1.csv", "done/2026/a_2.csv"));
    EXPECT_EQ(read_file(folder() / "done/2026/a_2.csv"), "sku\n3\n");
}

TEST_P(PartnerFiles, WhereDeletingIsForbiddenTheRowsArriveOnceAndAWarningTells) {
    if (GetParam().name == "folder" && ::geteuid() == 0) {
        return;  // nothing is forbidden to the administrator
    }
    make_folder("in");
    put("in/a.csv", "sku\n1\n");
    ::chmod((folder() / "in").c_str(), 0555);
    map("files: 'in/*.csv', after: delete");
    const auto waybill = run();
    EXPECT_EQ(waybill.outcome, RunOutcome::Succeeded) << waybill.message;
    EXPECT_THAT(warnings(waybill), ElementsAre("file_not_moved"));
    EXPECT_THAT(warnings(run()), ::testing::UnorderedElementsAre("file_taken_before", "file_not_moved"));
    EXPECT_THAT(delivered(), ElementsAre("1.csv"));
    ::chmod((folder() / "in").c_str(), 0755);
    run();
    EXPECT_THAT(partners(), IsEmpty()) << "the next run does what could not be done";
    EXPECT_THAT(delivered(), ElementsAre("1.csv"));
}

TEST_P(PartnerFiles, AFileThatVanishesAfterTheListingIsNoFile) {
    put("a.csv", "sku\n1\n");
    put("b.csv", "sku\n2\n");
    map("files: '*.csv'");
    before = [&](Step step, std::string_view path) {
        if (step == Step::OpenToRead && path == "a.csv") {
            std::filesystem::remove(folder() / "b.csv");
        }
    };
    const auto waybill = run();
    EXPECT_EQ(waybill.outcome, RunOutcome::Succeeded) << waybill.message;
    EXPECT_THAT(sources(waybill), ElementsAre("a.csv"));
    EXPECT_THAT(warnings(waybill), ElementsAre("file_vanished"));
}

TEST_P(PartnerFiles, AFileThatChangesWhileItIsReadFailsTheRunAndNothingMoves) {
    put("a.csv", "sku\n1\n");
    put("b.csv", rows(1 << 20));
    map("files: '*.csv', after: { move: done }, set_aside: bad");
    bool has_changed = false;
    after = [&](Step step, std::string_view path) {
        if (step == Step::Read && path == "b.csv" && !std::exchange(has_changed, true)) {
            append("b.csv", "more,1\n");
        }
    };
    expect_failure(run(), "b.csv");
    EXPECT_THAT(partners(), ElementsAre("a.csv", "b.csv"));
    const auto waybill = run();
    EXPECT_THAT(sources(waybill), ElementsAre("a.csv", "b.csv"));
    EXPECT_THAT(partners(), ElementsAre("done/a.csv", "done/b.csv"));
}

TEST_P(PartnerFiles, AFileThatIsWrittenAgainBeforeItIsDeletedStays) {
    put("a.csv", "sku\n1\n");
    map("files: '*.csv', after: delete");
    after = [&](Step step, std::string_view path) {
        if (step == Step::Rename && path.ends_with(".part")) {
            put("a.csv", "sku\n22\n", 1h);
        }
    };
    EXPECT_THAT(warnings(run()), ElementsAre("file_changed_since"));
    EXPECT_THAT(partners(), ElementsAre("a.csv"));
    after = [](Step, std::string_view) {};
    EXPECT_THAT(sources(run()), ElementsAre("a.csv"));
    EXPECT_EQ(delivery(2), "sku\n22\n");
    EXPECT_THAT(partners(), IsEmpty());
}

TEST_P(PartnerFiles, ALinkThatIsCutInTheMiddleIsMadeAgainAndNoRowIsLostOrDoubled) {
    if (!GetParam().has_link) {
        return;
    }
    const auto content = rows(std::size_t{16} << 20);
    put("p.csv", content);
    map("file: p.csv");
    std::size_t reads = 0;
    std::size_t cuts = 0;
    after = [&](Step step, std::string_view path) {
        if (step == Step::Read && path == "p.csv" && ++reads % 10 == 0 && cuts < 3) {
            ++cuts;
            partner_.cut();
        }
    };
    const auto waybill = run();
    EXPECT_EQ(waybill.outcome, RunOutcome::Succeeded) << waybill.message;
    EXPECT_EQ(cuts, 3U);
    EXPECT_TRUE(delivery(1) == content);
}

TEST_P(PartnerFiles, ALinkThatIsCutAgainAndAgainFailsTheRunAndNothingMoves) {
    if (!GetParam().has_link) {
        return;
    }
    put("p.csv", rows(std::size_t{16} << 20));
    map("file: p.csv, after: delete");
    bool has_begun = false;
    before = [&](Step step, std::string_view path) {
        has_begun = has_begun || (step == Step::Read && path == "p.csv");
        if (has_begun) {
            partner_.cut();
        }
    };
    const auto waybill = run();
    before = [](Step, std::string_view) {};
    EXPECT_EQ(waybill.outcome, RunOutcome::Failed);
    EXPECT_THAT(delivered(), IsEmpty());
    EXPECT_THAT(partners(), ElementsAre("p.csv"));
    EXPECT_EQ(run().outcome, RunOutcome::Succeeded);
    EXPECT_THAT(partners(), IsEmpty());
}

// Failure story 11: the header and the first records were eaten, and the run was green.
TEST_P(PartnerFiles, Story11AServerThatIgnoresOffsetsFailsTheRun) {
    if (!GetParam().has_link) {
        return;
    }
    put("p.csv", rows(std::size_t{16} << 20));
    map("file: p.csv, after: delete");
    hooks_->ignores_offsets = true;
    std::size_t reads = 0;
    after = [&](Step step, std::string_view path) {
        if (step == Step::Read && path == "p.csv" && ++reads == 10) {
            partner_.cut();
        }
    };
    expect_failure(run(), "but delivered");
    EXPECT_THAT(partners(), ElementsAre("p.csv"));
}

TEST_P(PartnerFiles, Story11AServerThatLiesAboutSizesFailsTheRun) {
    const auto content = rows(100'000);
    put("p.csv", content);
    map("file: p.csv, after: delete");
    for (const std::int64_t lie : {-1, 1, 4096}) {
        hooks_->says_too_much = lie;
        expect_failure(run(), fmt::format("has {} bytes, but delivered {}",
                                          static_cast<std::int64_t>(content.size()) + lie, content.size()));
        EXPECT_THAT(partners(), ElementsAre("p.csv"));
    }
    hooks_->says_too_much = 0;
    EXPECT_EQ(run().outcome, RunOutcome::Succeeded);
}

INSTANTIATE_TEST_SUITE_P(Servers, PartnerFiles, ::testing::ValuesIn(kinds),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace rowhaul
