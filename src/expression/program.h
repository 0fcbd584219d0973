// SPDX-License-Identifier: Apache-2.0
// Expressions checked against a schema, and their evaluation over batches. Columns are converted
// once for all expressions of a program, and what several of them compute is computed once.
#pragma once
#include "data/batch.h"
#include "data/schema.h"
#include "expression/condition.h"
#include "expression/functions.h"
#include "expression/syntax.h"
#include "expression/treatment.h"
#include "expression/vector.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace rowhaul {

// What `:name` stands for.
struct Parameter {
    std::string name;
    Kind kind = Kind::Unknown;        // Unknown: whatever its place asks for
    std::optional<std::string> text;  // nothing = NULL
};

class Checker;

// A part of an expression with its kind; a literal has no node before its place gives it a kind.
struct CheckedValue {
    Kind kind = Kind::Unknown;
    std::optional<std::uint32_t> node;
    std::optional<std::string> literal;  // of Kind::Unknown; nothing = NULL
    std::size_t place = 0;
    std::optional<std::string> constant_text = {};  // what a constant text says, for checks of it
};

class Program {
public:
    Program(Schema schema, std::vector<Parameter> parameters, RunFacts facts);
    // For a check before the columns are known: names and kinds of columns are taken on trust. Such a
    // program cannot be evaluated.
    Program(std::vector<Parameter> parameters, RunFacts facts);

    // Adds an expression and returns the number of its result, whose cells are canonical text.
    // Throws ExpressionError for what is wrong with it.
    std::size_t add(std::string_view expression);
    // The same with a treatment of the value; of a column of the schema; of a text that is always the
    // same. What is wrong with the treatment is an ExpressionError, too.
    std::size_t add(std::string_view expression, const Treatment&);
    std::size_t add_column(std::size_t schema_index, const Treatment&);
    std::size_t add_constant(const std::string& text, const Treatment&);
    // One that must be a condition; its result is a vector of booleans.
    std::size_t add_condition(std::string_view expression);
    // What was added so far chooses rows: it is computed for all of them, and what is added from now
    // on for the chosen ones only.
    void choose_here();

    std::size_t results() const { return results_.size(); }
    Kind kind(std::size_t result) const { return results_[result].kind; }
    // The column of the schema that an expression is nothing but.
    std::optional<std::size_t> bare_column(std::size_t result) const { return results_[result].bare_column; }
    // Indexes in the schema of the columns in use, in the order first used.
    const std::vector<std::size_t>& columns() const { return columns_; }
    // What a source may look at of a result that is a condition.
    Condition condition(std::size_t result) const;
    // How many rows at a time keep its intermediate values within bounds.
    std::size_t most_rows() const;

private:
    friend class Checker;
    friend class Treating;
    friend class Evaluation;
    friend class ConditionMaker;

    struct Node {
        Kernel kernel = nullptr;  // null: a column or a constant
        Kind kind = Kind::Unknown;
        std::vector<std::uint32_t> arguments;
        std::size_t stride = 1;
        std::size_t index = 0;  // of the column in columns_, or of the constant
        bool is_constant = false;
    };
    struct Result {
        std::uint32_t node = 0;
        Kind kind = Kind::Text;
        std::optional<std::size_t> bare_column;
    };
    using CallKey = std::tuple<Kernel, Kind, std::vector<std::uint32_t>>;
    using ConstantKey = std::tuple<Kind, bool, std::string>;

    std::uint32_t raw_column_node(std::size_t schema_index);
    std::uint32_t column_node(std::size_t schema_index);
    std::uint32_t call_node(Kernel kernel, Kind kind, std::vector<std::uint32_t> arguments);
    // Nothing when the text cannot be read as this kind; then `failure` says why.
    std::optional<std::uint32_t> constant_node(Kind kind, const std::optional<std::string>& text, RowFailure& failure);
    std::uint32_t add_node(Node node);
    std::size_t add_raw_column(std::size_t schema_index);
    std::size_t add_value(Checker&, CheckedValue);
    void assign_places();
    void find_crossing();

    std::optional<Schema> schema_;
    std::vector<Parameter> parameters_;
    RunFacts facts_;
    std::vector<Node> nodes_;
    std::vector<Result> results_;
    std::vector<std::size_t> columns_;
    // Where each node's values lie while they are needed, so that long formulas take little room.
    std::vector<std::uint32_t> places_;
    std::size_t place_count_ = 0;
    // Before the choice; all where there is none.
    std::optional<std::size_t> choosing_nodes_;
    std::size_t choosing_results_ = 0;
    std::vector<std::uint32_t> crossing_;  // nodes before the choice whose values are needed after it
    std::map<std::size_t, std::uint32_t> raw_column_nodes_;
    std::map<std::size_t, std::uint32_t> column_nodes_;
    std::map<CallKey, std::uint32_t> call_nodes_;
    std::map<ConstantKey, std::uint32_t> constant_nodes_;
    // Constants are computed once, into memory of the program's own.
    std::unique_ptr<Arena> constant_arena_ = std::make_unique<Arena>();
    std::unique_ptr<Workspace> constant_work_;
    std::vector<std::unique_ptr<Vector>> constants_;
};

// Computes a program's results, batch after batch; one thread at a time. The program must outlive it
// and not grow meanwhile.
class Evaluation {
public:
    explicit Evaluation(const Program& program);

    // `columns` are the cells of program.columns(), `rows` each. Results stay valid until the next
    // run, and for as long as the cells and `arena` do, which takes texts in the making. Throws
    // BatchTooLarge when fewer rows at a time are asked for. Of a program that chooses rows, only what
    // comes before the choice.
    void run(std::span<const std::span<const Cell>> columns, std::size_t rows, Arena& arena);
    // The rest for the chosen ones of these rows, in ascending order; results from here on have one
    // value for each of them.
    void run_chosen(std::span<const std::span<const Cell>> columns, std::span<const std::uint32_t> chosen);
    const Vector& result(std::size_t number) const;

private:
    template <class TakeColumn>
    void compute(std::size_t first_node, std::size_t end_node, std::size_t rows, TakeColumn take_column);
    const Vector& values_of(std::uint32_t node) const;

    const Program& program_;
    Workspace work_;
    std::vector<Vector> places_;
    std::vector<std::any> memory_;
    std::vector<const Vector*> arguments_;
};

// For people: "\"abc\" is no integer"; the value shortened.
std::string message_of(const RowFailure& failure);

}  // namespace rowhaul
