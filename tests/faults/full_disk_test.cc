// SPDX-License-Identifier: Apache-2.0
// A disk that gets full at every write in turn, and stays so until the run has ended: the target's, or that of
// our own records. The table is as it was or as it is to be, the run says which
// as far as it can write that down, and the next run, with room again, goes on from there (P4, P5).
#include "app/components.h"
#include "testing/thoroughness.h"
#include "tests/faults/table_site.h"

#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <unistd.h>

namespace rowhaul::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// Stands between SQLite and the disk of the files whose path has these words: what it writes from some
// moment on does not fit any more.
class SmallDisk {
public:
    explicit SmallDisk(std::string words) {
        words_ = std::move(words);
        written_ = 0;
        room_ = no_end;
        auto* files = sqlite3_vfs_find(nullptr);
        for (std::size_t i = 0; i < calls.size(); ++i) {
            files->xSetSystemCall(files, calls[i], ours[i]);
        }
    }
    ~SmallDisk() {
        auto* files = sqlite3_vfs_find(nullptr);
        for (const char* call : calls) {
            files->xSetSystemCall(files, call, nullptr);
        }
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    static void has_room_for(std::size_t writes) {
        written_ = 0;
        room_ = writes;
    }
    static void has_room() { room_ = no_end; }
    static bool is_full() { return written_ > room_; }

private:
    static constexpr std::size_t no_end = ~std::size_t{0};
    static constexpr std::array calls{"write", "pwrite", "pwrite64"};

    static bool takes(int file) {
        std::array<char, 4096> path{};
        const auto size = ::readlink(fmt::format("/proc/self/fd/{}", file).c_str(), path.data(), path.size());
        if (size <= 0 ||
            std::string_view(path.data(), static_cast<std::size_t>(size)).find(words_) == std::string_view::npos) {
            return true;
        }
        if (++written_ > room_) {
            errno = ENOSPC;
            return false;
        }
        return true;
    }
    static ssize_t write_some(int file, const void* bytes, size_t size) {
        return takes(file) ? ::write(file, bytes, size) : -1;
    }
    static ssize_t write_there(int file, const void* bytes, size_t size, off_t place) {
        return takes(file) ? ::pwrite(file, bytes, size, place) : -1;
    }

    static inline const std::array<sqlite3_syscall_ptr, 3> ours{reinterpret_cast<sqlite3_syscall_ptr>(&write_some),
                                                                reinterpret_cast<sqlite3_syscall_ptr>(&write_there),
                                                                reinterpret_cast<sqlite3_syscall_ptr>(&write_there)};
    static inline std::string words_;
    static inline std::size_t written_ = 0;
    static inline std::size_t room_ = no_end;
};

struct Disk {
    std::string name;
    std::string words;  // in the paths of its files
    friend std::ostream& operator<<(std::ostream& out, const Disk& disk) { return out << disk.name; }
};

class FullDisk : public ::testing::TestWithParam<std::tuple<Disk, TableMode>> {
protected:
    static const Disk& disk() { return std::get<0>(GetParam()); }
    static const TableMode& mode() { return std::get<1>(GetParam()); }
    static RunResult run(const TableSite& site) { return site.run(components()); }

    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
    SqlitePlace place_{folder_ / "erp.db"};
};

INSTANTIATE_TEST_SUITE_P(Disks, FullDisk,
                         ::testing::Combine(::testing::Values(Disk{"target", "erp.db"}, Disk{"records", "/home/"}),
                                            ::testing::ValuesIn(table_modes())),
                         [](const auto& tested) {
                             return fmt::format("{}_{}", std::get<0>(tested.param).name,
                                                std::get<1>(tested.param).name);
                         });

TEST_P(FullDisk, AtAnyWriteLeavesAllOrNothing) {
    const auto before = TableSite::before();
    const auto arrived = after_run(mode(), before, TableSite::first_source);
    const std::size_t step = is_thorough() || disk().name == "target" ? 1 : 3;
    std::size_t failures = 0;
    bool was_full = true;
    for (std::size_t writes = 0; was_full && !HasFailure(); writes += step) {
        SCOPED_TRACE(fmt::format("room for {} writes", writes));
        TableSite site(place_, mode());
        std::string told;
        bool succeeded = false;
        {
            const SmallDisk small(disk().words);
            SmallDisk::has_room_for(writes);
            try {
                const auto result = run(site);
                succeeded = result.outcome == RunOutcome::Succeeded;
                told = result.waybills.at(0).message;
            } catch (const Error& error) {
                told = error.what();
            }
            was_full = SmallDisk::is_full();
            EXPECT_TRUE(succeeded || was_full) << told;
            if (!succeeded) {
                ++failures;
                // Where the index of its log does not fit, SQLite says no more than that.
                EXPECT_THAT(told, AnyOf(HasSubstr("full"), HasSubstr("disk I/O error")));
            }
            SmallDisk::has_room();
        }
        const auto found = site.people();
        const bool has_arrived = found == text_of(arrived.people);
        EXPECT_TRUE(has_arrived || found == text_of(before.people)) << found;
        EXPECT_EQ(has_arrived, succeeded || told.find("arrived") != std::string::npos) << told;

        site.give(TableSite::second_source);
        const auto expected = after_run(mode(), has_arrived ? arrived : before, TableSite::second_source);
        const auto next = run(site);
        EXPECT_EQ(next.outcome, RunOutcome::Succeeded) << next.waybills.at(0).message;
        EXPECT_EQ(site.people(), text_of(expected.people));
    }
    RecordProperty("failures", static_cast<int>(failures));
    EXPECT_GT(failures, 2U);
}

}  // namespace
}  // namespace rowhaul::testing
