/*
 * keys.h - door of keys: private keys and everything done with them.
 *
 * One table, two drivers: in-process (tests, simulator) and the signer process. make, sign and
 * unwrap are jobs: they are submitted and come back as struct key_done, in any order. verify,
 * wrap and random need no private key and answer at once. Both drivers ask the same guard
 * (guard.c) before a private key moves, so a hostile caller meets the same rules.
 */
#ifndef KEYS_KEYS_H
#define KEYS_KEYS_H

#include "base/base.h"
#include "wire/wire.h"

#define KEY_LABEL_MAX 64

enum key_act {
	KEY_MAKE, /* make a pair under a label; done.bytes = SubjectPublicKeyInfo. Repeating it
		     returns the pair there is */
	KEY_SIGN, /* sign bytes; done.bytes = signature */
	KEY_UNWRAP, /* open a wrapped content key; done.bytes = key of exactly want octets,
		       right or synthetic */
	KEY_GRANT, /* a human granted the role in bits to one public key: bytes = SHA-256 of its
		      SubjectPublicKeyInfo, 32 octets. Lets KEY_SIGN make CA:TRUE for it, once.
		      Durable before it is answered */
	KEY_ARCHIVE, /* done.bytes = PKCS#12 of the pair and the certificate in bytes, which
			must be the one of SIGN_SELF, under the driver's archive password */
	KEY_FORGET,  /* destroy the pair; refused while its clients would be cut off */
	KEY_EXPORT,  /* write the pair and the certificates in bytes (its own first, then the
			chain) as files, of forms, into the directory path below the driver's
			export directory. Durable; done again it writes the same. KEY_FORGET
			leaves the files alone */
	KEY_IMPORT,  /* read the RSA pair and the certificates in the file path below the export
			directory, and store the pair under label, durable; done.bytes = the
			certificates, the pair's own first. Repeating it is no harm; WHY_REFUSED
			when label is another pair's, WHY_BAD_INPUT when the file is no good */
};

/* KEY_GRANT: the only role the guard knows; an RA's certificate needs no grant here. */
#define KEY_ROLE_SUB_CA 1
#define KEY_FORM_PEM 1	   /* key.pem: PKCS#8, not encrypted */
#define KEY_FORM_PKCS12 2  /* identity.p12 */
#define KEY_FORM_HAPROXY 4 /* combined.pem: the key as in key.pem, then the certificates */
#define KEY_FORM_LOOK 8	   /* KEY_IMPORT: nothing is stored */
#define KEY_PATH_MAX 160
#define KEY_CERTIFICATES_MAX 16 /* of KEY_EXPORT and KEY_IMPORT */
#define KEY_WANT_MAX 32		/* KEY_UNWRAP: octets of the longest content key */
#define KEY_PASSWORD_MIN 8
#define KEY_PASSWORD_MAX 127

/* What the octets of KEY_SIGN are; the guard decodes them as exactly that. */
enum sign_as {
	SIGN_SELF,  /* TBSCertificate of a CA for its own key: issuer = subject, CA:TRUE. Fixes
		       the key's issuing window. Once */
	SIGN_CERT,  /* TBSCertificate issued by this key */
	SIGN_CRL,   /* TBSCertList: number must grow, issuer must be this CA's */
	SIGN_REPLY, /* signed attributes of a SCEP CertRep */
	SIGN_NEXT,  /* certs-only message with the certificate that follows this key's own, and
		       its  RA's: done.bytes = signature over the attributes of a SignedData
		       around it  (RFC 8894 4.7.1) */
	SIGN_LINK,  /* certificate that another key here has made of itself, then a
		       TBSCertificate  of the same name and key: what is signed is the latter
		       (RFC  9810 4.4) */
	/* A client's, by a key that is no CA's: without a window. (A subordinate CA will sign
	 * SIGN_MESSAGE with the key of its live certificate, which has one: attributes are a
	 * SET, so no certificate can be made of them.) */
	SIGN_REQUEST,	/* CertificationRequestInfo for this very key, which asks for no CA */
	SIGN_TEMPORARY, /* TBSCertificate of a client for its own key: issuer = subject, never
			   CA:TRUE */
	SIGN_MESSAGE,	/* signed attributes of a SCEP message that a client sends */
};

struct key_job {
	uint64_t id; /* comes back in key_done */
	enum key_act act;
	char label[KEY_LABEL_MAX];
	/* KEY_MAKE */
	enum key_kind kind;
	int bits; /* RSA modulus, or 256, 384, 521. KEY_GRANT: the role */
	/* KEY_SIGN */
	enum sign_as as;
	struct sig_alg alg;
	uint64_t intent; /* SIGN_CERT, SIGN_LINK: signed once, again only for the same bytes.
			    SIGN_CRL: the CRL number */
	/* KEY_UNWRAP */
	enum padding padding;
	enum hash oaep_hash;
	size_t want; /* 8, 16, 24 or 32 */
	/* KEY_EXPORT, KEY_IMPORT */
	char
	    path[KEY_PATH_MAX]; /* "NAME/gen-NNNN", a directory that is there; or "NAME/export",
				   for PKCS#12 under a password only; or "NAME/import/FILE" */
	uint32_t forms;		/* KEY_FORM_*; of an import PEM or PKCS12, and LOOK or not */
	char password[KEY_PASSWORD_MAX + 1]; /* of PKCS#12, of an encrypted key; may be empty */
	bool stranger;	   /* KEY_UNWRAP for an unknown identity: waits behind the others */
	struct view bytes; /* copied on submit */
};

struct key_done {
	uint64_t id;
	enum why why;	   /* WHY_NONE: done */
	struct blob bytes; /* the receiver frees it */
	char text[200];	   /* why not */
};

struct keys; /* a driver with its state */

struct keys_table {
	/* Take a job. False only when the job cannot be queued (WHY_BUSY). */
	bool (*submit)(struct keys *k, const struct key_job *job, struct err *e);
	/* Take the next finished job. False when there is none now. */
	bool (*collect)(struct keys *k, struct key_done *out);
	/* Readable when collect has something (-1: in-process, collect after every submit). */
	int (*fd)(const struct keys *k);
	/* What cannot go wrong stays a fact: false = the peer is gone. */
	bool (*alive)(const struct keys *k);
	void (*random)(struct keys *k, uint8_t *out, size_t n);
	/* NULL: key_verify and key_wrap below. A world of the simulator has cheaper ones. */
	bool (*verify)(struct keys *k, const struct spki *key, const struct sig_alg *alg,
	    struct view bytes, struct view signature, struct err *e);
	bool (*wrap)(struct keys *k, const struct spki *key, enum padding padding,
	    enum hash oaep_hash, struct view content_key, struct blob *out, struct err *e);
	void (*close)(struct keys *k);
};

struct keys {
	const struct keys_table *table;
};

bool keys_submit(struct keys *k, const struct key_job *job, struct err *e) MUST_USE;
bool keys_collect(struct keys *k, struct key_done *out) MUST_USE;
void keys_random(struct keys *k, uint8_t *out, size_t n);
bool keys_verify(struct keys *k, const struct spki *key, const struct sig_alg *alg,
    struct view bytes, struct view signature, struct err *e) MUST_USE;
bool keys_wrap(struct keys *k, const struct spki *key, enum padding padding,
    enum hash oaep_hash, struct view content_key, struct blob *out, struct err *e) MUST_USE;
void keys_close(struct keys *k);

/*
 * Public operations, any process. spki by fromdata, contexts kept (d2i_PUBKEY alone costs
 * 0.2 ms). Verify: alg.hash must be filled. MD5 works here; whether it is allowed is the
 * caller's policy.
 */
bool key_verify(const struct spki *key, const struct sig_alg *alg, struct view bytes,
    struct view signature, struct err *e) MUST_USE;
/* Wrap a content key for an RSA public key by PADDING_PKCS1 or PADDING_OAEP (with MGF1 over the
 * same hash). */
bool key_wrap(const struct spki *key, enum padding padding, enum hash oaep_hash,
    struct view content_key, struct blob *out, struct err *e) MUST_USE;

/*
 * In-process driver. dir NULL: keys live in memory only (seed != 0: random() repeats; never for
 * a product). With dir: sealed key files and the signer's log below it.
 */
struct seal {
	uint8_t key[32];
};
struct keys *keys_open_local(
    const char *dir, const struct seal *seal, uint64_t seed, struct err *e);
/* Tests: make KEY_MAKE of RSA take ready pairs (PKCS#8 DER) in turn instead of generating. */
void keys_local_pool(struct keys *k, const struct view *pkcs8, size_t n);

/* The password of KEY_ARCHIVE. Without this call, or with NULL or "", archives are refused. */
void keys_local_archive(struct keys *k, const char *password);

/*
 * Let KEY_EXPORT write, and KEY_IMPORT read, below dir, for a group (then 0640; -1: none,
 * 0600), which the process must belong to. The driver's keys are clients' from now on: what CAs
 * and RAs sign is refused, and nothing is exported where a key has ever been a CA's. Without
 * this call, or with NULL, exports are refused.
 */
void keys_local_export(struct keys *k, const char *dir, int64_t group);

/*
 * The weakest digest for SIGN_REPLY and the three of clients: HASH_MD5, HASH_SHA1 or, without
 * this call, HASH_SHA256. Certificates and lists are signed with a weak one only by a key whose
 * own certificate is.
 */
void keys_local_replies(struct keys *k, enum hash weakest);

/* Driver that talks to a signer process over a SOCK_SEQPACKET descriptor. */
struct keys *keys_open_remote(int fd);
/* Keep the process's pages out of swap, present and future ones. Best effort; before
 * sandbox_enter, which forbids it. */
void signer_lock_memory(void);
/*
 * The signer process: dispatcher and worker threads on the same protocol, until the peer
 * closes. Exit code. What is below the line is as keys_local_archive, keys_local_replies and
 * keys_local_export take it, and never comes in a job: whoever chooses the password or the
 * directory has the private key, and the digest is for who trusts core with collisions.
 */
struct signer_options {
	int fd;
	const char *dir;
	const struct seal *seal;
	unsigned workers;
	/* ---- */
	const char *archive_password;
	enum hash weakest_reply;
	const char *export_dir; /* NULL or empty: none */
	int64_t export_group;	/* -1: none */
};
int signer_main(const struct signer_options *o);

/*
 * Sealing key: 32 octets or 64 hex digits from $CREDENTIALS_DIRECTORY/keymuster.seal, the
 * descriptor in KEYMUSTER_SEAL_FD, the file in KEYMUSTER_SEAL_FILE, or STATEDIR/seal.key. The
 * last is made (0600) when have_keys is false; when it is true and no source has the key, the
 * error says so and what to restore.
 */
bool seal_load(const char *state_dir, bool have_keys, struct seal *out, struct err *e) MUST_USE;
/* AES-256-GCM: version, nonce, ciphertext, tag. label is bound as associated data. */
bool seal_close(const struct seal *s, const char *label, struct view plain, struct blob *out,
    struct err *e) MUST_USE;
/* The same, but the nonce comes from key, label and text: what is sealed twice reads the same
 * (configurations). */
bool seal_close_same(const struct seal *s, const char *label, struct view plain,
    struct blob *out, struct err *e) MUST_USE;
bool seal_open(const struct seal *s, const char *label, struct view sealed, struct blob *plain,
    struct err *e) MUST_USE;

#endif
