// SPDX-License-Identifier: Apache-2.0
#include "pipeline/haul.h"

#include "pipeline/bounded_queue.h"

#include <algorithm>
#include <exception>
#include <fmt/format.h>
#include <iterator>
#include <memory>
#include <thread>

namespace rowhaul {

namespace {

constexpr std::size_t batches_in_flight = 4;

// A batch as read, and as mapped when the fields ask for it; goes round between the two threads.
struct Slot {
    explicit Slot(const BoundFields& fields)
        : read(fields.source_columns().size()), mapped(fields.passes_through() ? 0 : fields.schema().size()) {}
    Batch read;
    Batch mapped;
    MappedRows outcome;  // of the rows of `read` that were mapped; the rest follow them
};

// Reads a source on a thread of its own, a few batches ahead of whoever takes them.
class ReadAhead {
public:
    ReadAhead(const Context& context, RowReader& reader, const BoundFields& fields, LeftOut listed)
        : stop_(context.stop),
          context_(context),
          reader_(reader),
          fields_(fields),
          mapper_(fields, listed),
          free_(batches_in_flight),
          full_(batches_in_flight) {
        context_.stop = &stop_;
        for (std::size_t i = 0; i < batches_in_flight; ++i) {
            free_.push(std::make_unique<Slot>(fields));
        }
        thread_ = std::thread([this] { read_all(); });
    }
    ~ReadAhead() {
        stop_.request();
        free_.close();
        full_.close();
        thread_.join();
    }
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    // The next batch, or nothing at the end; throws what the reader threw.
    std::unique_ptr<Slot> take() {
        auto slot = full_.pop();
        if (slot) {
            return std::move(*slot);
        }
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        return nullptr;
    }
    void give_back(std::unique_ptr<Slot> slot) { free_.push(std::move(slot)); }

private:
    void read_all() noexcept {
        try {
            while (auto slot = free_.pop()) {
                Slot& batch = **slot;
                if (!reader_.next(context_, batch.read)) {
                    break;
                }
                if (!fields_.passes_through()) {
                    batch.outcome = mapper_.map(batch.read, 0, batch.mapped);
                }
                if (!full_.push(std::move(*slot))) {
                    break;
                }
            }
        } catch (...) {
            failure_ = std::current_exception();
        }
        full_.close();
    }

    StopSignal stop_;
    Context context_;
    RowReader& reader_;
    const BoundFields& fields_;
    RowMapper mapper_;
    BoundedQueue<std::unique_ptr<Slot>> free_;
    BoundedQueue<std::unique_ptr<Slot>> full_;
    std::exception_ptr failure_;
    std::thread thread_;
};

std::optional<std::size_t> place_of(const Batch& batch, std::uint64_t row) {
    const auto& origins = batch.origins();
    if (origins.empty()) {
        const bool is_here = row >= batch.first_row() && row - batch.first_row() < batch.rows();
        return is_here ? std::optional<std::size_t>(row - batch.first_row()) : std::nullopt;
    }
    const auto end = origins.begin() + static_cast<std::ptrdiff_t>(batch.rows());
    const auto origin = std::ranges::lower_bound(origins.begin(), end, row, {}, &RowOrigin::row);
    return origin != end && origin->row == row ? std::optional<std::size_t>(origin - origins.begin()) : std::nullopt;
}

}  // namespace

Haul::Haul(Source& source, const RowRules& rules, Target& target, Rejects keep_reject, RejectLimit limit,
           RowSieve* sieve)
    : source_(source),
      rules_(rules),
      target_(target),
      keep_reject_(std::move(keep_reject)),
      limit_(limit),
      sieve_(sieve) {}

void Haul::take_source_reject(Reject reject) {
    const std::lock_guard lock(counts_);
    ++report_.rows.read;
    ++unreadable_;
    count_reject(std::move(reject));
}

std::uint64_t Haul::count_read(std::size_t rows) {
    const std::lock_guard lock(counts_);
    return report_.rows.read += rows;
}

void Haul::take_target_reject(const Batch* written, Reject reject) {
    // One that was refused late comes with where it is from, and may be of an earlier file.
    if (written != nullptr && (reject.file.empty() || reject.file == written->file())) {
        const auto& origins = written->origins();
        if (const auto place = place_of(*written, reject.row)) {
            if (!origins.empty() && reject.file.empty()) {
                reject.line = origins[*place].line;
                reject.raw = origins[*place].raw;
            }
            if (reject.key.empty()) {
                reject.key = key_text(*written, key_columns_, *place);
            }
        }
        if (!origins.empty() && reject.file.empty()) {
            reject.file = written->file();
        }
    }
    if (sieve_ != nullptr) {
        sieve_->rejected_by_target(reject);
    }
    const std::lock_guard lock(counts_);
    count_later_reject(std::move(reject));
}

void Haul::count_later_reject(Reject reject) {
    if (!reject.file.empty()) {
        ++rejected_later_[reject.file];
    }
    count_reject(std::move(reject));
}

void Haul::count_reject(Reject reject) {
    const auto count = ++report_.rows.rejected;
    auto& group = report_.rejects[reject.reason];
    ++group.count;
    if (group.sample.size() < RejectGroup::most_samples) {
        auto sample = reject;
        sample.raw.clear();  // may be huge, and is kept with the rest
        group.sample.push_back(std::move(sample));
    }
    keep_reject_(std::move(reject));
    if (limit_.rows && count > *limit_.rows) {
        throw Error(ErrorKind::Guarded, fmt::format("more than {} rows were rejected", *limit_.rows))
            .advise("Correct the rows (`rowhaul waybill --rejects` has them), or raise `max_rejects`.");
    }
}

void Haul::check_limit_at_end() const {
    const auto share = 100.0 * static_cast<double>(report_.rows.rejected);
    if (limit_.percent && share > *limit_.percent * static_cast<double>(report_.rows.read)) {
        throw Error(ErrorKind::Guarded, fmt::format("{} of {} rows were rejected, more than {} percent",
                                                    report_.rows.rejected, report_.rows.read, *limit_.percent))
            .advise("Correct the rows (`rowhaul waybill --rejects` has them), or raise `max_rejects`.");
    }
}

void Haul::note_source() {
    report_.source_files = source_.files();
    for (auto& file : report_.source_files) {
        if (const auto later = rejected_later_.find(file.name); later != rejected_later_.end()) {
            file.rows -= later->second;
            file.rejected += later->second;
        }
    }
    report_.warnings = source_.warnings();
    report_.warnings.insert(report_.warnings.end(), warnings_.begin(), warnings_.end());
}

void Haul::take_mapped(MappedRows mapped) {
    for (std::size_t i = 0; sieve_ != nullptr && i < mapped.rejects.size(); ++i) {
        sieve_->rejected_by_mapping(mapped.rejects[i], mapped.reject_keys[i]);
    }
    const std::lock_guard lock(counts_);
    report_.rows.filtered += mapped.filtered;
    for (auto& reject : mapped.rejects) {
        count_later_reject(std::move(reject));
    }
}

void Haul::carry(const Context& context, HaulProgress& progress) {
    try {
        if (source_.prepare(context)) {
            carry_rows(context, progress);
        } else {
            has_nothing_ = true;
        }
    } catch (...) {
        note_source();
        throw;
    }
    note_source();
}

BoundFields Haul::bound_fields(const Context& context) {
    const auto schema = source_.schema(context);
    try {
        const auto wanted = target_.wanted(context);
        auto rules = rules_;
        if (rules.fields.empty()) {
            rules.fields = fields_without(schema, target_.left_out(schema));
        }
        rules = fitted(rules, schema, wanted);
        assume(rules.fields, source_.notations());
        return BoundFields(rules, schema, source_.object());
    } catch (Error& error) {
        if (const auto doubt = source_.doubt(); !doubt.empty()) {
            error.advise(fmt::format("{} {}.", error.advice(), doubt));
        }
        throw;
    }
}

void Haul::carry_rows(const Context& context, HaulProgress& progress) {
    const auto fields = bound_fields(context);
    key_columns_ = fields.key();
    for (const auto& column : fields.schema()) {
        report_.columns.push_back(column.name);
    }
    const auto listed = target_.bystanders();
    if (listed != LeftOut::RejectedAndFiltered) {
        source_.offer_rule(fields.rule());
    }
    const auto all_rows = source_.estimate(context).value_or(0);
    const auto reader = source_.open(context, fields.source_columns(),
                                     [this](Reject reject) { take_source_reject(std::move(reject)); });
    report_.pushed_rule = reader->pushed_rule();
    progress.expected_rows = report_.pushed_rule.empty() ? all_rows : 0;
    has_reached_target_ = true;
    target_.prepare(context, fields.schema());
    if (sieve_ != nullptr) {
        // Whoever asks for bystanders looks for absent records, too.
        RowSieve::Present present;
        if (listed != LeftOut::None) {
            present = [this, &context](const Batch& keys) { target_.note_present(context, keys); };
        }
        sieve_->begin(context, fields.schema(), fields.key(), std::move(present));
    }
    const Batch* written = nullptr;
    const auto reject = [&](Reject refused) { take_target_reject(written, std::move(refused)); };
    const auto writer = target_.writer(context, reject);
    const auto write_all = [&](const Batch& batch) {
        if (batch.rows() > 0) {
            take_sample(batch);
            written = &batch;
            writer->write(context, batch);
        }
    };
    {
        ReadAhead ahead(context, *reader, fields, listed);
        RowKeys keys(fields);
        const auto tell_left_out = [&](const Slot& slot, const MappedRows& outcome) {
            if (!outcome.left_out.empty()) {
                target_.note_present(context, keys.of(slot.read, outcome.left_out));
            }
        };
        std::optional<RowMapper> late_mapper;
        const auto write = [&](const Batch& batch) {
            context.check();
            write_all(sieve_ != nullptr ? sieve_->pass(context, batch) : batch);
        };
        while (auto slot = ahead.take()) {
            const auto read = count_read(slot->read.rows());
            if (fields.passes_through()) {
                write(slot->read);
            } else {
                auto mapped = slot->outcome.taken;
                tell_left_out(*slot, slot->outcome);
                take_mapped(std::move(slot->outcome));
                write(slot->mapped);
                // Rows whose texts are large come in several goes, so that only one go is held.
                while (mapped < slot->read.rows()) {
                    if (!late_mapper) {
                        late_mapper.emplace(fields, listed);
                    }
                    auto outcome = late_mapper->map(slot->read, mapped, slot->mapped);
                    mapped += outcome.taken;
                    tell_left_out(*slot, outcome);
                    take_mapped(std::move(outcome));
                    write(slot->mapped);
                }
            }
            progress.rows = read;
            ahead.give_back(std::move(slot));
        }
    }
    written = nullptr;
    warnings_ = reader->warnings();
    if (report_.rows.read > 0 && report_.rows.read == report_.rows.filtered) {
        warnings_.push_back({"rule_removed_all", "the rule (`where`) removed every row", report_.rows.read});
    }
    if (report_.rows.read == 0 && !report_.pushed_rule.empty()) {
        warnings_.push_back({"rule_kept_all_back", "the database found no row that may meet the rule (`where`)"});
    }
    const auto unreadable = unreadable_ + source_.unread_parts();
    if (sieve_ != nullptr) {
        sieve_->release(context, unreadable, write_all, reject);
        written = nullptr;
    }
    // A row that the source rejected bears no key, and a file that was not read may hold any.
    if (unreadable != 0) {
        target_.note_unreadable(unreadable);
    }
    writer->finish(context);
    check_limit_at_end();
    take(target_.complete(context));
    check_accounts(report_.rows);
}

void Haul::take_sample(const Batch& batch) {
    for (std::size_t row = 0; row < batch.rows() && report_.sample.size() < HaulReport::most_samples; ++row) {
        auto& sample = report_.sample.emplace_back();
        for (std::size_t column = 0; column < batch.width(); ++column) {
            const Cell cell = batch.column(column)[row];
            // A cell may be huge; what people see of it is not.
            sample.push_back(cell.is_null() ? std::nullopt : std::optional(std::string(cell.text().substr(0, 200))));
        }
    }
}

void Haul::take(Delivery delivery) {
    auto& rows = report_.rows;
    rows.created = delivery.created;
    rows.updated = delivery.updated;
    rows.unchanged = delivery.unchanged;
    rows.skipped = delivery.skipped;
    rows.deleted = delivery.deleted;
    report_.deleted_keys = std::move(delivery.deleted_keys);
    report_.repeated = source_.repeated_rows();
    rows.read += report_.repeated;
    rows.unchanged += report_.repeated;
    if (sieve_ != nullptr) {
        const auto sifted = sieve_->sifted();
        rows.unchanged += sifted.unchanged;
        rows.skipped += sifted.skipped;
        rows.retried = sifted.retried;
        std::ranges::copy(sieve_->warnings(), std::back_inserter(warnings_));
    }
    report_.files = std::move(delivery.files);
    std::ranges::copy(delivery.warnings, std::back_inserter(warnings_));
}

void Haul::publish(const Context& context) {
    if (!has_nothing_) {
        report_.files = target_.publish(context);
    }
}

void Haul::conclude(const Context& context) {
    source_.conclude(context);
    note_source();
}

void check_accounts(const RowCounts& rows) {
    const auto accounted = rows.created + rows.updated + rows.unchanged + rows.skipped + rows.filtered + rows.rejected;
    if (rows.read != accounted) {
        throw Error(ErrorKind::Internal,
                    fmt::format("the rows do not add up: {} read, but {} accounted for ({} created + {} updated + {} "
                                "unchanged + {} skipped + {} filtered + {} rejected)",
                                rows.read, accounted, rows.created, rows.updated, rows.unchanged, rows.skipped,
                                rows.filtered, rows.rejected));
    }
}

}  // namespace rowhaul
