/* report_svg.c - what came of a world, as a picture. */
#include "sim/sim_int.h"

#define WIDE 1200
#define LEFT 70 /* of the drawing, where its scale stands */
#define RIGHT 1170
#define BARS 70 /* top of the first bar */
#define BAR 18
#define ROW 26
#define AREA 180 /* height of what shows requests */

struct picture {
	const struct sim *w;
	struct blob *out;
	int bars_end, area_top, area_end;
	uint32_t most;
};

static int
x_of(const struct picture *p, int64_t ms)
{
	int64_t span = p->w->end - p->w->start, in = ms - p->w->start;

	in = in < 0 ? 0 : in > span ? span : in;
	return LEFT + (int)(in * (RIGHT - LEFT) / span);
}

static void
text_at(const struct picture *p, int x, int y, const char *anchor, const char *class,
    const char *text)
{
	blob_printf(p->out, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" class=\"%s\">", x, y,
	    anchor, class);
	for (; *text != 0; text++)
		if (*text == '<' || *text == '&')
			blob_printf(p->out, "&#%d;", *text);
		else
			blob_add_byte(p->out, (uint8_t)*text);
	blob_add_str(p->out, "</text>\n");
}

static void
line_at(const struct picture *p, int x1, int y1, int x2, int y2, const char *class)
{
	blob_printf(p->out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"%s\"/>\n",
	    x1, y1, x2, y2, class);
}

/* A CA certificate: pale until it takes over, and where it is made a mark. */
static void
bar(const struct picture *p, const struct seen_ca *ca, const struct seen_ca *before, int row)
{
	int y = BARS + row * ROW;
	int from = x_of(p, ca->from * 1000), until = x_of(p, ca->until * 1000),
	    made = x_of(p, ca->made_ms);
	char label[80], from_text[WHEN_TEXT], until_text[WHEN_TEXT];

	if (before != NULL)
		blob_printf(p->out,
		    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"next\"/>\n",
		    made, y, from > made ? from - made : 0, BAR);
	blob_printf(p->out,
	    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"ca\"><title>", from, y,
	    until > from ? until - from : 1, BAR);
	blob_printf(p->out, "%s to %s</title></rect>\n", when_rfc3339(ca->from, from_text),
	    when_rfc3339(ca->until, until_text));
	(void)snprintf(label, sizeof(label), "CA %ld", (long)ca->number);
	text_at(p, from + 6, y + 13, "start", "in", label);
	if (before != NULL && before->switched_ms != 0 && ca->cancelled_ms == 0)
		line_at(p, x_of(p, before->switched_ms), y - ROW, x_of(p, before->switched_ms),
		    p->area_end, "switch");
}

static void
bars(const struct picture *p)
{
	const struct ledger *l = &p->w->ledger;

	for (size_t i = 0; i < l->cas; i++)
		bar(p, &l->ca[i], ledger_before(l, &l->ca[i]), (int)i);
}

/* The busiest day of each column. */
static void
area(const struct picture *p)
{
	const struct sim *w = p->w;
	size_t day = 0;
	char most[40];

	blob_printf(p->out, "<path class=\"area\" d=\"M%d %d", LEFT, p->area_end);
	for (int x = LEFT; x <= RIGHT; x++) {
		size_t until = w->days * (size_t)(x - LEFT + 1) / (RIGHT - LEFT + 1);
		uint32_t busiest = 0;

		for (day = day < until ? day : until - (until > 0); day < until; day++)
			busiest = w->per_day[day] > busiest ? w->per_day[day] : busiest;
		blob_printf(p->out, "L%d %d", x,
		    p->area_end - (int)((uint64_t)busiest * AREA / p->most));
	}
	blob_printf(p->out, "L%d %dZ\"/>\n", RIGHT, p->area_end);
	(void)snprintf(most, sizeof(most), "%u", p->most);
	text_at(p, LEFT - 8, p->area_top + 10, "end", "small", most);
	text_at(p, LEFT - 8, p->area_end, "end", "small", "0");
	text_at(p, LEFT, p->area_top - 8, "start", "head", "Requests a day at the CA");
}

/* Each first of January, thinned out when there are many. */
static void
axis(const struct picture *p)
{
	struct date from = date_of(p->w->start / 1000), until = date_of(p->w->end / 1000);
	int step = (until.year - from.year) / 15 + 1;
	char label[24];

	line_at(p, LEFT, p->area_end, RIGHT, p->area_end, "axis");
	for (int year = from.year + 1; year <= until.year; year += step) {
		struct date d = {year, 1, 1, 0, 0, 0};
		when_t at;
		int x;

		if (!date_when(&d, &at))
			continue;
		x = x_of(p, at * 1000);
		line_at(p, x, BARS - 8, x, p->area_end + 5, "grid");
		(void)snprintf(label, sizeof(label), "%d", year);
		text_at(p, x, p->area_end + 20, "middle", "small", label);
	}
	if (until.year - from.year < 2) {
		char first[WHEN_TEXT], last[WHEN_TEXT];

		when_rfc3339(p->w->start / 1000, first);
		when_rfc3339(p->w->end / 1000, last);
		text_at(p, LEFT, p->area_end + 36, "start", "small", first);
		text_at(p, RIGHT, p->area_end + 36, "end", "small", last);
	}
}

static void
left_marks(const struct picture *p)
{
	const struct sim *w = p->w;
	char label[80];

	for (size_t i = 0; i < w->ledger.cas; i++) {
		const struct seen_ca *ca = &w->ledger.ca[i],
				     *before = ledger_before(&w->ledger, ca);
		int x;

		if (ca->left == 0 || before == NULL)
			continue;
		x = x_of(p, before->until * 1000);
		blob_printf(p->out,
		    "<circle cx=\"%d\" cy=\"%d\" r=\"5\" class=\"left\"><title>%zu left "
		    "behind</title></circle>\n",
		    x, p->area_end, ca->left);
		(void)snprintf(label, sizeof(label), "%zu left", ca->left);
		text_at(p, x + 8, p->area_end - 6, "start", "lost", label);
	}
}

void
sim_svg(const struct sim *w, struct blob *out)
{
	static const char style[] =
	    "text{font:12px sans-serif;fill:#333}.title{font-size:18px;font-weight:bold}"
	    ".small{font-size:11px;fill:#666}.head{font-weight:bold}.in{fill:#fff}.lost{fill:#"
	    "b00020;font-weight:bold}"
	    ".ca{fill:#2f6f9f}.next{fill:#a9cbe3}.area{fill:#e3b04b;stroke:#b5842a;stroke-"
	    "width:.6}"
	    ".axis{stroke:#333}.grid{stroke:#e4e4e4}.switch{stroke:#2f6f9f;stroke-dasharray:3 "
	    "3}"
	    ".left{fill:#b00020}";
	struct picture p = {.w = w, .out = out, .most = 1};
	char title[200];

	p.bars_end = BARS + (int)w->ledger.cas * ROW;
	p.area_top = p.bars_end + 44;
	p.area_end = p.area_top + AREA;
	for (size_t i = 0; i < w->days; i++)
		p.most = w->per_day[i] > p.most ? w->per_day[i] : p.most;
	blob_printf(out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
	    "height=\"%d\">\n"
	    "<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
	    WIDE, p.area_end + 50, WIDE, p.area_end + 50, style);
	(void)snprintf(title, sizeof(title), "%s: %zu clients, %zu left behind",
	    w->setup.ca.name, w->clients, w->left_count);
	text_at(&p, LEFT, 32, "start", "title", title);
	text_at(&p, LEFT, BARS - 14, "start", "head",
	    "CA certificates (pale: made, not active yet)");
	axis(&p);
	bars(&p);
	area(&p);
	left_marks(&p);
	blob_add_str(out, "</svg>\n");
}
