// SPDX-License-Identifier: Apache-2.0
// Conditions, comparisons and NULL: what works on values of every kind.
#include "expression/comparing.h"
#include "expression/functions.h"

#include <unordered_set>

namespace rowhaul {

namespace {

std::size_t count_of(const Call& call) {
    return call.stride == 0 ? 1 : call.rows;
}

// `decides` is the value that settles the matter whatever comes after: false for and, true for or.
template <bool Decides>
void logical(Call& call) {
    bool* out = call.out.start<bool>(Kind::Boolean, call.rows, call.stride);
    const bool all_valid =
        std::ranges::all_of(call.arguments, [](const Vector* argument) { return argument->all_valid(); });
    for (std::size_t row = 0; row < count_of(call); ++row) {
        bool is_null = false;
        out[row] = !Decides;
        for (const auto* argument : call.arguments) {
            const auto state = all_valid ? State::Valid : argument->state(row);
            if (state == State::Failed) {
                call.out.take_state(row, *argument, row);
                is_null = false;
                break;
            }
            is_null = is_null || state == State::Null;
            if (state == State::Valid && argument->at<bool>(row) == Decides) {
                out[row] = Decides;
                is_null = false;
                break;
            }
        }
        if (is_null) {
            call.out.set_null(row);
        }
    }
}

bool negation(Row&, bool value) {
    return !value;
}

// Whether a value is NULL, true or false: never NULL itself.
void is_null(Call& call) {
    bool* out = call.out.start<bool>(Kind::Boolean, call.rows, call.stride);
    const auto& argument = *call.arguments[0];
    for (std::size_t row = 0; row < count_of(call); ++row) {
        const auto state = argument.state(row);
        out[row] = state == State::Null;
        if (state == State::Failed) {
            call.out.take_state(row, argument, row);
        }
    }
}

template <bool Wanted>
void is_truth(Call& call) {
    bool* out = call.out.start<bool>(Kind::Boolean, call.rows, call.stride);
    const auto& argument = *call.arguments[0];
    for (std::size_t row = 0; row < count_of(call); ++row) {
        const auto state = argument.state(row);
        out[row] = state == State::Valid && argument.at<bool>(row) == Wanted;
        if (state == State::Failed) {
            call.out.take_state(row, argument, row);
        }
    }
}

struct Equal {
    static bool holds(int order) { return order == 0; }
};
struct Unequal {
    static bool holds(int order) { return order != 0; }
};
struct Less {
    static bool holds(int order) { return order < 0; }
};
struct LessOrEqual {
    static bool holds(int order) { return order <= 0; }
};
struct Greater {
    static bool holds(int order) { return order > 0; }
};
struct GreaterOrEqual {
    static bool holds(int order) { return order >= 0; }
};

template <class Operator>
void comparison(Call& call) {
    bool* out = call.out.start<bool>(Kind::Boolean, call.rows, call.stride);
    const auto& left = *call.arguments[0];
    const auto& right = *call.arguments[1];
    const bool all_valid = left.all_valid() && right.all_valid();
    with_held_type(left.kind(), [&]<class T>(std::type_identity<T>) {
        for (std::size_t row = 0; row < count_of(call); ++row) {
            if (!all_valid) {
                const auto first = left.state(row);
                const auto second = right.state(row);
                if (first != State::Valid || second != State::Valid) {
                    out[row] = false;
                    call.out.take_state(row, first == State::Failed || second != State::Failed ? left : right, row);
                    if (call.out.state(row) == State::Valid) {
                        call.out.set_null(row);
                    }
                    continue;
                }
            }
            if constexpr (std::is_same_v<Operator, Equal>) {
                out[row] = are_equal(left.at<T>(row), right.at<T>(row));
            } else if constexpr (std::is_same_v<Operator, Unequal>) {
                out[row] = !are_equal(left.at<T>(row), right.at<T>(row));
            } else {
                out[row] = Operator::holds(order(left.at<T>(row), right.at<T>(row)));
            }
        }
    });
}

void is_distinct(Call& call) {
    bool* out = call.out.start<bool>(Kind::Boolean, call.rows, call.stride);
    const auto& left = *call.arguments[0];
    const auto& right = *call.arguments[1];
    with_held_type(left.kind(), [&]<class T>(std::type_identity<T>) {
        for (std::size_t row = 0; row < count_of(call); ++row) {
            const auto first = left.state(row);
            const auto second = right.state(row);
            out[row] = false;
            if (first == State::Failed || second == State::Failed) {
                call.out.take_state(row, first == State::Failed ? left : right, row);
            } else if (first == State::Null || second == State::Null) {
                out[row] = first != second;
            } else {
                out[row] = !are_equal(left.at<T>(row), right.at<T>(row));
            }
        }
    });
}

// Constants that are looked for in every row: most texts differ from all of them by their lengths, and
// a long list is looked up instead of walked along.
class TextSet {
public:
    explicit TextSet(std::span<const Vector* const> items) {
        for (const auto* item : items) {
            const auto text = item->at<Cell>(0).text();
            lengths_ |= bit_of(text.size());
            if (items.size() < long_list) {
                few_.push_back(text);
            } else {
                many_.insert(text);
            }
        }
    }
    bool contains(std::string_view text) const {
        if ((lengths_ & bit_of(text.size())) == 0) {
            return false;
        }
        // Nearly every other text of this length begins with another byte.
        const auto is_it = [&](std::string_view known) {
            return known.size() == text.size() && (text.empty() || (known[0] == text[0] && known == text));
        };
        return many_.empty() ? std::ranges::any_of(few_, is_it) : many_.contains(text);
    }

private:
    static constexpr std::size_t long_list = 8;
    static std::uint64_t bit_of(std::size_t length) { return std::uint64_t{1} << std::min<std::size_t>(length, 63); }

    std::uint64_t lengths_ = 0;
    std::vector<std::string_view> few_;
    std::unordered_set<std::string_view> many_;
};

bool is_constant_list(const Call& call) {
    return call.arguments[0]->kind() == Kind::Text &&
           std::ranges::all_of(call.arguments.subspan(1),
                               [](const Vector* item) { return item->stride() == 0 && item->all_valid(); });
}

void in_constant_texts(Call& call) {
    if (!call.memory.has_value()) {
        call.memory.emplace<TextSet>(call.arguments.subspan(1));
    }
    const auto& set = *std::any_cast<TextSet>(&call.memory);
    bool* out = call.out.start<bool>(Kind::Boolean, call.rows, call.stride);
    const auto& value = *call.arguments[0];
    for (std::size_t row = 0; row < count_of(call); ++row) {
        const bool is_valid = value.state(row) == State::Valid;
        out[row] = is_valid && set.contains(value.at<Cell>(row).text());
        if (!is_valid) {
            call.out.take_state(row, value, row);
        }
    }
}

// Several constants are one array to PostgreSQL, which fails whole.
const Vector* broken_constant(const Call& call) {
    const auto items = call.arguments.subspan(1);
    if (std::ranges::count_if(items, [](const Vector* item) { return item->stride() == 0; }) < 2) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(
        items, [](const Vector* item) { return item->stride() == 0 && item->state(0) == State::Failed; });
    return found != items.end() ? *found : nullptr;
}

void is_in(Call& call) {
    if (is_constant_list(call)) {
        in_constant_texts(call);
        return;
    }
    bool* out = call.out.start<bool>(Kind::Boolean, call.rows, call.stride);
    const auto& value = *call.arguments[0];
    const auto* const broken = broken_constant(call);
    with_held_type(value.kind(), [&]<class T>(std::type_identity<T>) {
        for (std::size_t row = 0; row < count_of(call); ++row) {
            out[row] = false;
            if (broken != nullptr && value.state(row) != State::Failed) {
                call.out.take_state(row, *broken, 0);
                continue;
            }
            bool is_unknown = value.state(row) == State::Null;
            if (value.state(row) == State::Failed) {
                call.out.take_state(row, value, row);
                continue;
            }
            for (const auto* item : call.arguments.subspan(1)) {
                const auto state = item->state(row);
                if (state == State::Failed) {
                    call.out.take_state(row, *item, row);
                    is_unknown = false;
                    break;
                }
                if (state == State::Null) {
                    is_unknown = true;
                } else if (value.state(row) == State::Valid && are_equal(value.at<T>(row), item->at<T>(row))) {
                    out[row] = true;
                    is_unknown = false;
                    break;
                }
            }
            if (is_unknown) {
                call.out.set_null(row);
            }
        }
    });
}

template <class T>
void take_value(Call& call, T* out, std::size_t row, const Vector& from) {
    if (from.state(row) == State::Valid) {
        out[row] = from.at<T>(row);
    } else {
        out[row] = T{};
        call.out.take_state(row, from, row);
    }
}

void branches(Call& call) {
    with_held_type(call.result, [&]<class T>(std::type_identity<T>) {
        T* out = call.out.start<T>(call.result, call.rows, call.stride);
        for (std::size_t row = 0; row < count_of(call); ++row) {
            std::size_t i = 0;
            State state = State::Valid;
            for (; i + 1 < call.arguments.size(); i += 2) {
                state = call.arguments[i]->state(row);
                if (state == State::Failed || (state == State::Valid && call.arguments[i]->at<bool>(row))) {
                    break;
                }
            }
            if (i + 1 < call.arguments.size() && state == State::Failed) {
                out[row] = T{};
                call.out.take_state(row, *call.arguments[i], row);
            } else {
                take_value(call, out, row, *call.arguments[i + 1 < call.arguments.size() ? i + 1 : i]);
            }
        }
    });
}

void coalesce(Call& call) {
    with_held_type(call.result, [&]<class T>(std::type_identity<T>) {
        T* out = call.out.start<T>(call.result, call.rows, call.stride);
        for (std::size_t row = 0; row < count_of(call); ++row) {
            std::size_t i = 0;
            while (i + 1 < call.arguments.size() && call.arguments[i]->state(row) == State::Null) {
                ++i;
            }
            take_value(call, out, row, *call.arguments[i]);
        }
    });
}

// NULLs do not take part.
template <class Operator>
void extreme(Call& call) {
    with_held_type(call.result, [&]<class T>(std::type_identity<T>) {
        T* out = call.out.start<T>(call.result, call.rows, call.stride);
        for (std::size_t row = 0; row < count_of(call); ++row) {
            const Vector* best = nullptr;
            for (const auto* argument : call.arguments) {
                const auto state = argument->state(row);
                if (state == State::Failed) {
                    best = argument;
                    break;
                }
                if (state == State::Valid &&
                    (best == nullptr || Operator::holds(order(argument->at<T>(row), best->at<T>(row))))) {
                    best = argument;
                }
            }
            take_value(call, out, row, best != nullptr ? *best : *call.arguments[0]);
        }
    });
}

}  // namespace

std::vector<Function> logic_functions() {
    const auto compared = [](std::string_view name, std::string_view usage, std::string_view help, Kernel kernel,
                             std::vector<Example> examples) {
        return Function{.name = name,
                        .usage = usage,
                        .help = help,
                        .group = Group::Comparison,
                        .shape = Shape::Compared,
                        .least = 2,
                        .most = 2,
                        .examples = std::move(examples),
                        .kernel = kernel};
    };
    return {
        {.name = "and",
         .usage = "a and b",
         .help = "True when both are true; false when one is false; otherwise NULL.",
         .group = Group::Logic,
         .shape = Shape::Logical,
         .least = 2,
         .examples = {{"true and false", "false"}, {"true and null", "NULL"}, {"false and null", "false"}},
         .kernel = &logical<false>},
        {.name = "or",
         .usage = "a or b",
         .help = "True when one is true; false when both are false; otherwise NULL.",
         .group = Group::Logic,
         .shape = Shape::Logical,
         .least = 2,
         .examples = {{"false or true", "true"}, {"false or null", "NULL"}, {"true or null", "true"}},
         .kernel = &logical<true>},
        {.name = "not",
         .usage = "not a",
         .help = "True when a is false, and the other way round; NULL stays NULL.",
         .group = Group::Logic,
         .overloads = {strict<negation>()},
         .examples = {{"not true", "false"}, {"not null", "NULL"}}},
        {.name = "case",
         .usage = "case when a then b else c end",
         .help = "The value after the first condition that is true; that after else, or NULL, when none is.",
         .group = Group::Logic,
         .shape = Shape::Branches,
         .least = 3,
         .examples = {{"case when 1 > 2 then 'a' when 2 > 1 then 'b' else 'c' end", "b"},
                      {"case when false then 1 / 0 else 7 end", "7"},
                      {"case when false then 'a' end", "NULL"}},
         .kernel = &branches},
        {.name = "case of",
         .usage = "case a when b then c else d end",
         .help = "The same with conditions that compare one value.",
         .group = Group::Logic,
         .shape = Shape::Rewritten,
         .least = 4,
         .examples = {{"case 'CH' when 'DE' then 'Germany' when 'CH' then 'Switzerland' end", "Switzerland"}}},
        {.name = "is true",
         .usage = "a is true",
         .help = "Whether a condition is true; NULL is not. Also: is not true.",
         .group = Group::Logic,
         .shape = Shape::Logical,
         .least = 1,
         .most = 1,
         .examples = {{"null is true", "false"}, {"true is not true", "false"}},
         .kernel = &is_truth<true>},
        {.name = "is false",
         .usage = "a is false",
         .help = "Whether a condition is false; NULL is not. Also: is not false.",
         .group = Group::Logic,
         .shape = Shape::Logical,
         .least = 1,
         .most = 1,
         .examples = {{"false is false", "true"}, {"null is not false", "true"}},
         .kernel = &is_truth<false>},
        compared("=", "a = b", "Whether both are equal. Texts are equal when every byte is.", &comparison<Equal>,
                 {{"1 = 1.00", "true"}, {"'a' = 'A'", "false"}, {"'a' = 'a '", "false"}, {"1 = null", "NULL"}}),
        compared("<>", "a <> b", "Whether they differ. Also: !=.", &comparison<Unequal>,
                 {{"1 <> 2", "true"}, {"'a' != 'a'", "false"}}),
        compared("<", "a < b", "Whether a comes before b. Texts are ordered by their bytes.", &comparison<Less>,
                 {{"9 < 10", "true"}, {"'9' < '10'", "false"}, {"'Z' < 'a'", "true"}}),
        compared("<=", "a <= b", "Whether a comes before b or equals it.", &comparison<LessOrEqual>,
                 {{"date '2024-02-29' <= '2024-03-01'", "true"}}),
        compared(">", "a > b", "Whether a comes after b.", &comparison<Greater>, {{"0.1 > 0.09", "true"}}),
        compared(">=", "a >= b", "Whether a comes after b or equals it.", &comparison<GreaterOrEqual>,
                 {{"2 >= 2", "true"}}),
        {.name = "between",
         .usage = "a between b and c",
         .help = "Whether a lies between two values or equals one of them. Also: not between.",
         .group = Group::Comparison,
         .shape = Shape::Rewritten,
         .least = 3,
         .most = 3,
         .examples = {{"5 between 1 and 5", "true"}, {"5 not between 1 and 4", "true"}}},
        {.name = "in",
         .usage = "a in (b, c)",
         .help = "Whether a equals one of the values. Also: not in.",
         .group = Group::Comparison,
         .shape = Shape::Compared,
         .least = 2,
         .examples = {{"'CH' in ('AT', 'CH', 'DE')", "true"}, {"1 in (2, null)", "NULL"}, {"1 not in (2, 3)", "true"}},
         .kernel = &is_in},
        {.name = "is distinct from",
         .usage = "a is distinct from b",
         .help = "As <>, but NULL equals NULL. Also: is not distinct from.",
         .group = Group::Null,
         .shape = Shape::Compared,
         .least = 2,
         .most = 2,
         .examples = {{"null is distinct from 1", "true"}, {"null is not distinct from null", "true"}},
         .kernel = &is_distinct},
        {.name = "is null",
         .usage = "a is null",
         .help = "Whether there is no value. An empty text is one. Also: is not null.",
         .group = Group::Null,
         .shape = Shape::Tested,
         .least = 1,
         .most = 1,
         .examples = {{"null is null", "true"}, {"'' is null", "false"}, {"'' is not null", "true"}},
         .kernel = &is_null},
        {.name = "coalesce",
         .usage = "coalesce(a, b, …)",
         .help = "The first of the values that is not NULL.",
         .group = Group::Null,
         .shape = Shape::Common,
         .least = 1,
         .examples = {{"coalesce(null, 'b', 'c')", "b"}, {"coalesce(null, null)", "NULL"}},
         .kernel = &coalesce},
        {.name = "nullif",
         .usage = "nullif(a, b)",
         .help = "NULL when both are equal, otherwise a.",
         .group = Group::Null,
         .shape = Shape::Rewritten,
         .least = 2,
         .most = 2,
         .examples = {{"nullif('', '')", "NULL"}, {"nullif(5, 6)", "5"}}},
        {.name = "greatest",
         .usage = "greatest(a, b, …)",
         .help = "The greatest of the values; NULLs do not take part.",
         .group = Group::Null,
         .shape = Shape::Common,
         .least = 1,
         .examples = {{"greatest(1, 3.5, 2)", "3.5"}, {"greatest(null, 'a')", "a"}},
         .kernel = &extreme<Greater>},
        {.name = "least",
         .usage = "least(a, b, …)",
         .help = "The least of the values; NULLs do not take part.",
         .group = Group::Null,
         .shape = Shape::Common,
         .least = 1,
         .examples = {{"least(date '2024-05-01', '2024-04-30')", "2024-04-30"}},
         .kernel = &extreme<Less>},
    };
}

}  // namespace rowhaul
