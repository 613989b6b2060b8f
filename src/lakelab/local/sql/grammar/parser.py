"""What the parsers of all families of statements share: names, words, strings and lists.

The methods of sqlglot's parser that this package calls are private, so `pyproject.toml` pins sqlglot's minor
version.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names

Tested in ``tests/local/sql/test_dialect.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.parsers.databricks import DatabricksParser
from sqlglot.tokens import TokenType


class Name(exp.Expression):
    """A name of one or more levels."""

    arg_types: ClassVar[dict[str, bool]] = {"expressions": True}

    @property
    def levels(self) -> list[str]:
        """The levels without backticks."""
        return [part.name for part in self.expressions]

    @property
    def quoted(self) -> str:
        """The name as SQL text, with each level in backticks."""
        return ".".join("`" + level.replace("`", "``") + "`" for level in self.levels)


class StatementNode(exp.Expression):
    """A statement of Unity Catalog or Delta; `this` is the name of its object."""

    arg_types: ClassVar[dict[str, bool]] = {"this": False}

    @property
    def target(self) -> str:
        """The name of the object as SQL text, with each level in backticks; empty without a name."""
        return self.this.quoted if isinstance(self.this, Name) else ""

    @property
    def levels(self) -> list[str]:
        """The levels of the object's name; empty without a name."""
        return self.this.levels if isinstance(self.this, Name) else []


class StatementParser(DatabricksParser):
    """Parse the statements of a family; each method returns None for any other statement.

    Attributes
    ----------
    FAMILY : dict of str to tuple of str
        The first word of a statement -> the methods that may parse it, in order.
    """

    FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {}

    def _match_words(self, text: str) -> bool:
        """Advance over words in any case, and return whether they are there.

        A token of sqlglot may have several words, such as ``PRIMARY KEY``.
        """
        index, words = self._index, text.split()
        while words:
            token = self._curr
            found = token.text.upper().split() if token and not self._is_quoted(token) else []
            if not found or found != words[: len(found)]:
                self._retreat(index)
                return False
            words = words[len(found) :]
            self._advance()
        return True

    def _match_one_of(self, *texts: str) -> str | None:
        """Advance over one of several words, and return the one that is there."""
        return next((text for text in texts if self._match_words(text)), None)

    @staticmethod
    def _is_quoted(token: Any) -> bool:
        return token.token_type in (
            TokenType.IDENTIFIER,
            TokenType.STRING,
            TokenType.RAW_STRING,
            TokenType.HEREDOC_STRING,
        )

    def _parse_level(self) -> exp.Identifier:
        """Parse one level of a name; a keyword may be a name, too."""
        level = None if self._is_string() else self._parse_id_var(any_token=True)
        if not isinstance(level, exp.Identifier):
            self.raise_error("Expected a name")
            raise AssertionError("raise_error raises")
        return level

    def _parse_name(self) -> Name:
        """Parse a name of one or more levels."""
        levels = [self._parse_level()]
        while self._match(TokenType.DOT):
            levels.append(self._parse_level())
        return Name(expressions=levels)

    def _is_string(self) -> bool:
        return bool(self._curr) and self._curr.token_type in (
            TokenType.STRING,
            TokenType.RAW_STRING,
        )

    def _parse_text(self) -> str | None:
        """Parse a string, and return its value; None if no string is there."""
        string = self._parse_string() if self._is_string() else None
        return None if string is None else str(string.name)

    def _parse_in_parentheses(self, parse: Callable[[], Any]) -> list[Any]:
        """Parse a list in parentheses, with commas between its items."""
        return list(self._parse_wrapped_csv(parse))

    def _parse_rest(self) -> str:
        """Advance to the end of the statement, and return the text of the tokens."""
        if not self._curr:
            return ""
        start = self._curr
        while self._curr:
            self._advance()
        return self._find_sql(start, self._prev)
