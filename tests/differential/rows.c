/* rows.c - which differences between both readers are meant. */
#include "tests/differential/rows.h"
#include "wire/wire.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum {
	M = 1 << LAYER_MESSAGE,
	E = 1 << LAYER_ENVELOPE,
	R = 1 << LAYER_REQUEST,
	N = 1 << LAYERS,
	ALL = M | E | R | N
};

static bool unread_parts(const struct difference *d);
static bool unknown_attribute(const struct difference *d);
static bool unread_envelope(const struct difference *d);
static bool unread_number(const struct difference *d);
static bool alike_in_der(const struct difference *d);
static bool t61(const struct difference *d);
static bool unsorted(const struct difference *d);
static bool cert_unreadable(const struct difference *d);

/*
 * The first that fits counts. What only we take is taken as it stands by stock calls once it is
 * mended: see the functions. What only stock calls take needs the very rule of ours.
 */
static struct row {
	unsigned layers;
	enum side side;
	const char *text;
	bool (*holds)(const struct difference *d); /* NULL: the words are enough */
	const char *id, *why;
	size_t count;
} rows[] = {
    /* only ours */
    {M, ONLY_OURS, "", unread_parts, "BAD-063 BAD-049 PK-07 CP-20",
	"not read by us: digestAlgorithms, other certificates, lists, unsigned attributes; "
	"padded versions and serials, attributes out of order, one name in other strings"},
    {M, ONLY_OURS, "", unknown_attribute, "BAD-067",
	"the value of an attribute that is not SCEP's"},
    {M, ONLY_OURS, "invalid certificate", NULL, "BAD-122",
	"keyUsage without bits: a temporary certificate's extensions are not judged"},
    {E, ONLY_OURS, "", unread_envelope, "BAD-049 CP-20",
	"not read by us: originatorInfo, unprotectedAttrs; padded versions; our name in other "
	"strings"},
    {N, ONLY_OURS, "", unread_number, "BAD-049", "padded serial number"},
    /* taken by both, read differently */
    {M, BOTH, "certificate", alike_in_der, "BAD-049", "BER of it is kept as DER"},
    {M, BOTH, "signer's issuer", alike_in_der, "BAD-049", "BER of it is kept as DER"},
    {E, BOTH, "issuer", alike_in_der, "BAD-049", "BER of it is kept as DER"},
    {R, BOTH, "keyUsage", t61, "BAD-109", "extensions in a T61String (IOS 15.7)"},
    {R, BOTH, "extKeyUsage", t61, "BAD-109", "extensions in a T61String (IOS 15.7)"},
    {R, BOTH, "basicConstraints", t61, "BAD-109", "extensions in a T61String (IOS 15.7)"},
    {R, BOTH, "subjectAltName", t61, "BAD-109", "extensions in a T61String (IOS 15.7)"},
    /* only stock: the encoding */
    {M | E, ONLY_STOCK, "BER: primitive SEQUENCE or SET", NULL, "BAD-049",
	"X.690 8.9.1, 8.11.1"},
    {M | E, ONLY_STOCK, "inside an OCTET STRING", NULL, "BAD-047", "X.690 8.7.3.2"},
    {M | E, ONLY_STOCK, "BER: ", NULL, "BAD-053",
	"elements are read to their leaves, whoever needs them"},
    {ALL, ONLY_STOCK, "indefinite length", NULL, "BAD-049", "BER in what a key signed"},
    {ALL, ONLY_STOCK, "padded length", NULL, "BAD-049", "BER in what a key signed"},
    {ALL, ONLY_STOCK, "padded INTEGER", NULL, "BAD-049", "X.690 8.3.2"},
    {ALL, ONLY_STOCK, "INTEGER without octets", NULL, "BAD-049", "X.690 8.3.1"},
    {ALL, ONLY_STOCK, "malformed OBJECT IDENTIFIER", NULL, "BAD-051", "X.690 8.19, 64 octets"},
    {ALL, ONLY_STOCK, "padded OBJECT IDENTIFIER", NULL, "BAD-051", "X.690 8.19.2"},
    {R | N, ONLY_STOCK, "tag 10, expected 30", NULL, "BAD-049", "X.690 8.9.1"},
    {R | N, ONLY_STOCK, "tag 11, expected 31", NULL, "BAD-049", "X.690 8.11.1"},
    {M | R, ONLY_STOCK, ": tag 80, expected", NULL, "BAD-049",
	"X.690 8.12.1: a SET is constructed"},
    {M, ONLY_STOCK, "SignerIdentifier: tag a0", NULL, "BAD-047", "key identifier in pieces"},
    {E, ONLY_STOCK, "recipient: tag a0", NULL, "BAD-047", "key identifier in pieces"},
    /* only stock: the message */
    {M | E, ONLY_STOCK, "unknown version", NULL, "BAD-050", "stock calls ignore versions"},
    {M, ONLY_STOCK, "eContentType is not data", NULL, "BAD-055", "RFC 8894 3.2"},
    {M, ONLY_STOCK, "contentType", NULL, "BAD-060", "the attribute is data, once"},
    {M, ONLY_STOCK, "signers, exactly one", NULL, "BAD-057", "RFC 8894 3.2"},
    {M, ONLY_STOCK, "messageType", NULL, "BAD-068", "stock calls do not know SCEP"},
    {M, ONLY_STOCK, "transactionID", NULL, "BAD-069", "stock calls do not know SCEP"},
    {M, ONLY_STOCK, "Nonce", NULL, "BAD-070", "stock calls do not know SCEP"},
    {M, ONLY_STOCK, "pkiStatus", NULL, "BAD-068", "stock calls do not know SCEP"},
    {M, ONLY_STOCK, "failInfo", NULL, "BAD-068", "stock calls do not know SCEP"},
    {M, ONLY_STOCK, "an attribute twice or without value", NULL, "BAD-067", "RFC 5652 5.3"},
    {M, ONLY_STOCK, "signature does not verify", unsorted, "PK-07",
	"signed in the order sent, not as DER"},
    {M, ONLY_STOCK, "unknown signature algorithm", NULL, "BAD-062",
	"stock calls look at digest and key"},
    {M | E, ONLY_STOCK, "unknown digest algorithm", NULL, "BAD-062",
	"stock calls take the digest of a signature algorithm"},
    {M, ONLY_STOCK, "signatureAlgorithm is not for", NULL, "BAD-064",
	"stock calls look at digest and key"},
    {M, ONLY_STOCK, "signatureAlgorithm names another", NULL, "BAD-064",
	"stock calls look at digest and key"},
    {M | E | R, ONLY_STOCK, "parameters: DER: ", NULL, "CP-18", "parameters are an element"},
    {M | E | R, ONLY_STOCK, "with parameters", NULL, "CP-18", "RFC 3279 2.2, RFC 5754 2"},
    /* only stock: the signer's certificate */
    {M, ONLY_STOCK, "signer: time: ", NULL, "CP-05", "RFC 5280 4.1.2.5"},
    {M, ONLY_STOCK, "algorithms inside and outside", NULL, "CP-01", "RFC 5280 4.1.1.2"},
    {M, ONLY_STOCK, "signer: number", NULL, "CP-01", "version"},
    {M, ONLY_STOCK, "signer: certificate version", NULL, "CP-01", "1 or 3"},
    {M, ONLY_STOCK, "signer: extensions in", NULL, "CP-01", "of version 3 only"},
    {M, ONLY_STOCK, "signer: PSS", NULL, "CP-18", "of a signature nobody verifies"},
    {M | R, ONLY_STOCK, "unused bits", NULL, "CP-17", "keys and signatures are whole octets"},
    {M, ONLY_STOCK, "named by key identifier", cert_unreadable, "BAD-122",
	"the identifier of a certificate that we refuse"},
    /* only stock: the envelope */
    {E, ONLY_STOCK, "encrypted content is not data", NULL, "BAD-080", "RFC 8894 3.2.2"},
    {E, ONLY_STOCK, "neither RSA nor OAEP", NULL, "BAD-074", "stock calls look at the key"},
    {E, ONLY_STOCK, "recipients, exactly one", NULL, "BAD-072", "CVE-2019-1563"},
    {E, ONLY_STOCK, "OAEP parameters: ", NULL, "AL-04", "RFC 4055 4.1"},
    {E, ONLY_STOCK, "content encryption algorithm unknown", NULL, "BAD-078",
	"OFB, CFB and others"},
    {E, ONLY_STOCK, "initialization vector", NULL, "AL-07", "RFC 3565 4.1"},
    /* only stock: the request */
    {R, ONLY_STOCK, "request version", NULL, "BAD-109", "RFC 2986 4.1"},
    {R, ONLY_STOCK, "number: ", NULL, "BAD-109", "version"},
    {R, ONLY_STOCK, "attribute with several values", NULL, "BAD-109", "RFC 2985 5.4"},
    {R, ONLY_STOCK, "an attribute comes twice", NULL, "BAD-109", "RFC 2986 4.1"},
    {R, ONLY_STOCK, "attribute: DER: ", NULL, "BAD-109", "values are elements, one at least"},
    {R, ONLY_STOCK, "challengePassword: ", NULL, "BAD-112", "legal strings"},
    {R, ONLY_STOCK, "neither subject nor", NULL, "BAD-110", "RFC 5280 4.1.2.6"},
    /* only stock: extensions, which stock calls read when asked, and some not to their end */
    {M | R, ONLY_STOCK, "xtension", NULL, "BAD-115",
	"RFC 5280 4.2: well-formed to their end, each once"},
    {M | R, ONLY_STOCK, "critical flag", NULL, "BAD-115", "X.690 11.1"},
    {M | R, ONLY_STOCK, "subjectAltName: ", NULL, "BAD-116", "RFC 5280 4.2.1.6"},
    /* only stock: names and keys */
    {M | R | N, ONLY_STOCK, "RSAPublicKey: ", NULL, "BAD-118", "nothing behind"},
    {M | R | N, ONLY_STOCK, "relative name without attributes", NULL, "CP-20",
	"RFC 5280 4.1.2.4"},
    {M | R | N, ONLY_STOCK, "string with an illegal character", NULL, "BAD-112",
	"legal strings"},
    {M | R | N, ONLY_STOCK, "not that of a character string", NULL, "BAD-112", "legal strings"},
    {M | R | N, ONLY_STOCK, "name of over", NULL, "BAD-111", "64 values, 512 octets"},
};

/* ---- what makes a row hold ---- */

static bool
shortest(struct view in, struct blob *out)
{
	struct node tree;
	bool ok = tree_read(in, &tree);

	if (ok)
		tree_write(&tree, true, out);
	tree_free(&tree);
	return ok;
}

static bool
same_in_der(struct view a, struct view b)
{
	struct blob x = {0}, y = {0};
	bool same =
	    shortest(a, &x) && shortest(b, &y) && view_equal(blob_view(&x), blob_view(&y));

	blob_free(&x);
	blob_free(&y);
	return same;
}

static bool
alike_in_der(const struct difference *d)
{
	return same_in_der(fact_of(d->ours, d->text), fact_of(d->stock, d->text));
}

/* Stock calls find no extensions although they are asked for. */
static bool
t61(const struct difference *d)
{
	return view_equal_str(fact_of(d->stock, "extensions"), "unread");
}

static bool
cert_unreadable(const struct difference *d)
{
	struct node tree, *first = tree_read(d->in, &tree) ? tree_at(&tree, "1030") : NULL;
	struct blob der = {0};
	struct cert c;
	bool bad = first != NULL;

	if (bad) {
		tree_write(first, true, &der);
		bad = !cert_decode(blob_view(&der), &c, NULL);
	}
	blob_free(&der);
	tree_free(&tree);
	return bad;
}

static void
remove_tagged(struct node *n, uint8_t tag)
{
	for (size_t i = n->n; i-- > 0;)
		if (n->child[i].tag == tag)
			tree_remove(n, i);
}

static int
by_octets(const void *a, const void *b)
{
	struct blob x = {0}, y = {0};
	int order;

	tree_write(a, true, &x);
	tree_write(b, true, &y);
	order = view_compare(blob_view(&x), blob_view(&y));
	blob_free(&x);
	blob_free(&y);
	return order;
}

/* An INTEGER in as few octets as can be. */
static void
unpad(struct node *n)
{
	const uint8_t *p = n->body.p;
	size_t more = 0;

	while (more + 1 < n->body.n && ((p[more] == 0x00 && p[more + 1] < 0x80) ||
					   (p[more] == 0xff && p[more + 1] >= 0x80)))
		more++;
	memmove(n->body.p, p + more, n->body.n - more);
	n->body.n -= more;
}

/* An attribute that ours reads: contentType, messageDigest, or one of SCEP's arc. */
static bool
of_scep(const struct node *attribute)
{
	static const char *const read[] = {"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03",
	    "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04", "\x60\x86\x48\x01\x86\xf8\x45\x01\x09"};

	for (size_t i = 0; attribute->n > 0 && i < COUNT_OF(read); i++)
		if (strncmp(blob_cstr(&attribute->child[0].body), read[i], 9) == 0)
			return true;
	return false;
}

/* What a SignerIdentifier names: issuer and serial number of a certificate. */
static struct node *
issuer_of(struct node *cert, struct node **serial)
{
	struct node *tbs = tree_at(cert, "0");
	size_t i = tbs->child[0].tag == 0xa0 ? 1 : 0;

	*serial = &tbs->child[i];
	return &tbs->child[i + 2];
}

/* The same message without what we do not read, as DER. */
static bool
mend_message(struct node *message, const struct difference *d, bool all)
{
	struct node *data = tree_at(message, "10"), *info = tree_at(data, "90"),
		    *certificates = tree_at(data, "3"), *issuer, *serial;
	struct blob der = {0};

	if (info == NULL || info->n < 6 || certificates->tag != 0xa0)
		return false;
	for (size_t i = certificates->n; i-- > 0; blob_clear(&der)) {
		tree_write(&certificates->child[i], true, &der);
		if (!view_equal(blob_view(&der), fact_of(d->ours, "certificate")))
			tree_remove(certificates, i);
	}
	blob_free(&der);
	if (certificates->n == 0)
		return false;
	issuer = issuer_of(&certificates->child[0], &serial);
	unpad(serial);
	if (info->child[1].tag == 0x30) {
		tree_free(tree_at(info, "10"));
		tree_copy(issuer, tree_at(info, "10"));
		unpad(tree_at(info, "11"));
	}
	remove_tagged(info, 0xa1);
	unpad(&info->child[0]);
	tree_free(&data->child[1]);
	data->child[1] = (struct node){.tag = 0x31, .n = 1};
	data->child[1].child = mem_get(sizeof(struct node));
	tree_copy(&info->child[2], data->child[1].child);
	info = &info->child[3];
	for (size_t i = info->n; all && i-- > 0;)
		if (!of_scep(&info->child[i]))
			tree_remove(info, i);
	qsort(info->child, info->n, sizeof(struct node), by_octets);
	unpad(&data->child[0]);
	remove_tagged(data, 0xa1);
	return true;
}

static bool
mend_envelope(struct node *envelope, const struct difference *d, bool all)
{
	struct node *data = tree_at(envelope, "10"), *recipient;

	(void)d;
	(void)all;
	remove_tagged(data, 0xa0);
	remove_tagged(data, 0xa1);
	recipient = tree_at(data, "10");
	unpad(tree_at(envelope, "100"));
	unpad(&recipient->child[0]);
	if (recipient->child[1].tag == 0x30) {
		const uint8_t *p;
		size_t n;

		tree_free(tree_at(recipient, "10"));
		if (X509_NAME_get0_der(X509_get_subject_name(forms_ca()), &p, &n) != 1 ||
		    !tree_read(view_of(p, n), tree_at(recipient, "10")))
			abort();
	}
	return true;
}

static bool
mend_number(struct node *number, const struct difference *d, bool all)
{
	(void)d;
	(void)all;
	unpad(&number->child[number->n - 1]);
	return true;
}

/* What stock calls say of the mended octets. */
static void
mended(const struct difference *d, bool all,
    bool (*mend)(struct node *tree, const struct difference *d, bool all),
    void (*read)(struct view in, struct facts *out), struct facts *out)
{
	struct node tree;
	struct blob der = {0};

	if (tree_read(d->in, &tree) && mend(&tree, d, all)) {
		tree_write(&tree, true, &der);
		read(blob_view(&der), out);
	}
	tree_free(&tree);
	blob_free(&der);
}

/* Taken, and nothing is told otherwise but what mending touched. */
static bool
taken_alike(const struct difference *d, struct facts *stock)
{
	static const char *const touched[] = {
	    "certificate", "signer's issuer", "signer's serial", "issuer", "serial"};
	bool ok = stock->taken;

	for (size_t i = 0; ok && i < d->ours->n; i++) {
		ok = !fact_differs(&d->ours->of[i], stock);
		for (size_t k = 0; k < COUNT_OF(touched); k++)
			ok = ok || strcmp(d->ours->of[i].name, touched[k]) == 0;
	}
	facts_clear(stock);
	return ok;
}

static bool
unread_parts(const struct difference *d)
{
	struct facts stock = {0};

	mended(d, false, mend_message, stock_message, &stock);
	return taken_alike(d, &stock);
}

/* It is not the signature that they refuse, and without these attributes they come to it. */
static bool
unknown_attribute(const struct difference *d)
{
	struct facts stock = {0};
	bool ok = false;

	if (strstr(d->text, "not SignedData") != NULL ||
	    strstr(d->text, "attribute error") != NULL) {
		mended(d, true, mend_message, stock_message, &stock);
		ok = !stock.taken && strstr(stock.why, "verification failure") != NULL;
	}
	facts_clear(&stock);
	return ok;
}

static bool
unread_envelope(const struct difference *d)
{
	struct facts stock = {0};

	mended(d, false, mend_envelope, stock_envelope, &stock);
	return taken_alike(d, &stock);
}

static bool
unread_number(const struct difference *d)
{
	struct facts stock = {0};

	mended(d, false, mend_number, stock_number, &stock);
	return taken_alike(d, &stock);
}

static bool
unsorted(const struct difference *d)
{
	struct node tree, *attributes;
	bool found = false;

	if (tree_read(d->in, &tree)) {
		attributes = tree_at(&tree, "10903");
		for (size_t i = 1; attributes != NULL && i < attributes->n; i++)
			found |=
			    by_octets(&attributes->child[i - 1], &attributes->child[i]) > 0;
	}
	tree_free(&tree);
	return found;
}

/* ---- the table ---- */

bool
row_explains(const struct difference *d)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct row *r = &rows[i];

		if (!(r->layers & 1u << d->layer) || r->side != d->side ||
		    strstr(d->text, r->text) == NULL || (r->holds != NULL && !r->holds(d)))
			continue;
		r->count++;
		return true;
	}
	return false;
}

void
rows_print(void)
{
	static const char *const sides[] = {"only stock", "only ours", "both"};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		printf("# %6zu %-10s %s \"%s\": %s\n", rows[i].count, sides[rows[i].side],
		    rows[i].id, rows[i].text, rows[i].why);
}
