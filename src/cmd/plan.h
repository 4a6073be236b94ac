/* plan.h - configurations held against their own promises. */
#ifndef CMD_PLAN_H
#define CMD_PLAN_H

#include "show/show.h"

struct plan_file {
	const char *path;
	struct conf conf;
};

/* Every server with every kind of client that it has in these files; *n of them, free them. */
struct show_case *plan_cases(const struct plan_file *files, size_t count, size_t *n);
/*
 * Before a configuration runs: refusals and warnings are reported. Refused is only what is
 * certain: a trustpoint whose address is this server's, below a CA that makes its next
 * certificate by itself.
 */
bool plan_holds(const char *path, const struct conf *c, conf_report report, void *arg);
/* The words behind "keymuster plan": an exit code. */
int plan_main(int argc, char **argv);

#endif
