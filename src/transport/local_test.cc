// SPDX-License-Identifier: Apache-2.0
#include "transport/local.h"

#include "testing/suite/transport_suite.h"
#include "testing/temporary_folder.h"
#include "transport/retry.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using ::testing::HasSubstr;

class LocalPlace final : public TransportPlace {
public:
    std::unique_ptr<Transport> connect() override {
        LocalOptions options;
        options.folder = folder_.path().string();
        return std::make_unique<LocalTransport>(options);
    }
    std::filesystem::path folder() const override { return folder_.path(); }

private:
    TemporaryFolder folder_;
};

class RetriedPlace final : public TransportPlace {
public:
    std::unique_ptr<Transport> connect() override {
        return std::make_unique<RetryTransport>(place_.connect(), RetryOptions());
    }
    std::filesystem::path folder() const override { return place_.folder(); }

private:
    LocalPlace place_;
};

INSTANTIATE_TEST_SUITE_P(Local, TransportSuite,
                         ::testing::Values(TransportCase{"local", [] { return std::make_unique<LocalPlace>(); }},
                                           TransportCase{"retried", [] { return std::make_unique<RetriedPlace>(); }}),
                         name_of_case);

class LocalTransportTest : public ::testing::Test {
protected:
    std::unique_ptr<Transport> transport(const std::string& folder) {
        LocalOptions options;
        options.folder = folder;
        return std::make_unique<LocalTransport>(options);
    }

    TemporaryFolder folder_;
    Context context_;
};

TEST_F(LocalTransportTest, says_which_option_names_the_missing_folder) {
    try {
        transport(folder_ / "absent")->stat(context_, "a.csv");
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::NotFound);
        EXPECT_THAT(error.what(), HasSubstr("absent"));
        EXPECT_THAT(error.advice(), HasSubstr("option folder"));
    }
}

TEST_F(LocalTransportTest, never_follows_a_link_out_of_its_folder) {
    const TemporaryFolder outside;
    write_file(outside / "secret.csv", "secret");
    std::filesystem::create_symlink(outside.path(), folder_.path() / "link");
    std::filesystem::create_symlink(outside / "secret.csv", folder_.path() / "link.csv");
    const auto local = transport(folder_.path());
    EXPECT_EQ(kind_thrown([&] { read_text(context_, *local, "link/secret.csv"); }), ErrorKind::Denied);
    EXPECT_EQ(kind_thrown([&] { read_text(context_, *local, "link.csv"); }), ErrorKind::Denied);
    EXPECT_EQ(kind_thrown([&] { write_text(context_, *local, "link/a.csv", "x"); }), ErrorKind::Denied);
    write_text(context_, *local, "link.csv", "ours");
    EXPECT_EQ(read_file(outside / "secret.csv"), "secret");
}

TEST_F(LocalTransportTest, a_file_written_anew_is_a_new_inode) {
    write_file(folder_ / "a.csv", "old");
    std::filesystem::create_hard_link(folder_ / "a.csv", folder_ / "other.csv");
    const auto local = transport(folder_.path());
    write_text(context_, *local, "a.csv", "new");
    EXPECT_EQ(read_file(folder_ / "other.csv"), "old");
}

TEST_F(LocalTransportTest, a_full_disk_is_exhausted) {
    // Every write to this device fails as on a full disk.
    const auto devices = transport("/dev");
    std::string message;
    EXPECT_EQ(kind_thrown([&] { devices->write(context_, "full", 1)->write(context_, as_bytes("x")); }, &message),
              ErrorKind::Exhausted);
    EXPECT_THAT(message, HasSubstr("/dev/full"));
    EXPECT_THAT(message, HasSubstr("the disk is full"));
}

}  // namespace
}  // namespace rowhaul
