// SPDX-License-Identifier: Apache-2.0
#include "execution/record_marks.h"

#include "mapping/row_hash.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

std::unique_ptr<MarkFile> open_marks(const MarkKeeping& keeping) {
    return keeping.mode == RunMode::Run ? std::make_unique<MarkFile>(keeping.file)
                                        : MarkFile::existing(keeping.file, SqliteAccess::ReadOnly);
}

Hash128 hash_of_texts(const std::vector<std::string>& texts) {
    const Schema schema(texts.size());
    Batch batch(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        batch.build(i).emplace_back(texts[i]);
    }
    batch.set_rows(1);
    return RowHasher(schema).hash(batch).front();
}

Hash128 key_print(const Schema& key) {
    std::vector<std::string> texts{fmt::format("{}", RowHasher::version)};
    for (const auto& column : key) {
        texts.push_back(column.name);
        texts.emplace_back(column.type == Type::Decimal ? "decimal" : "text");
    }
    return hash_of_texts(texts);
}

std::optional<RejectedKey> rejected_key(const KeyCells& key, const Schema& schema) {
    if (key.empty() || !std::ranges::all_of(key, [](const auto& part) { return part.has_value(); })) {
        return {};
    }
    RejectedKey known;
    Batch one(key.size());
    for (std::size_t part = 0; part < key.size(); ++part) {
        one.build(part).emplace_back(*key[part]);
        append_key_part(known.text, *key[part]);
    }
    one.set_rows(1);
    known.hash = RowHasher(schema).hash(one).front();
    return known;
}

std::uint64_t NumberedFiles::number(std::string_view file, std::uint64_t row) {
    auto known = files_.find(file);
    if (known == files_.end()) {
        known = files_.emplace(std::string(file), files_.size()).first;
        names_.push_back(&known->first);
    }
    return RowNumbers::number(known->second, row);
}

}  // namespace rowhaul
