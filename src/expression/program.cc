// SPDX-License-Identifier: Apache-2.0
#include "expression/program.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace rowhaul {

namespace {

constexpr std::size_t most_nodes = 20'000;
constexpr std::size_t most_value_bytes = 16 * 1024 * 1024;
constexpr std::size_t longest_shown = 80;

std::string_view text_of(Failure failure) {
    switch (failure) {
        case Failure::InvalidInteger:
            return "is no integer";
        case Failure::InvalidDecimal:
            return "is no decimal number";
        case Failure::InvalidFloat:
            return "is no number";
        case Failure::InvalidBoolean:
            return "is neither true nor false";
        case Failure::InvalidDate:
            return "is no date such as 2024-02-29";
        case Failure::InvalidTime:
            return "is no time such as 13:45:00";
        case Failure::InvalidTimestamp:
            return "is no timestamp such as 2024-02-29 13:45:00";
        case Failure::InvalidInterval:
            return "is no interval such as 1 day";
        case Failure::InvalidBytes:
            return "are no hexadecimal digits";
        case Failure::NumberOutOfRange:
            return "is out of range";
        case Failure::DateOutOfRange:
            return "the date is out of range";
        case Failure::DivisionByZero:
            return "division by zero";
        case Failure::TextTooLong:
            return "the text would be longer than 16 MiB";
        case Failure::InvalidArgument:
            return "cannot be taken here";
        case Failure::MissingValue:
            return "there is no value, but the field is required";
    }
    return "";
}

std::string shortened(std::string_view text) {
    if (text.size() <= longest_shown) {
        return std::string(text);
    }
    auto end = longest_shown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
        --end;
    }
    return std::string(text.substr(0, end)) + "…";
}

}  // namespace

std::string message_of(const RowFailure& failure) {
    std::string text;
    if (!failure.value.empty()) {
        text = fmt::format("\"{}\" ", shortened(failure.value));
    }
    return text + std::string(failure.detail.empty() ? text_of(failure.failure) : failure.detail);
}

Program::Program(Schema schema, std::vector<Parameter> parameters, RunFacts facts)
    : Program(std::move(parameters), std::move(facts)) {
    schema_ = std::move(schema);
}

Program::Program(std::vector<Parameter> parameters, RunFacts facts)
    : parameters_(std::move(parameters)),
      facts_(std::move(facts)),
      constant_work_(std::make_unique<Workspace>(facts_)) {
    constant_work_->arena = constant_arena_.get();
}

std::size_t Program::most_rows() const {
    const auto bytes_a_row = (place_count_ + 1) * (sizeof(Decimal) + sizeof(State) + sizeof(std::uint32_t));
    return std::clamp<std::size_t>(most_value_bytes / bytes_a_row, 1, std::numeric_limits<std::size_t>::max());
}

std::uint32_t Program::add_node(Node node) {
    if (nodes_.size() >= most_nodes) {
        throw Error(ErrorKind::Invalid, "the expressions are too large together");
    }
    nodes_.push_back(std::move(node));
    return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::uint32_t Program::raw_column_node(std::size_t schema_index) {
    const auto [known, is_new] = raw_column_nodes_.try_emplace(schema_index);
    if (is_new) {
        const auto kind = schema_ ? kind_of((*schema_)[schema_index].type) : Kind::Any;
        known->second =
            add_node({.kind = kind == Kind::Bytes || kind == Kind::Json ? kind : Kind::Text, .index = columns_.size()});
        columns_.push_back(schema_index);
    }
    return known->second;
}

std::uint32_t Program::column_node(std::size_t schema_index) {
    const auto [known, is_new] = column_nodes_.try_emplace(schema_index);
    if (is_new) {
        const auto raw = raw_column_node(schema_index);
        const auto kind = schema_ ? kind_of((*schema_)[schema_index].type) : Kind::Text;
        known->second = kind == nodes_[raw].kind ? raw : call_node(cast_kernel(Kind::Text, kind), kind, {raw});
    }
    return known->second;
}

std::uint32_t Program::call_node(Kernel kernel, Kind kind, std::vector<std::uint32_t> arguments) {
    const auto [known, is_new] = call_nodes_.try_emplace({kernel, kind, arguments});
    if (is_new) {
        const bool is_constant =
            std::ranges::all_of(arguments, [&](std::uint32_t argument) { return nodes_[argument].stride == 0; });
        known->second = add_node(
            {.kernel = kernel, .kind = kind, .arguments = std::move(arguments), .stride = is_constant ? 0U : 1U});
    }
    return known->second;
}

std::optional<std::uint32_t> Program::constant_node(Kind kind, const std::optional<std::string>& text,
                                                    RowFailure& failure) {
    const ConstantKey key{kind, text.has_value(), text.value_or("")};
    if (const auto known = constant_nodes_.find(key); known != constant_nodes_.end()) {
        return known->second;
    }
    auto made = std::make_unique<Vector>();
    auto& raw = *made;
    const auto held = text ? constant_arena_->copy(*text) : std::string_view();
    if (!text) {
        std::memset(raw.start(kind, value_size(kind), 1, 0), 0, value_size(kind));
        raw.set_null(0);
    } else {
        raw.start<Cell>(kind == Kind::Text ? kind : Kind::Text, 1, 0)[0] = held;
        if (kind != Kind::Text) {
            auto converted = std::make_unique<Vector>();
            const Vector* argument = &raw;
            std::any memory;
            Call call{.arguments = {&argument, 1},
                      .out = *converted,
                      .result = kind,
                      .rows = 1,
                      .stride = 0,
                      .work = *constant_work_,
                      .memory = memory};
            cast_kernel(Kind::Text, kind)(call);
            if (converted->state(0) == State::Failed) {
                failure = converted->failure(0);
                return {};
            }
            made = std::move(converted);
        }
    }
    constants_.push_back(std::move(made));
    const auto node = add_node({.kind = kind, .stride = 0, .index = constants_.size() - 1, .is_constant = true});
    constant_nodes_.emplace(key, node);
    return node;
}

void Program::assign_places() {
    constexpr auto for_ever = std::numeric_limits<std::size_t>::max();
    std::vector<std::size_t> last_use(nodes_.size(), 0);
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
        for (const auto argument : nodes_[node].arguments) {
            last_use[argument] = node;
        }
    }
    for (const auto& result : results_) {
        last_use[result.node] = for_ever;
    }
    places_.assign(nodes_.size(), 0);
    place_count_ = 0;
    std::vector<std::uint32_t> free;
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
        if (nodes_[node].is_constant) {
            continue;
        }
        if (free.empty()) {
            free.push_back(static_cast<std::uint32_t>(place_count_++));
        }
        places_[node] = free.back();
        free.pop_back();
        const auto release = [&](std::size_t used) {
            if (!nodes_[used].is_constant && last_use[used] == node) {
                free.push_back(places_[used]);
                last_use[used] = for_ever;  // once only, however often it is an argument
            }
        };
        std::ranges::for_each(nodes_[node].arguments, release);
        if (last_use[node] == 0) {
            free.push_back(places_[node]);
        }
    }
    find_crossing();
}

void Program::choose_here() {
    choosing_nodes_ = nodes_.size();
    choosing_results_ = results_.size();
}

void Program::find_crossing() {
    crossing_.clear();
    if (!choosing_nodes_) {
        return;
    }
    std::vector<bool> crosses(*choosing_nodes_);
    const auto use = [&](std::uint32_t node) {
        if (node < crosses.size() && nodes_[node].stride != 0) {
            crosses[node] = true;
        }
    };
    for (std::size_t node = *choosing_nodes_; node < nodes_.size(); ++node) {
        std::ranges::for_each(nodes_[node].arguments, use);
    }
    for (std::size_t result = choosing_results_; result < results_.size(); ++result) {
        use(results_[result].node);
    }
    for (std::uint32_t node = 0; node < crosses.size(); ++node) {
        if (crosses[node]) {
            crossing_.push_back(node);
        }
    }
}

Evaluation::Evaluation(const Program& program)
    : program_(program), work_(program.facts_), places_(program.place_count_), memory_(program.nodes_.size()) {}

const Vector& Evaluation::values_of(std::uint32_t node) const {
    const auto& known = program_.nodes_[node];
    return known.is_constant ? *program_.constants_[known.index] : places_[program_.places_[node]];
}

const Vector& Evaluation::result(std::size_t number) const {
    return values_of(program_.results_[number].node);
}

void Evaluation::run(std::span<const std::span<const Cell>> columns, std::size_t rows, Arena& arena) {
    work_.arena = &arena;
    work_.decimals.clear();
    compute(0, program_.choosing_nodes_.value_or(program_.nodes_.size()), rows,
            [&](Vector& out, const auto& node) { out.borrow(node.kind, columns[node.index].subspan(0, rows)); });
}

void Evaluation::run_chosen(std::span<const std::span<const Cell>> columns, std::span<const std::uint32_t> chosen) {
    for (const auto node : program_.crossing_) {
        places_[program_.places_[node]].keep(chosen);
    }
    compute(*program_.choosing_nodes_, program_.nodes_.size(), chosen.size(), [&](Vector& out, const auto& node) {
        out.borrow(node.kind, columns[node.index]);
        out.keep(chosen);
    });
}

template <class TakeColumn>
void Evaluation::compute(std::size_t first, std::size_t end, std::size_t rows, TakeColumn take_column) {
    for (auto i = first; i < end; ++i) {
        const auto& node = program_.nodes_[i];
        if (node.is_constant) {
            continue;
        }
        auto& out = places_[program_.places_[i]];
        if (node.kernel == nullptr) {
            take_column(out, node);
            continue;
        }
        arguments_.clear();
        for (const auto argument : node.arguments) {
            arguments_.push_back(&values_of(argument));
        }
        Call call{.arguments = arguments_,
                  .out = out,
                  .result = node.kind,
                  .rows = rows,
                  .stride = node.stride,
                  .work = work_,
                  .memory = memory_[i]};
        node.kernel(call);
        if (rows > 1 && work_.used() > most_bytes_at_once) {
            throw BatchTooLarge();
        }
    }
}

}  // namespace rowhaul
