/* fuzz_scep.c - hostile octets as pkiMessage, attributes, certs-only. */
#include <stdlib.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool claim)
{
	if (!claim)
		abort();
}

/* Touches every octet, so that a sanitizer sees a view that lies elsewhere. */
static void
touch(struct view v)
{
	static volatile uint8_t sink;

	for (size_t i = 0; i < v.n; i++)
		sink = (uint8_t)(sink ^ v.p[i]);
}

static void
message(struct view in)
{
	struct blob scratch = {0};
	struct scep m;
	struct err e = {0};
	enum scep_verdict v = scep_decode(in, &scratch, &m, &e);
	int type;

	must(v == SCEP_OK || e.why != WHY_NONE);
	if (v != SCEP_UNREADABLE) {
		must(m.transaction.n <= SCEP_TRANSACTION_MAX);
		touch(m.transaction);
		touch(m.signer_issuer);
		touch(m.signer_serial);
		touch(m.certificates);
		touch(m.content);
		touch(m.signature);
		touch(m.signed_attrs);
		(void)!scep_attrs_decode(m.signed_attrs, &type, NULL);
	}
	if (v == SCEP_OK) {
		must(m.digest != HASH_NONE && m.alg.hash == m.digest);
		must(m.sender_nonce.n <= SCEP_NONCE_MAX &&
		     m.recipient_nonce.n <= SCEP_NONCE_MAX);
		must(m.type == SCEP_CERTREP || m.has_content);
		must(m.signer.whole.n == 0 || m.signer.key.kind == m.alg.key);
		touch(m.sender_nonce);
		touch(m.recipient_nonce);
		touch(m.fail_text);
	}
	blob_free(&scratch);
}

/* GetNextCACert: whatever a pkiMessage is, this is as well. */
static void
plain(struct view in)
{
	struct blob scratch = {0}, again = {0};
	struct scep m, same;
	struct err e = {0};
	bool read = signed_data_decode(in, &scratch, &m, &e);

	must(read || e.why != WHY_NONE);
	if (read) {
		must(m.type == 0 && m.digest != HASH_NONE && m.alg.hash == m.digest);
		touch(m.signer_issuer);
		touch(m.signer_serial);
		touch(m.certificates);
		touch(m.content);
		touch(m.signature);
		touch(m.signed_attrs);
	}
	must(scep_decode(in, &again, &same, NULL) != SCEP_OK || read);
	blob_free(&scratch);
	blob_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size), a, b;
	struct blob scratch = {0};
	int type;

	message(in);
	plain(in);
	(void)!scep_attrs_decode(in, &type, NULL);
	if (certs_only_decode(in, &scratch, &a, &b, NULL)) {
		touch(a);
		touch(b);
	}
	if (issuer_and_serial_decode(in, &a, &b, NULL)) {
		touch(a);
		touch(b);
	}
	blob_free(&scratch);
	return 0;
}
