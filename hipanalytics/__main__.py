"""`python -m hipanalytics` is the command `hipanalytics`."""

from hipanalytics.cli import main

main()
