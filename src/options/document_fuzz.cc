// SPDX-License-Identifier: Apache-2.0
// Any bytes are either a document or an Invalid error; a document's own text reads back as the same.
#include "base/error.h"
#include "options/document.h"
#include "options/options.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

struct FuzzOptions {
    std::string text;
    std::int64_t number = 1;
    std::chrono::seconds duration{1};
    rowhaul::Bytes size;
    double ratio = 0;
    std::vector<std::string> list;
    static constexpr auto spec = [] {
        return rowhaul::options(rowhaul::option("text", &FuzzOptions::text, "A text.").required(),
                                rowhaul::option("number", &FuzzOptions::number, "A number.").range(1, 9),
                                rowhaul::option("duration", &FuzzOptions::duration, "A duration."),
                                rowhaul::option("size", &FuzzOptions::size, "A size."),
                                rowhaul::option("ratio", &FuzzOptions::ratio, "A ratio.").range(0, 1),
                                rowhaul::option("list", &FuzzOptions::list, "A list."));
    }();
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    rowhaul::Problems problems;
    try {
        rowhaul::Node node = rowhaul::parse_yaml(text, "fuzz.yaml", problems);
        const std::string written = rowhaul::to_yaml(node);
        rowhaul::Problems ignored;
        if (rowhaul::to_yaml(rowhaul::parse_yaml(written, "again.yaml", ignored)) != written) {
            std::abort();
        }
        rowhaul::interpolate(node, "", problems,
                             [](const std::string& name) { return std::optional<std::string>(name + "${x}"); });
        rowhaul::parse<FuzzOptions>(node, "", problems);
        problems.text();
    } catch (const rowhaul::Error& error) {
        if (error.kind() != rowhaul::ErrorKind::Invalid) {
            std::abort();
        }
    }
    return 0;
}
