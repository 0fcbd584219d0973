// SPDX-License-Identifier: Apache-2.0
// One run of one mapping: reads, maps, writes and accounts for every row.
#pragma once
#include "connector/connector.h"
#include "mapping/fields.h"
#include "pipeline/row_sieve.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

// Where every row went (P1): read = created + updated + unchanged + skipped + filtered + rejected.
struct RowCounts {
    std::uint64_t read = 0;
    std::uint64_t filtered = 0;
    std::uint64_t created = 0;
    std::uint64_t updated = 0;
    std::uint64_t unchanged = 0;
    std::uint64_t skipped = 0;
    std::uint64_t deleted = 0;
    std::uint64_t rejected = 0;
    std::uint64_t retried = 0;
    friend bool operator==(const RowCounts&, const RowCounts&) = default;
};

// Rejects of one reason: all counted, the first few shown.
struct RejectGroup {
    static constexpr std::size_t most_samples = 10;
    std::uint64_t count = 0;
    std::vector<Reject> sample;
};

// How many rows may be rejected before a run is stopped; nothing = any number.
struct RejectLimit {
    std::optional<std::uint64_t> rows;
    std::optional<double> percent;  // of the rows read
};

// Cells of a row for people to see; nothing = NULL.
using SampleRow = std::vector<std::optional<std::string>>;

struct HaulReport {
    static constexpr std::size_t most_samples = 5;

    RowCounts rows;
    std::uint64_t repeated = 0;                  // of the unchanged ones: the source left them out
    std::map<std::string, RejectGroup> rejects;  // by reason
    std::vector<FileRecord> files;
    std::vector<SourceFile> source_files;
    std::vector<Warning> warnings;
    std::string pushed_rule;  // what the source checked beforehand, in its words; rows it kept back were not read
    std::vector<std::string> deleted_keys;  // the first few records that were deleted
    std::vector<std::string> columns;       // of the target
    std::vector<SampleRow> sample;          // the first rows as mapped
};

// Numbers of a run in progress; read by whoever shows them, from any thread.
struct HaulProgress {
    std::atomic<std::uint64_t> rows = 0;
    std::atomic<std::uint64_t> expected_rows = 0;  // 0 = not known
};

// carry(), then publish(); report() at any time from the same thread. Destroyed before publish(),
// nothing is visible at the target.
class Haul {
public:
    // `keep_reject` is told every reject, by one thread at a time; the report holds counts and samples.
    // With a sieve, which must outlive this, only those rows go on that it passes.
    Haul(Source& source, const RowRules& rules, Target& target, Rejects keep_reject, RejectLimit = {},
         RowSieve* sieve = nullptr);

    // Reads the source to its end and brings every row to the target, still invisible, and checks
    // the accounts: Internal, naming the numbers, when they differ. The source is read by a thread of
    // its own. Throws what the source or the target threw first, and Guarded when more rows were
    // rejected than the limit allows. When the source has nothing to read, the target is left alone.
    void carry(const Context&, HaulProgress&);
    // Makes the rows visible.
    void publish(const Context&);
    // The rows' arrival is on record: the source may part with what it delivered.
    void conclude(const Context&);
    // What is known so far, also after a failure.
    const HaulReport& report() const { return report_; }
    // Whether preparing the target was begun, so that something may lie there, visible or not.
    bool has_reached_target() const { return has_reached_target_; }

private:
    void carry_rows(const Context&, HaulProgress&);
    BoundFields bound_fields(const Context&);
    // Returns all rows read so far.
    std::uint64_t count_read(std::size_t rows);
    // A row that the source rejected was read, too.
    void take_source_reject(Reject reject);
    // `written` is the batch that is being written; none once the last one was.
    void take_target_reject(const Batch* written, Reject reject);
    // A row that its source delivered, and that the mapping or the target rejects.
    void count_later_reject(Reject reject);
    void count_reject(Reject reject);
    void check_limit_at_end() const;
    void note_source();
    void take_mapped(MappedRows mapped);
    void take_sample(const Batch&);
    void take(Delivery delivery);

    Source& source_;
    const RowRules& rules_;
    Target& target_;
    Rejects keep_reject_;
    const RejectLimit limit_;
    RowSieve* const sieve_;
    HaulReport report_;
    std::mutex counts_;                                    // of its rows and rejects, which come from both threads
    std::map<std::string, std::uint64_t> rejected_later_;  // by file
    std::uint64_t unreadable_ = 0;                         // rows that the source rejected
    std::vector<std::size_t> key_columns_;                 // of the batches that are written
    std::vector<Warning> warnings_;                        // but for the source's own
    bool has_reached_target_ = false;
    bool has_nothing_ = false;
};

// Throws Internal, naming every number, unless the rows add up (P1).
void check_accounts(const RowCounts&);

}  // namespace rowhaul
