// SPDX-License-Identifier: Apache-2.0
// Gives every part of an expression a kind and adds its computation to a program.
#pragma once
#include "expression/program.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

class Checker {
public:
    Checker(Program& program, std::string_view text) : program_(program), text_(text) {}

    using Typed = CheckedValue;

    Typed check(const Syntax&);
    // As this kind, where it may become it without a cast; fails with `what` as the subject.
    Typed as(Typed, Kind);
    std::uint32_t node_of(const Typed&);
    [[noreturn]] void fail(std::size_t place, const std::string& message) const;

private:
    Typed column(const Syntax&);
    Typed parameter(const Syntax&);
    Typed number(const Syntax&);
    Typed cast(const Syntax&);
    Typed call(const Syntax&);
    Typed plain(const Function&, const Syntax&, std::vector<Typed>);
    Typed common(const Function&, const Syntax&, std::vector<Typed>);
    Typed branches(const Function&, const Syntax&, std::vector<Typed>);
    Typed texts(const Function&, const Syntax&, std::vector<Typed>);
    Typed rewritten(const Syntax&, std::vector<Typed>);
    Typed made(Kernel, Kind, std::size_t place, const std::vector<Typed>&);
    Typed converted(Typed, Kind);
    Typed limited(Typed, const Overload&, const std::vector<std::int64_t>& limits);
    // What all of these can be at once; Any when that is not known yet.
    Kind common_kind(const std::vector<Typed>&, const Syntax&) const;
    void check_count(const Function&, const Syntax&) const;
    [[noreturn]] void refuse_kinds(const Function&, const Syntax&, const std::vector<Typed>&) const;

    Program& program_;
    std::string_view text_;
};

}  // namespace rowhaul
