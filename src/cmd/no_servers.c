/* no_servers.c - the authorities of a program that has none. */
#include "cmd/core.h"

bool
servers_open(struct core *c, struct err *e)
{
	(void)c;
	(void)e;
	return true;
}

void
servers_start(struct core *c)
{
	(void)c;
}

void
servers_close(struct core *c)
{
	(void)c;
}

size_t
servers_directories(const struct core *c, char path[CONF_SERVERS][512])
{
	(void)c;
	(void)path;
	return 0;
}

void
servers_work(struct core *c)
{
	(void)c;
}

int64_t
servers_settle(struct core *c)
{
	(void)c;
	return -1;
}

bool
servers_busy(const struct core *c, when_t *next)
{
	(void)c;
	(void)next;
	return false;
}

void
servers_verdict(struct core *c, const struct courier_say *say)
{
	(void)c;
	(void)say;
}

void
servers_command(
    struct core *c, uint64_t client, const struct command_line *line, const char *who)
{
	(void)line;
	(void)who;
	operator_answer(
	    c, client, CODE_REFUSED, "% keymuster-agent has no certificate server.\n");
}

const struct show_table *
servers_show(void)
{
	return &show_agent;
}

bool
servers_begin(struct core *c, struct err *e)
{
	(void)c;
	(void)e;
	return true;
}

void
servers_rollback(struct core *c)
{
	(void)c;
}

when_t
servers_clock_mark(const struct core *c)
{
	(void)c;
	return INT64_MIN;
}

void
servers_anchors(struct core *c, void (*each)(struct core *c, struct view anchor))
{
	(void)c;
	(void)each;
}

void
servers_anchor_save(struct core *c, const char *text)
{
	(void)c;
	(void)text;
}

void
servers_clock_looked(struct core *c, bool changed)
{
	(void)c;
	(void)changed;
}

void
core_say_clock(struct core *c, const struct front_clock *say)
{
	(void)c;
	(void)say;
}
