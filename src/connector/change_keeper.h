// SPDX-License-Identifier: Apache-2.0
// Keeps what a run changes in a table, so that it can be given back: each record as it was, read inside the
// transaction and locked before it is changed, and as it became, read before the commit.
//
// When more comes than may be kept, when there is no room for it, or when the images do not tell of as many
// changes as the run counts, nothing is kept and a warning says why: a run never fails for this.
#pragma once
#include "connector/connector.h"
#include "connector/undo_file.h"
#include "database/table_image.h"
#include "database/table_writer.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace rowhaul {

class ChangeKeeper {
public:
    // The table, dialect and key live on. `written` names the columns that the run writes to.
    ChangeKeeper(const Dialect& dialect, const TargetTable& table, const std::vector<std::string>& key,
                 std::vector<std::string> written, std::filesystem::path file, std::uint64_t most_bytes);
    // What was not kept() leaves no file.
    ~ChangeKeeper();
    ChangeKeeper(const ChangeKeeper&) = delete;
    ChangeKeeper& operator=(const ChangeKeeper&) = delete;

    // Makes its temporary table.
    void prepare(const Context&, TableWriter&) const;

    // All inside the transaction that changes the table. First of all, each time it is tried.
    void begin();
    // Before these records change: `from` with `alias` has their keys, as in "rowhaul_absent a".
    void note(const Context&, TableWriter&, std::string_view alias, std::string_view from);
    // After the last change.
    void finish(const Context&, TableWriter&, Delivery&);
    // The transaction may have been committed.
    void keep() { is_kept_ = true; }

private:
    // Reads numbered records some at a time, and hands them over until one is too many.
    void read(const Context&, TableWriter&, std::uint64_t first, std::uint64_t last,
              void (UndoFile::*put)(const RowImage&));
    void give_up(std::string why);

    TableImage image_;
    UndoFacts facts_;
    std::filesystem::path path_;
    std::uint64_t most_bytes_;
    std::unique_ptr<UndoFile> file_;
    std::string obstacle_;  // why nothing is kept
    std::uint64_t noted_ = 0;
    bool is_kept_ = false;
};

}  // namespace rowhaul
