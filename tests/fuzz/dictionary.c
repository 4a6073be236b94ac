/* dictionary.c - print the grammar's dictionary for libFuzzer. */
#include "conf/conf.h"

int
main(void)
{
	struct blob words = {0};
	bool whole;

	grammar_dictionary(&words);
	whole = fwrite(words.p, 1, words.n, stdout) == words.n && words.n > 0;
	blob_free(&words);
	return whole ? 0 : 1;
}
