// Boost.JSON itself, for the shared object alone: with the system's one, symbols of a host that has
// loaded another version would take the place of ours.
#include <boost/json/src.hpp>
