/* keymuster-agent.c - the daemon of trustpoints alone, for small hosts. */
#include <unistd.h>

#include "cmd/daemon.h"

static bool
accepts(struct daemon *d)
{
	if (d->conf.server_count == 0)
		return true;
	(void)dprintf(STDERR_FILENO,
	    "%s:%d:1: a certificate server, which keymuster-agent has not, expected "
	    "trustpoints only; keymusterd has both\n",
	    d->o.conf, d->conf.server[0].line);
	return false;
}

const struct daemon_kind daemon_kind = {
    .name = "keymuster-agent",
    .block = "crypto pki trustpoint",
    .accepts = accepts,
};

int
main(int argc, char **argv)
{
	return daemon_main(argc, argv);
}
