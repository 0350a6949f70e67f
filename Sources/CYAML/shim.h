/* libyaml, the system's. */
#include <yaml.h>
