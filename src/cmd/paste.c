/* paste.c - certificates that are pasted behind a command. */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/shell.h"
#include "net/net.h"

#define DER_MAX ((size_t)24 * 1024)
#define BEGINS "-----BEGIN "
#define ENDS "-----END "

struct paste {
	struct blob block, bare, der; /* base64 of this block, and outside of any; all blocks */
	bool inside, certificate, any;
};

static bool
begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

static bool
block_done(struct paste *p, struct err *e)
{
	struct blob der = {0};
	bool ok = true;

	p->inside = false;
	p->any = true;
	if (p->certificate) {
		ok = base64_decode(blob_view(&p->block), &der, e);
		blob_add_view(&p->der, blob_view(&der));
	}
	blob_clear(&p->block);
	blob_free(&der);
	return ok;
}

/* One line without its end. */
static bool
line_take(struct paste *p, const char *line, struct err *e)
{
	if (begins(line, ENDS))
		return block_done(p, e);
	if (begins(line, BEGINS)) {
		p->inside = true;
		p->certificate = strstr(line, "CERTIFICATE-") != NULL;
		if (strstr(line, "PRIVATE KEY") != NULL)
			return err_set(e, WHY_REFUSED,
			    "that is a private key: it is not sent, and nobody should see it");
		return true;
	}
	blob_add_str(p->inside ? &p->block : &p->bare, line);
	return p->block.n + p->bare.n + p->der.n <= 2 * DER_MAX ||
	       err_set(e, WHY_BAD_INPUT, "too much text");
}

static bool
read_all(FILE *in, bool whole, struct paste *p, struct err *e)
{
	char line[4096];

	while (fgets(line, sizeof(line), in) != NULL) {
		char *text = line + strspn(line, " \t");

		text[strcspn(text, "\r\n")] = 0;
		for (size_t n = strlen(text); n > 0 && strchr(" \t", text[n - 1]) != NULL; n--)
			text[n - 1] = 0;
		if (strcasecmp(text, "quit") == 0)
			break;
		if (text[0] == 0 && !whole && !p->inside && (p->any || p->bare.n > 0))
			break;
		if (!line_take(p, text, e))
			return false;
	}
	if (!p->any && p->bare.n > 0 && !base64_decode(blob_view(&p->bare), &p->der, e))
		return false;
	if (p->der.n == 0)
		return err_set(e, WHY_BAD_INPUT, "no certificate was pasted");
	return p->der.n <= DER_MAX ||
	       err_set(e, WHY_BAD_INPUT, "certificates of %zu octets, limit %zu", p->der.n,
		   DER_MAX);
}

bool
paste_read(FILE *in, bool whole, struct blob *hex, struct err *e)
{
	struct paste p = {0};
	bool ok = read_all(in, whole, &p, e);

	if (ok)
		hex_add(hex, blob_view(&p.der), false);
	blob_free(&p.block);
	blob_free(&p.bare);
	blob_free(&p.der);
	return ok;
}
