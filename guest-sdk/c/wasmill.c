/* The C SDK as one file to compile; the parts are in src/, in the order in which they build on each other. */
#include "wasmill.h"

#include <stdlib.h>
#include <string.h>

#include "bindings/complete.h"

#include "src/memory.h"
#include "src/row.h"
#include "src/graph.h"
#include "src/task.h"
#include "src/keyed.h"
#include "src/window.h"
#include "src/connector.h"
#include "src/run.h"
#include "src/exports.h"
