/* A VFS over the system's that keeps a checksum in every page of a database file and refuses a page that
 * does not fit it.
 *
 * SQLite itself has checksums in the write-ahead log only; in the database file a changed byte of a value
 * would be believed. With this VFS every page of CVM_SQLITE_PAGE bytes ends with
 *
 *   | offset | size | field                                                    |
 *   |-------:|-----:|----------------------------------------------------------|
 *   |   4088 |    8 | checksum of bytes 0..4087 and the page's number, LE u64  |
 *
 * SQLite leaves these bytes alone (file format, section 1.3.4: reserved bytes per page;
 * SQLITE_FCNTL_RESERVE_BYTES at creation). Each step of the checksum can be undone, so a change within 8
 * aligned bytes is always found, any other but once in 2^64; the page's number finds pages that have changed
 * places. It is no protection from an attacker, who can compute it too. A page that does not fit is
 * SQLITE_IOERR_DATA, SQLite's code for exactly this.
 *
 * Only the database file passes through here. Its journals keep the system's methods; memory-mapped reads
 * are not offered (method version 2), so that every byte of a page comes through `checked_read`. */
#include "CSQLite.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

typedef struct {
  sqlite3_file base;
  /* The system's file, in the memory behind this struct. */
  sqlite3_file *real;
} CheckedFile;

static sqlite3_vfs *system_vfs;
static sqlite3_vfs checked_vfs;
static int registered = SQLITE_ERROR;

static sqlite3_file *real(sqlite3_file *file) { return ((CheckedFile *)file)->real; }

uint64_t cvm_sqlite_page_checksum(const uint8_t *page, int64_t number) {
  uint64_t sum = 0x63766d63746cu ^ (uint64_t)number;
  for (int offset = 0; offset < CVM_SQLITE_PAGE - CVM_SQLITE_RESERVED; offset += 8) {
    uint64_t word;
    memcpy(&word, page + offset, sizeof word);
    sum = (sum ^ le64toh(word)) * 0x9E3779B97F4A7C15u;
    sum ^= sum >> 32;
  }
  return sum;
}

static uint64_t page_number(sqlite3_int64 offset) { return (uint64_t)(offset / CVM_SQLITE_PAGE) + 1; }

static int verify(const uint8_t *page, sqlite3_int64 offset) {
  uint64_t found;
  memcpy(&found, page + CVM_SQLITE_PAGE - CVM_SQLITE_RESERVED, sizeof found);
  uint64_t expected = cvm_sqlite_page_checksum(page, (int64_t)page_number(offset));
  return le64toh(found) == expected ? SQLITE_OK : SQLITE_IOERR_DATA;
}

/* Reads one page of the system's file. A page that the file ends in is damage: SQLite would take what is
 * missing for zeros. One that it ends before is SQLITE_IOERR_SHORT_READ, as SQLite wants it. */
static int read_page(sqlite3_file *file, uint8_t *page, sqlite3_int64 offset) {
  int code = file->pMethods->xRead(file, page, CVM_SQLITE_PAGE, offset);
  if (code == SQLITE_OK) return verify(page, offset);
  if (code != SQLITE_IOERR_SHORT_READ) return code;
  sqlite3_int64 size = 0;
  int size_code = file->pMethods->xFileSize(file, &size);
  if (size_code != SQLITE_OK) return size_code;
  return size > offset ? SQLITE_IOERR_DATA : code;
}

/* A part of a page, or of several: later versions of SQLite read overflow pages so.
 *
 * The file's header (100 bytes) is handed on unchecked: SQLite reads it before it knows its log, and after a
 * crash while the log was moved into the file the good copy of page 1 is in the log. SQLite then reads page
 * 1 whole, from where it is good, before it believes anything. */
static int read_part(sqlite3_file *file, uint8_t *target, int count, sqlite3_int64 offset) {
  if (offset + count <= 100) return file->pMethods->xRead(file, target, count, offset);
  uint8_t page[CVM_SQLITE_PAGE];
  while (count > 0) {
    int within = (int)(offset % CVM_SQLITE_PAGE);
    int piece = CVM_SQLITE_PAGE - within < count ? CVM_SQLITE_PAGE - within : count;
    int code = read_page(file, page, offset - within);
    if (code != SQLITE_OK) {
      if (code == SQLITE_IOERR_SHORT_READ) memset(target, 0, (size_t)count);
      return code;
    }
    memcpy(target, page + within, (size_t)piece);
    target += piece;
    offset += piece;
    count -= piece;
  }
  return SQLITE_OK;
}

static int checked_read(sqlite3_file *file, void *target, int count, sqlite3_int64 offset) {
  if (count != CVM_SQLITE_PAGE || offset % CVM_SQLITE_PAGE != 0) {
    return read_part(real(file), target, count, offset);
  }
  return read_page(real(file), target, offset);
}

static int checked_write(sqlite3_file *file, const void *source, int count, sqlite3_int64 offset) {
  if (count != CVM_SQLITE_PAGE || offset % CVM_SQLITE_PAGE != 0) return SQLITE_IOERR_WRITE;
  uint8_t page[CVM_SQLITE_PAGE];
  memcpy(page, source, sizeof page);
  uint64_t sum = htole64(cvm_sqlite_page_checksum(page, (int64_t)page_number(offset)));
  memcpy(page + CVM_SQLITE_PAGE - CVM_SQLITE_RESERVED, &sum, sizeof sum);
  return real(file)->pMethods->xWrite(real(file), page, count, offset);
}

static int checked_close(sqlite3_file *file) { return real(file)->pMethods->xClose(real(file)); }
static int checked_truncate(sqlite3_file *file, sqlite3_int64 size) {
  return real(file)->pMethods->xTruncate(real(file), size);
}
static int checked_sync(sqlite3_file *file, int flags) {
  return real(file)->pMethods->xSync(real(file), flags);
}
static int checked_size(sqlite3_file *file, sqlite3_int64 *size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
static int checked_lock(sqlite3_file *file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
static int checked_unlock(sqlite3_file *file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
static int checked_reserved(sqlite3_file *file, int *result) {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}
static int checked_control(sqlite3_file *file, int operation, void *argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
static int checked_sector(sqlite3_file *file) { return real(file)->pMethods->xSectorSize(real(file)); }
static int checked_characteristics(sqlite3_file *file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
static int checked_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **address) {
  return real(file)->pMethods->xShmMap(real(file), region, size, extend, address);
}
static int checked_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
static void checked_shm_barrier(sqlite3_file *file) { real(file)->pMethods->xShmBarrier(real(file)); }
static int checked_shm_unmap(sqlite3_file *file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

static const sqlite3_io_methods checked_methods = {
    .iVersion = 2,
    .xClose = checked_close,
    .xRead = checked_read,
    .xWrite = checked_write,
    .xTruncate = checked_truncate,
    .xSync = checked_sync,
    .xFileSize = checked_size,
    .xLock = checked_lock,
    .xUnlock = checked_unlock,
    .xCheckReservedLock = checked_reserved,
    .xFileControl = checked_control,
    .xSectorSize = checked_sector,
    .xDeviceCharacteristics = checked_characteristics,
    .xShmMap = checked_shm_map,
    .xShmLock = checked_shm_lock,
    .xShmBarrier = checked_shm_barrier,
    .xShmUnmap = checked_shm_unmap,
};

static int checked_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got) {
  (void)vfs;
  if (!(flags & SQLITE_OPEN_MAIN_DB)) return system_vfs->xOpen(system_vfs, name, file, flags, got);
  CheckedFile *checked = (CheckedFile *)file;
  checked->real = (sqlite3_file *)(checked + 1);
  int code = system_vfs->xOpen(system_vfs, name, checked->real, flags, got);
  checked->base.pMethods = code == SQLITE_OK ? &checked_methods : NULL;
  return code;
}

static void register_once(void) {
  if (sqlite3_initialize() != SQLITE_OK) return;
  system_vfs = sqlite3_vfs_find(NULL);
  if (!system_vfs) return;
  /* All but opening is the system's: its functions find their data in the copied fields. */
  checked_vfs = *system_vfs;
  checked_vfs.zName = "cvm-checked";
  checked_vfs.pNext = NULL;
  checked_vfs.szOsFile = (int)sizeof(CheckedFile) + system_vfs->szOsFile;
  checked_vfs.xOpen = checked_open;
  registered = sqlite3_vfs_register(&checked_vfs, 0);
}

const char *cvm_sqlite_checked_vfs(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, register_once);
  return registered == SQLITE_OK ? checked_vfs.zName : NULL;
}
