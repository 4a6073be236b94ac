/* fuzz_command.c - any text as an exec line and its help. */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = mem_get(size + 1);
	struct command_line got;
	struct blob help = {0};
	struct err e = {0};
	int column = -1;

	if (size > 0)
		memcpy(line, data, size);
	if (command_parse(line, &got, &column, &e)) {
		if (got.command == CMD_NONE)
			abort();
		command_writes(got.command);
	} else if (e.text[0] != '%' || column < 0 || (size_t)column > strlen(line)) {
		abort();
	}
	command_help(line, &help);
	blob_free(&help);
	free(line);
	return 0;
}
