"""What the parsers of all families of statements share: names, words, strings and lists.

The methods of sqlglot's parser that this package calls are private, so `pyproject.toml` pins sqlglot's minor
version.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-names

Tested in ``tests/local/sql/test_dialect.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.parsers.databricks import DatabricksParser
from sqlglot.tokens import TokenType

from lakelab.local.catalog import conditions
from lakelab.local.catalog.conditions import Condition


class StatementError(ParseError):
    """A statement of Unity Catalog or Delta is wrong: the engine must not run it instead.

    Parameters
    ----------
    message : str
        Where and why.
    condition : str
        The error condition under which Databricks documents the error.
    """

    def __init__(self, message: str, condition: Condition = conditions.PARSE_SYNTAX_ERROR):
        super().__init__(message)
        self.condition = condition


class Name(exp.Expression):
    """A name of one or more levels."""

    arg_types: ClassVar[dict[str, bool]] = {"expressions": True}

    @property
    def levels(self) -> list[str]:
        """The levels without backticks."""
        return [part.name for part in self.expressions]

    @classmethod
    def of(cls, *levels: str) -> Name:
        """Return the name of some levels without backticks."""
        return cls(expressions=[exp.to_identifier(level, quoted=True) for level in levels])

    @property
    def plain(self) -> str:
        """The levels with periods between them."""
        return ".".join(self.levels)

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
            self._refuse("expected a name")
        if self._prev.end + 1 == self._curr.start and self._match(TokenType.DASH):
            raise StatementError(
                f"The unquoted identifier {level.name}-... is invalid and must be back quoted",
                conditions.INVALID_IDENTIFIER,
            )
        return level

    def _parse_name(self) -> Name:
        """Parse a name of one or more levels."""
        levels = [self._parse_level()]
        while self._match(TokenType.DOT):
            levels.append(self._parse_level())
        return Name(expressions=levels)

    def _parse_catalog_name(self) -> Name:
        """Parse the name of a catalog, which may be a string."""
        text = self._parse_text()
        if text is None:
            return self._parse_name()
        return Name.of(text)

    def _is_string(self) -> bool:
        return bool(self._curr) and self._curr.token_type in (
            TokenType.STRING,
            TokenType.RAW_STRING,
        )

    def _parse_text(self) -> str | None:
        """Parse a string, and return its value; None if no string is there.

        Two quotes within a string are one quote, and strings beside each other are one string.
        """
        value, end = None, -1
        while self._is_string():
            token = self._curr
            quote = self.sql[token.start] if token.start == end + 1 and value is not None else ""
            value = (value or "") + quote + token.text
            end = token.end
            self._advance()
        return value

    def _parse_word(self) -> str:
        """Parse a quoted name, a string, or the text up to the next space, such as a mail address."""
        if (text := self._parse_text()) is not None:
            return text
        start = self._curr
        level = self._parse_level()
        if self._is_quoted(start):
            return str(level.name)
        while self._curr and self._curr.start == self._prev.end + 1:
            self._advance()
        return self._find_sql(start, self._prev)

    def _parse_in_and_like(self) -> tuple[Name | None, str | None]:
        """Parse ``[{IN | FROM} name] [[LIKE] pattern]``."""
        name = self._parse_name() if self._match_one_of("IN", "FROM") else None
        if not self._match_words("LIKE"):
            return name, self._parse_text()
        pattern = self._parse_text()
        if pattern is None:
            self._refuse("expected a pattern in quotes")
        return name, pattern

    def _is_kind(self, *words: str) -> bool:
        """Return whether the next word is a kind of object, and not itself the name of one."""
        token, following = self._curr, self._next
        return (
            bool(token and following)
            and token.text.upper() in words
            and not self._is_quoted(token)
            and following.token_type != TokenType.DOT
        )

    def _require_words(self, text: str) -> None:
        """Advance over words that must be there."""
        if not self._match_words(text):
            self._refuse(f"expected {text}")

    def _require_end(self) -> None:
        """Refuse the statement if it goes on."""
        if self._curr:
            self._refuse("expected the end of the statement")

    def _refuse(self, reason: str) -> NoReturn:
        """Refuse the statement at the current token."""
        near = f"at '{self._curr.text}'" if self._curr else "at the end"
        raise StatementError(f"{near}: {reason}")

    def _parse_in_parentheses(self, parse: Callable[[], Any]) -> list[Any]:
        """Parse a list in parentheses, with commas between its items."""
        return list(self._parse_wrapped_csv(parse))

    def _parse_property_name(self) -> str:
        """Parse the name of a property: a string, or words with periods between them."""
        text = self._parse_text()
        return ".".join(self._parse_name().levels) if text is None else text

    def _parse_named_property(self) -> tuple[str, str]:
        """Parse a property and its value: ``'a' = 'b'`` or ``a.b = 1``."""
        name = self._parse_property_name()
        self._match(TokenType.EQ)
        value = self._parse_text()
        if value is None:
            start = self._curr
            self._parse_unary()
            value = self._find_sql(start, self._prev).lower()
        return name, value

    def _parse_rest(self) -> str:
        """Advance to the end of the statement, and return the text of the tokens."""
        if not self._curr:
            return ""
        start = self._curr
        while self._curr:
            self._advance()
        return self._find_sql(start, self._prev)
