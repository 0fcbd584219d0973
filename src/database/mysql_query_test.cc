// SPDX-License-Identifier: Apache-2.0
#include "database/mysql_query.h"

#include "base/error.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;

void reads(std::string_view query) {
    EXPECT_NO_THROW(check_reading(query)) << query;
}

void is_refused(std::string_view query) {
    try {
        check_reading(query);
        ADD_FAILURE() << "was let through: " << query;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid) << query;
        EXPECT_THAT(error.what(), HasSubstr("query: "));
    }
}

TEST(MysqlQuery, LetsPlainReadingThrough) {
    reads("select 1");
    reads("  \n(select 1) union (select 2);");
    reads("with a as (select 1) select * from a");
    reads("values (1, 2), (3, 4)");
    reads("-- the customers\n# all\n/* of them */ select * from customers;  -- that is all");
    reads("select /*+ MAX_EXECUTION_TIME(1000) */ 1");
    reads("select substring(name from 1 for 2) from t force index for order by (i)");
}

TEST(MysqlQuery, WordsInTextsNamesAndCommentsDoNotCount) {
    reads("select 'a;b into outfile', \"for update\", `into` from `get_lock(` where x = 'it''s; delete'");
    reads("select 'a\\'; into ' from t");
    reads("select 1 /* into outfile 'x'; */");
    reads("select 1 -- ; drop table t\n from t");
}

TEST(MysqlQuery, RefusesWhatIsNotASelect) {
    for (const auto* query : {"", "  -- nothing\n", "insert into t values (1)", "insert into t values (1) returning id",
                              "delete from t", "optimize table t", "check table t", "analyze update t set a = 1",
                              "call p()", "handler t read first", "set statement sql_mode='' for select 1",
                              "show tables", "explain select 1", "do sleep(1)", "((delete from t))"}) {
        is_refused(query);
    }
}

TEST(MysqlQuery, RefusesASecondStatement) {
    is_refused("select 1; select 2");
    is_refused("select 1;;");
}

TEST(MysqlQuery, RefusesFilesLocksAndSequences) {
    for (const auto* query :
         {"select 1 into outfile '/tmp/x'", "select 1 into @v", "select * from t into\ndumpfile 'x'",
          "select * from t for update", "select * from t FOR/**/UPDATE nowait", "select * from t for share",
          "select * from t lock in share mode", "select get_lock('a', 1)", "select Load_File ('/etc/passwd')",
          "select sleep(10)", "select benchmark(1,1)", "select nextval(s)", "select next value for s",
          "select 1 /*! into outfile '/tmp/x' */", "select 1 /*!50000into @v*/", "select 1 /*M!100100 for update */"}) {
        is_refused(query);
    }
}

TEST(MysqlQuery, QuotesTexts) {
    EXPECT_EQ(quoted_text("it's a \\"), "'it''s a \\\\'");
}

}  // namespace
}  // namespace rowhaul
