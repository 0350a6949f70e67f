/* SQLite 3, the system's, and what Swift cannot say of it: variadic calls, macros, and a VFS of our own. */
#ifndef CVM_SQLITE_H
#define CVM_SQLITE_H

#include <sqlite3.h>
#include <stdint.h>

/* Registers the checking VFS (checked_vfs.c) once a process; its name, or NULL without memory. */
const char *_Nullable cvm_sqlite_checked_vfs(void);

/* Bytes that SQLite must leave free at the end of every page for the checking VFS, and the only page size it
 * takes. */
#define CVM_SQLITE_RESERVED 8
#define CVM_SQLITE_PAGE 4096

/* The checksum that the checking VFS keeps in the last 8 bytes of page `number` (the first is 1), little-
 * endian. */
uint64_t cvm_sqlite_page_checksum(const uint8_t *_Nonnull page, int64_t number);

/* SQLite's extended codes for a page that its VFS refuses and for a file that ends too early. */
static const int cvm_sqlite_ioerr_data = SQLITE_IOERR_DATA;
static const int cvm_sqlite_ioerr_short_read = SQLITE_IOERR_SHORT_READ;

/* sqlite3_db_config for its on/off options. */
int cvm_sqlite_configure(sqlite3 *_Nonnull database, int option, int on);

/* sqlite3_bind_text64 and sqlite3_bind_blob64 with SQLITE_TRANSIENT: SQLite copies the bytes. */
int cvm_sqlite_bind_text(
    sqlite3_stmt *_Nonnull statement, int index, const char *_Nullable text, uint64_t count);
int cvm_sqlite_bind_blob(
    sqlite3_stmt *_Nonnull statement, int index, const void *_Nullable bytes, uint64_t count);

#endif
