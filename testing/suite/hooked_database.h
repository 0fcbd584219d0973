// SPDX-License-Identifier: Apache-2.0
// A database that tells a test of every step before it is taken and after it was, so that the test can
// do something to the server, or die, just then: a decorator of Database around any real one.
#pragma once
#include "database/database.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace rowhaul::testing {

enum class DatabaseStep : std::uint8_t {
    Read,     // some rows of a source
    Look,     // at a table that is to be written
    Begin,    // the detail is "session" or "tables", the transaction's reach
    Execute,  // the detail is the statement
    Query,    // likewise
    Load,     // the detail is the table, here and in the next two
    Write,
    Finish,
    Rollback,
    Commit,  // the detail is that of its Begin
};

// Shared by a test and the databases of its run; called on whichever thread takes the step.
struct DatabaseHooks {
    using Hook = std::function<void(DatabaseStep, std::string_view detail)>;
    Hook before = [](DatabaseStep, std::string_view) {};
    Hook after = [](DatabaseStep, std::string_view) {};
};

class HookedDatabase final : public Database {
public:
    HookedDatabase(std::unique_ptr<Database> inner, std::shared_ptr<DatabaseHooks> hooks)
        : inner_(std::move(inner)), hooks_(std::move(hooks)) {}

    void check(const Context& context) override { inner_->check(context); }
    std::vector<TableInfo> tables(const Context& context) override { return inner_->tables(context); }
    Schema schema(const Context& context, const Selection& selection) override {
        return inner_->schema(context, selection);
    }
    std::unique_ptr<RowReader> read(const Context& context, const Selection& selection) override {
        return std::make_unique<Reader>(inner_->read(context, selection), *hooks_);
    }
    std::optional<std::uint64_t> estimate(const Context& context, const Selection& selection) override {
        return inner_->estimate(context, selection);
    }
    std::unique_ptr<TableWriter> writer() const override { return std::make_unique<Writer>(inner_->writer(), hooks_); }

private:
    template <class Call>
    static std::invoke_result_t<Call&> step(const DatabaseHooks& hooks, DatabaseStep kind, std::string_view detail,
                                            Call call) {
        hooks.before(kind, detail);
        if constexpr (std::is_void_v<std::invoke_result_t<Call&>>) {
            call();
            hooks.after(kind, detail);
        } else {
            auto result = call();
            hooks.after(kind, detail);
            return result;
        }
    }

    class Reader final : public RowReader {
    public:
        Reader(std::unique_ptr<RowReader> inner, const DatabaseHooks& hooks)
            : inner_(std::move(inner)), hooks_(hooks) {}
        bool next(const Context& context, Batch& out) override {
            return step(hooks_, DatabaseStep::Read, "", [&] { return inner_->next(context, out); });
        }
        std::vector<Warning> warnings() const override { return inner_->warnings(); }
        std::string pushed_rule() const override { return inner_->pushed_rule(); }

    private:
        std::unique_ptr<RowReader> inner_;
        const DatabaseHooks& hooks_;
    };
    class Loader final : public RowLoader {
    public:
        Loader(std::unique_ptr<RowLoader> inner, std::string table, const DatabaseHooks& hooks)
            : inner_(std::move(inner)), table_(std::move(table)), hooks_(hooks) {}
        void write(const Context& context, const Batch& batch) override {
            step(hooks_, DatabaseStep::Write, table_, [&] { inner_->write(context, batch); });
        }
        void finish(const Context& context) override {
            step(hooks_, DatabaseStep::Finish, table_, [&] { inner_->finish(context); });
        }
        std::size_t undecided() const override { return inner_->undecided(); }

    private:
        std::unique_ptr<RowLoader> inner_;
        std::string table_;
        const DatabaseHooks& hooks_;
    };
    class Writer final : public TableWriter {
    public:
        Writer(std::unique_ptr<TableWriter> inner, std::shared_ptr<DatabaseHooks> hooks)
            : inner_(std::move(inner)), hooks_(std::move(hooks)) {}
        const Dialect& dialect() const override { return inner_->dialect(); }
        TargetTable table(const Context& context, const std::string& name) override {
            return step(*hooks_, DatabaseStep::Look, name, [&] { return inner_->table(context, name); });
        }
        TargetTable missing_table(const Context& context, const std::string& name) override {
            return inner_->missing_table(context, name);
        }
        void begin(const Context& context, Reach reach) override {
            reach_ = reach == Reach::Tables ? "tables" : "session";
            step(*hooks_, DatabaseStep::Begin, reach_, [&] { inner_->begin(context, reach); });
        }
        void commit(const Context& context) override {
            step(*hooks_, DatabaseStep::Commit, reach_, [&] { inner_->commit(context); });
        }
        void rollback(const Context& context) override {
            step(*hooks_, DatabaseStep::Rollback, reach_, [&] { inner_->rollback(context); });
        }
        std::uint64_t execute(const Context& context, const std::string& sql) override {
            return step(*hooks_, DatabaseStep::Execute, sql, [&] { return inner_->execute(context, sql); });
        }
        TableRows query(const Context& context, const std::string& sql) override {
            return step(*hooks_, DatabaseStep::Query, sql, [&] { return inner_->query(context, sql); });
        }
        std::unique_ptr<RowLoader> load(const Context& context, const std::string& into, const Schema& columns,
                                        Rejects rejects) override {
            return step(*hooks_, DatabaseStep::Load, into, [&] {
                return std::make_unique<Loader>(inner_->load(context, into, columns, std::move(rejects)), into,
                                                *hooks_);
            });
        }

    private:
        std::unique_ptr<TableWriter> inner_;
        std::shared_ptr<DatabaseHooks> hooks_;
        std::string_view reach_;
    };

    std::unique_ptr<Database> inner_;
    std::shared_ptr<DatabaseHooks> hooks_;
};

}  // namespace rowhaul::testing
