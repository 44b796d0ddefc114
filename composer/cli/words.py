"""The words of a command line: names and options may stand in any order."""

from __future__ import annotations

import argparse
from typing import Any


class Parser(argparse.ArgumentParser):
    """A parser that takes names before, between and after options; argparse by itself takes only those that stand together."""

    _inside = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """What was said. Of a command, all words have to be known."""
        words = list(args or ())
        if self._inside or any(action.nargs == argparse.PARSER for action in self._actions):
            # It is asked by itself, or only leads to the parsers of commands.
            return super().parse_known_args(words, namespace)
        self._inside = True
        try:
            # argparse forgets -- where it puts names together.
            parse = super().parse_known_args if "--" in words else self.parse_known_intermixed_args
            said, left = parse(words, namespace)
        finally:
            self._inside = False
        if left:
            unknown = [word for word in left if word.startswith("-")] or left
            before = " (-C stands before the command)" if unknown[0].startswith("-C") else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{before}")
        return said, left
