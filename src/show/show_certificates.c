/* show_certificates.c - show crypto pki certificates [verbose]. */
#include <string.h>

#include "show/show_int.h"

static const char *const usages[] = {
    "Digital Signature",
    "Non Repudiation",
    "Key Encipherment",
    "Data Encipherment",
    "Key Agreement",
    "Key Cert Sign",
    "CRL Signature",
    "Encipher Only",
    "Decipher Only",
};

static const char *const hashes[] = {
    [HASH_MD5] = "MD5",
    [HASH_SHA1] = "SHA1",
    [HASH_SHA256] = "SHA256",
    [HASH_SHA384] = "SHA384",
    [HASH_SHA512] = "SHA512",
};

#define SIGNS (KU_DIGITAL_SIGNATURE | KU_CERT_SIGN | KU_CRL_SIGN)
#define ENCIPHERS (KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT)

static const char *
usage_of(const struct cert *c)
{
	if (!c->has_key_usage || ((c->key_usage & SIGNS) && (c->key_usage & ENCIPHERS)))
		return "General Purpose";
	return c->key_usage & ENCIPHERS ? "Encryption" : "Signature";
}

/* ---- the tree ---- */

static void
put_key_usage(const struct cert *c, struct tree *o)
{
	uint32_t bits = 0;
	char hex[16];
	struct tree *list;

	if (!c->has_key_usage)
		return;
	list = tree_add_array(o, "key_usage");
	for (unsigned i = 0; i < COUNT_OF(usages); i++) {
		if (!(c->key_usage & 1u << i))
			continue;
		bits |= 0x80000000u >> i;
		tree_add_text(list, usages[i]);
	}
	(void)snprintf(hex, sizeof(hex), "%08X", (unsigned)bits);
	tree_put_text(o, "key_usage_bits", hex);
}

/* What stands over the block of a certificate, and its "kind". */
static const struct {
	const char *word, *title;
} kinds[] = {
    [SHOW_CA] = {"ca", "CA Certificate"},
    [SHOW_NEXT_CA] = {"ca-rollover", "CA Certificate (Rollover)"},
    [SHOW_RA] = {"ra", "RA Certificate"},
    [SHOW_NEXT_RA] = {"ra-rollover", "RA Certificate (Rollover)"},
    [SHOW_UPPER_CA] = {"upper-ca", "CA Certificate"},
    [SHOW_ID] = {"id", "Certificate"},
    [SHOW_SHADOW] = {"id-rollover", "Certificate (Rollover)"},
};

bool
show_put_cert(const struct show *s, const char *trustpoint, const char *label, struct view der,
    enum show_kind kind, struct tree *o, struct err *e)
{
	struct cert c;

	if (!cert_decode(der, &c, e))
		return err_prefix(e, "stored certificate");
	tree_put_text(o, "kind", kinds[kind].word);
	tree_put_text(o, "status", s->now < c.not_after ? "Available" : "Expired");
	tree_put_int(o, "version", c.version);
	tree_put_hex(o, "serial", show_unsigned(c.serial));
	tree_put_text(o, "usage", usage_of(&c));
	tree_put_name(o, "issuer", c.issuer);
	tree_put_name(o, "subject", c.subject);
	tree_put_when(o, "not_before", c.not_before);
	tree_put_when(o, "not_after", c.not_after);
	tree_put_text(o, "key_type", c.key.kind == KEY_RSA ? "RSA" : "EC");
	tree_put_int(o, "key_bits", c.key.bits);
	tree_put_text(
	    o, "signature_hash", show_word(hashes, COUNT_OF(hashes), (int)c.alg.hash));
	tree_put_text(o, "signature_key", c.alg.padding == PADDING_ECDSA ? "ECDSA" : "RSA");
	if (!tree_put_fingerprints(o, "", der, e))
		return false;
	put_key_usage(&c, o);
	tree_put_bool(o, "is_ca", c.is_ca);
	tree_put_hex(o, "subject_key_id", c.ski);
	tree_put_hex(o, "authority_key_id", c.aki);
	tree_put_text(o, "trustpoint", trustpoint);
	tree_put_text(o, "key_label", label);
	return true;
}

/* What an identity's block says besides. */
static void
put_identity(const struct show_trustpoint *t, struct tree *o)
{
	const struct plan_tp_facts *f = t->tp != NULL ? tp_facts(t->tp) : NULL;

	if (t->directory != NULL)
		tree_put_text(o, "storage", t->directory);
	if (f != NULL && f->have_id && !f->have_shadow && t->conf->plan.auto_enroll)
		tree_put_when(o, "renew_at", plan_tp_due(&t->conf->plan, f));
}

struct leaf {
	const struct show *s;
	const struct show_trustpoint *t;
	enum tp_leaf leaf;
	struct tree *rows;
};

/* Behind a CA's certificate stand those of its RA and of the CAs above it. */
static enum show_kind
kind_of(enum tp_leaf leaf, size_t i, const struct cert *c)
{
	bool next = leaf == TP_NEXT_CA;

	if (leaf == TP_ID || leaf == TP_SHADOW)
		return leaf == TP_ID ? SHOW_ID : SHOW_SHADOW;
	if (i == 0)
		return next ? SHOW_NEXT_CA : SHOW_CA;
	if (c->is_ca)
		return SHOW_UPPER_CA;
	return next ? SHOW_NEXT_RA : SHOW_RA;
}

static bool
put_leaf(void *arg, size_t i, struct view der, struct err *e)
{
	const struct leaf *l = arg;
	bool ours = l->leaf == TP_ID || l->leaf == TP_SHADOW;
	struct tree *o;
	struct cert c;

	if (!cert_decode(der, &c, e))
		return err_prefix(e, "stored certificate");
	o = tree_add_object(l->rows);
	if (!show_put_cert(l->s, l->t->conf->name, ours ? l->t->conf->rsa_label : "", der,
		kind_of(l->leaf, i, &c), o, e))
		return false;
	if (l->leaf == TP_ID)
		put_identity(l->t, o);
	return true;
}

/* What cannot be read is said in its place: the others are still worth showing. */
static bool
put_trustpoint(
    struct show *s, const struct show_trustpoint *t, struct tree *rows, struct err *e)
{
	static const enum tp_leaf order[] = {TP_SHADOW, TP_ID, TP_NEXT_CA, TP_CA};
	struct err why = {0};
	struct tree *o;

	(void)e;
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		struct leaf l = {s, t, order[i], rows};

		if (show_leaf(t->shelf, order[i], put_leaf, &l, &why))
			continue;
		o = tree_add_object(rows);
		tree_put_text(o, "trustpoint", t->conf->name);
		tree_put_text(o, "error", why.text);
	}
	return true;
}

static bool
certificates_build(struct show *s, bool *more, struct err *e)
{
	(void)s;
	(void)e;
	*more = false;
	return true;
}

static void
certificates_text(const struct show *s, struct blob *out)
{
	(void)s;
	(void)out;
}

#define SOME (PIECE / 8) /* trustpoints a call: each has files to read */

static bool
certificates_rows(struct show *s, struct tree *rows, bool *more, struct err *e)
{
	const struct show_half *servers = s->w->table->servers;

	if (!s->servers_shown && servers != NULL && !servers->certificates(s, rows, e))
		return false;
	s->servers_shown = true;
	return show_some(s, SOME, put_trustpoint, rows, more, e);
}

/* ---- the text ---- */

static void
list_text(const struct tree *list, const char *indent, struct blob *out)
{
	const struct tree *v;
	size_t i;

	for (i = 0; (v = tree_at(list, i)) != NULL; i++) {
		blob_printf(out, "%s%s\n", indent, tree_string(v));
	}
}

/* Value of the first attribute of this type, which may stand beside others; NULL: none. */
static const char *
attribute(const struct tree *rdns, const char *type, int *length)
{
	const struct tree *v;
	size_t n = strlen(type);

	for (size_t i = 0; (v = tree_at(rdns, i)) != NULL; i++)
		for (const char *at = tree_string(v); at != NULL;) {
			if (strncmp(at, type, n) == 0 && at[n] == '=') {
				*length = (int)strcspn(at + n + 1, "+");
				return at + n + 1;
			}
			at = strchr(at, '+');
			at = at != NULL ? at + 1 : NULL;
		}
	return NULL;
}

/*
 * IOS says once more how somebody is called: of a next CA certificate the common name (S49), of
 * a router its host name, address and serial number.
 */
static void
name_lines(const struct tree *o, struct blob *out)
{
	static const struct {
		const char *type, *title;
		bool ca;
	} all[] = {
	    {"hostname", "Name", false},
	    {"cn", "Name", true},
	    {"ipaddress", "IP Address", false},
	    {"serialNumber", "Serial Number", false},
	};
	const struct tree *rdns = tree_get(o, "subject_rdns");
	bool next = strcmp(tree_text(o, "kind"), kinds[SHOW_NEXT_CA].word) == 0, named = false;
	const char *value;
	int length = 0;

	if (!next && strncmp(tree_text(o, "kind"), kinds[SHOW_ID].word, 2) != 0)
		return;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		bool name = all[i].title[0] == 'N';

		if ((next && !all[i].ca) || (name && named) ||
		    (value = attribute(rdns, all[i].type, &length)) == NULL)
			continue;
		blob_printf(out, "    %s: %.*s\n", all[i].title, length, value);
		named = named || name;
	}
}

static void
groups_line(const struct tree *o, const char *title, const char *key, struct blob *out)
{
	if (tree_text(o, key)[0] == 0)
		return;
	blob_add_str(out, title);
	tree_groups(o, key, out);
	blob_add_byte(out, '\n');
}

static void
verbose_text(const struct tree *o, struct blob *out)
{
	bool rsa = strcmp(tree_text(o, "key_type"), "RSA") == 0;

	blob_printf(out,
	    "  Subject Key Info:\n    Public Key Algorithm: %s\n    %s Public Key: (%lld "
	    "bit)\n",
	    rsa ? "rsaEncryption" : "id-ecPublicKey", tree_text(o, "key_type"),
	    (long long)tree_int(o, "key_bits"));
	if (strcmp(tree_text(o, "signature_key"), "RSA") == 0)
		blob_printf(out, "  Signature Algorithm: %s with RSA Encryption\n",
		    tree_text(o, "signature_hash"));
	else
		blob_printf(out, "  Signature Algorithm: %s with ECDSA\n",
		    tree_text(o, "signature_hash"));
	groups_line(o, "  Fingerprint MD5: ", "fingerprint_md5", out);
	groups_line(o, "  Fingerprint SHA1: ", "fingerprint_sha1", out);
	blob_printf(out, "  SHA-256: %s\n", tree_text(o, "fingerprint_sha256"));
	blob_add_str(out, "  X509v3 extensions:\n");
	if (tree_has(o, "key_usage_bits")) {
		blob_printf(out, "    X509v3 Key Usage: %s\n", tree_text(o, "key_usage_bits"));
		list_text(tree_get(o, "key_usage"), "      ", out);
	}
	groups_line(o, "    X509v3 Subject Key ID: ", "subject_key_id", out);
	blob_printf(out, "    X509v3 Basic Constraints:\n        CA: %s\n",
	    tree_is(o, "is_ca") ? "TRUE" : "FALSE");
	groups_line(o, "    X509v3 Authority Key ID: ", "authority_key_id", out);
}

static void
cert_text(const struct show *s, const struct tree *o, struct blob *out)
{
	char from[WHEN_TEXT], until[WHEN_TEXT], renew[WHEN_TEXT];
	bool verbose = s->c->verbose;

	if (tree_has(o, "error")) {
		blob_printf(out, "%% Trustpoint %s: %s\n", tree_text(o, "trustpoint"),
		    tree_text(o, "error"));
		return;
	}
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcmp(tree_text(o, "kind"), kinds[i].word) == 0)
			blob_printf(out, "%s\n", kinds[i].title);
	blob_printf(out, "  Status: %s\n", tree_text(o, "status"));
	if (verbose)
		blob_printf(out, "  Version: %lld\n", (long long)tree_int(o, "version"));
	blob_printf(out, "  Certificate Serial Number (hex): %s\n", tree_text(o, "serial"));
	blob_printf(out, "  Certificate Usage: %s\n", tree_text(o, "usage"));
	blob_add_str(out, "  Issuer:\n");
	list_text(tree_get(o, "issuer_rdns"), "    ", out);
	blob_add_str(out, "  Subject:\n");
	name_lines(o, out);
	list_text(tree_get(o, "subject_rdns"), "    ", out);
	blob_printf(out, "  Validity Date:\n    start date: %s\n    end   date: %s\n",
	    tree_ios(o, "not_before", from), tree_ios(o, "not_after", until));
	if (tree_has(o, "renew_at"))
		blob_printf(out, "    renew date: %s\n", tree_ios(o, "renew_at", renew));
	if (verbose)
		verbose_text(o, out);
	blob_printf(out, "  Associated Trustpoints: %s\n", tree_text(o, "trustpoint"));
	if (tree_has(o, "storage"))
		blob_printf(out, "  Storage: %s\n", tree_text(o, "storage"));
	if (verbose && tree_text(o, "key_label")[0] != 0)
		blob_printf(out, "  Key Label: %s\n", tree_text(o, "key_label"));
}

const struct show_command show_certificates = {
    .command = CMD_SHOW_CERTIFICATES,
    .names = NAMES_EITHER,
    .build = certificates_build,
    .text = certificates_text,
    .list = "certificates",
    .rows = certificates_rows,
    .row_text = cert_text,
    .apart = true,
};
