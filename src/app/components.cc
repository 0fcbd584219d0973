// SPDX-License-Identifier: Apache-2.0
#include "app/components.h"

#include "database/mysql.h"
#include "database/postgres_database.h"
#include "database/sqlite_database.h"
#include "format/csv.h"
#include "format/jsonl.h"
#include "format/xlsx.h"
#include "transport/ftp.h"
#include "transport/local.h"
#include "transport/sftp.h"

namespace rowhaul {

Catalog components() {
    Catalog catalog;
    catalog.add_database<SqliteDatabase>();
    catalog.add_database<PostgresDatabase>();
    catalog.add_database<MysqlDatabase>();
    catalog.add_transport<LocalTransport>();
    catalog.add_transport<FtpTransport>();
    catalog.add_transport<SftpTransport>();
    catalog.add_format<CsvFormat>();
    catalog.add_format<JsonlFormat>();
    catalog.add_format<XlsxFormat>();
    return catalog;
}

}  // namespace rowhaul
