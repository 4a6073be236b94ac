/* shell.c - the interactive shell. */
#include <histedit.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/shell.h"
#include "conf/conf.h"

static const char *
prompt(EditLine *el)
{
	static char text[64] = "keymuster# ";

	(void)el;
	if (configure_mode() != NULL)
		(void)snprintf(text, sizeof(text), "keymuster(%s)# ", configure_mode());
	else
		(void)snprintf(text, sizeof(text), "keymuster# ");
	return text;
}

/* The line up to the cursor. */
static void
typed(EditLine *el, struct blob *out)
{
	const LineInfo *li = el_line(el);

	blob_add(out, li->buffer, (size_t)(li->cursor - li->buffer));
}

static void
what_follows(const char *line, struct blob *out)
{
	(configure_mode() != NULL ? configure_help : command_help)(line, out);
}

/* Ctrl-Z ends what is being configured. */
static unsigned char
end_key(EditLine *el, int key)
{
	(void)key;
	if (configure_mode() == NULL)
		return CC_ERROR;
	el_push(el, "\001\013end\n"); /* to its begin, away with it, and then */
	return CC_NORM;
}

/* '?': what may follow, one word and its help a line; the line stays as it is. */
static unsigned char
help_key(EditLine *el, int key)
{
	struct blob line = {0}, help = {0};

	(void)key;
	typed(el, &line);
	what_follows(blob_cstr(&line), &help);
	printf("?\n");
	for (const char *at = blob_cstr(&help); *at != 0;) {
		size_t word = strcspn(at, "\t\n"), rest;

		printf("  %-20.*s", (int)word, at);
		at += word + (at[word] == '\t' ? 1 : 0);
		rest = strcspn(at, "\n");
		printf(" %.*s\n", (int)rest, at);
		at += rest + (at[rest] == '\n' ? 1 : 0);
	}
	(void)fflush(stdout);
	blob_free(&line);
	blob_free(&help);
	return CC_REDISPLAY;
}

/* Tab: completes the word when only one fits. */
static unsigned char
tab_key(EditLine *el, int key)
{
	struct blob line = {0}, help = {0}, rest = {0};
	const char *text, *word, *only = NULL;
	size_t length = 0, have;
	int fits = 0;

	(void)key;
	typed(el, &line);
	text = blob_cstr(&line);
	word = strrchr(text, ' ') == NULL ? text : strrchr(text, ' ') + 1;
	have = strlen(word);
	what_follows(text, &help);
	for (const char *at = blob_cstr(&help); *at != 0;) {
		size_t n = strcspn(at, "\t\n");

		if (n >= have && strncmp(at, word, have) == 0 && at[0] >= 'a' && at[0] <= 'z') {
			only = at;
			length = n;
			fits++;
		}
		at += strcspn(at, "\n");
		at += *at == '\n' ? 1 : 0;
	}
	if (fits == 1) {
		blob_add(&rest, only + have, length - have);
		blob_add_byte(&rest, ' ');
		(void)el_insertstr(el, blob_cstr(&rest));
	}
	blob_free(&line);
	blob_free(&help);
	blob_free(&rest);
	return fits == 1 ? CC_REFRESH : CC_ERROR;
}

int
shell_run(const char *run)
{
	EditLine *el = el_init("keymuster", stdin, stdout, stderr);
	History *past = history_init();
	HistEvent event;
	const char *line;
	int n, code = 0;

	history(past, &event, H_SETSIZE, 500);
	el_set(el, EL_PROMPT, prompt);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_HIST, history, past);
	el_set(el, EL_ADDFN, "what-follows", "what may follow", help_key);
	el_set(el, EL_ADDFN, "complete", "complete the word", tab_key);
	el_set(el, EL_BIND, "?", "what-follows", NULL);
	el_set(el, EL_BIND, "\t", "complete", NULL);
	el_set(el, EL_ADDFN, "end-configuration", "end what is being configured", end_key);
	el_set(el, EL_SETTY, "-d", "-isig", NULL); /* CNTL/Z and CNTL/C are keys, as in IOS */
	el_set(el, EL_BIND, "^C", "ed-start-over", NULL);
	el_set(el, EL_BIND, "^Z", "end-configuration", NULL);
	while ((line = el_gets(el, &n)) != NULL && n > 0) {
		char copy[4096];

		(void)snprintf(copy, sizeof(copy), "%s", line);
		copy[strcspn(copy, "\n")] = 0;
		if (copy[strspn(copy, " \t")] == 0)
			continue;
		history(past, &event, H_ENTER, copy);
		if (configure_mode() == NULL &&
		    (strcmp(copy, "exit") == 0 || strcmp(copy, "quit") == 0))
			break;
		code = send_line(run, copy);
	}
	history_end(past);
	el_end(el);
	return code;
}
