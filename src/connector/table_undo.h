// SPDX-License-Identifier: Apache-2.0
// Gives back what an execution changed in a table, all of it or nothing, from what ChangeKeeper kept.
//
// The rows are staged in temporary tables. Then, in one transaction that keeps other writers away, every
// record is compared with what the execution left, created ones are deleted, changed ones put back and
// deleted ones inserted. rowhaul_commits names the execution that gives back, as for a run.
#pragma once
#include "connector/commit_record.h"
#include "connector/connection.h"
#include "connector/undo_file.h"
#include "database/database.h"
#include "database/table_image.h"
#include "database/table_writer.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

class TableUndo final : public Undoing {
public:
    // `database`, which must outlive this, can be written to. Opens the file.
    TableUndo(const Database& database, UndoRequest request);
    ~TableUndo() override;

    std::string object() const override { return file_.facts().table; }
    Delivery complete(const Context&) override;
    void publish(const Context&) override;

private:
    void expect_columns() const;
    void stage(const Context&);
    Delivery give_back(const Context&);
    void expect_unchanged(const Context&) const;
    void expect(const Context&, std::string_view what, std::uint64_t wanted, const std::string& sql) const;
    std::vector<std::string> keys(const Context&, const std::string& from, std::size_t at_most) const;
    bool writes_commit() const { return request_.mode == RunMode::Run && has_commits_; }

    const Database& database_;
    std::unique_ptr<TableWriter> writer_;
    const UndoRequest request_;
    UndoFile file_;
    CommitRecord commit_;
    std::optional<TargetTable> table_;
    std::optional<TableImage> image_;
    UndoFile::Counts counts_;  // of the execution that is given back
    bool has_commits_ = true;
};

}  // namespace rowhaul
