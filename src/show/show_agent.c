/* show_agent.c - the commands of trustpoints alone. */
#include "show/show_int.h"

static const struct show_command *const commands[] = {
    &show_trustpoints,
    &show_certificates,
    &show_timers,
    &show_running,
    &show_clock,
    &show_crls,
    &show_counters,
    NULL,
};

const struct show_table show_agent = {.commands = commands};
