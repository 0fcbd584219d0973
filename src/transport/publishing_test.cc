// SPDX-License-Identifier: Apache-2.0
#include "transport/publishing.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

struct SampleOptions : PublishingOptions {
    std::string host;

    static constexpr auto spec = [] {
        return joined(options(option("host", &SampleOptions::host, "Name or address of the server.").required()),
                      PublishingOptions::spec);
    }();
};
static_assert(SampleOptions::spec.well_formed());

TEST(PublishingOptions, join_the_options_of_a_transport) {
    std::string names;
    SampleOptions::spec.each([&](const auto& option) { names += std::string(option.name) + " "; });
    EXPECT_EQ(names, "host rename temporary_name temporary_folder verify ");
}

}  // namespace
}  // namespace rowhaul
