/*
 * conf.h - door of conf: IOS configuration text to structs and back, and the words of every
 * command.
 *
 * One declarative grammar table (grammar.c) serves the start-up file, the shell, one-shot
 * commands, '?', Tab, show running-config, the generated command reference and the fuzz
 * dictionary. A row names an enum; cmd maps it to a function.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "base/base.h"
#include "plan/plan.h"

#define CONF_NAME_MAX 64
#define CONF_SERVERS 8
#define CONF_PROFILES 8 /* of a server */
#define CONF_TRUSTPOINTS 16384
#define CONF_PASSWORD_MAX 128
#define CONF_FINGERPRINT (2 * 32 + 1) /* hex in capitals of MD5, SHA-1 or SHA-256 */

enum conf_grant { GRANT_MANUAL, GRANT_AUTO, GRANT_NONE };
enum conf_level { LEVEL_MINIMUM, LEVEL_NAMES, LEVEL_COMPLETE };
enum conf_archive { ARCHIVE_NONE, ARCHIVE_PKCS12, ARCHIVE_PEM };
enum conf_serial { SERIAL_RANDOM, SERIAL_SEQUENTIAL };
enum conf_hash {
	CONF_HASH_SHA256,
	CONF_HASH_SHA384,
	CONF_HASH_SHA512,
	CONF_HASH_MD5,
	CONF_HASH_SHA1
};

struct conf_profile { /* "profile NAME ...": for clients that come to /scep/NAME */
	char name[CONF_NAME_MAX];
	bool chain;
	char challenge_url[512];		    /* empty: the server's, with its password */
	char challenge_password[CONF_PASSWORD_MAX]; /* decoded */
};

/* "database url": where copies of what a server exports are put. The first is for all that has
 * none of its own, its user for all who have none. */
enum conf_depots { DEPOT_ALL, DEPOT_P12, DEPOT_CRL, DEPOT_CRL_TOO, CONF_DEPOTS };
struct conf_depot {
	char url[512]; /* empty: there is none */
	char user[128];
	char password[CONF_PASSWORD_MAX]; /* decoded */
};

struct conf_place { /* from 1; 0: not known */
	int line, column;
};

struct conf_server { /* one "crypto pki server NAME" block */
	char name[CONF_NAME_MAX];
	int line;		       /* of its first line, for errors */
	struct conf_place rollover_at; /* of "auto-rollover", else of the first line */
	struct plan_ca_policy plan;    /* lifetimes and shutdown */
	char issuer_name[512];	       /* default CN=NAME */
	enum conf_grant grant;
	bool grant_no_replace;		      /* "grant auto no-replace" */
	bool grant_manual_all;		      /* "grant manual all": renewals wait too */
	char grant_trustpoint[CONF_NAME_MAX]; /* "grant auto trustpoint NAME": the IOS spelling
						 of automatic renewal */
	bool adopt_manual;		      /* "grant adopt manual" */
	enum conf_level level;
	struct conf_depot depot[CONF_DEPOTS];
	enum conf_archive archive;
	char archive_password[CONF_PASSWORD_MAX]; /* decoded */
	char cdp_url[512];
	uint32_t eku; /* EKU_* of wire, same bit numbers */
	enum conf_hash hash;
	enum conf_serial serial;
	int64_t serial_number;	       /* "serial-number N": last one issued; -1: not given */
	char rsa_label[CONF_NAME_MAX]; /* default NAME */
	int rsa_bits;		       /* default 2048 */
	char ec_label[CONF_NAME_MAX];  /* "eckeypair LABEL": the CA's key in place of RSA */
	int ec_bits;		       /* 256, 384, 521 */
	char ra_label[CONF_NAME_MAX];  /* "ra rsakeypair LABEL": "": the CA opens envelopes */
	int ra_bits;
	bool late_auto; /* "grant late DAYS auto" */
	bool compat_legacy, compat_ancient;
	bool shadow_balance;				/* "lifetime shadow balance" */
	bool hide_next_ca;				/* "compat hide-next-ca" */
	bool shadow_reply_active;			/* "compat shadow-reply active" */
	char legacy_pattern[128], ancient_pattern[128]; /* subjects it is for; empty: all */
	char challenge_url[512]; /* who decides on challenges; empty: nobody */
	char challenge_password[CONF_PASSWORD_MAX]; /* what it knows us by, decoded */
	struct conf_profile
	    profile[CONF_PROFILES]; /* names unique among servers and profiles */
	size_t profile_count;
	struct blob kept; /* lines of the block without effect here, for write memory */
};

enum conf_cipher {
	CONF_CIPHER_AUTO, /* the best that the server offers */
	CONF_CIPHER_AES128,
	CONF_CIPHER_AES192,
	CONF_CIPHER_AES256,
	CONF_CIPHER_DES3
};
#define CONF_CHECKS 3
enum conf_check { CONF_CHECK_END, CONF_CHECK_CRL, CONF_CHECK_OCSP, CONF_CHECK_NONE };
enum conf_terminal { CONF_TERMINAL_NONE, CONF_TERMINAL_BARE, CONF_TERMINAL_PEM };
enum conf_form { CONF_FORM_PEM = 1, CONF_FORM_PKCS12 = 2, CONF_FORM_HAPROXY = 4 };

struct conf_trustpoint { /* one "crypto pki trustpoint NAME" block: a client of a CA, or, with
			    the name of a server, that server's own identity */
	char name[CONF_NAME_MAX];
	int line;		      /* of its first line, for errors */
	struct conf_place renewal_at; /* of "auto-enroll", else of the first line */
	struct plan_tp_policy plan;
	char url[256]; /* of "enrollment url" */
	enum conf_terminal
	    terminal;	 /* by hand, where there is no URL; how a request is printed */
	char proxy[128]; /* empty: none */
	unsigned proxy_port;
	bool regenerate;	       /* a new key with an enrolment by hand */
	bool regenerate_auto;	       /* and with each renewal */
	char rsa_label[CONF_NAME_MAX]; /* default NAME */
	int rsa_bits;		       /* default 2048 */
	char subject_name[256];
	char subject_alt_name[256];
	char fqdn[128];	     /* "none": without; empty: not said */
	char ip_address[64]; /* the same */
	bool serial_number;
	char password[CONF_PASSWORD_MAX];   /* the challenge, decoded */
	char fingerprint[CONF_FINGERPRINT]; /* empty: a human is asked */
	enum conf_hash hash;
	enum conf_cipher cipher;
	uint8_t checks[CONF_CHECKS]; /* enum conf_check, in the order in which they are tried */
	uint32_t eku;		     /* asked for; EKU_* of wire, same bit numbers */
	uint32_t forms;		     /* enum conf_form: written beside PEM files */
	char hook[256];		     /* a program that hears of events */
	char verify[256];	     /* and one that says whether a new certificate works */
	char crl_url[256];	     /* "crl query": whatever the certificate says */
	struct conf_crl_cache {
		bool none;	  /* not kept at all */
		when_t keep_most; /* no longer than that; 0: until it ends */
		when_t extend;	  /* good so long behind its end */
	} crl_cache;
	char interface[32];    /* "source interface"; empty: as the system routes */
	bool require_standard; /* only a server that lists SCEPStandard */
	bool outer_next_ca;    /* "compat outer-next-ca" */
	bool compat_ancient;   /* "compat ancient" */
	bool removed;	       /* by a command: not printed any more */
	struct blob kept;      /* as a server's */
};

struct conf {
	char hostname[CONF_NAME_MAX]; /* default "keymuster" */
	bool calendar_valid;	      /* clock calendar-valid */
	char key_group[32];    /* who may read the keys of trustpoints; empty: nobody else */
	bool http_server;      /* on when a server exists, unless "no ip http server" */
	char http_address[64]; /* default 0.0.0.0 */
	unsigned http_port;    /* default 80 */
	struct conf_server server[CONF_SERVERS];
	size_t server_count;
	struct conf_trustpoint *trustpoint; /* trustpoint_count of them; NULL: packed */
	size_t trustpoint_count;
	struct blob packed;
	uint32_t *packed_at;
	struct blob kept; /* lines without effect here and foreign lines, as they stood, for
			     write memory */
	size_t foreign;	  /* how many foreign lines */
};

/*
 * Receives one message a call: warnings have warn true. text is "FILE:LINE:COLUMN: what, and
 * what was expected".
 */
typedef void (*conf_report)(void *arg, bool warn, const char *text);

/*
 * Parse a whole file; all errors are reported, then false. Passwords: type 0, 7 and 6 (sealed,
 * through unseal). *out is written only on success; conf_free it.
 */
typedef bool (*conf_seal)(
    void *arg, bool opening, const char *in, char *out, size_t size, struct err *e);
/* conf_seal where nobody needs what a password says: it stays shut. */
bool conf_shut(void *arg, bool opening, const char *in, char *out, size_t size, struct err *e);
bool conf_parse(const char *file, struct view text, conf_seal seal, void *seal_arg,
    conf_report report, void *arg, struct conf *out) MUST_USE;
/*
 * show running-config: canonical text; parsed again it prints the same octets if seal makes the
 * same text of the same password each time. Every password is printed as "password 6 ..." by
 * seal, those of kept lines too.
 */
bool conf_print(const struct conf *c, conf_seal seal, void *seal_arg, struct blob *out,
    struct err *e) MUST_USE;
/* Without kept lines: they have no effect, and may hold any secret. */
bool conf_print_ours(const struct conf *c, conf_seal seal, void *seal_arg, struct blob *out,
    struct err *e) MUST_USE;
/* Their passwords are of type 6 from now on. Before conf_pack. */
bool conf_seal_kept(struct conf *c, conf_seal seal, void *seal_arg, struct err *e) MUST_USE;
void conf_free(struct conf *c);
/*
 * Trustpoints are texts, most of them empty. Packed they have a tenth of the size, and come by
 * conf_trustpoint alone, which may use *room. Their names stay where they are until
 * conf_free.
 */
void conf_pack(struct conf *c);
const struct conf_trustpoint *conf_trustpoint(
    const struct conf *c, size_t i, struct conf_trustpoint *room);
const char *conf_trustpoint_name(const struct conf *c, size_t i);
/* This one was removed: it is not printed any more. */
void conf_remove_trustpoint(struct conf *c, size_t i);
/* They are not needed any more. */
void conf_drop_trustpoints(struct conf *c);

/*
 * configure terminal: lines as an operator types them, abbreviated or not, that change a file.
 * What the file says otherwise stays as it stands, comments too.
 */
struct conf_edit;
struct conf_edit *conf_edit_new(void);
void conf_edit_free(struct conf_edit *x);
enum conf_edited { EDIT_TAKEN, EDIT_REFUSED, EDIT_ENDED }; /* the last by "end" */
/* On refusal e and *column are as of command_parse. */
enum conf_edited conf_edit_line(
    struct conf_edit *x, const char *line, int *column, struct err *e) MUST_USE;
/* "config", "cs-server" or "ca-trustpoint", as IOS has them in its prompt. */
const char *conf_edit_mode(const struct conf_edit *x);
/* As command_help. */
void conf_edit_help(const struct conf_edit *x, const char *line, struct blob *out);
/* The text with all lines taken; whether it holds is for conf_parse to say. */
void conf_edit_apply(const struct conf_edit *x, struct view text, struct blob *out);

/* Are copies put there: by FTP or HTTP, with TLS or without? */
bool conf_copies_to(const char *url);

/* Does this trustpoint enrol at that server of c? */
enum conf_tie {
	TIE_NONE,
	TIE_POSSIBLE, /* nothing speaks against it but that its host is not known to be ours */
	TIE_SURE      /* host, port and path say so */
};
enum conf_tie conf_tie_of(
    const struct conf_trustpoint *t, const struct conf *c, const struct conf_server *s);

/* ---- commands ---- */

enum command {
	CMD_NONE,
	CMD_SHOW_SERVER,       /* show crypto pki server [NAME] */
	CMD_SHOW_REQUESTS,     /* show crypto pki server NAME requests */
	CMD_SHOW_ISSUED,       /* show crypto pki server NAME certificates */
	CMD_SHOW_CRL,	       /* show crypto pki server NAME crl */
	CMD_SHOW_CERTIFICATES, /* show crypto pki certificates [verbose] [NAME] */
	CMD_SHOW_TIMERS,       /* show crypto pki timers [detail] */
	CMD_SHOW_KEYS,	       /* show crypto key mypubkey rsa */
	CMD_SHOW_RUNNING,      /* show running-config */
	CMD_SHOW_CLOCK,	       /* show clock */
	CMD_SHOW_AUDIT,	       /* show crypto pki server NAME audit (ours) */
	CMD_SHOW_TRUSTPOINTS,  /* show crypto pki trustpoints [NAME] [status] */
	CMD_SHOW_CRLS,	       /* show crypto pki crls */
	CMD_SHOW_COUNTERS,     /* show crypto pki counters */
	CMD_GRANT,
	CMD_REJECT,
	CMD_REMOVE,	    /* crypto pki server NAME grant|reject|remove {all|ID} */
	CMD_REVOKE,	    /* crypto pki server NAME revoke SERIAL [REASON] */
	CMD_PASSWORD,	    /* crypto pki server NAME password generate [MINUTES] */
	CMD_ROLLOVER,	    /* crypto pki server NAME rollover */
	CMD_CANCEL,	    /* crypto pki server NAME rollover cancel [force]: all */
	CMD_AUTHENTICATE,   /* crypto pki authenticate TP [fingerprint HEX] */
	CMD_ENROLL,	    /* crypto pki enroll TP */
	CMD_EXPORT,	    /* crypto pki export TP pem {terminal|url FILE}, pkcs12 FILE ... */
	CMD_IMPORT,	    /* crypto pki import TP {pkcs12|pem url} FILE [password LINE] */
	CMD_TAKE,	    /* crypto pki import TP certificate */
	CMD_CRL_REQUEST,    /* crypto pki crl request TP */
	CMD_VALIDATE,	    /* crypto pki certificate validate TP */
	CMD_TP_REMOVE,	    /* no crypto pki trustpoint TP [force]: all */
	CMD_TIMESTAMP,	    /* terminal [no] exec prompt timestamp: keymuster's own */
	CMD_CALENDAR_VALID, /* clock calendar-valid, no clock calendar-valid */
	CMD_WRITE_MEMORY,   /* write memory, copy running-config startup-config */
	CMD_CONFIGURE,	    /* configure terminal */
	CMD_READ_AGAIN,	    /* configure memory */
};

struct command_line {
	enum command command;
	bool negated, json, verbose, detail, all, pkcs12;
	struct view pasted;	  /* certificates in DER; its owner is who parsed the line */
	char name[CONF_NAME_MAX]; /* server or trustpoint */
	char word[128];		  /* serial */
	char fingerprint[CONF_FINGERPRINT]; /* empty: not given */
	char file[CONF_NAME_MAX];	    /* name of one; empty: the terminal */
	char password[CONF_PASSWORD_MAX];   /* of PKCS#12; empty: not given. Wipe it */
	int64_t number;			    /* request id, minutes, -1: not given */
	int reason;			    /* CRLReason of revoke, 0 */
	char filter[16]; /* "section", "include", "exclude", "begin", "count"; empty: none */
	char pattern[128];
};
/*
 * One exec line, abbreviations allowed. On failure e holds "% ..." text in the IOS manner and
 * *column the offset of '^'.
 */
bool command_parse(
    const char *line, struct command_line *out, int *column, struct err *e) MUST_USE;
/* A fingerprint as people write it, with or without separators. */
bool fingerprint_decode(struct view text, char out[CONF_FINGERPRINT], struct err *e) MUST_USE;
/* Does this command change anything? Decides which control socket may carry it. */
bool command_writes(enum command c);
/* Is it a show command? */
bool command_shows(enum command c);
/* What may follow these words: one "word<TAB>help" a line. For '?', Tab and shell completion.
 */
void command_help(const char *line, struct blob *out);
/* The command reference (docs/commands.md) and the fuzz dictionary, from the table. */
void grammar_markdown(struct blob *out);
void grammar_dictionary(struct blob *out);

/* Cisco type-7 obfuscation. */
bool type7_decode(const char *in, char *out, size_t size, struct err *e) MUST_USE;

#endif
