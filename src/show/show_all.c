/* show_all.c - every command, for a daemon with servers. */
#include "show/show_int.h"

static const struct show_command *const commands[] = {
    &show_server,
    &show_requests,
    &show_issued,
    &show_crl,
    &show_certificates,
    &show_timers,
    &show_keys,
    &show_running,
    &show_clock,
    &show_audit,
    &show_trustpoints,
    &show_crls,
    &show_counters,
    NULL,
};

const struct show_table show_all = {.commands = commands, .servers = &show_half_servers};
