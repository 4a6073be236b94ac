/*
 * client.c - one exchange of an IOS router for a test.
 *
 * Writes its HTTP request as a line of hex, reads the body of the answer the same way, and says
 * in one line what it was.
 *
 *   ios_client RELEASE CA.der CAPS KEY.pem HOST [word=value]...
 */
#include <stdlib.h>
#include <string.h>

#include "tests/ios/ios.h"
#include "tests/lib/pem.h"

struct words {
	const char *type;		 /* enrol (default), poll */
	const char *count;		 /* of the temporary certificate, decimal */
	const char *serial;		 /* or its very octets */
	const char *signer, *signer_key; /* the certificate held, if the CA lists Renewal */
	const char *out;		 /* what was received, as PEM */
};

static bool
take_word(struct words *w, const char *word)
{
	const struct {
		const char *name, **value;
	} names[] = {
	    {"type=", &w->type},
	    {"count=", &w->count},
	    {"serial=", &w->serial},
	    {"signer=", &w->signer},
	    {"signer_key=", &w->signer_key},
	    {"out=", &w->out},
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		size_t n = strlen(names[i].name);

		if (strncmp(names[i].name, word, n) == 0) {
			*names[i].value = word + n;
			return true;
		}
	}
	return false;
}

static bool
router(struct ios *c, char **argv, struct err *e)
{
	struct blob der = {0}, caps = {0};
	char subject[100];
	EVP_PKEY *key = pem_key(argv[4], e);
	bool ok =
	    key != NULL && file_octets(argv[2], &der, e) && file_octets(argv[3], &caps, e);
	const uint8_t *at = der.p;
	X509 *ca = ok ? d2i_X509(NULL, &at, (long)der.n) : NULL;

	if (ok && ca == NULL)
		ok = err_set(e, WHY_BAD_INPUT, "%s: no CA certificate", argv[2]);
	(void)snprintf(subject, sizeof(subject), "OU=CVO,CN=%s", argv[5]);
	ok = ok && ios_init(c, argv[1], subject, argv[5], key, ca, e);
	if (ok)
		ios_capabilities(c, blob_cstr(&caps));
	EVP_PKEY_free(key);
	X509_free(ca);
	blob_free(&der);
	blob_free(&caps);
	return ok;
}

static bool
choose_signer(struct ios *c, const struct words *w, struct err *e)
{
	struct blob serial = {0};
	bool ok = true;

	if (w->signer != NULL && c->renewal_listed) {
		X509 *cert = pem_cert(w->signer, e);
		EVP_PKEY *key = w->signer_key == NULL ? NULL : pem_key(w->signer_key, e);

		if (cert != NULL)
			ios_sign_with(c, cert, key == NULL ? c->key : key);
		ok = cert != NULL && (key != NULL || w->signer_key == NULL);
		X509_free(cert);
		EVP_PKEY_free(key);
		return ok;
	}
	if (w->serial != NULL)
		ok = hex_decode(w->serial, &serial);
	else
		ios_serial(
		    c, w->count == NULL ? 1 : (uint32_t)strtoul(w->count, NULL, 10), &serial);
	ok = ok && ios_temporary(c, blob_view(&serial), e);
	blob_free(&serial);
	return ok;
}

static bool
ask(struct ios *c, const struct words *w, struct err *e)
{
	struct blob message = {0}, http = {0}, hex = {0};
	bool poll = w->type != NULL && strcmp(w->type, "poll") == 0;
	bool ok = poll ? ios_poll(c, &message, e) : ios_enrol(c, &message, e);

	ios_http("127.0.0.1", blob_view(&message), &http);
	hex_add(&hex, blob_view(&http), false);
	if (ok)
		printf("%s\n", blob_cstr(&hex));
	(void)fflush(stdout);
	blob_free(&message);
	blob_free(&http);
	blob_free(&hex);
	return ok;
}

static bool
hear(const struct ios *c, const struct words *w, struct err *e)
{
	struct peer_answer a = {0};
	struct blob reply = {0};
	bool ok = hex_line(stdin, &reply, e) && ios_open(c, blob_view(&reply), &a, e);

	if (ok && a.status == PEER_SUCCESS) {
		printf("success %s %s %s\n", a.serial, a.digest, a.cipher);
		ok = pem_write(w->out, a.cert, NULL, e);
	} else if (ok && a.status == PEER_PENDING) {
		printf("pending %s\n", a.digest);
	} else if (ok) {
		printf("failure %d %s %s\n", a.fail_info, a.digest, a.text);
	}
	peer_answer_free(&a);
	blob_free(&reply);
	return ok;
}

int
main(int argc, char **argv)
{
	struct words w = {0};
	struct ios c = {0};
	struct err e = {0};
	bool ok = argc >= 6 && clock_init(getenv("KEYMUSTER_CLOCK"), &e);

	for (int i = 6; i < argc; i++)
		ok = ok && take_word(&w, argv[i]);
	if (!ok) {
		fprintf(stderr,
		    "usage: ios_client RELEASE CA.der CAPS KEY.pem HOST [word=value]...\n");
		return 2;
	}
	ok = router(&c, argv, &e) && choose_signer(&c, &w, &e) && ask(&c, &w, &e) &&
	     hear(&c, &w, &e);
	if (!ok)
		fprintf(stderr, "ios_client: %s\n", e.text);
	ios_free(&c);
	return ok ? 0 : 1;
}
