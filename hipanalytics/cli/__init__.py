"""The command `hipanalytics`."""

from hipanalytics.cli.command import main

__all__ = ["main"]
