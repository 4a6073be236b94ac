/* tree_wire.c - names and fingerprints in trees. */
#include "show/tree.h"
#include "wire/wire.h"

static void
add_rdn(void *arg, const char *rdn)
{
	tree_add_text(arg, rdn);
}

void
tree_put_name(struct tree *o, const char *key, struct view der)
{
	struct blob b = {0};
	char parts[64];

	name_text(der, &b);
	tree_put_text(o, key, blob_cstr(&b));
	blob_free(&b);
	(void)snprintf(parts, sizeof(parts), "%s_rdns", key);
	name_each(der, add_rdn, tree_add_array(o, parts));
}

bool
tree_put_fingerprints(struct tree *o, const char *prefix, struct view der, struct err *e)
{
	static const struct {
		enum hash hash;
		const char *key;
	} all[] = {
	    {HASH_MD5, "fingerprint_md5"},
	    {HASH_SHA1, "fingerprint_sha1"},
	    {HASH_SHA256, "fingerprint_sha256"},
	};
	uint8_t digest[HASH_MAX];
	char key[64];

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		if (!hash_bytes(all[i].hash, der, digest, e))
			return false;
		(void)snprintf(key, sizeof(key), "%s%s", prefix, all[i].key);
		tree_put_hex(o, key, view_of(digest, hash_size(all[i].hash)));
	}
	return true;
}
