/* courier_alone.c - the courier without a daemon. */

/* Usage: courier_alone CHANNEL PLACES [DEPOTS] */
#include <stdio.h>
#include <stdlib.h>

#include "courier/courier.h"

int
main(int argc, char **argv)
{
	struct courier_options o = {.trust = getenv("SSL_CERT_FILE"), .sandbox = true};
	static struct courier_depot depots[COURIER_DEPOTS];
	struct courier_place *places = NULL;
	struct blob text = {0}, more = {0};
	struct err e = {0};
	int code = 2;

	if (argc == 4)
		o.depots = depots;
	if (argc >= 3 && file_read(argv[2], 1 << 24, &text, &e) &&
	    courier_places_decode(blob_view(&text), &places, &o.place_count, &e) &&
	    (argc == 3 || (file_read(argv[3], 1 << 24, &more, &e) &&
			      courier_depots_decode(blob_view(&more), depots, &e)))) {
		log_open("courier", LOG_NOTICE);
		o.core = (int)strtol(argv[1], NULL, 10);
		o.places = places;
		code = courier_main(&o);
	} else {
		(void)fprintf(stderr, "courier_alone: %s\n", e.text);
	}
	free(places);
	blob_free(&text);
	blob_free(&more);
	return code;
}
