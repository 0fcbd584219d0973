// SPDX-License-Identifier: Apache-2.0
#include "connector/undo_file.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

namespace rowhaul {

namespace {

constexpr std::string_view layout = "1";

std::string fresh(const std::filesystem::path& file) {
    std::error_code failure;
    std::filesystem::create_directories(file.parent_path(), failure);
    std::filesystem::permissions(file.parent_path(), std::filesystem::perms::owner_all, failure);
    std::filesystem::remove(file, failure);
    return file.string();
}

// Each value with its length before it, "-" for NULL.
std::string packed(const RowImage& row) {
    std::string out;
    for (const auto& value : row) {
        if (!value) {
            out += '-';
            continue;
        }
        const fmt::format_int length(value->size());
        out.append(length.data(), length.size()).append(1, ':').append(*value);
    }
    return out;
}

RowImage unpacked(std::string_view text) {
    RowImage row;
    while (!text.empty()) {
        if (text.front() == '-') {
            row.emplace_back();
            text.remove_prefix(1);
            continue;
        }
        std::size_t length = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), length);
        const auto begin = static_cast<std::size_t>(end - text.data()) + 1;
        if (failure != std::errc() || begin + length > text.size()) {
            throw Error(ErrorKind::Internal, "what was kept for undo cannot be read");
        }
        row.emplace_back(std::string(text.substr(begin, length)));
        text.remove_prefix(begin + length);
    }
    return row;
}

}  // namespace

std::filesystem::path UndoFile::path(const std::filesystem::path& folder, const std::string& execution) {
    return folder / (execution + ".db");
}

UndoFile::UndoFile(const std::filesystem::path& file, UndoFacts facts)
    : database_(fresh(file), SqliteAccess::Create), facts_(std::move(facts)) {
    for (const auto& name : facts_.key) {
        key_places_.push_back(
            static_cast<std::size_t>(std::ranges::find(facts_.columns, name) - facts_.columns.begin()));
    }
    // Until it is settled nobody reads it, whatever happens.
    database_.execute("pragma journal_mode = memory; pragma synchronous = off; pragma cache_size = -8192");
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    transaction_.emplace(database_);
    database_.execute(
        "create table facts (name text primary key, value text not null);"
        "create table columns (place integer primary key, name text not null, is_written integer not null, "
        "is_touched integer not null, key_place integer);"
        "create table changes (number integer primary key, key blob not null unique, before blob, after blob)");
    put_before_ = database_.prepare("insert into changes (key, before) values (?1, ?2)");
    put_after_ = database_.prepare(
        "insert into changes (key, after) values (?1, ?2) on conflict (key) do update set after = excluded.after");
    set_value("layout", std::string(layout));
    set_value("table", facts_.table);
    for (std::size_t place = 0; place < facts_.columns.size(); ++place) {
        const auto& name = facts_.columns[place];
        const auto key = std::ranges::find(facts_.key, name);
        const bool is_written = std::ranges::find(facts_.written, name) != facts_.written.end();
        database_.run("insert into columns (place, name, is_written, is_touched, key_place) values (?, ?, ?, 0, ?)",
                      static_cast<std::int64_t>(place), name, static_cast<std::int64_t>(is_written),
                      key == facts_.key.end() ? std::nullopt
                                              : std::optional(static_cast<std::int64_t>(key - facts_.key.begin())));
    }
}

UndoFile::UndoFile(const std::filesystem::path& file) : database_(file.string(), SqliteAccess::ReadWrite) {
    if (value("layout") != layout) {
        throw Error(ErrorKind::Conflict, fmt::format("{} was kept by another version of Rowhaul", file.string()))
            .advise("Use the version with which the execution was run.");
    }
    read_facts();
}

void UndoFile::read_facts() {
    facts_.table = value("table");
    auto columns = database_.prepare("select name, is_written, is_touched from columns order by place");
    while (columns.step()) {
        const auto& name = facts_.columns.emplace_back(columns.text(0));
        if (columns.integer(1) != 0) {
            facts_.written.push_back(name);
        }
        if (columns.integer(2) != 0) {
            facts_.touched.push_back(name);
        }
    }
    auto key = database_.prepare("select name from columns where key_place is not null order by key_place");
    while (key.step()) {
        facts_.key.emplace_back(key.text(0));
    }
}

std::string UndoFile::value(std::string_view name) {
    auto statement = database_.prepare("select value from facts where name = ?");
    statement.bind(1, name);
    return statement.step() ? std::string(statement.text(0)) : std::string();
}

void UndoFile::set_value(std::string_view name, const std::string& value) {
    database_.run("insert into facts (name, value) values (?1, ?2) on conflict (name) do update set value = ?2", name,
                  value);
}

std::string UndoFile::key_of(const RowImage& row) const {
    RowImage key;
    for (const auto place : key_places_) {
        key.push_back(row.at(place));
    }
    return packed(key);
}

void UndoFile::put(SqliteStatement& into, const RowImage& row) {
    const auto key = key_of(row);
    const auto whole = packed(row);
    into.bind_blob(1, key);
    into.bind_blob(2, whole);
    into.run();
    bytes_ += key.size() + whole.size();
}

void UndoFile::put_before(const RowImage& row) {
    put(*put_before_, row);
}

void UndoFile::put_after(const RowImage& row) {
    put(*put_after_, row);
}

void UndoFile::clear() {
    database_.execute("delete from changes");
    bytes_ = 0;
}

UndoFile::Counts UndoFile::settle() {
    database_.execute("delete from changes where before is after");
    note_touched();
    auto counting = database_.prepare(
        "select count(*) filter (where before is null), count(*) filter (where before is not null and after is not "
        "null), count(*) filter (where after is null) from changes");
    counting.step();
    const Counts counts{.created = static_cast<std::uint64_t>(counting.integer(0)),
                        .updated = static_cast<std::uint64_t>(counting.integer(1)),
                        .deleted = static_cast<std::uint64_t>(counting.integer(2))};
    counting.reset();
    transaction_->commit();
    transaction_.reset();
    // With this a last time, so that the disk has it all.
    database_.execute("pragma synchronous = full");
    set_value("complete", "yes");
    return counts;
}

void UndoFile::note_touched() {
    std::set<std::size_t> touched;
    each([&](const KeptChange& change) {
        if (change.kind != ChangeKind::Updated) {
            return;
        }
        for (std::size_t place = 0; place < change.before.size(); ++place) {
            if (change.before[place] != change.after.at(place)) {
                touched.insert(place);
            }
        }
    });
    for (const auto place : touched) {
        database_.run("update columns set is_touched = 1 where place = ?", static_cast<std::int64_t>(place));
    }
}

void UndoFile::each(const std::function<void(const KeptChange&)>& take) {
    auto changes = database_.prepare("select before, after from changes order by number");
    while (changes.step()) {
        const auto kind = changes.is_null(0)   ? ChangeKind::Created
                          : changes.is_null(1) ? ChangeKind::Deleted
                                               : ChangeKind::Updated;
        take({.kind = kind, .before = unpacked(changes.blob(0)), .after = unpacked(changes.blob(1))});
    }
}

std::string UndoFile::undone_by() {
    return value("undone_by");
}

void UndoFile::set_undone_by(const std::string& execution) {
    set_value("undone_by", execution);
}

void UndoFile::drop_changes() {
    database_.execute("delete from changes");
    database_.execute("vacuum");
}

}  // namespace rowhaul
