// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known word that a person most likely meant.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rowhaul {

// The nearest candidate by edits (insert, delete, replace, swap of neighbours; case ignored), if it
// is near enough to be a slip: at most a third of the word, at least one edit.
std::optional<std::string> near_miss(std::string_view word, std::span<const std::string> candidates);

// `; did you mean "port"?`, or nothing; to be appended to a message.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace rowhaul
