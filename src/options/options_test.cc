// SPDX-License-Identifier: Apache-2.0
#include "options/options.h"

#include "base/error.h"
#include "options/component.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowhaul {

enum class Security : std::uint8_t { None, Explicit, Implicit };
template <>
struct EnumChoices<Security> {
    static constexpr std::array<Choice, 3> list{
        {{"none", "Plain."}, {"explicit", "AUTH TLS on port 21."}, {"implicit", "TLS from the first byte."}}};
};

enum class ZeroDates : std::uint8_t { Text, Null };
template <>
struct EnumChoices<ZeroDates> {
    static constexpr std::array<Choice, 2> list{{{"text", "As they are."}, {"null", "As NULL."}}};
};

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct CommonOptions {
    std::string host;
    std::int64_t port = 21;
    std::chrono::seconds timeout{60};
    static constexpr auto spec = [] {
        return options(
            option("host", &CommonOptions::host, "Name or address of the server.")
                .required()
                .example("ftp.example.com"),
            option("port", &CommonOptions::port, "Control port.").range(1, 65535),
            option("timeout", &CommonOptions::timeout, "Longest silence of the server.").range(1, 3600).advanced());
    }();
};

struct ProxyOptions {
    std::string address;
    Secret password;
    static constexpr auto spec = [] {
        return options(option("address", &ProxyOptions::address, "Where the proxy listens.").required(),
                       option("password", &ProxyOptions::password, "Login password."));
    }();
};

struct ServerOptions : CommonOptions {
    std::string user = "anonymous";
    Secret password;
    Security security = Security::Explicit;
    bool passive = true;
    double ratio = 0.5;
    Bytes buffer{65536};
    std::optional<std::int64_t> limit;
    std::optional<Security> fallback;
    std::vector<std::string> quirks;
    std::optional<std::vector<std::string>> ciphers;
    std::vector<ProxyOptions> proxies;
    ProxyOptions proxy{"direct", {}};
    std::string folder = "/";

    static constexpr auto spec = [] {
        return joined(
            CommonOptions::spec,
            options(option("user", &ServerOptions::user, "Login name."),
                    option("password", &ServerOptions::password, "Login password."),
                    option("security", &ServerOptions::security, "How the connection is encrypted."),
                    option("passive", &ServerOptions::passive, "Whether the server waits for the data connection."),
                    option("ratio", &ServerOptions::ratio, "Share of the line.").range(0, 1),
                    option("buffer", &ServerOptions::buffer, "How much is held back.").range(1024, 1 << 20),
                    option("limit", &ServerOptions::limit, "Most files.").range(1, 10),
                    option("fallback", &ServerOptions::fallback, "What to try next."),
                    option("quirks", &ServerOptions::quirks, "Switches for odd servers."),
                    option("ciphers", &ServerOptions::ciphers, "Ciphers to offer."),
                    option("proxies", &ServerOptions::proxies, "Proxies to try."),
                    option("proxy", &ServerOptions::proxy, "Proxy to use."),
                    option("folder", &ServerOptions::folder, "Folder that paths start from.")
                        .check([](const std::string& folder) -> std::string {
                            return folder.starts_with('/') ? "" : "must begin with a slash";
                        })));
    }();
    static void validate(const ServerOptions& options, Problems& problems) {
        if (options.security == Security::None && !options.password.value.empty()) {
            problems.add("security", "would send the password in clear text");
        }
    }
};

struct Read {
    ServerOptions options;
    std::vector<std::string> problems;
};

Read read(
    std::string_view yaml, const Environment& environment = [](const std::string&) { return std::nullopt; }) {
    Problems problems;
    Node node = parse_yaml(yaml, "rowhaul.yaml", problems);
    interpolate(node, "connections.partner", problems, environment);
    Read out;
    out.options = parse<ServerOptions>(node, "connections.partner", problems, {"type"});
    for (const Problem& problem : problems.sorted()) {
        out.problems.push_back(problem.text());
    }
    return out;
}

std::string only_problem(std::string_view yaml) {
    const Read out = read(yaml);
    EXPECT_EQ(out.problems.size(), 1U) << ::testing::PrintToString(out.problems);
    return out.problems.empty() ? "" : out.problems.front();
}

TEST(Options, AreReadFromEveryType) {
    const Read out = read(R"(
type: ftp
host: files.example.com
port: 2121
timeout: 15m
password: geheim
security: implicit
passive: false
ratio: 0.25
buffer: 64KiB
limit: 3
fallback: none
quirks: [no_epsv, "no"]
ciphers: aes
proxies: [{address: a}, {address: b, password: c}]
proxy: {address: d}
folder: /in
)");
    EXPECT_THAT(out.problems, IsEmpty());
    EXPECT_EQ(out.options.host, "files.example.com");
    EXPECT_EQ(out.options.port, 2121);
    EXPECT_EQ(out.options.timeout, std::chrono::minutes(15));
    EXPECT_EQ(out.options.user, "anonymous");
    EXPECT_EQ(out.options.password.value, "geheim");
    EXPECT_EQ(out.options.security, Security::Implicit);
    EXPECT_FALSE(out.options.passive);
    EXPECT_EQ(out.options.ratio, 0.25);
    EXPECT_EQ(out.options.buffer.count, 65536U);
    EXPECT_EQ(out.options.limit, 3);
    EXPECT_EQ(out.options.fallback, Security::None);
    EXPECT_THAT(out.options.quirks, ElementsAre("no_epsv", "no"));
    EXPECT_THAT(*out.options.ciphers, ElementsAre("aes"));
    ASSERT_EQ(out.options.proxies.size(), 2U);
    EXPECT_EQ(out.options.proxies[1].password.value, "c");
    EXPECT_EQ(out.options.proxy.address, "d");
    EXPECT_EQ(out.options.folder, "/in");
}

TEST(Options, TellAllProblemsAtOnceWithTheirPlaces) {
    const Read out = read(R"(
port: 99999
prot: 21
security: implict
passive: yes
timeout: soon
buffer: 10 gallons
limit: 0
proxy: {adress: x}
folder: in
)");
    EXPECT_THAT(
        out.problems,
        ElementsAre(
            "rowhaul.yaml:2:1: connections.partner.host: is required: Name or address of the server.",
            R"(rowhaul.yaml:2:7: connections.partner.port: "99999" is out of range; must be between 1 and 65535)",
            R"(rowhaul.yaml:3:1: connections.partner.prot: unknown option; did you mean "port"?)",
            R"(rowhaul.yaml:4:11: connections.partner.security: "implict" is none of none, explicit or implicit; did you mean "implicit"?)",
            R"(rowhaul.yaml:5:10: connections.partner.passive: "yes" is not true or false)",
            R"(rowhaul.yaml:6:10: connections.partner.timeout: "soon" is not a duration such as 90s, 15m, 2h or 1d)",
            R"(rowhaul.yaml:7:9: connections.partner.buffer: "10 gallons" is not a size such as 4096, 64KiB or 10MB)",
            R"(rowhaul.yaml:8:8: connections.partner.limit: "0" is out of range; must be between 1 and 10)",
            "rowhaul.yaml:9:8: connections.partner.proxy.address: is required: Where the proxy listens.",
            R"(rowhaul.yaml:9:9: connections.partner.proxy.adress: unknown option; did you mean "address"?)",
            "rowhaul.yaml:10:9: connections.partner.folder: must begin with a slash"));
}

TEST(Options, AreCheckedTogetherOnceEachIsRight) {
    EXPECT_EQ(only_problem("host: a\nsecurity: none\npassword: b"),
              "rowhaul.yaml:2:11: connections.partner.security: would send the password in clear text");
    EXPECT_THAT(only_problem("host: a\nsecurity: none\npassword: b\nport: x"), HasSubstr("whole number"));
}

TEST(Options, RefuseTheWrongKindOfValue) {
    EXPECT_THAT(only_problem("host: [a]"), HasSubstr("host: must be text, not a list"));
    EXPECT_THAT(only_problem("host: a\nport: {a: 1}"), HasSubstr("port: must be a whole number, not a map"));
    EXPECT_THAT(only_problem("host: a\nproxy: direct"), HasSubstr("proxy: must be a map of options, not text"));
    EXPECT_THAT(only_problem("host: a\nport:"), HasSubstr("port: has no value; give one or remove the key"));
    EXPECT_THAT(only_problem("host: ''"), HasSubstr("host: must not be empty"));
    EXPECT_THAT(only_problem("host: a\nquirks: [a, [b]]"), HasSubstr("quirks[2]: must be text, not a list"));
    EXPECT_THAT(only_problem("host: a\nproxies: [{address: b}, {}]"), HasSubstr("proxies[2].address: is required"));
    EXPECT_THAT(only_problem("host: a\nratio: nan"), HasSubstr("not a number"));
    EXPECT_THAT(only_problem("host: a\nratio: 1.5"), HasSubstr("between 0 and 1"));
    EXPECT_THAT(only_problem("host: \"a\\0b\""), HasSubstr("zero byte"));
    EXPECT_THAT(only_problem("[1, 2]"), HasSubstr("connections.partner: must be a map of options, not a list"));
}

TEST(Options, TakeNullAsNotGivenWhereNothingIsAllowed) {
    const Read out = read("host: a\nlimit: null\nfallback: ~");
    EXPECT_THAT(out.problems, IsEmpty());
    EXPECT_FALSE(out.options.limit);
    EXPECT_THAT(only_problem(""), HasSubstr("host: is required"));
}

struct DateOptions {
    ZeroDates zero_dates = ZeroDates::Text;
    static constexpr auto spec = [] {
        return options(option("zero_dates", &DateOptions::zero_dates, "What becomes of zero dates."));
    }();
};

TEST(Options, TakeNullForAChoiceOfThatName) {
    for (const char* yaml : {"zero_dates: null", "zero_dates: 'null'", "zero_dates:"}) {
        Problems problems;
        EXPECT_EQ(parse<DateOptions>(parse_yaml(yaml, "", problems), "", problems).zero_dates, ZeroDates::Null);
        EXPECT_EQ(problems.text(), "");
    }
}

TEST(Options, ReadWholeNumbersExactly) {
    EXPECT_EQ(read("host: a\nport: '80'").options.port, 80);
    EXPECT_EQ(read("host: a\nport: +80").options.port, 80);
    for (const char* wrong : {"0x50", "010", "1_000", "1e3", "80.0", "8 0", "''", "99999999999999999999", "--1"}) {
        EXPECT_THAT(only_problem("host: a\nport: " + std::string(wrong)), HasSubstr("not a whole number")) << wrong;
    }
}

TEST(Options, ReadDurations) {
    const std::map<std::string, std::int64_t> durations{{"90", 90},   {"90s", 90},   {"15m", 900},
                                                        {"1h", 3600}, {"1 h", 3600}, {"1H", 3600}};
    for (const auto& [text, seconds] : durations) {
        const Read out = read("host: a\ntimeout: " + text);
        EXPECT_THAT(out.problems, IsEmpty());
        EXPECT_EQ(out.options.timeout.count(), seconds) << text;
    }
    EXPECT_THAT(only_problem("host: a\ntimeout: 2h"), HasSubstr("must be between 1s and 1h"));
    for (const char* wrong : {"-1", "s", "1w", "1.5h", "1h30m", "9999999999999999999", "99999999999999999d"}) {
        EXPECT_THAT(only_problem("host: a\ntimeout: " + std::string(wrong)), HasSubstr("not a duration")) << wrong;
    }
}

TEST(Options, ReadSizes) {
    const std::map<std::string, std::uint64_t> sizes{{"4096", 4096},  {"1KiB", 1024},    {"2 kib", 2048},
                                                     {"10KB", 10000}, {"1MiB", 1 << 20}, {"0.5MB", 0},
                                                     {"1024B", 1024}};
    for (const auto& [text, bytes] : sizes) {
        const Read out = read("host: a\nbuffer: " + text);
        if (bytes == 0) {
            EXPECT_THAT(out.problems, ElementsAre(HasSubstr("not a size"))) << text;
        } else {
            EXPECT_THAT(out.problems, IsEmpty());
            EXPECT_EQ(out.options.buffer.count, bytes) << text;
        }
    }
    EXPECT_THAT(only_problem("host: a\nbuffer: 1GiB"), HasSubstr("must be between 1KiB and 1MiB"));
}

TEST(Options, ShowDurationsAndSizesInTheLargestWholeUnit) {
    EXPECT_EQ(to_text(std::chrono::seconds(0)), "0s");
    EXPECT_EQ(to_text(std::chrono::seconds(90)), "90s");
    EXPECT_EQ(to_text(std::chrono::seconds(3600)), "1h");
    EXPECT_EQ(to_text(std::chrono::seconds(172800)), "2d");
    EXPECT_EQ(to_text(Bytes{0}), "0");
    EXPECT_EQ(to_text(Bytes{1000}), "1000");
    EXPECT_EQ(to_text(Bytes{65536}), "64KiB");
    EXPECT_EQ(to_text(0.1), "0.1");
}

// P12: whatever is wrong with it, a secret's value is in no message.
TEST(Options, NeverRepeatASecret) {
    const std::vector<std::string> documents{
        "host: a\npassword: [hunter2]",      "host: a\npassword: {hunter2: hunter2}\nsecurity: none",
        "host: a\npassword: \"hunter2\\0\"", "host: a\npassword: hunter2\nsecurity: none",
        "host: a\nproxy: hunter2",           "host: a\nproxies: [hunter2]",
        "host: a\npasword: hunter2",         "host: a\nport: {password: hunter2}",
    };
    for (const std::string& document : documents) {
        const Read out = read(document);
        EXPECT_THAT(out.problems, Not(IsEmpty())) << document;
        for (const std::string& problem : out.problems) {
            EXPECT_EQ(problem.find("hunter2"), problem.find("password.hunter2: unknown")) << problem;
        }
    }
}

TEST(Options, NeverRepeatWhatCameFromOutside) {
    const Environment environment = [](const std::string&) { return std::optional<std::string>("explicitt"); };
    const Read out = read(R"(
host: a
port: "${X}"
ratio: "${X}"
passive: "x${X}"
timeout: ${X}
buffer: ${X}
security: ${X}
limit: ${X}
proxy: ${X}
folder: ${X}
)",
                          environment);
    EXPECT_EQ(out.problems.size(), 9U);
    for (const std::string& problem : out.problems) {
        EXPECT_THAT(problem, Not(HasSubstr("explicitt")));
        EXPECT_THAT(problem, Not(HasSubstr("did you mean")));
    }
    EXPECT_THAT(out.problems, ::testing::Contains(HasSubstr(R"("x${X}" is not true or false)")));
}

TEST(Options, AreSilentAboutAValueWhoseInterpolationFailed) {
    EXPECT_THAT(read("host: ${MISSING}\nport: ${MISSING}").problems,
                ElementsAre("rowhaul.yaml:1:7: connections.partner.host: the environment variable MISSING is not set",
                            "rowhaul.yaml:2:7: connections.partner.port: the environment variable MISSING is not set"));
}

TEST(Options, AreDescribed) {
    const std::vector<OptionInfo> infos = describe_options<ServerOptions>();
    ASSERT_EQ(infos.size(), 16U);
    EXPECT_EQ(infos[0].name, "host");
    EXPECT_TRUE(infos[0].is_required);
    EXPECT_EQ(infos[0].default_text, "");
    EXPECT_EQ(infos[0].example, "ftp.example.com");
    EXPECT_EQ(infos[1].default_text, "21");
    EXPECT_EQ(infos[1].min, 1);
    EXPECT_EQ(infos[1].max, 65535);
    EXPECT_EQ(infos[2].default_text, "1m");
    EXPECT_TRUE(infos[2].is_advanced);
    EXPECT_EQ(infos[5].default_text, "explicit");
    EXPECT_EQ(infos[5].choices.size(), 3U);
    EXPECT_EQ(name_of(infos[5].kind), "choice");
    EXPECT_TRUE(infos[11].is_list);
    EXPECT_EQ(infos[13].options.size(), 2U);
}

struct Ftp {
    using Options = ServerOptions;
    static constexpr std::string_view type = "ftp";
    static constexpr std::string_view title = "Files on an FTP server.";
    static constexpr std::array<std::string_view, 1> aliases{"ftps"};
};

TEST(Component, IsDescribedByItsOptions) {
    const ComponentInfo info = describe<Ftp>();
    EXPECT_EQ(info.type, "ftp");
    EXPECT_EQ(info.title, "Files on an FTP server.");
    EXPECT_THAT(info.aliases, ElementsAre("ftps"));
    EXPECT_EQ(info.options.size(), 16U);
    EXPECT_THAT(describe<ProxyOptions>("proxy", "Proxy.").aliases, IsEmpty());
}

TEST(Redacted, HidesSecretsAndKeepsReferences) {
    Problems problems;
    Node node = parse_yaml(
        "type: ftp\nhost: a\npassword: hunter2\nuser: ${X}\nproxy: {address: b, password: hunter2}\n"
        "proxies: [{password: hunter2}]\npasword: [hunter2]",
        "", problems);
    interpolate(node, "", problems, [](const std::string&) { return std::optional<std::string>("hunter2"); });
    constexpr std::array<std::string_view, 1> used{"type"};
    EXPECT_EQ(to_yaml(redacted(node, describe_options<ServerOptions>(), used)),
              "type: ftp\nhost: a\npassword: \"***\"\nuser: \"${X}\"\nproxy:\n  address: b\n  password: \"***\"\n"
              "proxies:\n  - password: \"***\"\npasword:\n  - \"***\"\n");
}

static_assert(!options(option("Host", &CommonOptions::host, "A sentence.")).well_formed());
static_assert(!options(option("host", &CommonOptions::host, "no sentence")).well_formed());
static_assert(!joined(CommonOptions::spec, options(option("host", &CommonOptions::host, "Again."))).well_formed());
static_assert(ServerOptions::spec.well_formed());

}  // namespace
}  // namespace rowhaul
