/* servers_operator.c - commands to authorities, and what show reads of them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/core.h"

static struct server *
server_of(struct core *c, const struct command_line *line)
{
	for (size_t i = 0; i < c->server_count; i++)
		if (strcmp(c->server[i].conf->name, line->name) == 0)
			return &c->server[i];
	return NULL;
}

/*
 * Unsigned octets without padding. As in IOS 0x is hexadecimal and bare digits are decimal;
 * what show prints is hexadecimal without 0x, and letters or more digits than 64 bits have in
 * decimal tell it apart.
 */
static bool
serial_of(const char *word, struct blob *out)
{
	static const char digits[] = "0123456789abcdef";
	const bool marked = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	const bool hex = marked || strpbrk(word, "abcdefABCDEF") != NULL || strlen(word) > 19;
	uint8_t n[32] = {0};
	size_t zeros = 0;

	for (word += marked ? 2 : 0; *word != '\0'; word++) {
		const char *digit = strchr(digits, tolower((unsigned char)*word));
		unsigned carry;

		if (digit == NULL || (!hex && digit - digits > 9))
			return false;
		carry = (unsigned)(digit - digits);
		for (size_t i = sizeof(n); i-- > 0; carry >>= 8) {
			carry += n[i] * (hex ? 16U : 10U);
			n[i] = (uint8_t)carry;
		}
		if (carry != 0)
			return false;
	}
	while (zeros < sizeof(n) - 1 && n[zeros] == 0)
		zeros++;
	blob_add(out, n + zeros, sizeof(n) - zeros);
	return true;
}

/* Two bare digits or more, few enough to be decimal: show prints hexadecimal, IOS reads
 * decimal. */
static bool
serial_is_ambiguous(const char *word)
{
	size_t n = strlen(word);

	return n >= 2 && n <= 19 && strspn(word, "0123456789") == n;
}

void
servers_command(
    struct core *c, uint64_t client, const struct command_line *line, const char *who)
{
	static const enum ca_command commands[] = {
	    [CMD_GRANT] = CA_GRANT,
	    [CMD_REJECT] = CA_REJECT,
	    [CMD_REMOVE] = CA_REMOVE,
	    [CMD_REVOKE] = CA_REVOKE,
	    [CMD_PASSWORD] = CA_PASSWORD,
	    [CMD_ROLLOVER] = CA_ROLLOVER,
	    [CMD_CANCEL] = CA_CANCEL,
	};
	struct server *s = server_of(c, line);
	struct item *it;

	if (s == NULL) {
		char text[200];

		(void)snprintf(text, sizeof(text),
		    "%% Certificate server %s is not known.\n  See: show crypto pki server\n",
		    line->name);
		operator_answer(c, client, CODE_REFUSED, text);
		return;
	}
	if (line->command == CMD_REVOKE && serial_is_ambiguous(line->word)) {
		struct blob text = {0};

		blob_printf(&text,
		    "%% %s may be hexadecimal, as show prints serial numbers, or decimal, as "
		    "IOS reads them.\n"
		    "  Say revoke 0x%s, or revoke 0x%llX.\n",
		    line->word, line->word, strtoull(line->word, NULL, 10));
		control_answer(c->control, client, CODE_USAGE, blob_view(&text));
		blob_free(&text);
		return;
	}
	core_look(c, false);
	if (!c->clock_trusted) {
		operator_no_clock(c, client);
		return;
	}
	it = mem_get(sizeof(*it));
	it->event.kind = CA_COMMAND;
	it->event.id = client;
	it->event.command = commands[line->command];
	it->event.all = line->all;
	it->event.request = line->number;
	it->event.minutes = line->number;
	it->event.reason = line->reason;
	(void)snprintf(it->actor, sizeof(it->actor), "%s", who);
	if (line->command == CMD_REVOKE && !serial_of(line->word, &it->serial)) {
		blob_free(&it->serial);
		free(it);
		operator_answer(c, client, CODE_USAGE,
		    "% No certificate has such a serial number; it is decimal, or hexadecimal "
		    "as show prints it.\n");
		return;
	}
	server_add_item(s, it);
}

const struct show_table *
servers_show(void)
{
	return &show_all;
}

bool
servers_begin(struct core *c, struct err *e)
{
	while (c->shown < c->server_count) {
		struct store *s = c->server[c->shown].store;

		if (!s->table->begin(s, e))
			return false;
		c->shown++;
	}
	return true;
}

void
servers_rollback(struct core *c)
{
	while (c->shown > 0) {
		struct store *s = c->server[--c->shown].store;

		s->table->rollback(s);
	}
}
