/* person.c - questions to who sits at the terminal. */
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/shell.h"

bool
person_here(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* False: the terminal is gone. */
static bool
read_answer(const char *question, char *out, size_t size)
{
	(void)fputs(question, stdout);
	(void)fflush(stdout);
	if (fgets(out, (int)size, stdin) == NULL)
		return false;
	out[strcspn(out, "\r\n")] = 0;
	return true;
}

bool
person_agrees(const char *question)
{
	char said[64];

	while (read_answer(question, said, sizeof(said))) {
		if (strcasecmp(said, "yes") == 0 || strcasecmp(said, "y") == 0)
			return true;
		if (strcasecmp(said, "no") == 0 || strcasecmp(said, "n") == 0)
			return false;
		(void)fputs("% Please answer 'yes' or 'no'.\n", stdout);
	}
	return false;
}

bool
person_secret(const char *question, char *out, size_t size)
{
	struct termios seen, unseen;
	bool ok;

	if (tcgetattr(STDIN_FILENO, &seen) != 0)
		return false;
	unseen = seen;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
	ok = read_answer(question, out, size);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
	(void)fputs("\n", stdout);
	return ok;
}
