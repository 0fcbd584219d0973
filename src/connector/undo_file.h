// SPDX-License-Identifier: Apache-2.0
// What an execution changed in a table, record by record, in a file of our own: what `rowhaul undo` gives
// back. Rows are images (database/table_image.h). That the file is complete says nothing of whether the
// execution arrived; the store does.
#pragma once
#include "database/sqlite_handle.h"
#include "database/table_image.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

// Of what table, and which columns of it.
struct UndoFacts {
    std::string table;
    std::vector<std::string> columns;  // of every image
    std::vector<std::string> key;
    std::vector<std::string> written;  // a later change of these stands in the way
    std::vector<std::string> touched;  // those of them that are to be put back
};

struct KeptChange {
    ChangeKind kind;
    RowImage before;  // empty for what was created
    RowImage after;   // empty for what was deleted
};

class UndoFile {
public:
    // Where it lies for an execution.
    static std::filesystem::path path(const std::filesystem::path& folder, const std::string& execution);

    // A new one, in place of what lies there, for its owner only.
    UndoFile(const std::filesystem::path& file, UndoFacts facts);
    // One that is complete. Throws Invalid for what is none.
    explicit UndoFile(const std::filesystem::path& file);

    const UndoFacts& facts() const { return facts_; }

    void put_before(const RowImage&);
    void put_after(const RowImage&);
    // Of the images that were put.
    std::uint64_t bytes() const { return bytes_; }
    // Begins again.
    void clear();
    // Nothing is put any more; the file lies on the disk.
    struct Counts {
        std::uint64_t created = 0;
        std::uint64_t updated = 0;
        std::uint64_t deleted = 0;
    };
    Counts settle();

    void each(const std::function<void(const KeptChange&)>& take);
    // The execution that gave back, or tried to, last; empty when none did.
    std::string undone_by();
    void set_undone_by(const std::string& execution);
    // What was given back need not be kept.
    void drop_changes();

private:
    std::string key_of(const RowImage&) const;
    void put(SqliteStatement& into, const RowImage&);
    void note_touched();
    void read_facts();
    std::string value(std::string_view name);
    void set_value(std::string_view name, const std::string& value);

    SqliteHandle database_;
    UndoFacts facts_;
    std::vector<std::size_t> key_places_;
    std::optional<SqliteTransaction> transaction_;
    std::optional<SqliteStatement> put_before_;
    std::optional<SqliteStatement> put_after_;
    std::uint64_t bytes_ = 0;
};

}  // namespace rowhaul
