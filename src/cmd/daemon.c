/* daemon.c - what both daemons are: options, roles, supervisor. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "cmd/daemon.h"
#include "courier/courier.h"
#include "hooks/hooks.h"
#include "keys/keys.h"

#define CONF_BYTES_MAX (16 * 1024 * 1024)
#define ON_TRIAL_MS 60000 /* a new configuration, on a slow machine */

static int
usage(void)
{
	(void)dprintf(STDERR_FILENO,
	    "usage: %s [-f CONFIG] [-s STATEDIR] [-r RUNDIR] [--clock SPEC] [--check] "
	    "[--record FILE]\n"
	    "  CONFIG   %s\n  STATEDIR %s\n  RUNDIR   %s\n"
	    "  SPEC     real, at=2026-01-31T12:00:00Z,rate=NUMBER[,epoch=UNIXSECONDS],\n"
	    "           or step=FILE[,at=2026-01-31T12:00:00Z]\n",
	    daemon_kind.name, DEFAULT_CONF, DEFAULT_STATE, DEFAULT_RUN);
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
	(void)dprintf(STDERR_FILENO, "%s: %s\n", daemon_kind.name, e->text);
	return CODE_REFUSED;
}

/* ---- roles ---- */

static const char *
env_of(const char *name)
{
	const char *v = getenv(name);

	return v == NULL ? "" : v;
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

/*
 * Descriptors of core: control, control.ro, configuration, seal of passwords; then those that
 * there are: of the trustpoints' signer, courier, hooks; of front, porter and each server's
 * signer.
 */
static int
role_core(void)
{
	char **challenges = NULL;
	struct core_options o = {
	    .state = env_of("KEYMUSTER_STATE"),
	    .conf_path = env_of("KEYMUSTER_CONF"),
	    .record = env_of("KEYMUSTER_RECORD"),
	    .control = 3,
	    .control_ro = 4,
	    .workers = (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
	};
	static struct password_seal seal;
	struct conf conf = {0};
	struct blob text = {0};
	struct err e = {0};
	int code = EXIT_CONFIG, next = 7;

	if (!read_fd(5, &text, &e) || !seal_from(6, &seal.seal, &e)) {
		log_error("core does not start", "why='%s'", e.text);
		goto out;
	}
	conf_digest(blob_view(&text), o.conf_digest);
	if (!conf_load(o.conf_path, blob_view(&text), &seal, false, &conf))
		goto out; /* it has said why */
	o.passwords = challenges = challenges_take(&conf);
	if (!passwords_put_away(&seal, &conf, &e)) {
		log_error("core does not start", "why='%s'", e.text);
		goto out;
	}
	conf_pack(&conf);
	blob_free(&text);
	(void)close(5);
	(void)close(6);
	o.agent_signer = agent_count(&conf) > 0 ? next++ : -1;
	o.courier = asks_anybody(&conf) ? next++ : -1;
	o.hooks = has_programs(&conf) ? next++ : -1;
	o.front = conf.server_count > 0 ? next++ : -1;
	o.porter = has_depots(&conf) ? next++ : -1;
	for (size_t i = 0; i < conf.server_count; i++)
		o.signers[i] = next++;
	o.conf = &conf;
	o.seal = &seal;
	code = core_main(&o);
out:
	blob_free(&text);
	challenges_free(challenges, &conf);
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
	crash_point("signer-opened");
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

/* Descriptors 3: core, 4: places, 5: what else the program's courier needs. */
static int
role_courier(void)
{
	struct courier_options o = {
	    .core = 3, .trust = getenv("SSL_CERT_FILE"), .sandbox = true};
	struct courier_place *places = NULL;
	struct blob text = {0};
	struct err e = {0};
	int code = EXIT_CONFIG;

	if (read_fd(4, &text, &e) &&
	    courier_places_decode(blob_view(&text), &places, &o.place_count, &e) &&
	    (daemon_kind.courier == NULL || daemon_kind.courier(5, &o, &e))) {
		o.places = places;
		blob_free(&text);
		(void)close(4);
		(void)close(5);
		code = courier_main(&o);
	} else {
		log_error("courier does not start", "why='%s'", e.text);
	}
	blob_free(&text);
	free(places);
	return code;
}

/* Descriptors 3: core, 4: programs. */
static int
role_hooks(void)
{
	struct hooks_options o = {.core = 3};
	struct hooks_program *programs = NULL;
	struct blob text = {0};
	struct err e = {0};
	int code = EXIT_CONFIG;

	if (read_fd(4, &text, &e) &&
	    hooks_programs_decode(blob_view(&text), &programs, &o.program_count, &e)) {
		o.programs = programs;
		(void)close(4);
		code = hooks_main(&o);
	} else {
		log_error("hooks do not start", "why='%s'", e.text);
	}
	blob_free(&text);
	free(programs);
	return code;
}

static int
run_role(const char *role)
{
	static const struct daemon_role roles[] = {{"core", role_core}, {"signer", role_signer},
	    {"courier", role_courier}, {"hooks", role_hooks}};
	struct err e = {0};
	int (*run)(void) = NULL;

	for (size_t i = 0; i < COUNT_OF(roles); i++)
		if (strcmp(roles[i].name, role) == 0)
			run = roles[i].run;
	for (const struct daemon_role *r = daemon_kind.roles; r != NULL && r->name != NULL; r++)
		if (strcmp(r->name, role) == 0)
			run = r->run;
	if (run == NULL)
		return usage();
	log_open(role, LOG_NOTICE);
	if (!clock_init(getenv("KEYMUSTER_CLOCK"), &e))
		return fail(&e);
	return run();
}

/* ---- start ---- */

/* Bytes in a sealed memory file, so that every set of children reads the same. */
bool
keep_bytes(const char *name, struct view v, int *fd, struct err *e)
{
	*fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd >= 0 && write(*fd, v.p, v.n) == (ssize_t)v.n &&
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) ==
		0)
		return true;
	return err_set(e, WHY_IO, "memory file: %s", strerror(errno));
}

static bool
have_keys(const char *state)
{
	static const char *const patterns[] = {"servers/*/keys/*.key", "keys/*.key"};
	char pattern[512];
	bool found = false;

	for (size_t i = 0; !found && i < COUNT_OF(patterns); i++) {
		glob_t g = {0};

		(void)snprintf(pattern, sizeof(pattern), "%s/%s", state, patterns[i]);
		found = glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc > 0;
		globfree(&g);
	}
	return found;
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

bool
daemon_add_alone(struct child_set *set, const struct child_spec *child, int *fds, int *core_end,
    struct err *e)
{
	int pair[2];

	if (!channel_pair(pair, e))
		return false;
	set->owned[set->owned_count++] = *core_end = pair[0];
	set->kept[set->kept_count++] = fds[0] = pair[1];
	set->child[set->count] = *child;
	set->child[set->count].alone = true;
	set->child[set->count++].fds = fds;
	return true;
}

bool
daemon_add_signer(struct daemon *d, struct child_set *set, struct signer_start *s,
    int *core_end, struct err *e)
{
	int pair[2];

	if (!channel_pair(pair, e))
		return false;
	memcpy(&set->owned[set->owned_count], pair, sizeof(pair));
	set->owned_count += 2;
	*core_end = pair[0];
	s->fds[0] = pair[1];
	s->fds[1] = d->key_seal;
	s->env[0] = d->clock;
	s->env[1] = s->keys;
	s->env[2] = s->weakest_reply;
	s->env[3] = s->exports[0] != 0 ? s->exports : NULL;
	s->env[4] = s->group[0] != 0 ? s->group : NULL;
	set->child[set->count++] =
	    (struct child_spec){"signer", s->fds, 3, s->env, .may_end_all = true};
	return true;
}

/* For trustpoints: their signer, the courier, the hooks. */
static bool
add_agent(struct daemon *d, struct child_set *set, int *core_fds, size_t *n, struct err *e)
{
	static struct signer_start signer;
	static int courier_fds[3], hooks_fds[2];
	static char *clock_env[2];

	clock_env[0] = d->clock;
	if (d->trustpoints > 0) {
		signer.fds[2] = d->nothing;
		(void)snprintf(
		    signer.keys, sizeof(signer.keys), "KEYMUSTER_KEYS=%s/keys", d->o.state);
		(void)snprintf(signer.exports, sizeof(signer.exports),
		    "KEYMUSTER_EXPORT=%s/trustpoints", d->o.state);
		(void)snprintf(signer.weakest_reply, sizeof(signer.weakest_reply),
		    WEAKEST_REPLY "=%s",
		    hash_name(HASH_SHA1)); /* of servers that can do no better */
		if (d->key_group >= 0)
			(void)snprintf(signer.group, sizeof(signer.group),
			    "KEYMUSTER_EXPORT_GROUP=%ld", d->key_group);
		if (!daemon_add_signer(d, set, &signer, &core_fds[(*n)++], e))
			return false;
	}
	courier_fds[1] = d->places;
	courier_fds[2] = d->courier_more;
	if (d->asks &&
	    !daemon_add_alone(set, &(struct child_spec){"courier", NULL, 3, clock_env},
		courier_fds, &core_fds[(*n)++], e))
		return false;
	hooks_fds[1] = d->programs;
	return !d->programs_run ||
	       daemon_add_alone(set, &(struct child_spec){"hooks", NULL, 2, clock_env},
		   hooks_fds, &core_fds[(*n)++], e);
}

/* Descriptor lists and environments of one set; they live as long as the supervisor. */
static bool
make_set(void *arg, struct child_set *set, struct err *e)
{
	static int core_fds[9 + CONF_SERVERS];
	static char *core_env[5];
	struct daemon *d = arg;
	size_t n = 4;

	*set = (struct child_set){.count = 1};
	core_fds[0] = d->control;
	core_fds[1] = d->control_ro;
	core_fds[2] = d->config;
	core_fds[3] = d->password_seal;
	if (!add_agent(d, set, core_fds, &n, e) ||
	    (daemon_kind.add != NULL && !daemon_kind.add(d, set, core_fds, &n, e)))
		return false;
	core_env[0] = d->clock;
	core_env[1] = d->state;
	core_env[2] = d->conf_path;
	core_env[3] = d->record;
	set->child[0] = (struct child_spec){"core", core_fds, n, core_env, .may_end_all = true};
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

/*
 * The signer gives key files to this group, so it is one of ours; and the group finds its way
 * to them.
 */
static bool
open_key_group(struct daemon *d, struct err *e)
{
	const struct group *g;
	gid_t all[64];
	bool member;
	int n;

	d->key_group = -1;
	if (d->conf.key_group[0] == 0)
		return true;
	g = getgrnam(d->conf.key_group);
	if (g == NULL)
		return err_set(e, WHY_BAD_INPUT,
		    "crypto pki key-group: this system has no group '%s'", d->conf.key_group);
	d->key_group = (long)g->gr_gid;
	n = getgroups((int)COUNT_OF(all) - 1, all);
	member = getegid() == g->gr_gid;
	for (int i = 0; i < n; i++)
		member |= all[i] == g->gr_gid;
	if (!member && n >= 0 && geteuid() == 0) {
		all[n] = g->gr_gid;
		if (setgroups((size_t)n + 1, all) != 0)
			return err_set(e, WHY_IO, "cannot join group '%s': %s",
			    d->conf.key_group, strerror(errno));
	} else if (!member) {
		return err_set(e, WHY_REFUSED,
		    "crypto pki key-group: user %ld is no member of '%s'", (long)geteuid(),
		    d->conf.key_group);
	}
	(void)umask(0022); /* files say themselves who reads them */
	return chmod(d->o.state, 0711) == 0 ||
	       err_set(
		   e, WHY_IO, "cannot open '%s' to the group: %s", d->o.state, strerror(errno));
}

static bool
make_directories(const struct daemon *d, struct err *e)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/keys", d->o.state);
	return dir_make(d->o.run, 0755, e) &&
	       (agent_count(&d->conf) == 0 ||
		   (dir_make(path, 0700, e) &&
		       dir_make(agent_path(d->o.state, NULL, NULL, path), 0755, e)));
}

static bool
open_control(struct daemon *d, struct err *e)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/control", d->o.run);
	if (!listen_unix(path, 0660, &d->control, e))
		return false;
	(void)snprintf(path, sizeof(path), "%s/control.ro", d->o.run);
	return listen_unix(path, 0666, &d->control_ro, e);
}

/* Of hooks, servers and archives: each for one process alone. */
static bool
keep_tables(struct daemon *d, struct err *e)
{
	struct blob places = {0}, programs = {0};
	bool ok;

	agent_places(&d->conf, &places);
	(void)agent_programs(&d->conf, &programs);
	ok = keep_bytes("places", blob_view(&places), &d->places, e) &&
	     keep_bytes("programs", blob_view(&programs), &d->programs, e) &&
	     keep_bytes("nothing", (struct view){0}, &d->nothing, e);
	d->courier_more = d->nothing;
	ok = ok && (daemon_kind.keep == NULL || daemon_kind.keep(d, e));
	for (size_t i = 0; i < conf_passwords(&d->conf); i++) {
		char *password = conf_password(&d->conf, i);

		if (password != NULL)
			mem_wipe(password, CONF_PASSWORD_MAX);
	}
	blob_free(&places);
	blob_free(&programs);
	return ok;
}

/* The configuration, and all that is made of it: the first time and whenever it is read again.
 * passwords NULL: sealed ones stay shut. */
static bool
read_conf(struct daemon *d, struct password_seal *passwords, struct blob *text, struct err *e)
{
	if (!conf_load(d->o.conf, blob_view(text), passwords, true, &d->conf) ||
	    !daemon_kind.accepts(d))
		return err_set(e, WHY_BAD_INPUT, "%s: not accepted", d->o.conf);
	if (d->conf.server_count + agent_count(&d->conf) == 0)
		return err_set(e, WHY_BAD_INPUT, "%s: no \"%s NAME\" block: nothing to run",
		    d->o.conf, daemon_kind.block);
	return d->o.check ||
	       (open_key_group(d, e) && make_directories(d, e) &&
		   (daemon_kind.open == NULL || daemon_kind.open(d, e)) && keep_tables(d, e) &&
		   keep_bytes("configuration", blob_view(text), &d->config, e));
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
	ok = read_conf(d, sealed ? &passwords : NULL, text, e) &&
	     (d->o.check ||
		 (open_control(d, e) &&
		     keep_bytes("seal", view_of(seal.key, sizeof(seal.key)), &d->key_seal, e) &&
		     keep_bytes("passwords",
			 view_of(passwords.seal.key, sizeof(passwords.seal.key)),
			 &d->password_seal, e)));
out:
	mem_wipe(&seal, sizeof(seal));
	mem_wipe(&passwords, sizeof(passwords));
	return ok;
}

static int
check_passed(const struct daemon *d)
{
	size_t servers = d->conf.server_count, trustpoints = d->conf.trustpoint_count;

	(void)dprintf(STDOUT_FILENO, "%s: ", d->o.conf);
	if (servers > 0)
		(void)dprintf(STDOUT_FILENO, "%zu certificate server%s%s", servers,
		    servers == 1 ? "" : "s", trustpoints > 0 ? ", " : "");
	if (trustpoints > 0)
		(void)dprintf(STDOUT_FILENO, "%zu trustpoint%s", trustpoints,
		    trustpoints == 1 ? "" : "s");
	(void)dprintf(STDOUT_FILENO, ", no error\n");
	if (daemon_kind.checked != NULL)
		daemon_kind.checked(d);
	return CODE_DONE;
}

/* Nothing is read after the start: what there was to read is given back. */
static void
settle(struct daemon *d, struct blob *text)
{
	d->trustpoints = agent_count(&d->conf);
	d->asks = asks_anybody(&d->conf);
	d->programs_run = has_programs(&d->conf);
	conf_drop_trustpoints(&d->conf);
	blob_free(text);
	mem_give_back();
}

/* What one reading of the configuration opened. */
static void
give_up(struct daemon *d, const struct daemon *other)
{
	int mine[] = {d->config, d->places, d->depots, d->programs, d->nothing, d->http,
	    d->courier_more != d->nothing ? d->courier_more : 0};

	for (size_t i = 0; i < CONF_SERVERS; i++)
		if (d->archive_password[i] > 0)
			(void)close(d->archive_password[i]);
	for (size_t i = 0; i < COUNT_OF(mine); i++)
		if (mine[i] > 0 && mine[i] != other->http)
			(void)close(mine[i]);
	conf_free(&d->conf);
}

/* What was read takes the place of what runs, or nothing changes. */
static bool
take(struct daemon *d, struct blob *text, struct err *e)
{
	struct daemon next = *d;
	struct password_seal passwords = {0};
	bool ok;

	next.conf = (struct conf){0};
	next.config = next.places = next.depots = next.programs = next.nothing = 0;
	next.courier_more = 0;
	memset(next.archive_password, 0, sizeof(next.archive_password));
	ok = seal_from(d->password_seal, &passwords.seal, e) &&
	     read_conf(&next, &passwords, text, e);
	if (ok) {
		if (d->before > 0)
			(void)close(d->before);
		next.before = d->config;
		next.read_ms = clock_mono_ms();
		d->config = 0;
		give_up(d, &next);
		*d = next;
		settle(d, text);
	} else {
		give_up(&next, d);
	}
	mem_wipe(&passwords, sizeof(passwords));
	return ok;
}

/*
 * The set has ended because an operator wants the configuration read again. What does not hold
 * changes nothing: the one before goes on.
 */
static void
read_again(struct daemon *d)
{
	struct blob text = {0};
	struct err e = {0};

	if (file_read(d->o.conf, CONF_BYTES_MAX, &text, &e) && take(d, &text, &e))
		log_notice("configuration was read again", "file='%s'", d->o.conf);
	else
		log_error(
		    "configuration is not taken, the one before goes on", "why='%s'", e.text);
	blob_free(&text);
}

/* What was read just now does not fit what is stored, which core alone can see: another
 * "issuer-name", say. Then the configuration before that runs again. */
static bool
go_back(struct daemon *d)
{
	struct blob text = {0};
	struct err e = {0};
	bool ok = d->before > 0 && clock_mono_ms() - d->read_ms < ON_TRIAL_MS;

	if (ok && (!read_fd(d->before, &text, &e) || !take(d, &text, &e))) {
		log_error("the configuration before is not taken", "why='%s'", e.text);
		ok = false;
	} else if (ok) {
		(void)close(d->before);
		d->before = 0;
		log_error("configuration is not taken, the one before goes on",
		    "why='nothing starts with it'");
	}
	blob_free(&text);
	return ok;
}

static void
say_served(const struct daemon *d)
{
	if (d->conf.server_count > 0)
		log_notice("serving", "http='%s:%u' state='%s' run='%s'", d->conf.http_address,
		    d->conf.http_port, d->o.state, d->o.run);
	if (d->trustpoints > 0)
		log_notice("keeping trustpoints", "count=%zu state='%s' run='%s'",
		    d->trustpoints, d->o.state, d->o.run);
}

static int
serve(struct daemon *d, const char *self)
{
	char whole[PATH_MAX];
	int code;

	fix_clock(d);
	(void)snprintf(d->state, sizeof(d->state), "KEYMUSTER_STATE=%s", d->o.state);
	(void)snprintf(d->conf_path, sizeof(d->conf_path), "KEYMUSTER_CONF=%s",
	    realpath(d->o.conf, whole) != NULL ? whole : d->o.conf);
	(void)snprintf(d->record, sizeof(d->record), "KEYMUSTER_RECORD=%s",
	    d->o.record == NULL ? "" : d->o.record);
	for (;;) {
		say_served(d);
		code = supervise(self, make_set, d);
		if (code == EXIT_AGAIN)
			read_again(d);
		else if (code == 0 || !go_back(d))
			return code;
	}
}

int
daemon_main(int argc, char **argv)
{
	static struct daemon d;
	struct blob text = {0};
	struct err e = {0};
	int code;

	if (argc > 1 && strncmp(argv[1], "--role=", 7) == 0)
		return run_role(argv[1] + 7);
	log_open(daemon_kind.name, LOG_NOTICE);
	if (!parse_options(argc, argv, &d.o))
		return usage();
	if (!clock_init(d.o.clock, &e) || !prepare(&d, &text, &e))
		code = fail(&e);
	else if (d.o.check)
		code = check_passed(&d);
	else {
		settle(&d, &text);
		code = serve(&d, argv[0]);
	}
	blob_free(&text);
	conf_free(&d.conf);
	return code;
}
