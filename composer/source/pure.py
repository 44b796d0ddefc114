"""PyYAML's parser without libyaml, taught to read unquoted text in brackets and braces as libyaml does."""

from __future__ import annotations

from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner, ScannerError
from yaml.tokens import ScalarToken

_BLANK = "\0 \t\r\n"
_BRACKETS = ",[]{}"


class PureParser(Reader, Scanner, Parser):  # type: ignore[misc]  # PyYAML has no types
    """Parses *text* into events."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

    def scan_plain(self) -> ScalarToken:
        """The unquoted text that begins here. In brackets and braces, too, a `?` may be part of it."""
        start = end = self.get_mark()
        pieces: list[str] = []
        spaces: list[str] = []
        while self.peek() != "#" and (length := self._length_of_word()):
            self.allow_simple_key = False
            pieces += [*spaces, self.prefix(length)]
            self.forward(length)
            end = self.get_mark()
            spaces = self.scan_plain_spaces(self.indent + 1, start)
            if not spaces or (not self.flow_level and self.column <= self.indent):
                break
        return ScalarToken("".join(pieces), True, start, end)

    def _length_of_word(self) -> int:
        """How many characters belong to the text before the next blank or indicator."""
        length = 0
        while (char := self.peek(length)) not in _BLANK and not (self.flow_level and char in _BRACKETS):
            if char == ":" and self._ends_at_colon(length):
                break
            length += 1
        return length

    def _ends_at_colon(self, length: int) -> bool:
        following = self.peek(length + 1)
        if self.flow_level and following in _BRACKETS + "?":
            mark = self.get_mark()
            self.forward(length)
            raise ScannerError("while scanning a plain scalar", mark, "found unexpected ':'", self.get_mark())
        return following in _BLANK
