// SPDX-License-Identifier: Apache-2.0
#include "testing/suite/transport_suite.h"

#include "testing/suite/transport_faults.h"
#include "testing/temporary_folder.h"
#include "testing/thoroughness.h"
#include "transport/pending_file.h"
#include "transport/retry.h"

#include <algorithm>
#include <array>
#include <gmock/gmock.h>

namespace rowhaul::testing {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20;

const std::vector<std::string> difficult_names = {
    "Kunden Zürich.csv",       "a b  c.csv", "l'été \"2026\".csv", "日本語.csv",
    "semi;colon&amp$HOME.csv", "-rf",        "[a]{b}*?.csv",       "100%.csv"};

RetryOptions quick_retries() {
    RetryOptions options;
    options.first_pause = std::chrono::milliseconds(10);
    return options;
}

PendingRequest request_for(std::string name, IfExists if_exists = IfExists::Replace) {
    return {.name = std::move(name), .execution = "01JTEST", .if_exists = if_exists, .spool_folder = {}};
}

void fill(const Context& context, PendingFile& file, std::string_view text) {
    const auto stream = file.open(context);
    stream->write(context, as_bytes(text));
    stream->commit(context);
}

std::string publish(const Context& context, Transport& transport, PendingRequest request, std::string_view text,
                    const PublishingOptions& options = {}) {
    PendingFile file(transport, options, std::move(request));
    fill(context, file, text);
    const Checksum digest{HashAlgorithm::Sha256, sha256_of(text)};
    file.complete(context, std::span(&digest, 1));
    return file.publish(context);
}

}  // namespace

TransportSuite::TransportSuite() : place_(GetParam().start()), transport_(place_->connect()) {
    context_.stop = &stop_;
}

TransportSuite::~TransportSuite() {
    transport_.reset();
}

std::string TransportSuite::on_disk(std::string_view path) const {
    return read_file(place_->folder() / path);
}

bool TransportSuite::exists_on_disk(std::string_view path) const {
    return std::filesystem::exists(place_->folder() / path);
}

std::vector<std::string> TransportSuite::files_on_disk() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place_->folder())) {
        if (!entry.is_directory()) {
            names.push_back(std::filesystem::relative(entry.path(), place_->folder()).string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

Error LinkedTransportSuite::stopped_while(const std::function<void()>& verb) {
    using Clock = std::chrono::steady_clock;
    Clock::time_point asked;
    std::thread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(150));
        asked = Clock::now();
        stop_.request();
    });
    Error caught(ErrorKind::Internal, "nothing was thrown");
    try {
        verb();
    } catch (const Error& error) {
        caught = error;
    }
    const auto ended = Clock::now();
    stopper.join();
    EXPECT_LT(ended - asked, std::chrono::seconds(1));
    return caught;
}

TEST_P(TransportSuite, says_that_a_missing_entry_is_missing) {
    EXPECT_FALSE(transport_->stat(context_, "missing.csv"));
    EXPECT_FALSE(transport_->stat(context_, "missing/missing.csv"));
}

TEST_P(TransportSuite, describes_files_and_folders) {
    write_file(place_->folder() / "a.csv", "12345");
    std::filesystem::create_directory(place_->folder() / "in");
    const auto file = transport_->stat(context_, "a.csv");
    ASSERT_TRUE(file);
    EXPECT_EQ(file->path, "a.csv");
    EXPECT_EQ(file->size, 5U);
    EXPECT_FALSE(file->is_folder);
    const auto folder = transport_->stat(context_, "in");
    ASSERT_TRUE(folder);
    EXPECT_TRUE(folder->is_folder);
}

TEST_P(TransportSuite, lists_a_folder) {
    std::filesystem::create_directory(place_->folder() / "in");
    write_file(place_->folder() / "in/a.csv", "1");
    write_file(place_->folder() / "in/.hidden", "12");
    std::filesystem::create_directory(place_->folder() / "in/deeper");
    std::vector<std::string> found;
    transport_->list(context_, "in", [&](const Entry& entry) {
        found.push_back(entry.path + (entry.is_folder ? "/" : " " + std::to_string(entry.size.value_or(999))));
        return true;
    });
    // A hidden file may stay hidden, where the server wants it so.
    std::erase(found, "in/.hidden 2");
    EXPECT_THAT(found, UnorderedElementsAre("in/a.csv 1", "in/deeper/"));
}

TEST_P(TransportSuite, lists_the_connections_own_folder) {
    write_file(place_->folder() / "a.csv", "1");
    std::vector<std::string> found;
    transport_->list(context_, "", [&](const Entry& entry) {
        found.push_back(entry.path);
        return true;
    });
    EXPECT_THAT(found, ElementsAre("a.csv"));
}

TEST_P(TransportSuite, stops_listing_when_told) {
    for (int i = 0; i < 500; ++i) {
        write_file(place_->folder() / (std::to_string(i) + ".csv"), "1");
    }
    int seen = 0;
    transport_->list(context_, "", [&](const Entry&) { return ++seen < 3; });
    EXPECT_EQ(seen, 3);
    seen = 0;
    transport_->list(context_, "", [&](const Entry&) { return ++seen < 1000; });
    EXPECT_EQ(seen, 500);
}

TEST_P(TransportSuite, listing_a_missing_folder_names_it) {
    std::string message;
    EXPECT_EQ(kind_thrown([&] { transport_->list(context_, "absent", [](const Entry&) { return true; }); }, &message),
              ErrorKind::NotFound);
    EXPECT_THAT(message, HasSubstr("absent"));
}

TEST_P(TransportSuite, reads_a_file) {
    const auto text = noise(3 * megabyte + 17);
    write_file(place_->folder() / "a.bin", text);
    EXPECT_TRUE(read_text(context_, *transport_, "a.bin") == text);
}

TEST_P(TransportSuite, reads_from_an_offset) {
    const auto text = noise(megabyte);
    write_file(place_->folder() / "a.bin", text);
    EXPECT_TRUE(read_text(context_, *transport_, "a.bin", 700'001) == text.substr(700'001));
    EXPECT_EQ(read_text(context_, *transport_, "a.bin", text.size()), "");
}

TEST_P(TransportSuite, the_end_of_a_file_stays_the_end) {
    write_file(place_->folder() / "a.csv", "abc");
    const auto stream = transport_->read(context_, "a.csv");
    std::array<std::byte, 10> buffer{};
    EXPECT_EQ(stream->read(context_, buffer), 3U);
    EXPECT_EQ(stream->read(context_, buffer), 0U);
    EXPECT_EQ(stream->read(context_, buffer), 0U);
}

TEST_P(TransportSuite, a_read_can_be_left_early) {
    write_file(place_->folder() / "big.bin", noise(8 * megabyte));
    write_file(place_->folder() / "a.csv", "abc");
    {
        const auto stream = transport_->read(context_, "big.bin");
        std::array<std::byte, 1000> buffer{};
        EXPECT_GT(stream->read(context_, buffer), 0U);
    }
    EXPECT_EQ(read_text(context_, *transport_, "a.csv"), "abc");
}

TEST_P(TransportSuite, reading_a_missing_file_names_it) {
    std::string message;
    EXPECT_EQ(kind_thrown([&] { read_text(context_, *transport_, "absent.csv"); }, &message), ErrorKind::NotFound);
    EXPECT_THAT(message, HasSubstr("absent.csv"));
}

TEST_P(TransportSuite, writes_a_file) {
    write_text(context_, *transport_, "a.csv", "id,name\n1,Zürich\n");
    EXPECT_EQ(on_disk("a.csv"), "id,name\n1,Zürich\n");
}

TEST_P(TransportSuite, writes_in_small_and_large_pieces) {
    const auto text = noise(2 * megabyte);
    const auto stream = transport_->write(context_, "a.bin");
    std::size_t at = 0;
    for (std::size_t size = 1; at < text.size(); size = size * 3 % 200'001) {
        const auto piece = std::string_view(text).substr(at, size);
        stream->write(context_, as_bytes(piece));
        at += piece.size();
    }
    stream->commit(context_);
    EXPECT_TRUE(on_disk("a.bin") == text);
}

TEST_P(TransportSuite, writes_an_empty_file) {
    write_text(context_, *transport_, "empty.csv", "");
    EXPECT_EQ(on_disk("empty.csv"), "");
    EXPECT_EQ(read_text(context_, *transport_, "empty.csv"), "");
}

TEST_P(TransportSuite, carries_a_large_file_both_ways) {
    const auto text = noise(20 * megabyte + 3);
    write_text(context_, *transport_, "large.bin", text);
    EXPECT_TRUE(on_disk("large.bin") == text);
    EXPECT_TRUE(read_text(context_, *transport_, "large.bin") == text);
}

TEST_P(TransportSuite, never_changes_bytes) {
    std::string text;
    for (int i = 0; i < 1024; ++i) {
        text += static_cast<char>(i);
    }
    text += "\r\n\n\r\xff\xf4\xff\xf2";
    write_text(context_, *transport_, "bytes.bin", text);
    EXPECT_EQ(on_disk("bytes.bin"), text);
    EXPECT_EQ(read_text(context_, *transport_, "bytes.bin"), text);
}

TEST_P(TransportSuite, overwrites_with_something_shorter) {
    write_text(context_, *transport_, "a.csv", "a longer text");
    write_text(context_, *transport_, "a.csv", "short");
    EXPECT_EQ(on_disk("a.csv"), "short");
}

TEST_P(TransportSuite, continues_a_file_where_it_ends) {
    write_text(context_, *transport_, "a.csv", "first,");
    if (!transport_->capabilities().resume_write) {
        EXPECT_THROW(write_text(context_, *transport_, "a.csv", "second", 6), Error);
        return;
    }
    write_text(context_, *transport_, "a.csv", "second", 6);
    EXPECT_EQ(on_disk("a.csv"), "first,second");
}

TEST_P(TransportSuite, continues_a_file_before_its_end) {
    write_text(context_, *transport_, "a.csv", "first,secXX");
    if (transport_->capabilities().resume_anywhere) {
        write_text(context_, *transport_, "a.csv", "ond.", 9);
        EXPECT_EQ(on_disk("a.csv"), "first,second.");
    }
}

TEST_P(TransportSuite, writing_into_a_missing_folder_names_it) {
    std::string message;
    EXPECT_EQ(kind_thrown([&] { write_text(context_, *transport_, "absent/a.csv", "1"); }, &message),
              ErrorKind::NotFound);
    EXPECT_THAT(message, HasSubstr("absent"));
}

TEST_P(TransportSuite, an_abandoned_write_leaves_a_usable_session) {
    {
        const auto stream = transport_->write(context_, "abandoned.bin");
        stream->write(context_, as_bytes(noise(5 * megabyte)));
    }
    write_text(context_, *transport_, "a.csv", "abc");
    EXPECT_EQ(on_disk("a.csv"), "abc");
    transport_->remove(context_, "abandoned.bin");
    EXPECT_THAT(files_on_disk(), ElementsAre("a.csv"));
}

TEST_P(TransportSuite, renames) {
    write_text(context_, *transport_, "a.part", "abc");
    transport_->rename(context_, "a.part", "a.csv");
    EXPECT_THAT(files_on_disk(), ElementsAre("a.csv"));
}

TEST_P(TransportSuite, renames_into_another_folder) {
    write_text(context_, *transport_, "a.part", "abc");
    transport_->make_folder(context_, "done");
    transport_->rename(context_, "a.part", "done/a.csv");
    EXPECT_THAT(files_on_disk(), ElementsAre("done/a.csv"));
}

TEST_P(TransportSuite, renames_over_an_existing_file_or_says_that_it_cannot) {
    write_text(context_, *transport_, "a.part", "new");
    write_text(context_, *transport_, "a.csv", "old");
    if (transport_->capabilities().rename_replaces) {
        transport_->rename(context_, "a.part", "a.csv");
        EXPECT_EQ(on_disk("a.csv"), "new");
        EXPECT_FALSE(exists_on_disk("a.part"));
        return;
    }
    EXPECT_EQ(kind_thrown([&] { transport_->rename(context_, "a.part", "a.csv"); }), ErrorKind::Conflict);
    EXPECT_EQ(on_disk("a.csv"), "old");
    EXPECT_EQ(on_disk("a.part"), "new");
}

TEST_P(TransportSuite, renaming_a_missing_file_names_it) {
    std::string message;
    EXPECT_EQ(kind_thrown([&] { transport_->rename(context_, "absent.part", "a.csv"); }, &message),
              ErrorKind::NotFound);
    EXPECT_THAT(message, HasSubstr("absent.part"));
}

TEST_P(TransportSuite, removes_a_file_twice) {
    write_text(context_, *transport_, "a.csv", "abc");
    transport_->remove(context_, "a.csv");
    transport_->remove(context_, "a.csv");
    transport_->remove(context_, "absent/a.csv");
    EXPECT_THAT(files_on_disk(), IsEmpty());
}

TEST_P(TransportSuite, makes_nested_folders_twice) {
    transport_->make_folder(context_, "a/b c/ü");
    transport_->make_folder(context_, "a/b c/ü");
    transport_->make_folder(context_, "a");
    EXPECT_TRUE(std::filesystem::is_directory(place_->folder() / "a/b c/ü"));
}

TEST_P(TransportSuite, knows_difficult_names) {
    transport_->make_folder(context_, "Müller & Söhne");
    for (const auto& name : difficult_names) {
        const auto path = "Müller & Söhne/" + name;
        write_text(context_, *transport_, path + ".part", name);
        transport_->rename(context_, path + ".part", path);
        EXPECT_EQ(on_disk(path), name);
        EXPECT_EQ(read_text(context_, *transport_, path), name);
        EXPECT_TRUE(transport_->stat(context_, path)) << path;
    }
    std::vector<std::string> found;
    transport_->list(context_, "Müller & Söhne", [&](const Entry& entry) {
        found.push_back(std::filesystem::path(entry.path).filename());
        return true;
    });
    EXPECT_THAT(found, ::testing::UnorderedElementsAreArray(difficult_names));
    for (const auto& name : difficult_names) {
        transport_->remove(context_, "Müller & Söhne/" + name);
    }
    EXPECT_THAT(files_on_disk(), IsEmpty());
}

TEST_P(TransportSuite, refuses_names_that_leave_the_folder) {
    for (const auto* path : {"../a.csv", "/etc/hostname", "a/../../b", "a\nDELE b", "a\\b"}) {
        EXPECT_EQ(kind_thrown([&] { transport_->stat(context_, path); }), ErrorKind::Invalid) << path;
        EXPECT_EQ(kind_thrown([&] { transport_->read(context_, path); }), ErrorKind::Invalid) << path;
        EXPECT_EQ(kind_thrown([&] { transport_->write(context_, path); }), ErrorKind::Invalid) << path;
        EXPECT_EQ(kind_thrown([&] { transport_->rename(context_, "a", path); }), ErrorKind::Invalid) << path;
        EXPECT_EQ(kind_thrown([&] { transport_->rename(context_, path, "a"); }), ErrorKind::Invalid) << path;
        EXPECT_EQ(kind_thrown([&] { transport_->remove(context_, path); }), ErrorKind::Invalid) << path;
        EXPECT_EQ(kind_thrown([&] { transport_->make_folder(context_, path); }), ErrorKind::Invalid) << path;
        EXPECT_EQ(kind_thrown([&] { transport_->list(context_, path, [](const Entry&) { return true; }); }),
                  ErrorKind::Invalid)
            << path;
    }
}

TEST_P(TransportSuite, carries_many_files_in_one_session) {
    for (int i = 0; i < 8; ++i) {
        const auto name = std::to_string(i) + ".csv";
        const auto text = noise(100'000 + static_cast<std::size_t>(i));
        write_text(context_, *transport_, name, text);
        EXPECT_TRUE(on_disk(name) == text);
        EXPECT_TRUE(read_text(context_, *transport_, name) == text);
    }
}

TEST_P(TransportSuite, works_again_after_reconnecting) {
    write_text(context_, *transport_, "a.csv", "abc");
    transport_->reconnect();
    EXPECT_EQ(read_text(context_, *transport_, "a.csv"), "abc");
    transport_->reconnect();
    transport_->reconnect();
    EXPECT_TRUE(transport_->stat(context_, "a.csv"));
}

TEST_P(TransportSuite, knows_times_when_it_claims_so) {
    write_file(place_->folder() / "a.csv", "abc");
    const auto entry = transport_->stat(context_, "a.csv");
    ASSERT_TRUE(entry);
    if (transport_->capabilities().modified_times) {
        ASSERT_TRUE(entry->modified);
        const auto on_disk_time =
            std::chrono::file_clock::to_sys(std::filesystem::last_write_time(place_->folder() / "a.csv"));
        EXPECT_LT(std::chrono::abs(*entry->modified - on_disk_time), std::chrono::seconds(2));
    }
}

TEST_P(TransportSuite, answers_checksums_when_it_claims_so) {
    write_text(context_, *transport_, "a.csv", "abc");
    const auto checksum = transport_->checksum(context_, "a.csv");
    EXPECT_EQ(checksum.has_value(), transport_->capabilities().checksums);
    if (checksum && checksum->digest == HashAlgorithm::Sha256) {
        EXPECT_EQ(checksum->hex, sha256_of("abc"));
    }
    if (checksum && checksum->digest == HashAlgorithm::Md5) {
        EXPECT_EQ(checksum->hex, "900150983cd24fb0d6963f7d28e17f72");
    }
    if (checksum && checksum->digest == HashAlgorithm::Sha1) {
        EXPECT_EQ(checksum->hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    }
}

TEST_P(TransportSuite, a_stop_request_ends_every_verb) {
    write_text(context_, *transport_, "a.csv", "abc");
    stop_.request();
    EXPECT_EQ(kind_thrown([&] { transport_->stat(context_, "a.csv"); }), ErrorKind::Cancelled);
    EXPECT_EQ(kind_thrown([&] { read_text(context_, *transport_, "a.csv"); }), ErrorKind::Cancelled);
    EXPECT_EQ(kind_thrown([&] { write_text(context_, *transport_, "b.csv", "abc"); }), ErrorKind::Cancelled);
    EXPECT_EQ(kind_thrown([&] { transport_->rename(context_, "a.csv", "b.csv"); }), ErrorKind::Cancelled);
    EXPECT_THAT(files_on_disk(), Contains("a.csv"));
}

TEST_P(TransportSuite, a_pending_file_has_its_final_name_only_when_published) {
    PendingFile file(*transport_, {}, request_for("customers.csv"));
    const auto text = noise(megabyte);
    fill(context_, file, text);
    EXPECT_THAT(files_on_disk(), ElementsAre(".customers.csv.01JTEST.part"));
    file.complete(context_);
    EXPECT_THAT(files_on_disk(), ElementsAre(".customers.csv.01JTEST.part"));
    EXPECT_EQ(file.publish(context_), "customers.csv");
    EXPECT_THAT(files_on_disk(), ElementsAre("customers.csv"));
    EXPECT_EQ(file.bytes(), text.size());
    EXPECT_TRUE(on_disk("customers.csv") == text);
}

TEST_P(TransportSuite, a_pending_file_that_is_not_published_leaves_nothing) {
    {
        PendingFile file(*transport_, {}, request_for("a.csv"));
        const auto stream = file.open(context_);
        stream->write(context_, as_bytes(noise(megabyte)));
    }
    EXPECT_THAT(files_on_disk(), IsEmpty());
    {
        PendingFile file(*transport_, {}, request_for("a.csv"));
        fill(context_, file, "abc");
        file.complete(context_);
    }
    EXPECT_THAT(files_on_disk(), IsEmpty());
}

TEST_P(TransportSuite, a_pending_file_leaves_nothing_after_a_stop_request) {
    {
        PendingFile file(*transport_, {}, request_for("a.csv"));
        const auto stream = file.open(context_);
        stream->write(context_, as_bytes(noise(megabyte)));
        stop_.request();
        EXPECT_EQ(kind_thrown([&] { stream->commit(context_); }), ErrorKind::Cancelled);
    }
    EXPECT_THAT(files_on_disk(), IsEmpty());
}

TEST_P(TransportSuite, a_pending_file_replaces_the_old_one) {
    write_text(context_, *transport_, "a.csv", "old");
    publish(context_, *transport_, request_for("a.csv"), "new");
    EXPECT_THAT(files_on_disk(), ElementsAre("a.csv"));
    EXPECT_EQ(on_disk("a.csv"), "new");
}

TEST_P(TransportSuite, a_pending_file_may_refuse_to_replace) {
    write_text(context_, *transport_, "a.csv", "old");
    PendingFile early(*transport_, {}, request_for("a.csv", IfExists::Fail));
    EXPECT_EQ(kind_thrown([&] { early.open(context_); }), ErrorKind::Conflict);
    {
        PendingFile late(*transport_, {}, request_for("b.csv", IfExists::Fail));
        fill(context_, late, "new");
        late.complete(context_);
        write_file(place_->folder() / "b.csv", "old");
        EXPECT_EQ(kind_thrown([&] { late.publish(context_); }), ErrorKind::Conflict);
    }
    EXPECT_THAT(files_on_disk(), ElementsAre("a.csv", "b.csv"));
    EXPECT_EQ(on_disk("a.csv"), "old");
    EXPECT_EQ(on_disk("b.csv"), "old");
}

TEST_P(TransportSuite, a_pending_file_may_take_the_next_number) {
    const auto next = [&](std::string name) {
        return publish(context_, *transport_, request_for(std::move(name), IfExists::Number), "x");
    };
    EXPECT_EQ(next("a.csv"), "a.csv");
    EXPECT_EQ(next("a.csv"), "a_1.csv");
    EXPECT_EQ(next("a.csv"), "a_2.csv");
    EXPECT_EQ(next("a.csv.gz"), "a.csv.gz");
    EXPECT_EQ(next("a.csv.gz"), "a_1.csv.gz");
    EXPECT_EQ(next("bare"), "bare");
    EXPECT_EQ(next("bare"), "bare_1");
    EXPECT_EQ(files_on_disk().size(), 7U);
}

TEST_P(TransportSuite, pending_files_make_missing_folders) {
    publish(context_, *transport_, request_for("2026/11/a.csv"), "abc");
    PublishingOptions elsewhere;
    elsewhere.temporary_folder = "tmp";
    publish(context_, *transport_, request_for("2026/12/a.csv"), "abc", elsewhere);
    EXPECT_THAT(files_on_disk(), ElementsAre("2026/11/a.csv", "2026/12/a.csv"));
}

TEST_P(TransportSuite, pending_files_can_be_published_together) {
    PendingFile first(*transport_, {}, request_for("a.csv"));
    fill(context_, first, "a");
    first.complete(context_);
    PendingFile second(*transport_, {}, request_for("b.csv"));
    fill(context_, second, "b");
    second.complete(context_);
    EXPECT_EQ(files_on_disk().size(), 2U);
    first.publish(context_);
    second.publish(context_);
    EXPECT_THAT(files_on_disk(), ElementsAre("a.csv", "b.csv"));
}

TEST_P(TransportSuite, a_pending_file_is_complete_here_first_where_renaming_is_forbidden) {
    const TemporaryFolder spool;
    PublishingOptions options;
    options.rename = false;
    auto request = request_for("a.csv");
    request.spool_folder = spool.path();
    const auto text = noise(megabyte);
    {
        PendingFile file(*transport_, options, request);
        fill(context_, file, text);
        file.complete(context_);
        EXPECT_THAT(files_on_disk(), IsEmpty());
        file.publish(context_);
    }
    EXPECT_TRUE(on_disk("a.csv") == text);
    EXPECT_TRUE(std::filesystem::is_empty(spool.path()));
}

TEST_P(TransportSuite, a_pending_file_that_shrank_on_the_server_is_not_published) {
    {
        PendingFile file(*transport_, {}, request_for("a.csv"));
        fill(context_, file, "abcdef");
        std::filesystem::resize_file(place_->folder() / file.temporary_path(), 3);
        EXPECT_EQ(kind_thrown([&] { file.complete(context_); }), ErrorKind::Unavailable);
        EXPECT_THROW(file.publish(context_), Error);
    }
    EXPECT_THAT(files_on_disk(), IsEmpty());
}

// A fault at every single call of the way of a file, its clean-up and its second tries included.
TEST_P(TransportSuite, whichever_call_fails_the_final_name_bears_the_old_file_or_the_whole_new_one) {
    const auto text = noise(20'000);
    std::vector<Fault> faults{Fault::AnswerLost, Fault::LinkDead};
    if (is_thorough()) {
        faults.insert(faults.end(), {Fault::NotDone, Fault::HalfDone, Fault::DiskFull});
    }
    auto retries = quick_retries();
    retries.first_pause = {};
    for (const auto fault : faults) {
        const auto plan = std::make_shared<FaultPlan>();
        for (std::uint64_t call = 1; call == 1 || plan->has_struck(); ++call) {
            SCOPED_TRACE(call);
            SCOPED_TRACE(fault);
            write_file(place_->folder() / "a.csv", "old");
            RetryTransport transport(std::make_unique<FaultTransport>(place_->connect(), plan), retries);
            plan->strike(fault, call);
            bool has_succeeded = false;
            try {
                publish(context_, transport, request_for("a.csv"), text);
                has_succeeded = true;
            } catch (const Error& error) {
                EXPECT_TRUE(fault == Fault::LinkDead || fault == Fault::DiskFull) << error.what();
            }
            const bool is_moved_aside = exists_on_disk(".a.csv.01JTEST.part.old");
            ASSERT_TRUE(exists_on_disk("a.csv") || (is_moved_aside && !transport.capabilities().rename_replaces));
            if (exists_on_disk("a.csv")) {
                EXPECT_TRUE(on_disk("a.csv") == text || (!has_succeeded && on_disk("a.csv") == "old"));
            }
            if (fault != Fault::LinkDead && !is_moved_aside) {
                EXPECT_THAT(files_on_disk(), ElementsAre("a.csv"));
            }
            for (const auto& file : files_on_disk()) {
                std::filesystem::remove(place_->folder() / file);
            }
        }
    }
}

TEST_P(LinkedTransportSuite, a_server_that_does_not_answer_at_all_can_be_cancelled) {
    link().stall();
    EXPECT_EQ(stopped_while([&] { transport_->stat(context_, "a.csv"); }).kind(), ErrorKind::Cancelled);
}

TEST_P(LinkedTransportSuite, a_hanging_verb_can_be_cancelled) {
    transport_->stat(context_, "a.csv");
    link().stall();
    EXPECT_EQ(stopped_while([&] { transport_->rename(context_, "a.csv", "b.csv"); }).kind(), ErrorKind::Cancelled);
}

TEST_P(LinkedTransportSuite, a_hanging_write_can_be_cancelled) {
    transport_->stat(context_, "a.csv");
    const auto text = noise(megabyte);
    EXPECT_EQ(stopped_while([&] {
                  PendingFile file(*transport_, {}, request_for("a.csv"));
                  const auto stream = file.open(context_);
                  link().stall();
                  for (int i = 0; i < 200; ++i) {
                      stream->write(context_, as_bytes(text));
                  }
                  stream->commit(context_);
              }).kind(),
              ErrorKind::Cancelled);
    EXPECT_FALSE(exists_on_disk("a.csv"));
}

TEST_P(LinkedTransportSuite, a_hanging_read_can_be_cancelled) {
    write_file(place_->folder() / "big.bin", noise(16 * megabyte));
    const auto stream = transport_->read(context_, "big.bin");
    link().stall();
    std::vector<std::byte> buffer(megabyte);
    EXPECT_EQ(stopped_while([&] {
                  while (stream->read(context_, buffer) != 0) {
                  }
              }).kind(),
              ErrorKind::Cancelled);
}

TEST_P(LinkedTransportSuite, a_server_that_stops_answering_times_out) {
    transport_->stat(context_, "a.csv");
    link().stall();
    EXPECT_EQ(kind_thrown([&] { transport_->stat(context_, "a.csv"); }), ErrorKind::Unavailable);
}

TEST_P(LinkedTransportSuite, a_server_that_does_not_even_greet_times_out) {
    link().stall();
    EXPECT_EQ(kind_thrown([&] { transport_->stat(context_, "a.csv"); }), ErrorKind::Unavailable);
}

TEST_P(LinkedTransportSuite, a_cut_link_is_unavailable_and_a_new_session_works) {
    write_text(context_, *transport_, "a.csv", "abc");
    link().cut();
    EXPECT_EQ(kind_thrown([&] { transport_->stat(context_, "a.csv"); }), ErrorKind::Unavailable);
    transport_->reconnect();
    EXPECT_TRUE(transport_->stat(context_, "a.csv"));
}

TEST_P(LinkedTransportSuite, a_write_that_was_cut_fails_and_leaves_nothing) {
    transport_->stat(context_, "a.csv");
    {
        PendingFile file(*transport_, {}, request_for("a.csv"));
        const auto stream = file.open(context_);
        link().cut();
        EXPECT_EQ(kind_thrown([&] {
                      for (int i = 0; i < 30; ++i) {
                          stream->write(context_, as_bytes(noise(megabyte)));
                      }
                      stream->commit(context_);
                  }),
                  ErrorKind::Unavailable);
    }
    EXPECT_THAT(files_on_disk(), IsEmpty());
}

// Failure story 7: all bytes are there, the last answer is not.
TEST_P(LinkedTransportSuite, a_link_that_dies_after_the_last_byte_costs_nothing) {
    const auto text = noise(megabyte);
    PendingFile file(*transport_, {}, request_for("a.csv"));
    {
        const auto stream = file.open(context_);
        stream->write(context_, as_bytes(text));
        link().lose_replies();
        stream->commit(context_);
    }
    const Checksum digest{HashAlgorithm::Sha256, sha256_of(text)};
    file.complete(context_, std::span(&digest, 1));
    file.publish(context_);
    EXPECT_THAT(files_on_disk(), ElementsAre("a.csv"));
    EXPECT_TRUE(on_disk("a.csv") == text);
    EXPECT_LE(link().bytes_to_server(), 2 * text.size());
}

// Failure story 10: the rename happened, its answer was lost.
TEST_P(LinkedTransportSuite, a_rename_whose_answer_was_lost_is_recognised) {
    for (const std::string name : {"new.csv", "old.csv"}) {
        write_file(place_->folder() / "old.csv", "old");
        PendingFile file(*transport_, {}, request_for(name));
        fill(context_, file, "abcdef");
        file.complete(context_);
        link().lose_replies();
        file.publish(context_);
        EXPECT_EQ(on_disk(name), "abcdef");
    }
    EXPECT_THAT(files_on_disk(), ElementsAre("new.csv", "old.csv"));
}

TEST_P(LinkedTransportSuite, retries_recognise_their_own_rename) {
    RetryTransport retrying(place_->connect(), quick_retries());
    write_text(context_, retrying, "a.part", "abc");
    link().lose_replies();
    retrying.rename(context_, "a.part", "a.csv");
    EXPECT_THAT(files_on_disk(), ElementsAre("a.csv"));
}

TEST_P(LinkedTransportSuite, retries_survive_a_session_that_died_between_two_verbs) {
    RetryTransport retrying(place_->connect(), quick_retries());
    write_text(context_, retrying, "a.csv", "abc");
    link().cut();
    EXPECT_EQ(read_text(context_, retrying, "a.csv"), "abc");
    link().cut();
    EXPECT_TRUE(retrying.stat(context_, "a.csv"));
}

TEST_P(LinkedTransportSuite, retries_carry_a_read_over_a_cut_link) {
    const auto text = noise(20 * megabyte);
    write_file(place_->folder() / "a.bin", text);
    RetryTransport retrying(place_->connect(), quick_retries());
    const auto stream = retrying.read(context_, "a.bin", 0);
    std::string read;
    std::vector<std::byte> buffer(megabyte);
    for (int i = 0;; ++i) {
        if (i == 1 || i == 4) {
            link().cut();
        }
        const auto count = stream->read(context_, buffer);
        if (count == 0) {
            break;
        }
        read += as_text(std::span(buffer).first(count));
    }
    EXPECT_TRUE(read == text);
}

TEST_P(LinkedTransportSuite, retries_carry_a_write_over_a_cut_link_or_fail_clearly) {
    const auto text = noise(20 * megabyte);
    RetryTransport retrying(place_->connect(), quick_retries());
    retrying.stat(context_, "a.csv");
    if (!retrying.capabilities().resume_write) {
        return;
    }
    PendingFile file(retrying, {}, request_for("a.bin"));
    {
        const auto stream = file.open(context_);
        for (std::size_t at = 0; at < text.size(); at += megabyte) {
            if (at == 3 * megabyte || at == 12 * megabyte) {
                link().cut();
            }
            stream->write(context_, as_bytes(std::string_view(text).substr(at, megabyte)));
        }
        link().cut();
        stream->commit(context_);
    }
    const Checksum digest{HashAlgorithm::Sha256, sha256_of(text)};
    file.complete(context_, std::span(&digest, 1));
    file.publish(context_);
    EXPECT_TRUE(on_disk("a.bin") == text);
    EXPECT_THAT(files_on_disk(), ElementsAre("a.bin"));
}

// Failure story 9: whatever moment the link breaks at, nothing short is ever called a.csv.
TEST_P(LinkedTransportSuite, a_link_cut_anywhere_never_leaves_a_short_file_under_the_final_name) {
    const auto text = noise(400'000);
    for (const std::uint64_t cut : {1U, 1000U, 4096U, 65'536U, 200'000U, 390'000U, 400'100U}) {
        transport_->reconnect();
        transport_->stat(context_, "a.csv");
        link().cut_after(cut);
        try {
            publish(context_, *transport_, request_for("a.csv"), text);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Unavailable) << error.what();
        }
        link().heal();
        if (exists_on_disk("a.csv")) {
            EXPECT_TRUE(on_disk("a.csv") == text) << cut;
        }
        EXPECT_LE(files_on_disk().size(), 1U) << cut;
    }
}

}  // namespace rowhaul::testing
