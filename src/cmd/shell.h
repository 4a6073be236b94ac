/* shell.h - the interactive shell of keymuster. */
#ifndef CMD_SHELL_H
#define CMD_SHELL_H

#include "base/base.h"

/* One command to the daemon; its answer to stdout, its exit code back. */
int send_line(const char *run, const char *line);
/* Reads lines from a terminal with Tab, ? and history. The last command's exit code. */
int shell_run(const char *run);

#endif
