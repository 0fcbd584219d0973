// SPDX-License-Identifier: Apache-2.0
// A table as a target: all rows in one transaction, or none.
//
// Without a key rows are appended as they come. With one, or when they replace all, they are staged in
// a temporary table of the database, in a transaction of its own that locks nothing. Duplicates are
// found there, and then all is applied in one transaction by few statements, again when another session
// was in the way. What the database refuses is narrowed down to the rows that are to blame.
//
// The table rowhaul_commits beside it names the execution that changed the table last, in the same
// transaction: whether a commit whose answer was lost took place is read there. Where it may not be made,
// only what can be done twice without harm is done.
#pragma once
#include "connector/absent_records.h"
#include "connector/change_keeper.h"
#include "connector/commit_record.h"
#include "connector/connection.h"
#include "connector/given_keys.h"
#include "connector/record_rules.h"
#include "connector/row_origins.h"
#include "connector/table_preparation.h"
#include "database/database.h"
#include "database/table_statements.h"
#include "database/table_writer.h"
#include "options/options.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

struct TableTargetOptions : TablePreparation {
    std::string table;
    std::string generated_key;

    static constexpr auto spec = [] {
        return options(option("table", &TableTargetOptions::table, "Table to write to, also as schema.table.")
                           .required()
                           .example("customers"),
                       option("generated_key", &TableTargetOptions::generated_key,
                              "Column that the database fills itself, such as an identity or auto_increment. What it "
                              "says of each record is read back and remembered with its mark (`rowhaul marks`). Needs "
                              "`key`, and no field may have its name.")
                           .example("id"),
                       TablePreparation::spec);
    }();
};

class TableTarget final : public Target {
public:
    // `database`, which must outlive this, can be written to.
    TableTarget(const Database& database, TableTargetOptions options, TargetRequest request);
    ~TableTarget() override;

    std::string object() const override { return name_; }
    Schema wanted(const Context&) override;
    std::vector<std::string> left_out(const Schema&) override;
    void prepare(const Context&, const Schema&) override;
    std::unique_ptr<RowWriter> writer(const Context&, Rejects) override;
    LeftOut bystanders() const override;
    void note_present(const Context&, const Batch& keys) override;
    void note_unreadable(std::uint64_t rows) override;
    Delivery complete(const Context&) override;
    std::vector<FileRecord> publish(const Context&) override;

private:
    class Intake;

    bool has_key() const { return !request_.records.key.empty(); }
    bool is_staged() const { return has_key() || request_.records.replaces_all; }
    const std::optional<TableStatements::Extra>& mark() const;
    void prepare_commits(const Context&);
    std::vector<std::string> missing_columns(const Schema&) const;
    void plan_columns();
    bool is_changed() const { return is_new_ || !new_columns_.empty(); }
    // Whether the transaction that makes or alters the table is the one that fills it.
    bool is_made_along() const { return is_changed() && !writer_->dialect().definitions_commit; }
    void make_table(const Context&);
    void make_stage(const Context&);
    void note_changes(Delivery&) const;
    // In the transaction that changes the table: whether it may, and what comes before rows.
    void open_table(const Context&);
    void check_columns() const;
    // By their names, as they are now.
    std::map<std::string, std::string> column_types(const Context&) const;
    // Whether the columns that are written are still what they were taken for. Asked when the table was
    // written to in the transaction: from then on nobody else can alter it.
    void check_unaltered(const Context&) const;
    void check_key_columns() const;
    void check_key(const Context&) const;
    bool writes_commit() const { return request_.mode == RunMode::Run && has_commits_; }
    // The end of the transaction that changes the table, but for its commit.
    void finish(const Context&, Delivery&);
    void settle_duplicates(const Context&, Delivery&);
    void apply_all(const Context&, Delivery&);
    void make_keeper();
    void make_given();
    void read_back(const Context&) const;
    // Before the staged rows change records.
    void keep_former(const Context&);
    // What is written to records that the table has; nothing = they stay.
    std::optional<TableStatements::Change> update_change() const;
    void apply_staged(const Context&, Delivery&);
    void update_staged(const Context&, const TableStatements&, Delivery&);
    // Both at once, where the database has such a statement and refuses no row; else nothing is done.
    bool upsert_staged(const Context&, const TableStatements&, std::uint64_t staged, Delivery&);
    void replace_all(const Context&, Delivery&);
    void expect_no_rejects() const;
    // How many rows a statement about staged rows changed.
    std::uint64_t apply(const Context&, const StageStatement&);
    void undo_apply(const Context&);
    std::uint64_t apply_range(const Context&, const StageStatement&, std::uint64_t first, std::uint64_t last);
    void reject_staged(const Context&, const std::string& condition, const std::string& reason,
                       const std::string& message);
    std::uint64_t count(const Context&, const std::string& sql) const;

    const Database& database_;
    std::unique_ptr<TableWriter> writer_;
    TableTargetOptions options_;
    std::string name_;
    TargetRequest request_;
    CommitRecord commit_;
    std::optional<TargetTable> table_;
    Schema schema_;
    Rejects rejects_;
    std::uint64_t taken_ = 0;  // rows handed to the writer
    std::uint64_t rejected_ = 0;
    std::uint64_t lost_ = 0;  // rows that did not get as far as the writer
    std::unique_ptr<AbsentRecords> absent_;
    std::unique_ptr<ChangeKeeper> keeper_;
    std::unique_ptr<GivenKeys> given_;
    RowOrigins origins_;   // of staged rows
    bool is_new_ = false;  // the table is missing, and is made
    std::map<std::string, std::string> column_types_;
    std::vector<std::string> ignored_;      // columns of the source
    std::vector<std::string> new_columns_;  // of the table
    std::vector<std::string> definitions_;  // SQL that makes them
    bool keys_rise_ = false;                // no two staged rows can have the same key
    bool has_commits_ = true;
};

}  // namespace rowhaul
