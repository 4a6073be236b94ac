/* seal.c - sealing keys at rest. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/keys.h"
#include "sys/sys.h"

#define SEAL_VERSION 1
#define NONCE 12
#define TAG 16
#define KEY_TEXT_MAX 80
#define PLAIN_MAX (1024 * 1024)

/* One pass of AES-256-GCM either way; false when the tag does not fit. */
static bool
gcm(const struct seal *s, const char *label, bool closing, const uint8_t *nonce, struct view in,
    uint8_t *out, uint8_t *tag)
{
	static const char purpose[] = "keymuster seal 1";
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;
	bool ok;

	ok = c != NULL &&
	     EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, s->key, nonce, closing) == 1 &&
	     EVP_CipherUpdate(c, NULL, &n, (const uint8_t *)purpose, (int)sizeof(purpose)) ==
		 1 &&
	     EVP_CipherUpdate(c, NULL, &n, (const uint8_t *)label, (int)strlen(label)) == 1 &&
	     EVP_CipherUpdate(c, out, &n, in.p, (int)in.n) == 1 &&
	     (closing || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1) &&
	     EVP_CipherFinal_ex(c, out + n, &last) == 1 &&
	     (!closing || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1);
	EVP_CIPHER_CTX_free(c);
	ERR_clear_error();
	return ok;
}

static bool
close_with(const struct seal *s, const char *label, const uint8_t nonce[NONCE],
    struct view plain, struct blob *out, struct err *e)
{
	struct blob b = {0};
	uint8_t *at;
	bool ok;

	if (plain.n > PLAIN_MAX)
		return err_set(
		    e, WHY_BAD_INPUT, "seal: %zu octets, limit %d", plain.n, PLAIN_MAX);
	at = blob_grow(&b, 1 + NONCE + plain.n + TAG);
	at[0] = SEAL_VERSION;
	memcpy(at + 1, nonce, NONCE);
	ok = gcm(s, label, true, at + 1, plain, at + 1 + NONCE, at + 1 + NONCE + plain.n) ||
	     err_set(e, WHY_CRYPTO, "sealing '%s' failed", label);
	if (ok)
		blob_set(out, blob_view(&b));
	blob_free(&b);
	return ok;
}

bool
seal_close(
    const struct seal *s, const char *label, struct view plain, struct blob *out, struct err *e)
{
	uint8_t nonce[NONCE];

	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return err_set(e, WHY_CRYPTO, "no random octets to seal '%s' with", label);
	return close_with(s, label, nonce, plain, out, e);
}

bool
seal_close_same(
    const struct seal *s, const char *label, struct view plain, struct blob *out, struct err *e)
{
	struct blob all = {0};
	uint8_t hash[32];

	blob_add(&all, s->key, sizeof(s->key));
	blob_add_sized(&all, view_str(label));
	blob_add_view(&all, plain);
	sha256(blob_view(&all), hash);
	blob_free(&all);
	return close_with(s, label, hash, plain, out, e);
}

bool
seal_open(const struct seal *s, const char *label, struct view sealed, struct blob *plain,
    struct err *e)
{
	struct blob b = {0};
	uint8_t tag[TAG];
	size_t n;

	if (sealed.n < 1 + NONCE + TAG || sealed.n > 1 + NONCE + PLAIN_MAX + TAG)
		return err_set(e, WHY_BAD_INPUT,
		    "sealed '%s' has %zu octets: cut or no sealed file", label, sealed.n);
	if (sealed.p[0] != SEAL_VERSION)
		return err_set(e, WHY_BAD_INPUT,
		    "sealed '%s' is of version %d, this program knows %d", label, sealed.p[0],
		    SEAL_VERSION);
	n = sealed.n - 1 - NONCE - TAG;
	memcpy(tag, sealed.p + sealed.n - TAG, TAG);
	if (!gcm(s, label, false, sealed.p + 1, view_of(sealed.p + 1 + NONCE, n),
		blob_grow(&b, n + TAG), tag)) {
		blob_free(&b);
		return err_set(e, WHY_CRYPTO,
		    "sealed '%s' does not open: another sealing key, another label, or a "
		    "damaged file",
		    label);
	}
	blob_set(plain, view_of(b.p, n));
	blob_free(&b);
	return true;
}

/* 32 octets as they stand, or 64 hex digits and perhaps a line end. */
static bool
seal_parse(const char *source, struct view v, struct seal *out, struct err *e)
{
	char text[KEY_TEXT_MAX + 1] = {0};
	struct blob b = {0};
	bool ok = true;

	if (v.n == sizeof(out->key)) {
		memcpy(out->key, v.p, sizeof(out->key));
		return true;
	}
	while (v.n > 0 && (v.p[v.n - 1] == '\n' || v.p[v.n - 1] == '\r'))
		v.n--;
	if (v.n == 2 * sizeof(out->key))
		memcpy(text, v.p, v.n);
	if (hex_decode(text, &b) && b.n == sizeof(out->key))
		memcpy(out->key, b.p, b.n);
	else
		ok = err_set(e, WHY_BAD_INPUT,
		    "%s: a sealing key is 32 octets or 64 hex digits", source);
	blob_free(&b);
	mem_wipe(text, sizeof(text));
	return ok;
}

static bool
seal_from_fd(const char *number, struct seal *out, struct err *e)
{
	uint8_t buf[KEY_TEXT_MAX];
	char *end = NULL;
	long fd = strtol(number, &end, 10);
	size_t n = 0;
	ssize_t got = 0;
	bool ok;

	if (*number == '\0' || *end != '\0' || fd < 0 || fd > 65535)
		return err_set(e, WHY_BAD_INPUT, "KEYMUSTER_SEAL_FD: not a descriptor number");
	while (n < sizeof(buf) && (got = read((int)fd, buf + n, sizeof(buf) - n)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(
			    e, WHY_IO, "KEYMUSTER_SEAL_FD %ld: %s", fd, strerror(errno));
		n += (size_t)got;
	}
	close((int)fd);
	ok = seal_parse("KEYMUSTER_SEAL_FD", view_of(buf, n), out, e);
	mem_wipe(buf, sizeof(buf));
	return ok;
}

static bool
seal_from_file(const char *path, struct seal *out, struct err *e)
{
	struct blob b = {0};
	bool ok =
	    file_read(path, KEY_TEXT_MAX, &b, e) && seal_parse(path, blob_view(&b), out, e);

	blob_free(&b);
	return ok;
}

static bool
seal_make(const char *path, struct seal *out, struct err *e)
{
	struct seal fresh;
	struct blob text = {0};
	bool ok = false;

	if (RAND_bytes(fresh.key, sizeof(fresh.key)) != 1) {
		err_set(e, WHY_CRYPTO, "no random octets for a sealing key");
		goto out;
	}
	hex_add(&text, view_of(fresh.key, sizeof(fresh.key)), false);
	blob_add_byte(&text, '\n');
	if (!file_replace(path, 0600, blob_view(&text), e))
		goto out;
	*out = fresh;
	ok = true;
out:
	mem_wipe(&fresh, sizeof(fresh));
	blob_free(&text);
	return ok;
}

static bool
seal_from_state(const char *path, bool have_keys, struct seal *out, struct err *e)
{
	struct stat st;

	if (stat(path, &st) == 0) {
		if ((st.st_mode & 077) != 0)
			return err_set(e, WHY_REFUSED,
			    "%s: others may read it; chmod 600 and think about new keys", path);
		return seal_from_file(path, out, e);
	}
	if (errno != ENOENT)
		return err_set(e, WHY_IO, "%s: %s", path, strerror(errno));
	if (!have_keys)
		return seal_make(path, out, e);
	return err_set(e, WHY_NOT_FOUND,
	    "no sealing key, but sealed keys exist: restore %s from the backup, or give the "
	    "key by the credential "
	    "keymuster.seal, KEYMUSTER_SEAL_FD or KEYMUSTER_SEAL_FILE",
	    path);
}

bool
seal_load(const char *state_dir, bool have_keys, struct seal *out, struct err *e)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	const char *fd = getenv("KEYMUSTER_SEAL_FD");
	const char *file = getenv("KEYMUSTER_SEAL_FILE");
	struct blob path = {0};
	bool ok;

	if (credentials != NULL)
		blob_printf(&path, "%s/keymuster.seal", credentials);
	if (path.n > 0 && file_exists(blob_cstr(&path)))
		ok = seal_from_file(blob_cstr(&path), out, e);
	else if (fd != NULL)
		ok = seal_from_fd(fd, out, e);
	else if (file != NULL)
		ok = seal_from_file(file, out, e);
	else {
		blob_clear(&path);
		blob_printf(&path, "%s/seal.key", state_dir);
		ok = seal_from_state(blob_cstr(&path), have_keys, out, e);
	}
	blob_free(&path);
	return ok;
}
