// SPDX-License-Identifier: Apache-2.0
#include "connector/table_undo.h"

#include "connector/table_preparation.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowhaul {

namespace {

constexpr int most_attempts = 5;
constexpr std::size_t most_named = 10;
constexpr std::size_t shown_keys = 5;
constexpr std::size_t statement_bytes = 256 * 1024;

// Rows on their way into a temporary table, many a statement.
class StagedImages {
public:
    StagedImages(TableWriter& writer, const TableImage& image, std::string_view into)
        : writer_(writer), image_(image), head_(image.insert_rows(into)) {}
    void add(const Context& context, std::uint64_t number, ChangeKind kind, const RowImage& row) {
        values_ += (values_.empty() ? "" : ", ") + image_.values(number, kind, row);
        if (values_.size() > statement_bytes) {
            flush(context);
        }
    }
    void flush(const Context& context) {
        if (!values_.empty()) {
            writer_.execute(context, head_ + values_);
            values_.clear();
        }
    }

private:
    TableWriter& writer_;
    const TableImage& image_;
    std::string head_;
    std::string values_;
};

}  // namespace

TableUndo::TableUndo(const Database& database, UndoRequest request)
    : database_(database),
      writer_(database.writer()),
      request_(std::move(request)),
      file_(request_.file),
      commit_(request_.mapping, request_.execution, request_.created) {}

TableUndo::~TableUndo() = default;

void TableUndo::expect_columns() const {
    const TableImage now(writer_->dialect(), *table_, file_.facts().key);
    for (const auto& name : file_.facts().columns) {
        if (std::ranges::find(now.columns(), name) == now.columns().end()) {
            throw Error(ErrorKind::Conflict,
                        fmt::format("the table {} was altered since: it has no column \"{}\" to write to any more",
                                    table_->name, name))
                .advise("Nothing was undone. Give the table its column back, or correct the records yourself.");
        }
    }
}

void TableUndo::stage(const Context& context) {
    writer_->begin(context, Reach::Session);
    for (const auto name : {TableImage::before, TableImage::after}) {
        for (const auto& sql : image_->make_rows(name)) {
            writer_->execute(context, sql);
        }
    }
    StagedImages before(*writer_, *image_, TableImage::before);
    StagedImages after(*writer_, *image_, TableImage::after);
    std::uint64_t number = 0;
    file_.each([&](const KeptChange& change) {
        ++number;
        if (change.kind != ChangeKind::Created) {
            before.add(context, number, change.kind, change.before);
        }
        if (change.kind != ChangeKind::Deleted) {
            after.add(context, number, change.kind, change.after);
        }
        auto& count = change.kind == ChangeKind::Created   ? counts_.created
                      : change.kind == ChangeKind::Updated ? counts_.updated
                                                           : counts_.deleted;
        ++count;
    });
    before.flush(context);
    after.flush(context);
    writer_->commit(context);
}

Delivery TableUndo::complete(const Context& context) {
    table_ = writer_->table(context, file_.facts().table);
    expect_columns();
    image_.emplace(writer_->dialect(), *table_, file_.facts().key, file_.facts().columns);
    if (request_.mode == RunMode::Run) {
        std::string obstacle;
        has_commits_ = CommitRecord::open(context, *writer_, *table_, obstacle);
    }
    try {
        stage(context);
        for (int attempt = 1;; ++attempt) {
            try {
                writer_->begin(context, Reach::Tables);
                return give_back(context);
            } catch (const Collision&) {
                if (attempt == most_attempts) {
                    throw;
                }
            }
            writer_->rollback(context);
        }
    } catch (const Refusal& refusal) {
        throw Error(ErrorKind::Conflict, fmt::format("{} does not take back what it held, nothing was undone: {}",
                                                     table_->name, refusal.what()))
            .advise("Correct what stands in the way in the database, and undo again.");
    }
}

Delivery TableUndo::give_back(const Context& context) {
    // Before anything is read: what is read then is what is there.
    TablePreparation locked;
    locked.lock = TableLock::Wait;
    locked.lock_table(context, *writer_, *table_);
    if (writes_commit()) {
        commit_.claim(context, *writer_, *table_);
    }
    expect_unchanged(context);
    Delivery delivery{.created = counts_.deleted, .updated = counts_.updated, .deleted = counts_.created};
    delivery.deleted_keys =
        keys(context, fmt::format("from {} k where k.rowhaul_kind = 0", TableImage::after), shown_keys);
    expect(context, "deleted", counts_.created, image_->delete_created());
    if (counts_.updated != 0) {
        expect(context, "put back", counts_.updated, image_->put_back(file_.facts().touched));
    }
    expect(context, "inserted", counts_.deleted, image_->insert_deleted());
    if (writes_commit()) {
        commit_.write(context, *writer_, *table_);
    }
    return delivery;
}

void TableUndo::expect_unchanged(const Context& context) const {
    auto checked = file_.facts().written;
    for (const auto& name : file_.facts().touched) {
        if (std::ranges::find(checked, name) == checked.end()) {
            checked.push_back(name);
        }
    }
    std::uint64_t changed = 0;
    std::vector<std::string> named;
    for (const auto& from : {image_->is_not_after(checked), image_->is_there_again()}) {
        changed += std::stoull(writer_->query(context, "select count(*) " + from).at(0).at(0).value_or("0"));
        std::ranges::move(keys(context, from, most_named - named.size()), std::back_inserter(named));
    }
    if (changed != 0) {
        throw Error(
            ErrorKind::Conflict,
            fmt::format("{} records of {} were changed since, nothing was undone. {}: {}", changed, table_->name,
                        changed > named.size() ? "The first keys are" : "Their keys are", fmt::join(named, "; ")))
            .advise("Undo what changed them first, or correct these records yourself.");
    }
}

std::vector<std::string> TableUndo::keys(const Context& context, const std::string& from, std::size_t at_most) const {
    std::vector<std::string> found;
    for (const auto& row : writer_->query(
             context, fmt::format("select {0} {1} order by {0} limit {2}", image_->key("k"), from, at_most))) {
        auto& key = found.emplace_back();
        for (const auto& part : row) {
            key += (key.empty() ? "" : ", ") + part.value_or("NULL");
        }
    }
    return found;
}

void TableUndo::expect(const Context& context, std::string_view what, std::uint64_t wanted,
                       const std::string& sql) const {
    if (wanted == 0) {
        return;
    }
    if (const auto done = writer_->execute(context, sql); done != wanted) {
        throw Error(ErrorKind::Conflict, fmt::format("{} records of {} were to be {} and {} were, nothing was undone",
                                                     wanted, table_->name, what, done))
            .advise("Look for a trigger or rule on the table that swallows changes.");
    }
}

void TableUndo::publish(const Context& context) {
    if (request_.mode != RunMode::Run) {
        return;
    }
    file_.set_undone_by(request_.execution);
    try {
        writer_->commit(context);
    } catch (const Error& error) {
        writer_.reset();
        if (!has_commits_) {
            throw OutcomeUnknown(error, fmt::format("whether {} was given back what it held is not known: {}",
                                                    table_->name, error.what()));
        }
        if (!commit_.did_commit(context, database_, table_->name, error)) {
            throw;
        }
    }
    try {
        file_.drop_changes();
    } catch (const Error& error) {
        context.log(Level::Warning, fmt::format("what was undone stays kept for now: {}", error.what()));
    }
}

}  // namespace rowhaul
