/* expat, the system's. */
#include <expat.h>
