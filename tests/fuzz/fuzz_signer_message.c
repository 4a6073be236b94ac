/* fuzz_signer_message.c - octets from a hostile core: decoder, then guard. */
#include <stdlib.h>
#include <string.h>

#include "keys/export.h"
#include "keys/guard.h"
#include "keys/import.h"
#include "keys/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* P-256: quick to make, and the guard's rules are the same for every key. */
static struct pair *
pair_once(void)
{
	static struct ring ring;
	static struct pair *pair;

	if (pair == NULL && (!ring_open(&ring, NULL, NULL, NULL) ||
				!ring_make(&ring, "CA", KEY_EC, 256, &pair, NULL)))
		abort();
	return pair;
}

/* A window that everything could be issued in, so that the rules behind it are reached. */
static void
guard_window(struct guard *g, const struct pair *p, const struct key_job *job)
{
	struct cert c;
	struct blob record = {0};

	if (!cert_decode_tbs(job->bytes, &c, NULL))
		return;
	blob_add_byte(&record, 2);
	blob_add(&record, p->id, PAIR_ID);
	memset(blob_grow(&record, 32), 0, 32);
	sha256(c.issuer, blob_grow(&record, 32));
	blob_add_u64(&record, 0);
	blob_add_u64(&record, INT64_MAX);
	blob_add_byte(&record, HASH_SHA256);
	blob_add_u64(&record, 0);
	if (!guard_replay(g, blob_view(&record), NULL))
		abort();
	blob_free(&record);
}

/*
 * What is decoded encodes to the same octets. What the guard lets through as a reply is never a
 * TBS; a certificate it lets through is no CA's, and its record is readable.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pair *p = pair_once();
	struct guard *g = guard_new(), *again = guard_new();
	struct blob b = {0}, record = {0};
	struct key_job job;
	struct permit permit;
	struct cert c;
	struct crl l;
	uint64_t id;

	if (!job_decode(view_of(data, size), &job, &id, NULL))
		goto out;
	job_encode(&job, &b);
	if (!view_equal(blob_view(&b), view_of(data, size)))
		abort();
	if (((job.act == KEY_EXPORT && export_path_check(&job, NULL)) ||
		(job.act == KEY_IMPORT && import_check(&job, NULL))) &&
	    (job.path[0] == '.' || job.path[0] == '/' || strstr(job.path, "/.") != NULL))
		abort();
	if (job.act == KEY_EXPORT && guard_export(g, p, job.bytes, &record, NULL))
		abort(); /* nobody has a certificate of this key */
	if (job.act != KEY_SIGN)
		goto out;
	guard_window(g, p, &job);
	if (!guard_sign(g, p, &job, &record, &permit, NULL))
		goto out;
	if ((job.as == SIGN_REPLY || job.as == SIGN_REQUEST || job.as == SIGN_MESSAGE) &&
	    (cert_decode_tbs(job.bytes, &c, NULL) || crl_decode_tbs(job.bytes, &l, NULL)))
		abort();
	if ((job.as == SIGN_CERT || job.as == SIGN_TEMPORARY) &&
	    (!cert_decode_tbs(job.bytes, &c, NULL) || c.is_ca ||
		(c.key_usage & (KU_CERT_SIGN | KU_CRL_SIGN)) != 0))
		abort();
	guard_window(again, p, &job);
	if (record.n > 0 && job.as == SIGN_CERT &&
	    !guard_replay(again, blob_view(&record), NULL))
		abort();
out:
	guard_free(g);
	guard_free(again);
	blob_free(&b);
	blob_free(&record);
	return 0;
}
