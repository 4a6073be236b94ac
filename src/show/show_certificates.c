/* show_certificates.c - show crypto pki certificates [verbose]: CA certificates. */
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
put_key_usage(const struct cert *c, json_t *o)
{
	uint32_t bits = 0;
	char hex[16];
	json_t *list;

	if (!c->has_key_usage)
		return;
	list = tree_add_array(o, "key_usage");
	for (unsigned i = 0; i < COUNT_OF(usages); i++) {
		if (!(c->key_usage & 1u << i))
			continue;
		bits |= 0x80000000u >> i;
		json_array_append_new(list, json_string(usages[i]));
	}
	(void)snprintf(hex, sizeof(hex), "%08X", (unsigned)bits);
	tree_put_text(o, "key_usage_bits", hex);
}

/* What stands over the block of a certificate, and its "kind". */
static const struct kind {
	const char *word, *title;
} kinds[] = {
    {"ca", "CA Certificate"},
    {"ca-rollover", "CA Certificate (Rollover)"},
    {"ra", "RA Certificate"},
};
enum { KIND_CA, KIND_NEXT, KIND_RA };

static bool
put_cert(const struct show *s, const char *trustpoint, const char *label, struct view der,
    int kind, json_t *o, struct err *e)
{
	struct cert c;

	if (!cert_decode(der, &c, e))
		return err_prefix(e, "stored CA certificate");
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

/* The RA of the active generation, once it is made. */
static bool
put_ra(const struct show *s, const struct show_server *server, json_t *list, struct err *e)
{
	struct store *st = ca_store(server->ca);
	char label[KEY_LABEL_MAX];
	struct row_generation g;
	struct row_cert row;
	struct err why = {0};

	if (!st->table->generation_get(st, ca_generation(server->ca), &g, &why))
		return show_absent(&why, e);
	if (g.ra_intent == 0)
		return true;
	(void)snprintf(label, sizeof(label), "%s", g.ra_label);
	if (!st->table->cert_get(st, g.ra_intent, &row, e))
		return false;
	return row.state != CERT_ISSUED || put_cert(s, server->conf->name, label, row.body,
					       KIND_RA, tree_add_object(list), e);
}

bool
show_cas(const struct show_server *server, show_each_ca each, void *arg, struct err *e)
{
	struct store *st = ca_store(server->ca);
	struct row_generation g;
	const int64_t both[] = {ca_next_generation(server->ca), ca_generation(server->ca)};
	struct err why = {0};

	for (size_t i = 0; i < COUNT_OF(both); i++) {
		if (both[i] == 0)
			continue;
		if (!st->table->generation_get(st, both[i], &g, &why)) {
			if (!show_absent(&why, e))
				return false;
			continue;
		}
		if (g.cert.n > 0 && !each(arg, &g, i == 0, e))
			return false;
	}
	return true;
}

struct putting {
	const struct show *s;
	const struct show_server *server;
	json_t *list;
};

static bool
put_ca(void *arg, const struct row_generation *g, bool next, struct err *e)
{
	const struct putting *p = arg;

	return put_cert(p->s, p->server->conf->name, g->key_label, g->cert,
	    next ? KIND_NEXT : KIND_CA, tree_add_object(p->list), e);
}

static bool
put_server(const struct show *s, const struct show_server *server, json_t *list, struct err *e)
{
	struct putting p = {s, server, list};

	return show_cas(server, put_ca, &p, e) && put_ra(s, server, list, e);
}

static bool
certificates_build(struct show *s, bool *more, struct err *e)
{
	json_t *list = tree_add_array(s->tree, "certificates");

	*more = false;
	for (size_t i = 0; i < s->w->server_count; i++)
		if (s->w->server[i].ca != NULL && !put_server(s, &s->w->server[i], list, e))
			return false;
	return true;
}

/* ---- the text ---- */

static void
list_text(const json_t *list, const char *indent, struct blob *out)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
	{
		blob_printf(out, "%s%s\n", indent, json_string_value(v));
	}
}

/* IOS says the common name of a next certificate once more (S49). */
static void
name_line(const json_t *rdns, struct blob *out)
{
	const json_t *v;
	size_t i;

	json_array_foreach(rdns, i, v)
	{
		if (strncmp(json_string_value(v), "cn=", 3) == 0)
			blob_printf(out, "    Name: %s\n", json_string_value(v) + 3);
	}
}

static void
groups_line(const json_t *o, const char *title, const char *key, struct blob *out)
{
	if (tree_text(o, key)[0] == 0)
		return;
	blob_add_str(out, title);
	tree_groups(o, key, out);
	blob_add_byte(out, '\n');
}

static void
verbose_text(const json_t *o, struct blob *out)
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
		list_text(json_object_get(o, "key_usage"), "      ", out);
	}
	groups_line(o, "    X509v3 Subject Key ID: ", "subject_key_id", out);
	blob_printf(out, "    X509v3 Basic Constraints:\n        CA: %s\n",
	    tree_is(o, "is_ca") ? "TRUE" : "FALSE");
	groups_line(o, "    X509v3 Authority Key ID: ", "authority_key_id", out);
}

static void
cert_text(const json_t *o, bool verbose, struct blob *out)
{
	char from[WHEN_TEXT], until[WHEN_TEXT];

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcmp(tree_text(o, "kind"), kinds[i].word) == 0)
			blob_printf(out, "%s\n", kinds[i].title);
	blob_printf(out, "  Status: %s\n", tree_text(o, "status"));
	if (verbose)
		blob_printf(out, "  Version: %lld\n", (long long)tree_int(o, "version"));
	blob_printf(out, "  Certificate Serial Number (hex): %s\n", tree_text(o, "serial"));
	blob_printf(out, "  Certificate Usage: %s\n", tree_text(o, "usage"));
	blob_add_str(out, "  Issuer:\n");
	list_text(json_object_get(o, "issuer_rdns"), "    ", out);
	blob_add_str(out, "  Subject:\n");
	if (strcmp(tree_text(o, "kind"), kinds[KIND_NEXT].word) == 0)
		name_line(json_object_get(o, "subject_rdns"), out);
	list_text(json_object_get(o, "subject_rdns"), "    ", out);
	blob_printf(out, "  Validity Date:\n    start date: %s\n    end   date: %s\n",
	    tree_ios(o, "not_before", from), tree_ios(o, "not_after", until));
	if (verbose)
		verbose_text(o, out);
	blob_printf(out, "  Associated Trustpoints: %s\n", tree_text(o, "trustpoint"));
	if (verbose)
		blob_printf(out, "  Key Label: %s\n", tree_text(o, "key_label"));
}

static void
certificates_text(const struct show *s, struct blob *out)
{
	const json_t *o, *list = json_object_get(s->tree, "certificates");
	size_t i;

	json_array_foreach(list, i, o)
	{
		if (i > 0)
			blob_add_byte(out, '\n');
		cert_text(o, s->c->verbose, out);
	}
}

const struct show_command show_certificates = {
    .command = CMD_SHOW_CERTIFICATES, .build = certificates_build, .text = certificates_text};
