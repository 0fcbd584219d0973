// SPDX-License-Identifier: Apache-2.0
// rowhaul.yaml as people write it: defaults, includes, the environment, and every way to get it wrong.
#include "tests/flows/company.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace rowhaul::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Configuration : public ::testing::Test {
protected:
    Configuration() {
        company.sql("create table people (id int, name text); insert into people values (1, 'Ada'), (2, 'Bo')");
    }
    // What is said about a configuration that is refused, with exit code 2.
    std::string complaint(std::string_view yaml) const {
        company.configure_exactly(yaml);
        const auto validated = company.rowhaul({"validate"});
        EXPECT_EQ(validated.status, 2) << validated.output << validated.errors;
        EXPECT_THAT(validated.output, IsEmpty());
        return validated.errors;
    }

    const Company company;
};

TEST_F(Configuration, AMappingsOwnKeyWinsOverTheDefaults) {
    company.configure(
        "defaults:\n"
        "  source: { connection: shop, table: people }\n"
        "  target: { connection: export, file: '{mapping}.csv', format: { type: csv, delimiter: ';', header: false } "
        "}\n"
        "mappings:\n"
        "  plain: {}\n"
        "  tabs: { target: { file: tabs.txt, format: { delimiter: '|' } } }\n"
        "tasks: { all: { mappings: [plain, tabs] } }\n");
    EXPECT_EQ(company.rowhaul({"run", "all"}).status, 0);
    EXPECT_EQ(company.exported("plain.csv"), "1;Ada\n2;Bo\n");
    EXPECT_EQ(company.exported("tabs.txt"), "1|Ada\n2|Bo\n");
}

TEST_F(Configuration, FilesMayBeIncluded) {
    std::filesystem::create_directory(company / "partners");
    write_file(company / "partners/acme.yaml",
               "mappings:\n  acme: { source: { connection: shop, table: people }, "
               "target: { connection: export, file: acme.csv } }\n");
    company.configure("include: [ partners/*.yaml ]\n");
    EXPECT_EQ(company.rowhaul({"run", "acme"}).status, 0);
    EXPECT_THAT(company.files(), ElementsAre("acme.csv"));
}

TEST_F(Configuration, AnObjectMayBeDefinedOnceOnly) {
    write_file(company / "more.yaml", "connections: { shop: { type: sqlite, path: other.db } }\n");
    EXPECT_THAT(complaint("version: 1\ninclude: more.yaml\nconnections: { shop: { type: sqlite, path: shop.db } }\n"),
                AllOf(HasSubstr("more.yaml:1:"), HasSubstr("connections.shop"), HasSubstr("defined twice")));
}

TEST_F(Configuration, AMissingIncludedFileIsAProblem) {
    EXPECT_THAT(complaint("version: 1\ninclude: nowhere.yaml\n"),
                AllOf(HasSubstr("rowhaul.yaml:2:10"), HasSubstr("there is no file")));
}

TEST_F(Configuration, ValuesMayComeFromTheEnvironmentAndFromFiles) {
    write_file(company / "name.txt", "people.csv\n");
    company.configure(
        "mappings:\n"
        "  people:\n"
        "    source: { connection: shop, table: '${TABLE}' }\n"
        "    target: { connection: export, file: '${file:name.txt}' }\n");
    EXPECT_EQ(company.rowhaul({"run", "people"}, {.environment = {{"TABLE", "people"}}}).status, 0);
    EXPECT_THAT(company.files(), ElementsAre("people.csv"));
}

TEST_F(Configuration, AnUnsetVariableAndAMissingFileAreNamedWithTheirPlaces) {
    const auto said = complaint(
        "version: 1\n"
        "connections:\n"
        "  shop: { type: sqlite, path: '${NOT_SET_ANYWHERE}' }\n"
        "  other: { type: sqlite, path: '${file:nowhere.txt}' }\n"
        "  third: { type: sqlite, path: '${secret:shop}' }\n");
    EXPECT_THAT(said, AllOf(HasSubstr("rowhaul.yaml:3:"), HasSubstr("NOT_SET_ANYWHERE")));
    EXPECT_THAT(said, AllOf(HasSubstr("rowhaul.yaml:4:"), HasSubstr("nowhere.txt")));
    EXPECT_THAT(said, AllOf(HasSubstr("rowhaul.yaml:5:"), HasSubstr("secret")));
}

TEST_F(Configuration, WhatIsMissingMattersWhereItsConnectionIsUsed) {
    company.configure(
        "mappings:\n"
        "  people: { source: { connection: shop, table: people }, target: { connection: export, file: p.csv } }\n"
        "  others: { source: { connection: erp, table: people }, target: { connection: partner, file: o.csv } }\n"
        "tasks: { nightly: { mappings: [people, others] } }\n",
        "  erp: { type: mysql, user: u, password: '${ERP_PASSWORD}' }\n"
        "  partner: { type: sftp, host: h, user: u, host_key: [ '${file:keys/host}' ], password: '${SFTP_PASSWORD}' }\n"
        "  typed: { type: '${TYPE}', host: h }\n");
    for (const auto& works : std::vector<std::vector<std::string>>{
             {"run", "people"}, {"test", "people"}, {"check", "shop"}, {"browse", "shop"}, {"history"}}) {
        const auto told = company.rowhaul(works);
        EXPECT_EQ(told.status, 0) << works.front() << ": " << told.errors;
    }
    const auto refuses = [&](const std::vector<std::string>& command) {
        const auto told = company.rowhaul(command);
        EXPECT_EQ(told.status, 2) << command.front();
        return told.errors;
    };
    const auto erp = HasSubstr("rowhaul.yaml:5:42: connections.erp.password: the environment variable ERP_PASSWORD");
    const auto partner = AllOf(HasSubstr("rowhaul.yaml:6:56: connections.partner.host_key[1]: ${file:keys/host}"),
                               HasSubstr("SFTP_PASSWORD"));
    const auto typed = HasSubstr("TYPE is not set");
    EXPECT_THAT(refuses({"validate"}), AllOf(erp, partner, typed));
    EXPECT_THAT(refuses({"run", "others"}), AllOf(erp, partner, Not(typed)));
    EXPECT_THAT(refuses({"test", "nightly"}), AllOf(erp, partner, Not(typed)));
    EXPECT_THAT(refuses({"check", "erp"}), AllOf(erp, Not(partner)));
    EXPECT_THAT(refuses({"browse", "typed"}), AllOf(typed, Not(erp)));
    EXPECT_EQ(text_at(company.history(), "/0/outcome"), "failed");
}

TEST_F(Configuration, WhatIsMissingIsToldTogetherWithWhatIsWrong) {
    const auto said = complaint(
        "version: 1\n"
        "connections:\n"
        "  shop: { type: sqlite, path: '${NOT_SET_ANYWHERE}' }\n"
        "  export: { type: local, foldr: out }\n");
    EXPECT_THAT(said, AllOf(HasSubstr("NOT_SET_ANYWHERE"), HasSubstr("foldr")));
}

TEST_F(Configuration, AllProblemsAreToldAtOnceEachWithItsPlaceAndTheNearMiss) {
    const auto said = complaint(
        "version: 1\n"
        "conections: {}\n"
        "settings: { timezone: Europe/Zuerich }\n"
        "connections:\n"
        "  shop: { type: sqlte, path: shop.db }\n"
        "  export: { type: local, foldr: out }\n"
        "  erp: { type: postgres, host: h, database: d, user: u, port: many }\n");
    EXPECT_THAT(said, HasSubstr("rowhaul.yaml:2:1: conections: unknown key; did you mean \"connections\"?"));
    EXPECT_THAT(said, AllOf(HasSubstr("rowhaul.yaml:3:"), HasSubstr("Europe/Zurich")));
    EXPECT_THAT(said, AllOf(HasSubstr("rowhaul.yaml:5:"), HasSubstr("did you mean \"sqlite\"?")));
    EXPECT_THAT(said,
                HasSubstr("rowhaul.yaml:6:26: connections.export.foldr: unknown option; did you mean \"folder\"?"));
    EXPECT_THAT(said, AllOf(HasSubstr("rowhaul.yaml:7:"), HasSubstr("connections.erp.port")));
}

TEST_F(Configuration, MappingsAreCheckedAsARunWouldReadThem) {
    company.configure(
        "mappings:\n"
        "  a: { source: { connection: shopp, table: people }, target: { connection: export, file: a.csv } }\n"
        "  b: { source: { connection: shop, table: x, query: select 1 }, target: { connection: export, file: b.csv } "
        "}\n"
        "  c: { source: { connection: shop, table: x }, target: { connection: export, file: '{mappin}.csv' } }\n"
        "  d: { source: { connection: shop, table: x }, target: { connection: export, file: d, format: excel-dee } }\n"
        "  e: { source: { connection: shop, table: x }, target: { connection: export, file: e, if_exists: explode } }\n"
        "  f: { source: { connection: shop, table: x }, target: { connection: export, file: f }, fields: [ { from: x } "
        "] }\n"
        "tasks: { nightly: { mappings: [a, g] } }\n");
    const auto validated = company.rowhaul({"validate"});
    EXPECT_EQ(validated.status, 2);
    const auto& said = validated.errors;
    EXPECT_THAT(said, HasSubstr("there is no connection \"shopp\"; did you mean \"shop\"?"));
    EXPECT_THAT(said, HasSubstr("either a table or a query"));
    EXPECT_THAT(said, HasSubstr("there is no placeholder {mappin}; did you mean \"mapping\"?"));
    EXPECT_THAT(said, HasSubstr("did you mean \"excel-de\"?"));
    EXPECT_THAT(said, AllOf(HasSubstr("mappings.e.target.if_exists"), HasSubstr("replace")));
    EXPECT_THAT(said, HasSubstr("mappings.f.fields[1]"));
    EXPECT_THAT(said, HasSubstr("there is no mapping \"g\""));
}

TEST_F(Configuration, ANameThatTwoColumnsWouldBearIsAProblem) {
    company.configure(
        "mappings: { people: { source: { connection: shop, table: people }, target: { connection: export, file: p }, "
        "fields: [ id, { to: id, from: name } ] } }\n");
    EXPECT_THAT(company.rowhaul({"validate"}).errors,
                HasSubstr("mappings.people.fields[2]: makes a second column \"id\""));
}

TEST_F(Configuration, AFileThatTwoMappingsOfATaskWouldWriteIsAProblem) {
    const auto validate = [&](std::string_view file) {
        company.configure(
            fmt::format("defaults: {{ source: {{ connection: shop, table: people }}, "
                        "target: {{ connection: export, {} }} }}\n"
                        "mappings: {{ one: {{}}, two: {{}} }}\n"
                        "tasks: {{ both: {{ mappings: [one, two] }} }}\n",
                        file));
        return company.rowhaul({"validate"});
    };
    const auto same = validate("file: people.csv");
    EXPECT_EQ(same.status, 2);
    EXPECT_THAT(same.errors,
                AllOf(HasSubstr("mappings.two.target.file: is also the file of one"), HasSubstr("{mapping}")));
    EXPECT_EQ(validate("file: '{date}.csv'").status, 2);
    EXPECT_EQ(validate("file: '{mapping}.csv'").status, 0);
    EXPECT_EQ(validate("file: '{execution}.csv'").status, 0);
    EXPECT_EQ(validate("file: people.csv, if_exists: number").status, 0);
}

TEST_F(Configuration, WhatIsNotYamlIsToldWithItsPlace) {
    EXPECT_THAT(complaint("version: 1\nconnections: { shop: { type: sqlite\n"), HasSubstr("rowhaul.yaml:"));
    EXPECT_THAT(complaint("version: 1\nversion: 1\n"), HasSubstr("rowhaul.yaml:2:"));
    EXPECT_THAT(complaint("just words"), HasSubstr("rowhaul.yaml:1:1"));
    EXPECT_THAT(complaint("connections: {}\n"), HasSubstr("version: 1"));
    EXPECT_THAT(complaint("version: 2\n"), HasSubstr("version: 1"));
}

TEST_F(Configuration, AMissingConfigurationIsNamed) {
    const auto run = company.rowhaul({"run", "people", "--file", "nowhere.yaml"});
    EXPECT_EQ(run.status, 2);
    EXPECT_THAT(run.errors, AllOf(HasSubstr("nowhere.yaml"), HasSubstr("--file")));
    EXPECT_FALSE(std::filesystem::exists(company / ".rowhaul"));
}

TEST_F(Configuration, ARefusedConfigurationIsAFailedEntryInTheHistory) {
    company.configure("mappings: { people: { sorce: {} } }\n");
    EXPECT_EQ(company.rowhaul({"run", "people"}).status, 2);
    const auto history = company.history();
    ASSERT_THAT(history, SizeIs(1));
    EXPECT_EQ(text_at(history, "/0/outcome"), "failed");
    EXPECT_THAT(text_at(history, "/0/message"), HasSubstr("sorce"));
    EXPECT_THAT(company.files(), IsEmpty());
}

TEST_F(Configuration, WhatCannotBeRunIsNamedWithWhatThereIs) {
    company.configure(
        "mappings: { people: { source: { connection: shop, table: people }, "
        "target: { connection: export, file: p.csv } } }\n");
    const auto run = company.rowhaul({"run", "peple"});
    EXPECT_EQ(run.status, 2);
    EXPECT_THAT(run.errors, AllOf(HasSubstr("did you mean \"people\"?"), HasSubstr("There are: people.")));
}

TEST_F(Configuration, AFileCanBeNoSourceYetAndADatabaseNoTargetYet) {
    company.configure(
        "mappings: { people: { source: { connection: export, table: people }, "
        "target: { connection: shop, file: p.csv } } }\n");
    const auto run = company.rowhaul({"run", "people"});
    EXPECT_EQ(run.status, 2);
    EXPECT_THAT(run.errors, AllOf(HasSubstr("mappings.people.source"), HasSubstr("mappings.people.target")));
}

// ---- commands about the configuration

TEST_F(Configuration, ValidateCountsWhatThereIs) {
    company.configure(
        "mappings: { people: { source: { connection: shop, table: people }, "
        "target: { connection: export, file: p.csv } } }\n");
    const auto validated = company.rowhaul({"validate"});
    EXPECT_EQ(validated.status, 0);
    EXPECT_THAT(validated.output, HasSubstr("connections: 2, mappings: 1, tasks: 0"));
    EXPECT_EQ(text_at(company.ask({"validate"}), "/good"), "true");
    EXPECT_FALSE(std::filesystem::exists(company / ".rowhaul")) << "to validate needs no state";
}

TEST_F(Configuration, AnEditorThatKnowsJsonSchemaKnowsEveryKeyOfTheDemo) {
    const auto schema = company.rowhaul({"schema"});
    ASSERT_EQ(schema.status, 0);
    const auto document = json::parse(schema.output);
    EXPECT_THAT(text_at(document, "/$schema"), HasSubstr("json-schema.org"));
    ASSERT_EQ(company.rowhaul({"demo"}).status, 0);
    const auto yaml = read_file(company / "rowhaul-demo/rowhaul.yaml");
    for (const std::string key : {"version",  "settings", "timezone", "connections", "type",  "path",   "folder",
                                  "defaults", "source",   "target",   "connection",  "file",  "format", "mappings",
                                  "table",    "fields",   "to",       "from",        "query", "tasks",  "publish"}) {
        ASSERT_THAT(yaml, HasSubstr(key + ":"));
        EXPECT_THAT(schema.output, HasSubstr("\"" + key + "\"")) << "the schema does not know " << key;
    }
}

TEST_F(Configuration, TheReferenceListsEveryComponentAndTellsEveryOptionOfOne) {
    const auto list = company.rowhaul({"reference"});
    EXPECT_EQ(list.status, 0);
    for (const std::string type : {"sqlite", "postgres", "mysql", "local", "csv", "task"}) {
        EXPECT_THAT(list.output, HasSubstr(type + " "));
        const auto one = company.rowhaul({"reference", type});
        EXPECT_EQ(one.status, 0) << type;
        EXPECT_THAT(one.output, HasSubstr(type));
    }
    EXPECT_THAT(company.rowhaul({"reference", "mariadb"}).output, HasSubstr("slow_reader_timeout"));
    EXPECT_THAT(json::serialize(company.ask({"reference", "postgres"})), HasSubstr("\"ca_file\""));
    EXPECT_THAT(json::serialize(company.ask({"reference"})), HasSubstr("\"delimiter\""));
    const auto unknown = company.rowhaul({"reference", "postgress"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_THAT(unknown.errors, HasSubstr("did you mean \"postgres\"?"));
}

TEST_F(Configuration, WrongUsageIsTwo) {
    const std::vector<std::vector<std::string>> wrong{{"frob"},
                                                      {"run"},
                                                      {"run", "a", "--frob"},
                                                      {"run", "a", "--output", "xml"},
                                                      {"history", "--limit", "many"},
                                                      {"validate", "--log-level", "loud"},
                                                      {}};
    for (const auto& arguments : wrong) {
        EXPECT_EQ(company.rowhaul(arguments).status, 2) << fmt::format("{}", fmt::join(arguments, " "));
    }
    EXPECT_EQ(company.rowhaul({"--help"}).status, 0);
    EXPECT_EQ(company.rowhaul({"run", "--help"}).status, 0);
    EXPECT_THAT(company.rowhaul({"--version"}).output, HasSubstr("rowhaul "));
}

}  // namespace
}  // namespace rowhaul::testing
