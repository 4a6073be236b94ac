/* shell.h - the interactive shell of keymuster. */
#ifndef CMD_SHELL_H
#define CMD_SHELL_H

#include <stdio.h>

#include "base/base.h"

/* One command to the daemon; its answer to stdout, its exit code back. */
int send_line(const char *run, const char *line);
/* Reads lines from a terminal with Tab, ? and history. The last command's exit code. */
int shell_run(const char *run);

/*
 * configure.c: the lines behind "configure terminal", until "end". Its exit codes are as those
 * of other lines.
 */
int configure_begin(const char *run);
/* "config" and so on; NULL: nothing is being configured. */
const char *configure_mode(void);
int configure_line(const char *run, const char *line);
void configure_help(const char *line, struct blob *out);
/* No further line comes. True: what was typed is lost, and that was said. */
bool configure_lost(void);
/* "configure memory". */
int configure_again(const char *run);

/* ask.c: a line to the daemon of a run directory, its answer and exit code. False: none came.
 */
bool daemon_ask(
    const char *run, const char *line, struct blob *text, int *status, struct err *e) MUST_USE;

/* paste.c: certificates in PEM or bare base64, to DER in hex; up to a blank line or "quit", or
 * whole: up to the end. */
bool paste_read(FILE *in, bool whole, struct blob *hex, struct err *e) MUST_USE;

/* person.c: is somebody there to be asked? */
bool person_here(void);
/* Asks until it is yes or no; no when the terminal is gone. */
bool person_agrees(const char *question);
/* One line that is not seen; false when the terminal is gone. Wipe it. */
bool person_secret(const char *question, char *out, size_t size);

#endif
