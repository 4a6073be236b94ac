/* hook.c - one event for one program, by the hooks process. */

/* Arguments: "PATH WORD ...", event, NAME=VALUE of hooks_facts ... Exits as the program did. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hooks/hooks.h"

#define PATIENCE 60000 /* ms */

static struct hooks_facts facts;
static const struct {
	const char *name;
	struct view *value;
} names[] = {
    {"trustpoint", &facts.trustpoint},
    {"directory", &facts.directory},
    {"cert", &facts.cert},
    {"chain", &facts.chain},
    {"fullchain", &facts.fullchain},
    {"ca", &facts.ca},
    {"key", &facts.key},
    {"ca_bundle", &facts.ca_bundle},
};

static bool
take_fact(const char *text)
{
	struct view value = view_str(text), name = view_cut(&value, '=');

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (view_equal_str(name, names[i].name)) {
			*names[i].value = value;
			return true;
		}
	return false;
}

static bool
take_event(const char *word)
{
	for (int event = 0; event < HOOKS_EVENTS; event++)
		if (strcmp(word, hooks_event_name((enum hooks_event)event)) == 0) {
			facts.event = (enum hooks_event)event;
			return true;
		}
	return false;
}

/* The answer to id 1; exit code. */
static int
hear(int core)
{
	struct pollfd p = {.fd = core, .events = POLLIN};
	struct hooks_ran ran = {0};
	struct blob m = {0};
	int status;

	while (ran.id != 1)
		if (poll(&p, 1, PATIENCE) != 1 ||
		    channel_receive(core, CHANNEL_MAX, &m) != CHANNEL_MESSAGE ||
		    !hooks_ran_decode(blob_view(&m), &ran, NULL))
			return 99;
	printf("%.*s", (int)ran.text.n, (const char *)ran.text.p);
	status = ran.status;
	blob_free(&m);
	return status < 0 ? 98 : status;
}

static int
tell(const struct hooks_program *program)
{
	struct hooks_options o = {.programs = program, .program_count = 1};
	struct hooks_run run = {.id = 1, .event = facts.event, .limit_ms = PATIENCE / 2};
	struct blob env = {0}, json = {0}, m = {0};
	int fds[2], code = 99;
	pid_t pid;

	hooks_env_encode(&facts, &env);
	hooks_json_encode(&facts, &json);
	run.env = blob_view(&env);
	run.json = blob_view(&json);
	hooks_run_encode(&run, &m);
	if (!channel_pair(fds, NULL) || (pid = fork()) < 0)
		goto out;
	o.core = fds[1];
	if (pid == 0) {
		(void)close(fds[0]);
		_exit(hooks_main(&o));
	}
	(void)close(fds[1]);
	if (channel_send(fds[0], blob_view(&m), NULL))
		code = hear(fds[0]);
	(void)close(fds[0]);
	(void)waitpid(pid, NULL, 0);
out:
	blob_free(&env);
	blob_free(&json);
	blob_free(&m);
	return code;
}

int
main(int argc, char **argv)
{
	struct hooks_program program;

	if (argc < 3 || !take_event(argv[2]) ||
	    snprintf(program.line, sizeof(program.line), "%s", argv[1]) >=
		(int)sizeof(program.line))
		return 2;
	for (int i = 3; i < argc; i++)
		if (!take_fact(argv[i]))
			return 2;
	return tell(&program);
}
