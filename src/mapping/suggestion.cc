// SPDX-License-Identifier: Apache-2.0
#include "mapping/suggestion.h"

#include "expression/folding.h"

#include <algorithm>
#include <set>

namespace rowhaul {

namespace {

struct Folded {
    explicit Folded(std::string_view name)
        : plain(folded_name(name, Umlauts::Plain)), written_out(folded_name(name, Umlauts::WrittenOut)) {}
    std::string plain;
    std::string written_out;
};

bool are_alike(const Folded& one, const Folded& other) {
    return !one.plain.empty() && (one.plain == other.plain || one.written_out == other.written_out);
}

class Search {
public:
    Search(const std::vector<WantedColumn>& wanted, const std::vector<std::string>& source) : source_(source) {
        for (const auto& name : source) {
            folded_.emplace_back(name);
        }
        for (const auto& column : wanted) {
            found_.push_back({.to = column.to, .match = Match::None, .from = {}, .candidates = {}});
        }
    }

    // By one name for each column that has none yet; columns are found in the order of certainty.
    void look_for(const std::vector<std::string>& names) {
        find_equal(names);
        find_alike(names);
    }

    std::vector<SuggestedColumn> found() && { return std::move(found_); }

private:
    void find_equal(const std::vector<std::string>& names) {
        for (std::size_t i = 0; i < found_.size(); ++i) {
            if (found_[i].match == Match::None && std::ranges::find(source_, names[i]) != source_.end()) {
                found_[i].match = Match::Equal;
                found_[i].from = names[i];
            }
        }
        for (const auto& column : found_) {
            if (column.match == Match::Equal) {
                taken_.insert(column.from);
            }
        }
    }

    void find_alike(const std::vector<std::string>& names) {
        std::multiset<std::string> asked_for;
        std::vector<std::vector<std::string>> candidates(found_.size());
        for (std::size_t i = 0; i < found_.size(); ++i) {
            if (found_[i].match == Match::None) {
                candidates[i] = alike(names[i]);
                asked_for.insert(candidates[i].begin(), candidates[i].end());
            }
        }
        for (std::size_t i = 0; i < found_.size(); ++i) {
            if (candidates[i].empty()) {
                continue;
            }
            if (candidates[i].size() == 1 && asked_for.count(candidates[i].front()) == 1) {
                found_[i].match = Match::Folded;
                found_[i].from = candidates[i].front();
                taken_.insert(found_[i].from);
            } else {
                found_[i].match = Match::Ambiguous;
                found_[i].candidates = std::move(candidates[i]);
            }
        }
    }

    std::vector<std::string> alike(const std::string& name) const {
        const Folded wanted(name);
        std::vector<std::string> names;
        for (std::size_t i = 0; i < source_.size(); ++i) {
            if (are_alike(wanted, folded_[i]) && !taken_.contains(source_[i])) {
                names.push_back(source_[i]);
            }
        }
        return names;
    }

    const std::vector<std::string>& source_;
    std::vector<Folded> folded_;
    std::set<std::string> taken_;
    std::vector<SuggestedColumn> found_;
};

}  // namespace

std::vector<SuggestedColumn> suggest_columns(const std::vector<WantedColumn>& wanted,
                                             const std::vector<std::string>& source) {
    std::vector<std::string> by_source;
    std::vector<std::string> by_target;
    for (const auto& column : wanted) {
        by_source.push_back(column.from.empty() ? column.to : column.from);
        by_target.push_back(column.to);
    }
    Search search(wanted, source);
    search.look_for(by_source);
    search.look_for(by_target);
    return std::move(search).found();
}

}  // namespace rowhaul
