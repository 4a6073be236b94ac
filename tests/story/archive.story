# The pair is archived once, when the CA is made.
ca grant=auto archive
at 2026-01-01T00:00:00Z
expect archive
