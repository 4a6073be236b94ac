/*
 * client.c - one SCEP exchange for a test.
 *
 * Writes its message as a line of hex, reads the answer the same way, and says in one line what
 * it was: the caller chooses how the octets travel.
 *
 *   client CA.der KEY.pem SUBJECT [word=value]...
 *   client key NUMBER OUT.pem		a key of the tests' pool, which costs no time to make
 */
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/peer.h"
#include "tests/lib/pem.h"
#include "tests/lib/pool.h"

struct words {
	const char *type; /* enrol (default), renew, poll, cert, crl */
	const char *digest, *cipher, *san, *challenge, *transaction;
	const char *padding;		 /* "oaep", "pss" or "oaep,pss"; default PKCS #1 v1.5 */
	const char *signer, *signer_key; /* an issued certificate signs */
	const char *about;		 /* certificate whose CRL is asked for */
	const char *serial;		 /* of the certificate asked for */
	const char *out;		 /* what was received, as PEM */
	const char *signer_out;		 /* the certificate that signed, as PEM */
};

static bool
take_word(struct words *w, const char *word)
{
	const struct {
		const char *name, **value;
	} names[] = {
	    {"type", &w->type},
	    {"digest", &w->digest},
	    {"cipher", &w->cipher},
	    {"padding", &w->padding},
	    {"san", &w->san},
	    {"challenge", &w->challenge},
	    {"transaction", &w->transaction},
	    {"signer", &w->signer},
	    {"signer_key", &w->signer_key},
	    {"about", &w->about},
	    {"serial", &w->serial},
	    {"out", &w->out},
	    {"signer_out", &w->signer_out},
	};
	size_t n = strcspn(word, "=");

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (word[n] == '=' && strlen(names[i].name) == n &&
		    memcmp(names[i].name, word, n) == 0) {
			*names[i].value = word + n + 1;
			return true;
		}
	}
	return false;
}

static bool
trust_file(struct peer *p, const char *path, struct err *e)
{
	struct blob ca = {0};
	bool ok = file_octets(path, &ca, e) && peer_trust(p, blob_view(&ca), e);

	blob_free(&ca);
	return ok;
}

static bool
prepare(struct peer *p, char **argv, const struct words *w, struct err *e)
{
	EVP_PKEY *key = pem_key(argv[2], e), *signer_key = NULL;
	X509 *signer = NULL;
	bool ok = false;

	if (key == NULL)
		goto out;
	if (!peer_init(p, argv[3], key, e) || !trust_file(p, argv[1], e))
		goto out;
	if (w->digest != NULL)
		p->digest = w->digest;
	if (w->cipher != NULL)
		p->cipher = w->cipher;
	p->oaep = w->padding != NULL && strstr(w->padding, "oaep") != NULL;
	p->pss = w->padding != NULL && strstr(w->padding, "pss") != NULL;
	if (w->transaction != NULL)
		peer_transaction_set(p, w->transaction);
	if (w->signer != NULL) {
		signer = pem_cert(w->signer, e);
		signer_key = pem_key(w->signer_key == NULL ? argv[2] : w->signer_key, e);
		if (signer == NULL || signer_key == NULL)
			goto out;
		peer_sign_with(p, signer, signer_key);
	}
	ok = true;
out:
	EVP_PKEY_free(key);
	EVP_PKEY_free(signer_key);
	X509_free(signer);
	return ok;
}

static bool
make(struct peer *p, const struct words *w, struct blob *out, struct err *e)
{
	const char *type = w->type == NULL ? "enrol" : w->type;
	struct peer_request rq = {.challenge = w->challenge, .san = w->san};
	X509 *about;
	bool ok;

	if (strcmp(type, "enrol") == 0)
		return peer_enrol(p, &rq, out, e);
	if (strcmp(type, "renew") == 0) {
		rq.message_type = PEER_RENEWAL_REQ;
		return peer_enrol(p, &rq, out, e);
	}
	if (strcmp(type, "poll") == 0)
		return peer_poll(p, out, e);
	if (strcmp(type, "cert") == 0 && w->serial != NULL)
		return peer_get_cert(p, w->serial, out, e);
	if (strcmp(type, "crl") != 0 || w->about == NULL)
		return err_set(e, WHY_BAD_INPUT, "type '%s' is unknown or lacks a word", type);
	about = pem_cert(w->about, e);
	if (about == NULL)
		return false;
	ok = peer_get_crl(p, about, out, e);
	X509_free(about);
	return ok;
}

static bool
tell(const struct peer_answer *a, const struct words *w, struct err *e)
{
	if (a->status == PEER_SUCCESS) {
		printf("success %s %s %s%s\n", a->cert != NULL ? a->serial : "crl", a->digest,
		    a->cipher, a->oaep ? " oaep" : "");
		return pem_write(w->out, a->cert, a->crl, e);
	}
	if (a->status == PEER_PENDING)
		printf("pending %s\n", a->digest);
	else
		printf("failure %d %s\n", a->fail_info, a->text);
	return true;
}

static int
give_key(const char *number, const char *path)
{
	size_t n = strtoul(number, NULL, 10);
	FILE *f = n < pool_size() ? fopen(path, "we") : NULL;
	bool ok =
	    f != NULL && PEM_write_PrivateKey(f, pool_key(n), NULL, NULL, 0, NULL, NULL) == 1;

	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	pool_free();
	return ok ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct words w = {0};
	struct peer p = {0};
	struct peer_answer answer = {0};
	struct blob message = {0}, hex = {0}, reply = {0};
	struct err e = {0};
	bool ok = argc >= 4;

	if (argc == 4 && strcmp(argv[1], "key") == 0)
		return give_key(argv[2], argv[3]);
	for (int i = 4; i < argc; i++)
		ok = ok && take_word(&w, argv[i]);
	if (!ok) {
		fprintf(stderr, "usage: client CA.der KEY.pem SUBJECT [word=value]...\n");
		return 2;
	}
	ok = prepare(&p, argv, &w, &e) && make(&p, &w, &message, &e) &&
	     pem_write(w.signer_out, p.signer, NULL, &e);
	if (ok) {
		hex_add(&hex, blob_view(&message), false);
		printf("%s\n", blob_cstr(&hex));
		(void)fflush(stdout);
		ok = hex_line(stdin, &reply, &e) &&
		     peer_open(&p, blob_view(&reply), &answer, &e) && tell(&answer, &w, &e);
	}
	if (!ok)
		fprintf(stderr, "client: %s\n", e.text);
	peer_answer_free(&answer);
	peer_free(&p);
	blob_free(&message);
	blob_free(&hex);
	blob_free(&reply);
	return ok ? 0 : 1;
}
