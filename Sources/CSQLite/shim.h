/* SQLite 3, the system's. */
#include <sqlite3.h>
