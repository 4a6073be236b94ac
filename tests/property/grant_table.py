#!/usr/bin/env python3
"""grant_table.py - a second, independent table of the grant decision.

Reads the lines that test_grant prints, one for each combination of facts, and decides each by rules written
down here without looking at the C function. Prints TAP.
"""
import functools
import math
import subprocess
import sys

MODES = ["manual", "auto", "none"]
SIGNERS = ["self", "live", "adoptable", "expired", "early", "revoked", "stranger"]
PASSWORDS = ["none", "right", "wrong"]
ROLES = ["client", "ra", "ca"]
GENERATIONS = ["active", "next", "old", "cancelled"]
BAD_MESSAGE_CHECK, BAD_REQUEST = 1, 2


def refusal(f):
    """The failInfo of a request that no human may grant either, or None."""
    if f["signer"] == "stranger" and not f["reserved"] and not f["elsewhere"]:
        return BAD_MESSAGE_CHECK
    if f["reserved"] or f["elsewhere"] or f["signer"] in ("revoked", "early"):
        return BAD_REQUEST
    if f["signer"] == "self" and f["renewal"]:
        return BAD_REQUEST
    if f["signer"] in ("live", "adoptable", "expired") and not (f["subject"] and f["san"]):
        return BAD_REQUEST
    if f["mode"] == "none" or (f["to"] == "next" and f["signer"] not in ("live", "adoptable")):
        return BAD_REQUEST
    return None


def proven(f):
    """Does the request itself carry enough to be granted without a human?"""
    if f["role"] != "client" or f["to"] == "cancelled" or f["spent"]:
        return False
    if f["signer"] == "expired":
        return f["late"] and not f["wait"]
    if f["to"] == "next":
        return not f["wait"] and not (f["signer"] == "adoptable" and f["adopt"])
    if f["to"] == "old":
        return f["password"] == "right" and (
            f["signer"] == "self" or not f["wait"] and not (f["signer"] == "adoptable" and f["adopt"]))
    if f["signer"] == "live":
        return not f["wait"]
    if f["signer"] == "adoptable":
        return not f["wait"] and not f["adopt"]
    if f["signer"] == "self":
        return f["password"] == "right" or (f["mode"] == "auto" and not (f["live"] and f["noreplace"]))
    return False


def decide(f):
    fail = refusal(f)
    if fail is not None:
        return "refuse %d" % fail
    return "issue" if proven(f) else "pend"


BOTH = [0, 1]
FACTS = {
    "mode": MODES, "noreplace": BOTH, "wait": BOTH, "adopt": BOTH, "renewal": BOTH, "signer": SIGNERS,
    "subject": BOTH, "san": BOTH, "reserved": BOTH, "elsewhere": BOTH, "live": BOTH,
    "password": PASSWORDS, "role": ROLES, "to": GENERATIONS, "late": BOTH, "spent": BOTH,
}
NAMES = list(FACTS)


@functools.cache
def some(digits, first):
    return {name: FACTS[name][int(digit)] for name, digit in zip(NAMES[first:], digits.split())}


def facts(row):
    """Of sixteen digits with a space behind each; halves repeat, whole rows do not."""
    return some(row[:16], 0) | some(row[16:], 8)


def main():
    table = subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    expected = math.prod(len(values) for values in FACTS.values())
    wrong = 0
    seen = set()
    for line in table:
        left, right = line.split("-> ")
        seen.add(left)
        mine = decide(facts(left))
        if mine != right:
            wrong += 1
            if wrong <= 5:
                print("# facts %s: the function says %s, the table %s" % (left, right, mine))
            else:
                break
    print("TAP version 13\n1..2")
    print("%s 1 - all %d combinations of facts are enumerated once" % (
        "ok" if len(seen) == len(table) == expected else "not ok", expected))
    print("%s 2 - the function and the independent table agree on every row" % ("ok" if wrong == 0 else "not ok"))
    return 0 if wrong == 0 and len(seen) == expected else 1


sys.exit(main())
