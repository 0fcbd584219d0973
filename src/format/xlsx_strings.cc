// SPDX-License-Identifier: Apache-2.0
#include "format/xlsx_strings.h"

#include "format/xlsx_values.h"
#include "format/xml_parser.h"

#include <array>
#include <cstring>
#include <fmt/format.h>
#include <string>

namespace rowhaul {

namespace {

class SharedStringReader final : public XmlHandler {
public:
    SharedStringReader(XlsxStrings& strings, std::string_view part) : strings_(strings), part_(part) {}

    void start(std::string_view name, const XmlAttributes&) override {
        if (name == "si") {
            stored_.clear();
            is_plain_ = true;
        } else if (name == "rPh") {
            is_phonetic_ = true;  // how Japanese text is pronounced
        } else if (name == "t") {
            is_text_ = !is_phonetic_;
        }
    }
    void end(std::string_view name) override {
        if (name == "t") {
            is_text_ = false;
        } else if (name == "rPh") {
            is_phonetic_ = false;
        } else if (name == "si" && is_plain_) {
            strings_.add(stored_);
        } else if (name == "si") {
            meant_.clear();
            append_cell_text(stored_, meant_);
            strings_.add(meant_);
        }
    }
    void text(std::string_view text) override {
        constexpr std::size_t longest = std::size_t{16} * 1024 * 1024;
        if (!is_text_) {
            return;
        }
        stored_ += text;
        is_plain_ = is_plain_ && text.find('_') == std::string_view::npos;
        if (stored_.size() > longest) {
            throw Error(ErrorKind::Invalid, fmt::format("{} has a text of more than {} bytes", part_, longest));
        }
    }

private:
    XlsxStrings& strings_;
    const std::string_view part_;
    std::string stored_;
    std::string meant_;
    bool is_text_ = false;
    bool is_phonetic_ = false;
    bool is_plain_ = true;
};

}  // namespace

void XlsxStrings::read(const Context& context, InputStream& in, std::string_view part) {
    SharedStringReader reader(*this, part);
    XmlParser(in, reader, std::string(part)).run(context);
    if (spilled_) {
        spilled_->texts.finish();
        spilled_->ends.finish();
    }
}

void XlsxStrings::add(std::string_view text) {
    ++count_;
    if (!spilled_) {
        if (arena_.used() + text.size() + (texts_.size() + 1) * sizeof(std::string_view) <= most_) {
            texts_.push_back(arena_.copy(text));
            return;
        }
        spilled_ = std::make_unique<Spilled>(spool_);
    }
    spilled_->texts.append(as_bytes(text));
    const auto end = spilled_->texts.size();
    spilled_->ends.append(std::as_bytes(std::span(&end, 1)));
}

std::optional<std::string_view> XlsxStrings::text(std::uint64_t number, Arena& arena) {
    if (number < texts_.size()) {
        return texts_[static_cast<std::size_t>(number)];
    }
    if (number >= count_) {
        return {};
    }
    const auto place = number - texts_.size();
    std::array<std::uint64_t, 2> ends{};
    const auto first = place == 0 ? std::size_t{1} : std::size_t{0};
    spilled_->ends.read((place - 1 + first) * sizeof(std::uint64_t),
                        std::as_writable_bytes(std::span(ends).subspan(first)));
    const auto size = static_cast<std::size_t>(ends[1] - ends[0]);
    if (size == 0) {
        return "";
    }
    char* const copy = arena.allocate(size);
    spilled_->texts.read(ends[0], std::as_writable_bytes(std::span(copy, size)));
    return std::string_view(copy, size);
}

}  // namespace rowhaul
