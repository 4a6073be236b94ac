/* demo_grid.h - inner: letters in rows and columns, for a terminal or a file. */
#ifndef CMD_DEMO_GRID_H
#define CMD_DEMO_GRID_H

#include "base/base.h"

#define GRID_ROWS_LEAST 24
#define GRID_COLUMNS_LEAST 80
#define GRID_ROWS 60
#define GRID_COLUMNS 160

enum grid_style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_ALARM,
	STYLE_CA1,
	STYLE_CA2,
	STYLE_CA3,
};

struct grid_cell {
	uint16_t code; /* of Unicode; 0: a blank */
	uint8_t style;
};

struct grid {
	int rows, columns;
	struct grid_cell cell[GRID_ROWS][GRID_COLUMNS];
};

void grid_clear(struct grid *g); /* its size stays */
/* What lies outside is not drawn. */
void grid_put(struct grid *g, int row, int column, enum grid_style style, uint16_t code);
void grid_text(struct grid *g, int row, int column, enum grid_style style, const char *fmt, ...)
    PRINTF(5, 6);
/* Rows that differ from what is shown, for a terminal. */
void grid_ansi(const struct grid *g, const struct grid *shown, bool colour, bool unicode,
    struct blob *out);
/* All rows, one a line. */
void grid_plain(const struct grid *g, bool colour, bool unicode, struct blob *out);
void grid_svg(const struct grid *g, struct blob *out);

#endif
