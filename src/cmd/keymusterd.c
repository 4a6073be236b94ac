/* keymusterd.c - the daemon: options, roles, supervisor. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/plan.h"
#include "courier/courier.h"
#include "keys/keys.h"
#include "net/net.h"

#define CONF_BYTES_MAX (16 * 1024 * 1024)

/* What the supervisor holds from start to end; children get it as descriptors and environment.
 */
struct daemon {
	struct daemon_options o;
	struct conf conf;
	int lock, http, control, control_ro, config, key_seal, password_seal; /* descriptors */
	int hooks; /* the same; -1: no courier is needed */
	int archive_password[CONF_SERVERS];
	char weakest_reply[CONF_SERVERS][40]; /* environment of signers */
	char clock[600], state[600], conf_path[600], record[600],
	    loopback[600]; /* environment of children */
};

static int
usage(void)
{
	(void)dprintf(STDERR_FILENO,
	    "usage: keymusterd [-f CONFIG] [-s STATEDIR] [-r RUNDIR] [--clock SPEC] [--check]\n"
	    "                  [--record FILE]\n"
	    "  CONFIG   %s\n  STATEDIR %s\n  RUNDIR   %s\n"
	    "  SPEC     real, at=2026-01-31T12:00:00Z,rate=NUMBER[,epoch=UNIXSECONDS],\n"
	    "           or step=FILE[,at=2026-01-31T12:00:00Z]\n",
	    DEFAULT_CONF, DEFAULT_STATE, DEFAULT_RUN);
	return CODE_USAGE;
}

static bool
parse_options(int argc, char **argv, struct daemon_options *o)
{
	static const struct option options[] = {
	    {"clock", required_argument, NULL, 'c'},
	    {"check", no_argument, NULL, 'k'},
	    {"record", required_argument, NULL, 'R'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	int c;

	*o = (struct daemon_options){
	    DEFAULT_CONF, DEFAULT_STATE, DEFAULT_RUN, getenv("KEYMUSTER_CLOCK"), NULL, false};
	while ((c = getopt_long(argc, argv, "f:s:r:", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			o->conf = optarg;
			break;
		case 's':
			o->state = optarg;
			break;
		case 'r':
			o->run = optarg;
			break;
		case 'c':
			o->clock = optarg;
			break;
		case 'R':
			o->record = optarg;
			break;
		case 'k':
			o->check = true;
			break;
		default:
			return false;
		}
	}
	return optind == argc;
}

static int
fail(const struct err *e)
{
	(void)dprintf(STDERR_FILENO, "keymusterd: %s\n", e->text);
	return CODE_REFUSED;
}

/* ---- roles ---- */

static const char *
env_of(const char *name)
{
	const char *v = getenv(name);

	return v == NULL ? "" : v;
}

static int
env_number(const char *name)
{
	return (int)strtol(env_of(name), NULL, 10);
}

static bool
read_fd(int fd, struct blob *out, struct err *e)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return file_read(path, CONF_BYTES_MAX, out, e);
}

static bool
seal_from(int fd, struct seal *out, struct err *e)
{
	if (pread(fd, out->key, sizeof(out->key), 0) == (ssize_t)sizeof(out->key))
		return true;
	return err_set(e, WHY_IO, "sealing key did not arrive: %s", strerror(errno));
}

/* Descriptors 3: listener, 4: core. */
static int
role_front(void)
{
	static const int listeners[] = {3};
	struct front_options o = {
	    .listeners = listeners,
	    .listener_count = 1,
	    .core = 4,
	    .limits = {1024, 32, env_number("KEYMUSTER_LOOPBACK_EXEMPT") != 0, 10000, 60000,
		60000},
	    .in_flight = 256,
	    .sandbox = true,
	};

	return front_main(&o);
}

/* Descriptors 3: front, 4: control, 5: control.ro, 6: configuration, 7: seal of
 * passwords, 8...: signers, and the courier if there is one. */
static int
role_core(void)
{
	struct core_options o = {
	    .state = env_of("KEYMUSTER_STATE"),
	    .conf_path = env_of("KEYMUSTER_CONF"),
	    .record = env_of("KEYMUSTER_RECORD"),
	    .front = 3,
	    .control = 4,
	    .control_ro = 5,
	    .workers = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
	};
	static struct password_seal seal;
	static struct courier_hook hooks[COURIER_HOOKS];
	struct conf conf = {0};
	struct blob text = {0};
	struct err e = {0};
	size_t hook_count;
	int code = EXIT_CONFIG;

	if (!read_fd(6, &text, &e) || !seal_from(7, &seal.seal, &e)) {
		log_error("core does not start", "why='%s'", e.text);
	} else if (!conf_load(o.conf_path, blob_view(&text), &seal, false, &conf)) {
		/* conf_load has said why */
	} else if (!passwords_put_away(&seal, &conf, &e)) {
		log_error("core does not start", "why='%s'", e.text);
	} else {
		blob_free(&text);
		(void)close(6);
		(void)close(7);
		for (size_t i = 0; i < conf.server_count; i++)
			o.signers[i] = 8 + (int)i;
		hooks_of(&conf, hooks, &hook_count);
		o.courier = hook_count > 0 ? 8 + (int)conf.server_count : -1;
		o.conf = &conf;
		o.seal = &seal;
		code = core_main(&o);
	}
	blob_free(&text);
	conf_free(&conf);
	password_seal_free(&seal);
	return code;
}

static bool
text_from(int fd, char *out, size_t size, struct err *e)
{
	ssize_t n = pread(fd, out, size - 1, 0);

	if (n < 0)
		return err_set(e, WHY_IO, "password did not arrive: %s", strerror(errno));
	out[n] = 0;
	return true;
}

#define WEAKEST_REPLY "KEYMUSTER_WEAKEST_REPLY"

static enum hash
weakest_reply(void)
{
	const char *name = env_of(WEAKEST_REPLY);

	for (enum hash h = HASH_MD5; h < HASH_SHA256; h++)
		if (strcmp(name, hash_name(h)) == 0)
			return h;
	return HASH_SHA256;
}

/* Of the files that trustpoints' keys are exported to, by number. */
static int64_t
export_group(void)
{
	const char *number = env_of("KEYMUSTER_EXPORT_GROUP");

	return number[0] != 0 ? strtoll(number, NULL, 10) : -1;
}

/* Descriptors 3: core, 4: sealing key, 5: archive password. */
static int
role_signer(void)
{
	struct seal seal;
	char password[KEY_PASSWORD_MAX + 1] = {0};
	struct err e = {0};
	struct signer_options o = {
	    .fd = 3,
	    .dir = env_of("KEYMUSTER_KEYS"),
	    .seal = &seal,
	    .workers = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
	    .archive_password = password,
	    .weakest_reply = weakest_reply(),
	    .export_dir = getenv("KEYMUSTER_EXPORT"),
	    .export_group = export_group(),
	};
	const char *dirs[] = {o.dir, o.export_dir, NULL};
	uint8_t first[32];
	int code;

	sha256(VIEW(""), first); /* libcrypto reads its configuration at first use */
	signer_lock_memory();
	if (!seal_from(4, &seal, &e) || !text_from(5, password, sizeof(password), &e) ||
	    !sandbox_enter(SANDBOX_SIGNER, dirs, &e)) {
		log_error("signer does not start", "why='%s'", e.text);
		return EXIT_CONFIG;
	}
	(void)close(4);
	(void)close(5);
	code = signer_main(&o);
	mem_wipe(&seal, sizeof(seal));
	mem_wipe(password, sizeof(password));
	return code;
}

/* Descriptors 3: core, 4: hooks. */
static int
role_courier(void)
{
	static struct courier_hook hooks[COURIER_HOOKS];
	struct courier_options o = {.core = 3,
	    .hooks = hooks,
	    .speech = &courier_json,
	    .trust = getenv("SSL_CERT_FILE"),
	    .sandbox = true};
	struct blob text = {0};
	struct err e = {0};
	bool ok = read_fd(4, &text, &e) && courier_hooks_decode(blob_view(&text), hooks, &e);
	int code = EXIT_CONFIG;

	blob_free(&text);
	(void)close(4);
	if (ok)
		code = courier_main(&o);
	else
		log_error("courier does not start", "why='%s'", e.text);
	mem_wipe(hooks, sizeof(hooks));
	return code;
}

static int
run_role(const char *role)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} roles[] = {{"front", role_front}, {"core", role_core}, {"signer", role_signer},
	    {"courier", role_courier}};
	struct err e = {0};

	for (size_t i = 0; i < COUNT_OF(roles); i++) {
		if (strcmp(roles[i].name, role) != 0)
			continue;
		log_open(roles[i].name, LOG_NOTICE);
		if (!clock_init(getenv("KEYMUSTER_CLOCK"), &e))
			return fail(&e);
		return roles[i].run();
	}
	return usage();
}

/* ---- start ---- */

/* Bytes in a sealed memory file, so that every set of children reads the same. */
static bool
keep_bytes(const char *name, struct view v, int *fd, struct err *e)
{
	*fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd >= 0 && write(*fd, v.p, v.n) == (ssize_t)v.n &&
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) ==
		0)
		return true;
	return err_set(e, WHY_IO, "memory file: %s", strerror(errno));
}

/* Of archives: one a server, for its signer alone; of hooks: for the courier alone. */
static bool
keep_passwords(struct daemon *d, struct err *e)
{
	static struct courier_hook hooks[COURIER_HOOKS];
	struct blob text = {0};
	size_t n;
	bool ok = true;

	for (size_t i = 0; ok && i < d->conf.server_count; i++)
		ok = keep_bytes("archive", view_str(d->conf.server[i].archive_password),
		    &d->archive_password[i], e);
	hooks_of(&d->conf, hooks, &n);
	courier_hooks_encode(hooks, n, &text);
	d->hooks = -1;
	if (ok && n > 0)
		ok = keep_bytes("hooks", blob_view(&text), &d->hooks, e);
	blob_free(&text);
	mem_wipe(hooks, sizeof(hooks));
	for (size_t i = 0; i < conf_passwords(&d->conf); i++) {
		char *password = conf_password(&d->conf, i);

		if (password != NULL)
			mem_wipe(password, CONF_PASSWORD_MAX);
	}
	return ok;
}

static bool
have_keys(const char *state)
{
	char pattern[512];
	glob_t g = {0};
	bool found;

	found = glob(server_path(state, "*", "keys/*.key", pattern), 0, NULL, &g) == 0 &&
		g.gl_pathc > 0;
	globfree(&g);
	return found;
}

static bool
make_directories(const struct daemon *d, struct err *e)
{
	static const char *const leaves[] = {NULL, "keys", "archive"};
	char path[512];

	if (!dir_make(d->o.state, 0700, e) || !dir_make(d->o.run, 0755, e))
		return false;
	for (size_t i = 0; i < d->conf.server_count; i++)
		for (size_t k = 0; k < COUNT_OF(leaves); k++)
			if (!dir_make(server_path(
					  d->o.state, d->conf.server[i].name, leaves[k], path),
				0700, e))
				return false;
	return true;
}

static bool
open_sockets(struct daemon *d, struct err *e)
{
	char path[512];

	if (!listen_tcp(d->conf.http_address, d->conf.http_port, &d->http, e))
		return false;
	(void)snprintf(path, sizeof(path), "%s/control", d->o.run);
	if (!listen_unix(path, 0660, &d->control, e))
		return false;
	(void)snprintf(path, sizeof(path), "%s/control.ro", d->o.run);
	return listen_unix(path, 0666, &d->control_ro, e);
}

/* Passwords in configurations have a key of their own, so that core never holds the one of
 * private keys. */
static void
password_key(const struct seal *seal, struct password_seal *out)
{
	struct blob b = {0};

	blob_add(&b, seal->key, sizeof(seal->key));
	blob_add_str(&b, "configuration passwords");
	sha256(blob_view(&b), out->seal.key);
	blob_free(&b);
}

/* Its own end of the channel is kept: the next courier goes on with it. */
static bool
add_courier(struct daemon *d, struct child_set *set, int *core_end, struct err *e)
{
	static int fds[2];
	static char *env[2];
	int pair[2];

	if (!channel_pair(pair, e))
		return false;
	set->owned[set->owned_count++] = *core_end = pair[0];
	set->kept[set->kept_count++] = fds[0] = pair[1];
	fds[1] = d->hooks;
	env[0] = d->clock;
	set->child[set->count++] = (struct child_spec){"courier", fds, 2, env, .alone = true};
	return true;
}

/* Descriptor lists and environments of one set; they live as long as the supervisor. */
static bool
make_set(void *arg, struct child_set *set, struct err *e)
{
	static int signer_fds[CONF_SERVERS][3], front_fds[2], core_fds[6 + CONF_SERVERS];
	static char keys[CONF_SERVERS][600], *signer_env[CONF_SERVERS][4];
	struct daemon *d = arg;
	static char *front_env[3], *core_env[5];
	size_t n = d->conf.server_count;
	int pair[2];
	char path[512];

	*set = (struct child_set){.count = 2 + n};
	if (!channel_pair(pair, e))
		return false;
	memcpy(&set->owned[0], pair, sizeof(pair));
	set->owned_count = 2;
	front_fds[0] = d->http;
	front_fds[1] = pair[0];
	core_fds[0] = pair[1];
	core_fds[1] = d->control;
	core_fds[2] = d->control_ro;
	core_fds[3] = d->config;
	core_fds[4] = d->password_seal;
	for (size_t i = 0; i < n; i++) {
		if (!channel_pair(pair, e))
			return false;
		memcpy(&set->owned[set->owned_count], pair, sizeof(pair));
		set->owned_count += 2;
		core_fds[5 + i] = pair[0];
		signer_fds[i][0] = pair[1];
		signer_fds[i][1] = d->key_seal;
		signer_fds[i][2] = d->archive_password[i];
		(void)snprintf(keys[i], sizeof(keys[i]), "KEYMUSTER_KEYS=%s",
		    server_path(d->o.state, d->conf.server[i].name, "keys", path));
		signer_env[i][0] = d->clock;
		signer_env[i][1] = keys[i];
		signer_env[i][2] = d->weakest_reply[i];
		set->child[2 + i] = (struct child_spec){
		    "signer", signer_fds[i], 3, signer_env[i], .may_end_all = true};
	}
	if (d->hooks >= 0 && !add_courier(d, set, &core_fds[5 + n], e))
		return false;
	front_env[0] = core_env[0] = d->clock;
	front_env[1] = d->loopback;
	core_env[1] = d->state;
	core_env[2] = d->conf_path;
	core_env[3] = d->record;
	set->child[0] =
	    (struct child_spec){"front", front_fds, 2, front_env, .may_end_all = false};
	set->child[1] = (struct child_spec){
	    "core", core_fds, 5 + n + (d->hooks >= 0), core_env, .may_end_all = true};
	return true;
}

/* A simulated clock without an epoch starts now; children and later sets must agree on when
 * that was. */
static void
fix_clock(struct daemon *d)
{
	char at[WHEN_TEXT];
	const char *spec = d->o.clock == NULL ? "real" : d->o.clock;

	if (clock_simulated() && !clock_stepped() && strstr(spec, "epoch=") == NULL)
		(void)snprintf(d->clock, sizeof(d->clock), "KEYMUSTER_CLOCK=%s,epoch=%.3f",
		    spec, clock_epoch());
	else
		(void)snprintf(d->clock, sizeof(d->clock), "KEYMUSTER_CLOCK=%s", spec);
	if (clock_simulated())
		log_warn("clock is simulated", "spec='%s' now='%s'", spec,
		    when_rfc3339(clock_now(), at));
}

static bool
prepare(struct daemon *d, struct blob *text, struct err *e)
{
	struct seal seal = {0};
	struct password_seal passwords = {0};
	struct err none = {0};
	bool sealed, ok = false;

	if (!file_read(d->o.conf, CONF_BYTES_MAX, text, e))
		return false;
	if (!d->o.check) {
		/* Locked first: a second daemon is told so, not that its port is busy. */
		if (!process_hide(e) || !dir_make(d->o.state, 0700, e) ||
		    !dir_lock(d->o.state, &d->lock, e) ||
		    !seal_load(d->o.state, have_keys(d->o.state), &seal, e))
			goto out;
	}
	/* A check opens the sealed passwords of the state directory too, if that is there. */
	sealed = !d->o.check || seal_load(d->o.state, true, &seal, &none);
	if (sealed)
		password_key(&seal, &passwords);
	if (!conf_load(
		d->o.conf, blob_view(text), sealed ? &passwords : NULL, true, &d->conf) ||
	    !plan_holds(d->o.conf, &d->conf, true)) {
		err_set(e, WHY_BAD_INPUT, "%s: not accepted", d->o.conf);
		goto out;
	}
	for (size_t i = 0; i < d->conf.server_count; i++) {
		struct ca_policy policy;

		if (!wire_policy(&d->conf.server[i], &policy, e))
			goto out;
		(void)snprintf(d->weakest_reply[i], sizeof(d->weakest_reply[i]),
		    WEAKEST_REPLY "=%s", hash_name(ca_weakest_digest(&policy)));
		mem_wipe(&policy, sizeof(policy));
	}
	if (d->conf.server_count == 0 && (!d->o.check || d->conf.trustpoint_count == 0)) {
		err_set(e, WHY_BAD_INPUT,
		    "%s: no \"crypto pki server NAME\" block: nothing to run", d->o.conf);
		goto out;
	}
	ok =
	    d->o.check ||
	    (make_directories(d, e) && open_sockets(d, e) && keep_passwords(d, e) &&
		keep_bytes("configuration", blob_view(text), &d->config, e) &&
		keep_bytes("seal", view_of(seal.key, sizeof(seal.key)), &d->key_seal, e) &&
		keep_bytes("passwords", view_of(passwords.seal.key, sizeof(passwords.seal.key)),
		    &d->password_seal, e));
out:
	mem_wipe(&seal, sizeof(seal));
	mem_wipe(&passwords, sizeof(passwords));
	return ok;
}

static int
check_passed(const struct daemon *d)
{
	size_t servers = d->conf.server_count, trustpoints = d->conf.trustpoint_count;

	(void)dprintf(STDOUT_FILENO, "%s: %zu certificate server%s", d->o.conf, servers,
	    servers == 1 ? "" : "s");
	if (trustpoints > 0)
		(void)dprintf(STDOUT_FILENO, ", %zu trustpoint%s", trustpoints,
		    trustpoints == 1 ? "" : "s");
	(void)dprintf(STDOUT_FILENO, ", no error\n");
	for (size_t i = 0; i < servers; i++) {
		struct show_case k = {.server = &d->conf.server[i]};
		unsigned percent = show_case_percent(&k);

		if (k.server->plan.auto_rollover && percent > 0)
			(void)dprintf(STDOUT_FILENO,
			    "%s: clients are in time from 'auto-enroll %u' on\n",
			    k.server->name, percent);
	}
	return CODE_DONE;
}

static int
serve(struct daemon *d, const char *self)
{
	fix_clock(d);
	(void)snprintf(d->state, sizeof(d->state), "KEYMUSTER_STATE=%s", d->o.state);
	(void)snprintf(d->conf_path, sizeof(d->conf_path), "KEYMUSTER_CONF=%s", d->o.conf);
	(void)snprintf(d->record, sizeof(d->record), "KEYMUSTER_RECORD=%s",
	    d->o.record == NULL ? "" : d->o.record);
	(void)snprintf(d->loopback, sizeof(d->loopback), "KEYMUSTER_LOOPBACK_EXEMPT=%d",
	    strncmp(d->conf.http_address, "127.", 4) == 0);
	log_notice("serving", "http='%s:%u' state='%s' run='%s'", d->conf.http_address,
	    d->conf.http_port, d->o.state, d->o.run);
	return supervise(self, make_set, d);
}

int
main(int argc, char **argv)
{
	static struct daemon d;
	struct blob text = {0};
	struct err e = {0};
	int code;

	if (argc > 1 && strncmp(argv[1], "--role=", 7) == 0)
		return run_role(argv[1] + 7);
	log_open("keymusterd", LOG_NOTICE);
	if (!parse_options(argc, argv, &d.o))
		return usage();
	if (!clock_init(d.o.clock, &e) || !prepare(&d, &text, &e))
		code = fail(&e);
	else
		code = d.o.check ? check_passed(&d) : serve(&d, argv[0]);
	blob_free(&text);
	conf_free(&d.conf);
	return code;
}
