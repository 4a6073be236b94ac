/* keymusterd.c - the daemon of authorities and trustpoints. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/daemon.h"
#include "cmd/plan.h"
#include "courier/courier.h"
#include "net/net.h"

/* Descriptors 3: listener, 4: core. */
static int
role_front(void)
{
	static const int listeners[] = {3};
	const char *exempt = getenv("KEYMUSTER_LOOPBACK_EXEMPT");
	struct front_options o = {
	    .listeners = listeners,
	    .listener_count = 1,
	    .core = 4,
	    .limits = {1024, 32, exempt != NULL && strcmp(exempt, "1") == 0, 10000, 60000,
		60000},
	    .in_flight = 256,
	    .sandbox = true,
	};

	return front_main(&o);
}

/* The table of challenge hooks, which ask in JSON. */
static bool
courier_hooks(int fd, struct courier_options *o, struct err *e)
{
	static struct courier_hook hooks[COURIER_HOOKS];
	struct blob text = {0};
	char path[64];
	bool ok;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ok = file_read(path, 1024 * 1024, &text, e) &&
	     courier_hooks_decode(blob_view(&text), hooks, e);
	o->hooks = hooks;
	o->speech = &courier_json;
	blob_free(&text);
	return ok;
}

/* The courier that puts copies, and does nothing else. Descriptors 3: core, 4: depots. */
static int
role_porter(void)
{
	static struct courier_depot depots[COURIER_DEPOTS];
	struct courier_options o = {
	    .core = 3, .depots = depots, .trust = getenv("SSL_CERT_FILE"), .sandbox = true};
	struct blob text = {0};
	struct err e = {0};
	bool ok = file_read("/proc/self/fd/4", 1024 * 1024, &text, &e) &&
		  courier_depots_decode(blob_view(&text), depots, &e);

	blob_free(&text);
	(void)close(4);
	if (ok)
		return courier_main(&o);
	log_error("porter does not start", "why='%s'", e.text);
	return EXIT_CONFIG;
}

static bool
accepts(struct daemon *d)
{
	bool warnings = true;
	struct err e = {0};

	if (!plan_holds(d->o.conf, &d->conf, conf_say, &warnings))
		return false;
	for (size_t i = 0; i < d->conf.server_count; i++) {
		struct ca_policy policy;

		if (!wire_policy(&d->conf.server[i], &policy, &e)) {
			(void)dprintf(STDERR_FILENO, "keymusterd: %s\n", e.text);
			return false;
		}
		(void)snprintf(d->weakest_reply[i], sizeof(d->weakest_reply[i]),
		    WEAKEST_REPLY "=%s", hash_name(ca_weakest_digest(&policy)));
		mem_wipe(&policy, sizeof(policy));
	}
	return true;
}

/* Who listens there already goes on: nobody is turned away while the configuration changes. */
static bool
listen_where(struct daemon *d, struct err *e)
{
	char where[sizeof(d->http_where)];

	(void)snprintf(where, sizeof(where), "%s:%u", d->conf.http_address, d->conf.http_port);
	if (d->conf.server_count == 0) {
		d->http = 0;
		d->http_where[0] = 0;
		return true;
	}
	if (strcmp(where, d->http_where) == 0)
		return true;
	d->http = 0;
	(void)snprintf(d->http_where, sizeof(d->http_where), "%s", where);
	return listen_tcp(d->conf.http_address, d->conf.http_port, &d->http, e);
}

static bool
open_servers(struct daemon *d, struct err *e)
{
	static const char *const leaves[] = {NULL, "keys", "archive"};
	char path[512];

	for (size_t i = 0; i < d->conf.server_count; i++)
		for (size_t k = 0; k < COUNT_OF(leaves); k++)
			if (!dir_make(server_path(
					  d->o.state, d->conf.server[i].name, leaves[k], path),
				0700, e))
				return false;
	(void)snprintf(d->loopback, sizeof(d->loopback), "KEYMUSTER_LOOPBACK_EXEMPT=%d",
	    strncmp(d->conf.http_address, "127.", 4) == 0);
	return listen_where(d, e);
}

/* Of archives: one a server, for its signer alone; of hooks: for the courier alone; of depots:
 * for the porter alone. */
static bool
keep_passwords(struct daemon *d, struct err *e)
{
	static struct courier_hook hooks[COURIER_HOOKS];
	static struct courier_depot depots[COURIER_DEPOTS];
	struct blob text = {0};
	size_t n;
	bool ok = true;

	for (size_t i = 0; ok && i < d->conf.server_count; i++)
		ok = keep_bytes("archive", view_str(d->conf.server[i].archive_password),
		    &d->archive_password[i], e);
	hooks_of(&d->conf, hooks, &n);
	courier_hooks_encode(hooks, n, &text);
	ok = ok && keep_bytes("hooks", blob_view(&text), &d->courier_more, e);
	blob_clear(&text);
	depots_of(&d->conf, depots, &n);
	courier_depots_encode(depots, n, &text);
	ok = ok && keep_bytes("depots", blob_view(&text), &d->depots, e);
	blob_free(&text);
	mem_wipe(hooks, sizeof(hooks));
	mem_wipe(depots, sizeof(depots));
	return ok;
}

static bool
add_servers(struct daemon *d, struct child_set *set, int *core_fds, size_t *n, struct err *e)
{
	static struct signer_start signers[CONF_SERVERS];
	static int front_fds[2], porter_fds[2];
	static char *front_env[3], *porter_env[2];
	char path[512];
	int pair[2];

	if (d->conf.server_count == 0)
		return true;
	if (!channel_pair(pair, e))
		return false;
	memcpy(&set->owned[set->owned_count], pair, sizeof(pair));
	set->owned_count += 2;
	front_fds[0] = d->http;
	front_fds[1] = pair[0];
	core_fds[(*n)++] = pair[1];
	front_env[0] = d->clock;
	front_env[1] = d->loopback;
	set->child[set->count++] = (struct child_spec){"front", front_fds, 2, front_env};
	porter_fds[1] = d->depots;
	porter_env[0] = d->clock;
	if (has_depots(&d->conf) &&
	    !daemon_add_alone(set, &(struct child_spec){"porter", NULL, 2, porter_env},
		porter_fds, &core_fds[(*n)++], e))
		return false;
	for (size_t i = 0; i < d->conf.server_count; i++) {
		struct signer_start *s = &signers[i];

		s->fds[2] = d->archive_password[i];
		(void)snprintf(s->keys, sizeof(s->keys), "KEYMUSTER_KEYS=%s",
		    server_path(d->o.state, d->conf.server[i].name, "keys", path));
		(void)snprintf(
		    s->weakest_reply, sizeof(s->weakest_reply), "%s", d->weakest_reply[i]);
		if (!daemon_add_signer(d, set, s, &core_fds[(*n)++], e))
			return false;
	}
	return true;
}

static void
checked(const struct daemon *d)
{
	for (size_t i = 0; i < d->conf.server_count; i++) {
		struct show_case k = {.server = &d->conf.server[i]};
		unsigned percent = show_case_percent(&k);

		if (k.server->plan.auto_rollover && percent > 0)
			(void)dprintf(STDOUT_FILENO,
			    "%s: clients are in time from 'auto-enroll %u' on\n",
			    k.server->name, percent);
	}
}

static const struct daemon_role roles[] = {{"front", role_front}, {"porter", role_porter}, {0}};

const struct daemon_kind daemon_kind = {
    .name = "keymusterd",
    .block = "crypto pki server",
    .roles = roles,
    .accepts = accepts,
    .open = open_servers,
    .keep = keep_passwords,
    .add = add_servers,
    .courier = courier_hooks,
    .checked = checked,
};

int
main(int argc, char **argv)
{
	return daemon_main(argc, argv);
}
