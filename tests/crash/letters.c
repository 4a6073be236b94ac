/* letters.c - SCEP messages written to files, answers read from files. */
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer.h"
#include "lib/pool.h"

/*
 *     letters enrol CACERT DIR PREFIX COUNT    DIR/N.ask: PKCSReq of O=Crash,CN=PREFIX-N
 *     letters renew CACERT DIR FROM COUNT      RenewalReq with a new key, signed by FROM/N.cert
 *     letters again CACERT DIR FROM COUNT      the same with another new key
 *     letters poll  CACERT DIR FROM COUNT      CertPoll for FROM/N.ask
 *     letters open  CACERT DIR ISSUER COUNT    DIR/N.answer: prints "N STATUS SERIAL SHA256" a
 *                                              letter, "-" where there is no certificate; a
 *                                              certificate, of the CA in file ISSUER, goes to
 *                                              DIR/N.cert
 *     letters next  CACERT DIR COUNT           DIR/N.answer to GetNextCACert: the certificates
 *                                              in it go to DIR/N.next
 *
 * CACERT is the answer to GetCACert, or DIR/N.next: then a renewal asks for a shadow
 * certificate. DIR/N.state is what is needed to open the answer.
 */
#define STATE_MAX 65536
#define PATH_ROOM 600
#define RENEWED 1000 /* key N + RENEWED follows key N, N + 2 * RENEWED that */

static const char *ca_file;

static bool
read_file(const char *path, struct blob *out, struct err *e)
{
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return err_set(e, WHY_IO, "%s: %s", path, strerror(errno));
	blob_clear(out);
	out->n = fread(blob_grow(out, STATE_MAX), 1, STATE_MAX, f);
	fclose(f);
	return true;
}

static bool
write_file(const char *path, struct view v, struct err *e)
{
	FILE *f = fopen(path, "we");
	bool ok = f != NULL && fwrite(v.p, 1, v.n, f) == v.n;

	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	return ok || err_set(e, WHY_IO, "%s: %s", path, strerror(errno));
}

static const char *
letter_path(const char *dir, size_t n, const char *kind, char out[PATH_ROOM])
{
	snprintf(out, PATH_ROOM, "%s/%zu.%s", dir, n, kind);
	return out;
}

static void
add_name(struct blob *out, const X509_NAME *name)
{
	uint8_t *der = NULL;
	int n = i2d_X509_NAME(name, &der);

	blob_add_sized(out, view_of(der, (size_t)n));
	OPENSSL_free(der);
}

static void
add_cert(struct blob *out, const X509 *cert)
{
	uint8_t *der = NULL;
	int n = i2d_X509(cert, &der);

	blob_add_sized(out, view_of(der, (size_t)n));
	OPENSSL_free(der);
}

static bool
letter_write(struct peer *p, const char *dir, size_t n, size_t key, size_t signer_key,
    const struct blob *message, struct err *e)
{
	struct blob state = {0};
	char path[PATH_ROOM];
	bool ok;

	blob_add_u32(&state, (uint32_t)key);
	blob_add_u32(&state, (uint32_t)signer_key);
	blob_add_u32(&state, (uint32_t)p->asked);
	add_name(&state, p->name);
	add_cert(&state, p->signer);
	blob_add_sized(&state, view_str(p->transaction));
	blob_add_sized(&state, view_of(p->nonce, sizeof(p->nonce)));
	ok = write_file(letter_path(dir, n, "state", path), blob_view(&state), e) &&
	     write_file(letter_path(dir, n, "ask", path), blob_view(message), e);
	blob_free(&state);
	return ok;
}

/* The peer that wrote the letter. */
static bool
letter_peer(const char *dir, size_t n, struct peer *p, uint32_t keys[2], struct err *e)
{
	struct blob state = {0}, ca = {0}, transaction = {0};
	struct view name, cert, id, nonce;
	struct reader r;
	char path[PATH_ROOM];
	uint32_t asked;
	X509 *signer = NULL;
	bool ok = false;

	if (!read_file(letter_path(dir, n, "state", path), &state, e) ||
	    !read_file(ca_file, &ca, e))
		goto out;
	r = reader_of(blob_view(&state));
	if (!read_u32(&r, &keys[0]) || !read_u32(&r, &keys[1]) || !read_u32(&r, &asked) ||
	    !read_sized(&r, &name) || !read_sized(&r, &cert) || !read_sized(&r, &id) ||
	    !read_sized(&r, &nonce) || nonce.n != sizeof(p->nonce)) {
		err_set(e, WHY_BAD_INPUT, "%s is broken", path);
		goto out;
	}
	const uint8_t *at = cert.p;
	signer = d2i_X509(NULL, &at, (long)cert.n);
	if (!peer_init_der(p, name, pool_key(keys[0]), e) || !peer_trust(p, blob_view(&ca), e))
		goto out;
	peer_sign_with(p, signer, pool_key(keys[1]));
	blob_set(&transaction, id);
	peer_transaction_set(p, blob_cstr(&transaction));
	memcpy(p->nonce, nonce.p, sizeof(p->nonce));
	p->asked = (int)asked;
	ok = true;
out:
	X509_free(signer);
	blob_free(&state);
	blob_free(&ca);
	blob_free(&transaction);
	return ok;
}

static bool
enrol(const char *dir, const char *prefix, size_t n, struct err *e)
{
	struct peer p = {0};
	struct blob ca = {0}, message = {0};
	char subject[100];
	bool ok;

	snprintf(subject, sizeof(subject), "O=Crash,CN=%s-%zu", prefix, n);
	ok = peer_init(&p, subject, pool_key(n), e) && read_file(ca_file, &ca, e) &&
	     peer_trust(&p, blob_view(&ca), e) && peer_enrol(&p, NULL, &message, e) &&
	     letter_write(&p, dir, n, n, n, &message, e);
	blob_free(&message);
	blob_free(&ca);
	peer_free(&p);
	return ok;
}

static bool
renew_to(const char *dir, const char *from, size_t n, size_t key, struct err *e)
{
	static const struct peer_request request = {.message_type = PEER_RENEWAL_REQ};
	struct peer p = {0};
	struct blob der = {0}, message = {0};
	char path[PATH_ROOM];
	uint32_t keys[2];
	bool ok = letter_peer(from, n, &p, keys, e) &&
		  read_file(letter_path(from, n, "cert", path), &der, e);
	const uint8_t *at = der.p;
	X509 *issued = ok ? d2i_X509(NULL, &at, (long)der.n) : NULL;

	if (ok) {
		peer_renew_from(&p, issued, pool_key(key));
		ok = peer_enrol(&p, &request, &message, e) &&
		     letter_write(&p, dir, n, key, keys[0], &message, e);
	}
	X509_free(issued);
	blob_free(&der);
	blob_free(&message);
	peer_free(&p);
	return ok;
}

static bool
renew(const char *dir, const char *from, size_t n, struct err *e)
{
	return renew_to(dir, from, n, n + RENEWED, e);
}

static bool
renew_again(const char *dir, const char *from, size_t n, struct err *e)
{
	return renew_to(dir, from, n, n + 2 * RENEWED, e);
}

static bool
poll_for(const char *dir, const char *from, size_t n, struct err *e)
{
	struct peer p = {0};
	struct blob message = {0};
	uint32_t keys[2];
	bool ok = letter_peer(from, n, &p, keys, e) && peer_poll(&p, &message, e) &&
		  letter_write(&p, dir, n, keys[0], keys[1], &message, e);

	blob_free(&message);
	peer_free(&p);
	return ok;
}

static bool
say(const char *dir, size_t n, const struct peer *p, const struct peer_answer *a, struct err *e)
{
	struct blob hex = {0};
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char path[PATH_ROOM];
	bool ok = true;

	if (a->cert == NULL) {
		printf("%zu %d - -\n", n, a->status);
		return true;
	}
	SHA256(a->cert_der.p, a->cert_der.n, hash);
	hex_add(&hex, view_of(hash, sizeof(hash)), false);
	printf("%zu %d %s %s\n", n, a->status, a->serial, blob_cstr(&hex));
	/* A shadow certificate has not begun: it is looked at when it has. */
	ok = peer_verify(a->cert, p->ca, when_max(clock_now(), peer_begins(a->cert)), e) &&
	     write_file(letter_path(dir, n, "cert", path), blob_view(&a->cert_der), e);
	blob_free(&hex);
	return ok;
}

/* It asked one CA and has the certificate of another: behind the switch. */
static bool
believe(struct peer *p, const char *issuer, struct err *e)
{
	struct peer other = {0};
	struct blob ca = {0};
	bool ok = peer_init(&other, "", p->key, e) && read_file(issuer, &ca, e) &&
		  peer_trust(&other, blob_view(&ca), e);

	if (ok) {
		X509_free(p->ca);
		p->ca = X509_dup(other.ca);
	}
	peer_free(&other);
	blob_free(&ca);
	return ok;
}

static bool
open_answer(const char *dir, const char *issuer, size_t n, struct err *e)
{
	struct peer p = {0};
	struct peer_answer a = {0};
	struct blob answer = {0};
	char path[PATH_ROOM];
	uint32_t keys[2];
	bool ok = letter_peer(dir, n, &p, keys, e) && believe(&p, issuer, e) &&
		  read_file(letter_path(dir, n, "answer", path), &answer, e) &&
		  peer_open(&p, blob_view(&answer), &a, e) && say(dir, n, &p, &a, e);

	blob_free(&answer);
	peer_answer_free(&a);
	peer_free(&p);
	return ok;
}

static bool
open_next(const char *dir, const char *unused, size_t n, struct err *e)
{
	struct peer p = {0};
	struct blob ca = {0}, answer = {0}, certs = {0};
	char path[PATH_ROOM];
	bool ok = peer_init(&p, "", pool_key(0), e) && read_file(ca_file, &ca, e) &&
		  peer_trust(&p, blob_view(&ca), e) &&
		  read_file(letter_path(dir, n, "answer", path), &answer, e) &&
		  peer_next(&p, blob_view(&answer), &certs, e) &&
		  write_file(letter_path(dir, n, "next", path), blob_view(&certs), e);

	(void)unused;
	blob_free(&ca);
	blob_free(&answer);
	blob_free(&certs);
	peer_free(&p);
	return ok;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int argc;
		bool (*act)(const char *dir, const char *other, size_t n, struct err *e);
	} acts[] = {
	    {"enrol", 6, enrol},
	    {"renew", 6, renew},
	    {"again", 6, renew_again},
	    {"poll", 6, poll_for},
	    {"open", 6, open_answer},
	    {"next", 5, open_next},
	};
	struct err e = {0};

	if (!clock_init(getenv("KEYMUSTER_CLOCK"), &e))
		return 1;
	for (size_t i = 0; i < COUNT_OF(acts); i++) {
		if (argc != acts[i].argc || strcmp(argv[1], acts[i].name) != 0)
			continue;
		ca_file = argv[2];
		size_t count = strtoul(argv[argc - 1], NULL, 10);
		for (size_t n = 0; n < count; n++) {
			if (acts[i].act(argv[3], argv[4], n, &e))
				continue;
			fprintf(stderr, "letters %s, letter %zu: %s\n", argv[1], n, e.text);
			return 1;
		}
		pool_free();
		return 0;
	}
	fprintf(stderr, "usage: letters enrol|renew|again|poll|open|next CACERT DIR ...\n");
	return 2;
}
