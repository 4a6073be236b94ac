/* demo_grid.c - rows of letters, as a terminal or SVG has them. */
#include <stdarg.h>
#include <string.h>

#include "cmd/demo_grid.h"

#define CELL_WIDE 8.4
#define CELL_HIGH 18
#define MARGIN 12

static const struct {
	const char *colour, *plain, *svg;
} styles[] = {
    [STYLE_PLAIN] = {"0", "0", "fill=\"#d7dae0\""},
    [STYLE_DIM] = {"90", "0", "fill=\"#7d8590\""},
    [STYLE_BOLD] = {"1", "1", "fill=\"#ffffff\" font-weight=\"bold\""},
    [STYLE_ALARM] = {"1;31", "1", "fill=\"#ff6b62\" font-weight=\"bold\""},
    [STYLE_CA1] = {"36", "0", "fill=\"#56b6c2\""},
    [STYLE_CA2] = {"32", "0", "fill=\"#7bc86c\""},
    [STYLE_CA3] = {"33", "0", "fill=\"#e5b454\""},
};

/* What stands for a letter where there is only ASCII. */
static const struct {
	uint16_t code;
	char ascii;
} plain[] = {{0x2500, '-'}, {0x2501, '='}, {0x2550, '#'}, {0x2502, '|'}, {0x2591, ':'},
    {0x25bc, 'v'}, {0xb7, '.'}};

void
grid_clear(struct grid *g)
{
	memset(g->cell, 0, sizeof(g->cell));
}

void
grid_put(struct grid *g, int row, int column, enum grid_style style, uint16_t code)
{
	if (row >= 0 && row < g->rows && column >= 0 && column < g->columns)
		g->cell[row][column] = (struct grid_cell){code, (uint8_t)style};
}

void
grid_text(struct grid *g, int row, int column, enum grid_style style, const char *fmt, ...)
{
	char text[GRID_COLUMNS + 1];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (int i = 0; text[i] != 0; i++)
		grid_put(g, row, column + i, style, (uint8_t)text[i]);
}

static void
letter(uint16_t code, bool unicode, struct blob *out)
{
	uint16_t c = code == 0 ? ' ' : code;

	for (size_t i = 0; !unicode && i < COUNT_OF(plain); i++)
		if (plain[i].code == c)
			c = (uint8_t)plain[i].ascii;
	if (c < 0x80) {
		blob_add_byte(out, (uint8_t)c);
	} else if (c < 0x800) {
		blob_add_byte(out, (uint8_t)(0xc0 | c >> 6));
		blob_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		blob_add_byte(out, (uint8_t)(0xe0 | c >> 12));
		blob_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		blob_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

static int
length_of(const struct grid *g, int row)
{
	int n = g->columns;

	while (n > 0 && g->cell[row][n - 1].code == 0)
		n--;
	return n;
}

static void
row_out(const struct grid *g, int row, bool colour, bool unicode, struct blob *out)
{
	const char *set = "0";
	int n = length_of(g, row);

	for (int x = 0; x < n; x++) {
		const struct grid_cell *c = &g->cell[row][x];
		const char *want = colour ? styles[c->style].colour : styles[c->style].plain;

		if (c->code != 0 && strcmp(want, set) != 0) {
			blob_printf(out, "\033[0;%sm", want);
			set = want;
		}
		letter(c->code, unicode, out);
	}
	if (strcmp(set, "0") != 0)
		blob_add_str(out, "\033[0m");
}

void
grid_ansi(
    const struct grid *g, const struct grid *shown, bool colour, bool unicode, struct blob *out)
{
	bool all = g->rows != shown->rows || g->columns != shown->columns;

	for (int row = 0; row < g->rows; row++) {
		if (!all && memcmp(g->cell[row], shown->cell[row], sizeof(g->cell[row])) == 0)
			continue;
		blob_printf(out, "\033[%d;1H", row + 1);
		row_out(g, row, colour, unicode, out);
		blob_add_str(out, "\033[K");
	}
}

void
grid_plain(const struct grid *g, bool colour, bool unicode, struct blob *out)
{
	int rows = g->rows;

	while (rows > 0 && length_of(g, rows - 1) == 0)
		rows--;
	for (int row = 0; row < rows; row++) {
		row_out(g, row, colour, unicode, out);
		blob_add_byte(out, '\n');
	}
}

/* ---- SVG ---- */

/* Letters of one style from there on; blanks end it. Returns where it ends. */
static int
svg_run(const struct grid *g, int row, int from, struct blob *out)
{
	const struct grid_cell *line = g->cell[row];
	int end = from;

	while (end < g->columns && line[end].code != 0 && line[end].style == line[from].style)
		end++;
	blob_printf(out, "<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\" %s>",
	    MARGIN + from * CELL_WIDE, MARGIN + row * CELL_HIGH + 13, (end - from) * CELL_WIDE,
	    styles[line[from].style].svg);
	for (int x = from; x < end; x++)
		if (line[x].code == '<' || line[x].code == '&')
			blob_printf(out, "&#%d;", line[x].code);
		else
			letter(line[x].code, true, out);
	blob_add_str(out, "</text>\n");
	return end;
}

void
grid_svg(const struct grid *g, struct blob *out)
{
	double wide = 2 * MARGIN + g->columns * CELL_WIDE;
	int high = 2 * MARGIN + g->rows * CELL_HIGH;

	blob_printf(out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %d\" width=\"%.0f\" "
	    "height=\"%d\" xml:space=\"preserve\" font-family=\"ui-monospace,'DejaVu Sans "
	    "Mono',Menlo,Consolas,monospace\" font-size=\"14\">\n"
	    "<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"#161b22\"/>\n",
	    wide, high, wide, high);
	for (int row = 0; row < g->rows; row++)
		for (int x = 0; x < g->columns;)
			x = g->cell[row][x].code == 0 ? x + 1 : svg_run(g, row, x, out);
	blob_add_str(out, "</svg>\n");
}
