// SPDX-License-Identifier: Apache-2.0
// What the suite of transports cannot show: servers that did something else than they were told.
#include "transport/pending_file.h"

#include "testing/suite/transport_faults.h"
#include "testing/suite/transport_suite.h"
#include "testing/temporary_folder.h"
#include "transport/local.h"

#include <fstream>
#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using ::testing::HasSubstr;

class PendingFileTest : public ::testing::Test {
protected:
    PendingFileTest() {
        LocalOptions options;
        options.folder = folder_.path().string();
        transport_ = std::make_unique<FaultTransport>(std::make_unique<LocalTransport>(options), plan_);
    }

    // Written, but the answer to the last request was lost.
    void write_unconfirmed(PendingFile& file) {
        const auto stream = file.open(context_);
        stream->write(context_, as_bytes(text_));
        plan_->strike(Fault::AnswerLost, 1);
        stream->commit(context_);
        EXPECT_TRUE(plan_->has_struck());
    }
    void damage(const PendingFile& file) const {
        std::fstream on_disk(folder_.path() / file.temporary_path(), std::ios::in | std::ios::out);
        on_disk.seekp(5'000).put('\0');
    }

    const std::string text_ = noise(10'000);
    const Checksum digest_{HashAlgorithm::Sha256, sha256_of(text_)};
    TemporaryFolder folder_;
    std::shared_ptr<FaultPlan> plan_ = std::make_shared<FaultPlan>();
    std::unique_ptr<Transport> transport_;
    Context context_;
};

// Of writes that were on their way together, a later one may be done and an earlier one not.
TEST_F(PendingFileTest, a_hole_in_a_file_of_the_right_size_is_noticed_when_the_last_answers_were_lost) {
    PendingFile file(*transport_, {}, {.name = "a.csv", .execution = "01"});
    write_unconfirmed(file);
    damage(file);
    std::string message;
    EXPECT_EQ(kind_thrown([&] { file.complete(context_, std::span(&digest_, 1)); }, &message), ErrorKind::Unavailable);
    EXPECT_THAT(message, HasSubstr("arrived damaged"));
}

TEST_F(PendingFileTest, a_whole_file_is_published_although_the_last_answers_were_lost) {
    PendingFile file(*transport_, {}, {.name = "a.csv", .execution = "01"});
    write_unconfirmed(file);
    file.complete(context_, std::span(&digest_, 1));
    file.publish(context_);
    EXPECT_TRUE(read_file(folder_ / "a.csv") == text_);
}

// A stream is written to by a thread of its own, whose stop signal is gone when the file is cleaned up.
TEST_F(PendingFileTest, cleans_up_by_the_context_it_was_opened_with) {
    StopSignal run;
    context_.stop = &run;
    {
        PendingFile file(*transport_, {}, {.name = "a.csv", .execution = "01"});
        auto stream = file.open(context_);
        {
            const auto thread = std::make_unique<StopSignal>(&run);
            Context inner = context_;
            inner.stop = thread.get();
            stream->write(inner, as_bytes(text_));
            stream->commit(inner);
        }
        stream.reset();
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(PendingFileTest, makes_the_folder_in_which_files_are_completed_here) {
    PublishingOptions options;
    options.rename = false;
    PendingFile file(*transport_, options,
                     {.name = "a.csv", .execution = "01", .spool_folder = folder_.path() / "home/tmp"});
    {
        const auto stream = file.open(context_);
        stream->write(context_, as_bytes(text_));
        stream->commit(context_);
    }
    file.complete(context_);
    file.publish(context_);
    EXPECT_TRUE(read_file(folder_ / "a.csv") == text_);
}

}  // namespace
}  // namespace rowhaul
