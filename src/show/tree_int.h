/* tree_int.h - inner to trees: what a value is. */
#ifndef SHOW_TREE_INT_H
#define SHOW_TREE_INT_H

#include "show/tree.h"

enum tree_kind { TREE_OBJECT, TREE_ARRAY, TREE_TEXT, TREE_INT, TREE_REAL, TREE_BOOL };

struct tree {
	enum tree_kind kind;
	char *key; /* as a member */
	char *text;
	int64_t number; /* of a boolean too */
	double real;
	struct tree **part; /* members or elements */
	size_t n, cap;
};

#endif
