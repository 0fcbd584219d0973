// SPDX-License-Identifier: Apache-2.0
// What leaves, byte for byte.
#include "testing/certificates.h"
#include "testing/servers/ftp_server.h"
#include "testing/servers/maria_db.h"
#include "testing/servers/open_ssh.h"
#include "testing/servers/postgres.h"
#include "tests/flows/company.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace rowhaul::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view customers_sql =
    "create table customers (id integer not null, name text, note text, number text, balance decimal(10,2));"
    "insert into customers values"
    " (1, 'Jürg Müller', 'likes \"express\"', '000001', '12.50'),"
    " (2, 'Zoë, née O''Brien', 'second floor' || char(10) || 'ring twice', '000002', null),"
    " (3, '', null, '+41 44', '-0.10')";

constexpr std::string_view customers_csv =
    "id,name,note,number,balance\n"
    "1,Jürg Müller,\"likes \"\"express\"\"\",000001,12.5\n"
    "2,\"Zoë, née O'Brien\",\"second floor\nring twice\",000002,\n"
    "3,\"\",,+41 44,-0.1\n";

TEST(GoldenFlow, ATableBecomesAFileAndAWaybillThatAccountsForIt) {
    const Company company;
    company.sql(customers_sql);
    company.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: shop, table: customers }\n"
        "    target: { connection: export, file: '{mapping}.csv' }\n");

    const auto waybill = company.ask({"run", "customers"});

    EXPECT_EQ(company.exported("customers.csv"), customers_csv);
    EXPECT_THAT(company.files(), ElementsAre("customers.csv"));
    EXPECT_EQ(text_at(waybill, "/outcome"), "succeeded");
    EXPECT_EQ(text_at(waybill, "/kind"), "run");
    EXPECT_EQ(text_at(waybill, "/source/connection"), "shop");
    EXPECT_EQ(text_at(waybill, "/source/object"), "customers");
    EXPECT_EQ(text_at(waybill, "/source/rows"), "3");
    EXPECT_EQ(text_at(waybill, "/rows/read"), "3");
    EXPECT_EQ(text_at(waybill, "/rows/created"), "3");
    EXPECT_EQ(text_at(waybill, "/rows/rejected"), "0");
    EXPECT_EQ(text_at(waybill, "/files/0/name"), "customers.csv");
    EXPECT_EQ(text_at(waybill, "/files/0/rows"), "3");
    EXPECT_EQ(text_at(waybill, "/files/0/bytes"), std::to_string(customers_csv.size()));
    EXPECT_EQ(text_at(waybill, "/files/0/md5"), md5_of(customers_csv));
    EXPECT_EQ(text_at(waybill, "/files/0/sha256"), sha256_of(customers_csv));

    const auto history = company.history();
    ASSERT_THAT(history, SizeIs(1));
    EXPECT_EQ(text_at(history, "/0/execution"), text_at(waybill, "/execution"));
    EXPECT_EQ(text_at(history, "/0/outcome"), "succeeded");
    EXPECT_EQ(text_at(history, "/0/rows_read"), "3");
    EXPECT_EQ(company.ask({"waybill"}), waybill);
}

TEST(GoldenFlow, TheDemoRunsFromEndToEnd) {
    const Company company;

    const auto demo = company.rowhaul({"demo"});

    EXPECT_EQ(demo.status, 0) << demo.errors;
    EXPECT_THAT(demo.output, HasSubstr("10,000 read = 10,000 created"));
    EXPECT_THAT(demo.output, HasSubstr("nightly  succeeded"));
    EXPECT_THAT(demo.output, HasSubstr("rowhaul history"));
    EXPECT_THAT(demo.errors, IsEmpty());
    EXPECT_THAT(company.files("rowhaul-demo/out"), SizeIs(3));
    const auto validated = company.rowhaul({"validate", "--file", "rowhaul-demo/rowhaul.yaml"});
    EXPECT_EQ(validated.status, 0) << validated.errors;
}

TEST(GoldenFlow, TheDemoRunsTwice) {
    const Company company;
    EXPECT_EQ(company.rowhaul({"demo"}).status, 0);
    EXPECT_EQ(company.rowhaul({"demo"}).status, 0);
}

TEST(GoldenFlow, PostgresRowsLeaveAsAGzipFileThatGunzipReads) {
    const auto& server = Postgres::shared();
    const Company company;
    server.execute(
        "drop schema if exists golden cascade; create schema golden;"
        "create table golden.items (id bigint, price numeric(12,4), at timestamptz, active boolean, tags text[]);"
        "insert into golden.items values"
        " (9223372036854775807, 1234.5000, '2026-01-31 23:30:00+00', true, '{a,\"b c\"}'),"
        " (2, 'NaN', null, false, null)");
    company.configure(
        "mappings:\n"
        "  items:\n"
        "    source: { connection: erp, query: select * from golden.items order by id desc }\n"
        "    target: { connection: export, file: items.csv.gz }\n",
        fmt::format("  erp: {{ type: postgres, host: {}, port: {}, database: postgres, user: owner }}\n",
                    server.socket_folder(), server.port()));

    const auto waybill = company.ask({"run", "items"});

    const auto unpacked = run({"gzip", "-dc", company / "out/items.csv.gz"});
    EXPECT_EQ(unpacked.output,
              "id,price,at,active,tags\n"
              "9223372036854775807,1234.5000,2026-01-31 23:30:00+00:00,true,\"{a,\"\"b c\"\"}\"\n"
              "2,NaN,,false,\n");
    const auto packed = company.exported("items.csv.gz");
    EXPECT_EQ(text_at(waybill, "/files/0/bytes"), std::to_string(packed.size()));
    EXPECT_EQ(text_at(waybill, "/files/0/sha256"), sha256_of(packed));
    EXPECT_EQ(text_at(waybill, "/files/0/md5"), md5_of(packed));
    EXPECT_THAT(company.files(), ElementsAre("items.csv.gz"));
}

TEST(GoldenFlow, MariaDbRowsLeaveAsTheyAreStored) {
    MariaDb server;
    server.exec(
        "create table stock (id bigint unsigned, price decimal(30,10), f float, kind enum('a','b'), t time);"
        "insert into stock values (18446744073709551615, 0.0000000001, 16777216, 'b', '-100:00:01'),"
        " (2, null, 0.1, null, null)");
    const Company company;
    company.configure(
        "mappings:\n"
        "  stock:\n"
        "    source: { connection: erp, table: shop.stock }\n"
        "    target: { connection: export, file: stock.csv }\n",
        fmt::format("  erp: {{ type: mariadb, socket: {}, database: shop, user: root }}\n", server.socket()));

    const auto waybill = company.ask({"run", "stock"});

    EXPECT_EQ(text_at(waybill, "/outcome"), "succeeded") << waybill;
    EXPECT_EQ(company.exported("stock.csv"),
              "id,price,f,kind,t\n"
              "18446744073709551615,0.0000000001,16777216,b,-100:00:01\n"
              "2,,0.1,,\n");
}

// ---- to servers

TEST(GoldenFlow, RowsArriveOverSftp) {
    const OpenSsh server;
    const Company company;
    company.sql(customers_sql);
    company.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: shop, table: customers }\n"
        "    target: { connection: partner, file: 'in/customers.csv' }\n",
        fmt::format("  partner: {{ type: sftp, host: 127.0.0.1, port: {}, user: {}, private_key: '${{file:{}}}', "
                    "folder: '{}', host_key: '{}' }}\n",
                    server.port(), server.user(), server.key().file.string(), server.files().string(),
                    server.host_key().fingerprint()));

    const auto waybill = company.ask({"run", "customers"});

    EXPECT_EQ(text_at(waybill, "/outcome"), "succeeded") << waybill;
    EXPECT_EQ(read_file(server.files() / "in/customers.csv"), customers_csv);
    EXPECT_EQ(text_at(waybill, "/files/0/sha256"), sha256_of(customers_csv));
    EXPECT_EQ(text_at(waybill, "/files/0/md5"), md5_of(customers_csv));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(server.files() / "in"), {}), 1);
    const auto checked = company.rowhaul({"check", "partner"});
    EXPECT_EQ(checked.status, 0) << checked.errors;
    EXPECT_THAT(checked.output, HasSubstr(server.host_key().fingerprint()));
}

// Each kind of FTP server with what companies demand of it; three files in one task.
void expect_to_arrive_over_ftp(const FtpServer& server, std::string_view options) {
    const Company company;
    company.sql(customers_sql);
    company.configure(
        "defaults: { source: { connection: shop, table: customers },\n"
        "  target: { connection: partner, file: '{mapping}.csv' } }\n"
        "mappings: { one: {}, two: {}, three: { target: { file: three.csv.bz2 } } }\n"
        "tasks: { nightly: { mappings: [one, two, three], publish: together } }\n",
        fmt::format("  partner: {{ type: ftp, host: 127.0.0.1, port: {}, user: {}, password: {}, {} }}\n",
                    server.port(), server.user(), FtpServer::password(), options));

    const auto waybills = company.ask({"run", "nightly"});

    ASSERT_EQ(text_at(waybills, "/outcome"), "succeeded") << waybills << server.log();
    EXPECT_EQ(read_file(server.folder() / "one.csv"), customers_csv);
    EXPECT_EQ(read_file(server.folder() / "two.csv"), customers_csv);
    EXPECT_EQ(run({"bzip2", "-dc", (server.folder() / "three.csv.bz2").string()}).output, customers_csv);
    EXPECT_EQ(text_at(waybills, "/waybills/2/files/0/sha256"), sha256_of(read_file(server.folder() / "three.csv.bz2")));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(server.folder()), {}), 3);
}

TEST(GoldenFlow, RowsArriveOverFtp) {
    expect_to_arrive_over_ftp(*start_pro_ftpd(), "tls: none");
}

TEST(GoldenFlow, RowsArriveOverFtpsWhereTheServerDemandsTheSameSession) {
    CertificateAuthority authority;
    const auto server = start_vsftpd({.tls = FtpServerOptions::Tls::Explicit,
                                      .certificate = authority.valid(),
                                      .require_tls = true,
                                      .require_tls_resumption = true});
    expect_to_arrive_over_ftp(*server, fmt::format("ca_file: '{}'", authority.ca_file()));
}

TEST(GoldenFlow, RowsArriveOverImplicitFtps) {
    CertificateAuthority authority;
    const auto server = start_pro_ftpd({.tls = FtpServerOptions::Tls::Implicit, .certificate = authority.valid()});
    expect_to_arrive_over_ftp(*server, fmt::format("tls: implicit, ca_file: '{}'", authority.ca_file()));
}

}  // namespace
}  // namespace rowhaul::testing
