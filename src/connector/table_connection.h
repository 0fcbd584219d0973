// SPDX-License-Identifier: Apache-2.0
// A database as a connection: tables and queries as sources.
#pragma once
#include "connector/connection.h"
#include "database/database.h"
#include "options/options.h"

#include <memory>
#include <string>

namespace rowhaul {

struct TableSourceOptions {
    std::string table;
    std::string query;
    bool push_down = true;

    static constexpr auto spec = [] {
        return options(option("table", &TableSourceOptions::table, "Table or view to read, also as schema.table.")
                           .example("customers"),
                       option("query", &TableSourceOptions::query,
                              "One SELECT to read instead of a table; it cannot change anything.")
                           .example("select id, name from customers"),
                       option("push_down", &TableSourceOptions::push_down,
                              "Whether the database may keep back rows of a table that do not meet the rule "
                              "(`where`). They are not counted; set false to count every row."));
    }();
    static void validate(const TableSourceOptions&, Problems&);
};

class TableConnection final : public Connection {
public:
    explicit TableConnection(std::unique_ptr<Database>);

    std::unique_ptr<Source> source(const Node&, std::string_view path, const SourceRequest&, Problems&) override;
    std::unique_ptr<Target> target(const Node&, std::string_view path, const TargetRequest&, Problems&) override;
    std::unique_ptr<Undoing> undoing(const UndoRequest&) override;
    void check(const Context&) override;
    Contents browse(const Context&, std::string_view object) override;
    void clean_up(const Context&, const std::string& execution, const std::vector<FileRecord>&) override;
    bool has_arrived(const Context&, const InterruptedDelivery&) override;

private:
    std::unique_ptr<Database> database_;
};

}  // namespace rowhaul
