// SPDX-License-Identifier: Apache-2.0
#include "app/components.h"

#include "options/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowhaul {
namespace {

std::vector<ComponentInfo> all_infos(const Catalog& catalog) {
    std::vector<ComponentInfo> infos;
    for (const auto& known : catalog.databases()) {
        infos.push_back(known.info);
    }
    for (const auto& known : catalog.transports()) {
        infos.push_back(known.info);
    }
    for (const auto& known : catalog.formats()) {
        infos.push_back(known.info);
    }
    return infos;
}

TEST(Components, CallOneThingByOneName) {
    EXPECT_THAT(uniformity_problems(all_infos(components())), ::testing::IsEmpty());
}

TEST(Components, GiveExamplesThatAreInOrder) {
    const Catalog catalog = components();
    const auto example = [](const ComponentInfo& info, Problems& problems) {
        return parse_yaml(example_yaml(info, ""), info.type, problems);
    };
    for (const auto& known : catalog.databases()) {
        Problems problems;
        known.parse(example(known.info, problems), known.info.type, problems);
        EXPECT_EQ(problems.text(), "");
    }
    for (const auto& known : catalog.transports()) {
        Problems problems;
        known.parse(example(known.info, problems), known.info.type, problems);
        EXPECT_EQ(problems.text(), "");
    }
    for (const auto& known : catalog.formats()) {
        Problems problems;
        known.parse(example(known.info, problems), known.info.type, problems);
        EXPECT_EQ(problems.text(), "");
    }
}

}  // namespace
}  // namespace rowhaul
