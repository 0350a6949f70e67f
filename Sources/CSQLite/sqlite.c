#include "CSQLite.h"

int cvm_sqlite_configure(sqlite3 *database, int option, int on) {
  return sqlite3_db_config(database, option, on, (int *)0);
}

int cvm_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, uint64_t count) {
  return sqlite3_bind_text64(statement, index, text ? text : "", count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

int cvm_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, uint64_t count) {
  if (count == 0) return sqlite3_bind_zeroblob(statement, index, 0);
  return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}
