// SPDX-License-Identifier: Apache-2.0
#include "execution/mapping_run.h"

#include "base/identifier.h"

#include <exception>
#include <fmt/format.h>

namespace rowhaul {

// Keeps every reject in the store, some at a time.
class MappingRun::RejectKeeper {
public:
    RejectKeeper(Store& store, std::string execution) : store_(store), execution_(std::move(execution)) {}
    void keep(Reject reject) {
        held_.push_back(std::move(reject));
        if (held_.size() >= 500) {
            flush();
        }
    }
    void flush() {
        if (!held_.empty()) {
            store_.add_rejects(execution_, kept_, held_);
            kept_ += held_.size();
            held_.clear();
        }
    }

private:
    Store& store_;
    std::string execution_;
    std::vector<Reject> held_;
    std::uint64_t kept_ = 0;
};

Connection* ConnectionPool::find(Connections& connections, const std::string& name) {
    auto& connection = connections[name];
    if (!connection) {
        connection = project_.connect(name);
    }
    return connection.get();
}

std::unique_ptr<LifeSign> life_sign(RunMode mode, const std::filesystem::path& home, const std::string& execution) {
    return mode == RunMode::Test ? std::make_unique<LifeSign>(home, execution) : nullptr;
}

MappingRun::MappingRun(RunSetting setting, const MappingDefinition& mapping, ConnectionPool& connections)
    : setting_(std::move(setting)),
      mapping_(mapping),
      connections_(connections),
      sequence_(setting_.store.last_sequence(mapping.name) + 1) {
    waybill_.execution = new_identifier();
    waybill_.task = setting_.task;
    waybill_.mapping = mapping.name;
    waybill_.kind = setting_.request.mode == RunMode::Run ? "run" : "test";
    waybill_.cause = setting_.request.cause;
    waybill_.started = std::chrono::system_clock::now();
    waybill_.source_connection = mapping.source_connection;
    waybill_.target_connection = mapping.target_connection;
    alive_ = life_sign(setting_.request.mode, setting_.home, waybill_.execution);
    setting_.store.begin(record());
    rejects_ = std::make_unique<RejectKeeper>(setting_.store, waybill_.execution);
}

MappingRun::~MappingRun() = default;

void MappingRun::prepare() {
    Problems problems;
    source_ = connections_.source(mapping_.source_connection)
                  .source(mapping_.source, fmt::format("{}.source", mapping_.path), problems);
    target_ = connections_.target(mapping_.target_connection)
                  .target(mapping_.target, fmt::format("{}.target", mapping_.path),
                          {.mode = setting_.request.mode,
                           .mapping = mapping_.name,
                           .execution = waybill_.execution,
                           .sequence = sequence_,
                           .created = setting_.created,
                           .zone = setting_.zone,
                           .spool_folder = spool_folder(setting_.home)},
                          problems);
    problems.throw_if_any();
    waybill_.source_object = source_->object();
    waybill_.target_object = target_->object();
    if (setting_.request.mode == RunMode::Run) {
        setting_.store.put_file(waybill_.execution, 0, {.name = waybill_.target_object});
    }
    haul_ = std::make_unique<Haul>(*source_, mapping_.fields, *target_,
                                   [this](Reject reject) { rejects_->keep(std::move(reject)); });
}

bool MappingRun::carry(const Context& context, RunObserver& observer) {
    const bool carried = guarded([&] {
        prepare();
        observer.started({mapping_.name, progress_, *target_});
        haul_->carry(context, progress_);
        rejects_->flush();
        waybill_.report = haul_->report();
    });
    observer.waiting();
    return carried;
}

bool MappingRun::publish(const Context& context) {
    const bool published = guarded([&] {
        waybill_.outcome = outcome_of(waybill_.report.rows);
        waybill_.ended = std::chrono::system_clock::now();
        if (setting_.request.mode == RunMode::Run) {
            setting_.store.committing(waybill_.execution, stored_files(FileState::Complete), to_json(waybill_));
        }
        haul_->publish(context);
        waybill_.report = haul_->report();
    });
    if (published) {
        // When this cannot be recorded, the next run finds the files where they are and catches up.
        end(waybill_.outcome);
    }
    return published;
}

void MappingRun::abandon(const std::string& reason) {
    if (!has_ended_) {
        fail(Error(ErrorKind::Conflict, reason));
    }
}

bool MappingRun::guarded(const std::function<void()>& step) {
    try {
        step();
        return true;
    } catch (const Error& error) {
        fail(error);
    } catch (const std::exception& error) {
        fail(Error(ErrorKind::Internal, error.what()));
    }
    return false;
}

void MappingRun::fail(const Error& error) {
    // What was read and rejected stays told; what was not published did not arrive.
    if (haul_) {
        waybill_.report = haul_->report();
    }
    auto& rows = waybill_.report.rows;
    rows.created = rows.updated = rows.unchanged = rows.skipped = rows.deleted = 0;
    waybill_.report.files.clear();
    waybill_.message = error.what();
    waybill_.advice = error.advice();
    const bool may_have_left_something = haul_ && haul_->has_reached_target();
    haul_.reset();
    target_.reset();  // removes what it wrote, if it still can
    source_.reset();
    rejects_->flush();
    end(error.kind() == ErrorKind::Cancelled ? setting_.stopped_as() : RunOutcome::Failed,
        may_have_left_something ? std::vector{StoredFile{.name = waybill_.target_object}} : std::vector<StoredFile>{});
}

void MappingRun::end(RunOutcome outcome, std::vector<StoredFile> files) {
    has_ended_ = true;
    waybill_.outcome = outcome;
    waybill_.ended = std::chrono::system_clock::now();
    const bool is_run = setting_.request.mode == RunMode::Run;
    const bool delivered = is_run && !waybill_.report.files.empty();
    if (delivered) {
        files = stored_files(FileState::Published);
    }
    auto ended = record();
    ended.outcome = outcome;
    ended.ended = waybill_.ended;
    ended.rows_read = waybill_.report.rows.read;
    ended.message = waybill_.message;
    ended.waybill = to_json(waybill_);
    setting_.store.end(ended, is_run ? files : std::vector<StoredFile>{},
                       delivered ? std::optional(sequence_) : std::nullopt);
}

ExecutionRecord MappingRun::record() const {
    return {.id = waybill_.execution,
            .parent = setting_.parent,
            .task = waybill_.task,
            .mapping = waybill_.mapping,
            .kind = waybill_.kind,
            .cause = waybill_.cause,
            .started = waybill_.started};
}

std::vector<StoredFile> MappingRun::stored_files(FileState state) const {
    std::vector<StoredFile> files;
    for (const auto& file : waybill_.report.files) {
        files.push_back({file.name, state, file.bytes, file.rows, file.md5, file.sha256});
    }
    return files;
}

}  // namespace rowhaul
