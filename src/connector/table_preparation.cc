// SPDX-License-Identifier: Apache-2.0
#include "connector/table_preparation.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>

namespace rowhaul {

namespace {

constexpr std::array<std::string_view, 11> of_transactions{
    "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare", "lock", "unlock"};
// What never commits by itself where definitions do.
constexpr std::array<std::string_view, 6> of_rows{"insert", "update", "delete", "replace", "select", "with"};

// The first word of a statement in lower case, comments passed over.
std::string first_word(std::string_view sql) {
    const auto skip_to = [&](std::string_view end) {
        const auto at = sql.find(end);
        sql.remove_prefix(at == std::string_view::npos ? sql.size() : at + end.size());
    };
    while (!sql.empty()) {
        if (sql.starts_with("--") || sql.starts_with("#")) {
            skip_to("\n");
        } else if (sql.starts_with("/*")) {
            skip_to("*/");
        } else if (sql.front() == ' ' || sql.front() == '\t' || sql.front() == '\n' || sql.front() == '\r' ||
                   sql.front() == '(' || sql.front() == ';') {
            sql.remove_prefix(1);
        } else {
            break;
        }
    }
    std::string word;
    for (const char c : sql) {
        const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (small < 'a' || small > 'z') {
            break;
        }
        word += small;
    }
    return word;
}

void each(const TablePreparation& preparation,
          const std::function<void(std::string_view option, std::size_t number, const std::string& sql)>& look) {
    for (std::size_t i = 0; i < preparation.before.size(); ++i) {
        look("before", i + 1, preparation.before[i]);
    }
    for (std::size_t i = 0; i < preparation.after.size(); ++i) {
        look("after", i + 1, preparation.after[i]);
    }
}

void run(const Context& context, TableWriter& writer, std::string_view option, const std::vector<std::string>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        try {
            writer.execute(context, list[i]);
        } catch (const Refusal& refusal) {
            throw Error(ErrorKind::Conflict, fmt::format("`{}`, statement {}: {}", option, i + 1, refusal.what()));
        } catch (const Collision&) {
            throw;
        } catch (Error& error) {
            throw error.while_doing(fmt::format("`{}`, statement {}", option, i + 1));
        }
    }
}

}  // namespace

void TablePreparation::validate(const TablePreparation& preparation, Problems& problems) {
    each(preparation, [&](std::string_view option, std::size_t number, const std::string& sql) {
        const auto word = first_word(sql);
        if (word.empty()) {
            problems.add(option, fmt::format("statement {} is empty", number));
        } else if (std::ranges::find(of_transactions, word) != of_transactions.end()) {
            problems.add(option, fmt::format("statement {} would end the transaction in which rows are written, or "
                                             "lock by itself (`{}`); see `lock`",
                                             number, word));
        }
    });
}

void TablePreparation::check(const Dialect& dialect) const {
    if (!dialect.definitions_commit) {
        return;
    }
    each(*this, [](std::string_view option, std::size_t number, const std::string& sql) {
        const bool is_of_rows = std::ranges::find(of_rows, first_word(sql)) != of_rows.end();
        // Comments of this kind are executed.
        if (!is_of_rows || sql.find("/*!") != std::string::npos || sql.find("/*M!") != std::string::npos) {
            throw Error(ErrorKind::Invalid,
                        fmt::format("`{}`, statement {}: this database might commit with it, and a run could not be "
                                    "undone any more",
                                    option, number))
                .advise(fmt::format("Here may stand: {}.", fmt::join(of_rows, ", ")));
        }
    });
}

void TablePreparation::prepare_session(const Context& context, TableWriter& writer) const {
    if (const auto sql = writer.dialect().do_not_wait; lock == TableLock::Fail && !sql.empty()) {
        writer.query(context, std::string(sql));
    }
}

void TablePreparation::lock_table(const Context& context, TableWriter& writer, const TargetTable& table) const {
    const auto form = lock == TableLock::Fail ? writer.dialect().lock_or_fail : writer.dialect().lock_and_wait;
    if (lock == TableLock::Rows || form.empty()) {
        return;
    }
    try {
        writer.query(context, fmt::format(fmt::runtime(form), table.sql));
    } catch (const Error& error) {
        if (lock == TableLock::Wait || error.kind() == ErrorKind::Cancelled || error.kind() == ErrorKind::Denied) {
            throw;
        }
        throw Error(ErrorKind::Unavailable,
                    fmt::format("the table {} could not be locked: {}", table.name, error.what()))
            .advise("Somebody else is writing to it. Run again later, or set `lock: wait`.");
    }
}

void TablePreparation::run_before(const Context& context, TableWriter& writer) const {
    run(context, writer, "before", before);
}

void TablePreparation::run_after(const Context& context, TableWriter& writer) const {
    run(context, writer, "after", after);
}

}  // namespace rowhaul
