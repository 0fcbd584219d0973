// SPDX-License-Identifier: Apache-2.0
// Every function, operator and form, declared once: how it is checked and computed, what the
// reference says of it, and examples that are tests.
#pragma once
#include "expression/vector.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

struct Example {
    std::string_view expression;
    std::string_view result;  // canonical text, or NULL
};

struct Overload {
    std::vector<Kind> arguments;
    Kind result = Kind::Text;
    Kernel kernel = nullptr;
    bool is_open = false;  // the last argument may be repeated
    // Of an argument that is a constant: what is wrong with it, or nothing.
    std::string (*check)(std::size_t argument, std::string_view text) = nullptr;
};

// How the kinds of arguments and result hang together.
enum class Shape : std::uint8_t {
    Plain,      // as the overloads say
    Common,     // all arguments become of one kind, which is the result's
    Compared,   // all arguments become of one kind; the result is boolean
    Tested,     // one argument of whatever kind; the result is boolean
    Logical,    // boolean throughout, two or more arguments
    Branches,   // condition, value, condition, value, ..., otherwise
    Texts,      // arguments of any kind, which become text; the result is text
    Rewritten,  // the checker makes others of it
};

enum class Group : std::uint8_t { Logic, Comparison, Null, Text, Pattern, Number, Date, Check };
std::string_view name_of(Group group);  // "Logic and conditions", ...

struct Function {
    std::string_view name;
    std::string_view usage;
    std::string_view help;
    Group group = Group::Text;
    Shape shape = Shape::Plain;
    std::size_t least = 0;  // arguments; for shapes other than Plain
    std::size_t most = 0;   // 0 = any number
    std::vector<Overload> overloads;
    std::vector<Example> examples;
    Kernel kernel = nullptr;  // for shapes other than Plain
};

template <auto F>
Overload strict() {
    return {.arguments = {Strict<F>::arguments.begin(), Strict<F>::arguments.end()},
            .result = Strict<F>::result,
            .kernel = &Strict<F>::run};
}
inline Overload checked(Overload overload, std::string (*check)(std::size_t, std::string_view)) {
    overload.check = check;
    return overload;
}

// All of them, in the order of the reference.
const std::vector<Function>& all_functions();
// Null when there is none of this name.
const Function* find_function(std::string_view name);

std::vector<Function> logic_functions();
std::vector<Function> text_functions();
std::vector<Function> pattern_functions();
std::vector<Function> number_functions();
std::vector<Function> date_functions();
std::vector<Function> check_functions();

// From one kind to another; null where PostgreSQL has no such cast.
Kernel cast_kernel(Kind from, Kind to);
// Where a value of one kind stands for another without being asked to.
bool converts_silently(Kind from, Kind to);

// decimal(p,s) and varchar(n).
Overload limit_decimal();
Overload limit_text();

}  // namespace rowhaul
