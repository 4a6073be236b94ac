/* cmd.h - what the mains share. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "ca/ca.h"
#include "conf/conf.h"
#include "sys/sys.h"

#define DEFAULT_CONF "/etc/keymuster/keymuster.conf"
#define DEFAULT_STATE "/var/lib/keymuster"
#define DEFAULT_RUN "/run/keymuster"

/* Exit codes of keymuster (docs/DESIGN.md). */
enum {
	CODE_DONE,
	CODE_REFUSED,
	CODE_USAGE,
	CODE_PENDING,
	CODE_UNREACHABLE,
	CODE_CLOCK,
	CODE_MUSTER
};

struct daemon_options {
	const char *conf, *state, *run, *clock, *record; /* the last NULL: none is kept */
	bool check;
};

/* wiring.c: configuration to policies; passwords of configurations */
bool wire_policy(const struct conf_server *c, struct ca_policy *out, struct err *e) MUST_USE;
/* STATEDIR/servers/NAME[/leaf], and the directory itself when leaf is NULL. */
const char *server_path(const char *state, const char *name, const char *leaf, char out[512]);
/* Whom a server asks about challenges, for those who come by this profile ("": by none): his
 * number among all hooks of the configuration; -1: nobody. */
int hook_number(const struct conf *c, const struct conf_server *s, const char *profile);
/* Every hook at its number; *n 0: there is none. */
struct courier_hook;
void hooks_of(const struct conf *c, struct courier_hook *out, size_t *n);

/* Where a server's copies of this kind are put, a number among the depots of all servers; -1:
 * nowhere. The depot of a number; each of them at its number, *n 0: there is none. */
int depot_number(const struct conf *c, const struct conf_server *s, enum conf_depots which);
const struct conf_depot *depot_of(const struct conf *c, unsigned number);
struct courier_depot;
void depots_of(const struct conf *c, struct courier_depot *out, size_t *n);

/* Does anybody here ask by the courier; has the porter something to carry; has a trustpoint a
 * program to run? */
bool asks_anybody(const struct conf *c);
bool has_depots(const struct conf *c);
bool has_programs(const struct conf *c);
/* Challenges of trustpoints, by number, before they are put away. */
char **challenges_take(const struct conf *c);
void challenges_free(char **challenges, const struct conf *c);

/* How many passwords the configuration has room for, and number i, CONF_PASSWORD_MAX octets;
 * NULL: there is none. */
size_t conf_passwords(const struct conf *c);
char *conf_password(struct conf *c, size_t i);
struct password_seal {
	struct seal seal;
	bool away;
	char **sealed; /* once they are away: what is printed, NULL where there is none */
	size_t count;
};
void password_seal_free(struct password_seal *s);
/*
 * For core, before a stranger's first octet: seal the passwords of the configuration once and
 * for all and forget them and the key. They open the archive and hooks, so whoever steers core
 * must not find them there; all that core does with them is print them sealed.
 */
bool passwords_put_away(struct password_seal *s, struct conf *c, struct err *e) MUST_USE;
/* conf_seal: password 6 is AES-256-GCM in hex; the same password prints the same text. */
bool password_seal(
    void *arg, bool opening, const char *in, char *out, size_t size, struct err *e);
/* conf_report to stderr; arg, a bool: warnings too? */
void conf_say(void *arg, bool warn, const char *text);
/* Parses; errors go to stderr as they are found, and warnings where they are news. */
bool conf_load(const char *path, struct view text, struct password_seal *seal, bool warnings,
    struct conf *out) MUST_USE;

/* Tells texts of a configuration apart. */
#define CONF_DIGEST (2 * 32 + 1)
void conf_digest(struct view text, char out[CONF_DIGEST]);

/* core.c: the core process */
struct core_options {
	const char *state, *conf_path, *record; /* the last "": none is kept */
	char conf_digest[CONF_DIGEST];
	int front, control, control_ro, signers[CONF_SERVERS]; /* front -1: there is none; */
	int courier, porter, hooks, agent_signer;	       /* the same */
	char *const *passwords; /* challenges of trustpoints, in clear */
	struct conf *conf;
	struct password_seal *seal;
	unsigned workers; /* signer threads: bounds what is in flight there */
};
int core_main(const struct core_options *o);

/* control.c: operators at the control sockets */
#define PASTED "\x02" /* STX: behind it certificates in DER, as hex */
struct control;
typedef void (*control_call)(
    void *arg, uint64_t client, const char *line, bool may_write, const char *who);
struct control *control_open(struct loop *l, int fd, int fd_ro, control_call call, void *arg);
void control_answer(struct control *c, uint64_t client, int status, struct view text);
/* Is this client still there? */
bool control_waits(struct control *c, uint64_t client);
void control_close(struct control *c);

#endif
