// SPDX-License-Identifier: Apache-2.0
#include "connector/change_keeper.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr std::uint64_t first_page = 100;  // rows; nobody knows yet how large they are
constexpr std::uint64_t largest_page = 5000;
constexpr std::uint64_t page_bytes = 4'000'000;

}  // namespace

ChangeKeeper::ChangeKeeper(const Dialect& dialect, const TargetTable& table, const std::vector<std::string>& key,
                           std::vector<std::string> written, std::filesystem::path file, std::uint64_t most_bytes)
    : image_(dialect, table, key),
      facts_{
          .table = table.name, .columns = image_.columns(), .key = key, .written = std::move(written), .touched = {}},
      path_(std::move(file)),
      most_bytes_(most_bytes) {}

ChangeKeeper::~ChangeKeeper() {
    if (!is_kept_) {
        file_.reset();
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
}

void ChangeKeeper::prepare(const Context& context, TableWriter& writer) const {
    for (const auto& sql : image_.make_changed()) {
        writer.execute(context, sql);
    }
}

void ChangeKeeper::begin() {
    noted_ = 0;
    obstacle_.clear();
    try {
        if (file_) {
            file_->clear();
        } else {
            file_ = std::make_unique<UndoFile>(path_, facts_);
        }
    } catch (const std::exception& error) {
        give_up(error.what());
    }
}

void ChangeKeeper::note(const Context& context, TableWriter& writer, std::string_view alias, std::string_view from) {
    if (!obstacle_.empty()) {
        return;
    }
    const auto before = noted_;
    noted_ += writer.execute(context, image_.add_changed(alias, from, noted_));
    read(context, writer, before + 1, noted_, &UndoFile::put_before);
}

void ChangeKeeper::read(const Context& context, TableWriter& writer, std::uint64_t first, std::uint64_t last,
                        void (UndoFile::*put)(const RowImage&)) {
    auto page = first_page;
    while (first <= last && obstacle_.empty()) {
        const auto end = std::min(last, first + page - 1);
        auto rows = writer.query(context, image_.changed_rows(first, end));
        const auto bytes = file_->bytes();
        try {
            for (auto& row : rows) {
                row.erase(row.begin());
                (file_.get()->*put)(row);
                if (file_->bytes() > most_bytes_) {
                    give_up(fmt::format("it takes more than the {} bytes that `size` of `undo` allows", most_bytes_));
                    return;
                }
            }
        } catch (const std::exception& error) {
            give_up(error.what());
            return;
        }
        const auto width = rows.empty() ? 1 : (file_->bytes() - bytes) / rows.size() + 1;
        page = rows.empty() ? largest_page : std::clamp<std::uint64_t>(page_bytes / width, 1, largest_page);
        first = end + 1;
    }
}

void ChangeKeeper::give_up(std::string why) {
    obstacle_ = std::move(why);
    file_.reset();
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

void ChangeKeeper::finish(const Context& context, TableWriter& writer, Delivery& delivery) {
    read(context, writer, 1, noted_, &UndoFile::put_after);
    if (obstacle_.empty()) {
        try {
            const auto counts = file_->settle();
            const auto changed = delivery.updated + delivery.deleted;  // a record that is marked counts as deleted
            if (counts.created != delivery.created || counts.updated + counts.deleted != changed) {
                give_up(
                    fmt::format("{} records were created and {} changed or deleted, but {} and {} could be told "
                                "apart: another session wrote at the same time, or a trigger did",
                                delivery.created, changed, counts.created, counts.updated + counts.deleted));
            }
        } catch (const std::exception& error) {
            give_up(error.what());
        }
    }
    if (!obstacle_.empty()) {
        delivery.warnings.push_back(
            {"undo_not_kept", fmt::format("this execution cannot be undone, nothing is kept of it: {}", obstacle_)});
    }
}

}  // namespace rowhaul
