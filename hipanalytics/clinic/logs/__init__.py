"""The log: imports, undo, quarantine and corrections, and the snapshot for fast reading."""
