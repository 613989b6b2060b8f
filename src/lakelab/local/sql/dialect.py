"""The SQL dialect of the local engine: one tree for each statement.

sqlglot's Databricks dialect parses queries, INSERT, UPDATE, DELETE, MERGE, and most of CREATE, ALTER and DROP. The
packages of :mod:`lakelab.local.sql.grammar` parse the statements that sqlglot leaves as text or refuses. Comments,
quotes, case and line breaks are the tokenizer's business.

A function call stays an anonymous call, so that SQL text made from a tree has the functions as they were written.

Follows https://docs.databricks.com/aws/en/sql/language-manual/
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.databricks import Databricks
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokens import Token, TokenType

from lakelab.local.catalog import conditions
from lakelab.local.catalog.conditions import Condition
from lakelab.local.sql.grammar.expressions import ExpressionParser
from lakelab.local.sql.grammar.functions import FunctionParser
from lakelab.local.sql.grammar.governance import GovernanceParser
from lakelab.local.sql.grammar.maintenance import MaintenanceParser
from lakelab.local.sql.grammar.metadata import MetadataParser
from lakelab.local.sql.grammar.namespaces import NamespaceParser
from lakelab.local.sql.grammar.parser import StatementError, StatementParser
from lakelab.local.sql.grammar.pipes import OTHER_FORM
from lakelab.local.sql.grammar.row_changes import RowChangeGenerator, RowChangeParser
from lakelab.local.sql.grammar.settings import SettingsParser
from lakelab.local.sql.grammar.tables import TableParser
from lakelab.local.sql.grammar.variables import VariableParser
from lakelab.local.sql.grammar.views import ViewParser

# sqlglot warns about each statement that it does not parse; the engine then reports what is wrong
logging.getLogger("sqlglot").setLevel(logging.ERROR)

FAMILIES: tuple[type[StatementParser], ...] = (
    FunctionParser,
    GovernanceParser,
    MaintenanceParser,
    NamespaceParser,
    MetadataParser,
    RowChangeParser,
    SettingsParser,
    TableParser,
    VariableParser,
    ViewParser,
)
"""The parsers of the families of statements."""

_CACHED_STATEMENTS = 128
_FIRST_WORDS = 5


class LocalDatabricks(Databricks):
    """Databricks' dialect with the statements of Unity Catalog and Delta."""

    NORMALIZE_FUNCTIONS: bool | str = False

    class Tokenizer(Databricks.Tokenizer):
        """Databricks' tokenizer, which splits each statement into tokens."""

        # otherwise the text after SHOW, OPTIMIZE, VACUUM and others would be one token
        COMMANDS: ClassVar[set[TokenType]] = set()
        # the body of a function in Python, between $$ or $tag$
        HEREDOC_STRINGS: ClassVar[list[str | tuple[str, str]]] = ["$"]
        HEREDOC_TAG_IS_IDENTIFIER = True
        HEREDOC_STRING_ALTERNATIVE = TokenType.PARAMETER

    class Generator(RowChangeGenerator):
        """Write a tree as SQL text for the engine."""

    class Parser(*FAMILIES, ExpressionParser):  # type: ignore[misc]  # mypy does not follow a tuple of bases
        """Parse a statement of one of the families, or else what sqlglot parses."""

        FAMILY: ClassVar[dict[str, tuple[str, ...]]] = {}

        def _parse_statement(self) -> exp.Expr | None:
            start, first = self._index, self._curr
            if first and not self._is_quoted(first):
                word = first.text.upper().split()[0]
                for method in self.FAMILY.get(word, ()):
                    node: exp.Expr | None = getattr(self, method)()
                    if node is not None and not self._curr:
                        return node
                    self._retreat(start)
                if first.token_type in Databricks.Tokenizer.COMMANDS:
                    self._advance()
                    command: exp.Expr = self._parse_as_command(first)
                    return command
            statement: exp.Expr | None = super()._parse_statement()
            return statement


for _family in FAMILIES:
    for _word, _methods in _family.FAMILY.items():
        LocalDatabricks.Parser.FAMILY[_word] = (
            *LocalDatabricks.Parser.FAMILY.get(_word, ()),
            *_methods,
        )


@dataclass(frozen=True)
class Statement:
    """One statement of a user.

    Attributes
    ----------
    text : str
        The statement as the user wrote it, without comments around it and without a semicolon at its end.
    tree : sqlglot.exp.Expr or None
        The tree, which must not be changed: take a copy. None if sqlglot does not parse the statement.
    error : str
        Why sqlglot does not parse the statement; else empty.
    condition : Condition, optional
        The error condition if the engine must not run the statement either.
    """

    text: str
    tree: exp.Expr | None
    error: str = ""
    condition: Condition | None = None


def standard_form(statement: Statement) -> Statement:
    """Return a statement whose queries begin with SELECT, and have no pipes.

    Examples
    --------
    >>> standard_form(parse("FROM t |> WHERE a > 1 |> SELECT a")).text
    'SELECT a FROM t WHERE a > 1'
    """
    tree = statement.tree
    if tree is None or not any(OTHER_FORM in query.meta for query in tree.find_all(exp.Query)):
        return statement
    return parse(to_sql(tree))


@lru_cache(maxsize=_CACHED_STATEMENTS)
def parse(text: str) -> Statement:
    r"""Parse a statement; the same text is parsed once.

    Parameters
    ----------
    text : str
        One statement, with or without comments and a semicolon.

    Examples
    --------
    >>> statement = parse("VACUUM /* old files */ main.flights.weather -- now\n;")
    >>> statement.text
    'VACUUM /* old files */ main.flights.weather'
    >>> type(statement.tree).__name__, statement.tree.levels
    ('Vacuum', ['main', 'flights', 'weather'])
    >>> parse("SELECT FROM WHERE").tree is None
    True
    """
    dialect = LocalDatabricks()
    try:
        tokens = dialect.tokenize(text)
    except SqlglotError as error:
        return Statement(text.strip(), None, error_text(error))
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        return Statement("", None, "an empty statement", conditions.PARSE_EMPTY_STATEMENT)
    plain = _text_of(text, tokens)
    try:
        trees = dialect.parser().parse(tokens, text)
    except StatementError as error:
        return Statement(plain, None, str(error), error.condition)
    except SqlglotError as error:
        return Statement(plain, None, error_text(error))
    if len(trees) != 1:
        return Statement(plain, None, "more than one statement", conditions.PARSE_SYNTAX_ERROR)
    # sqlglot parses any two words as an expression with an alias
    if isinstance(trees[0], exp.Condition | exp.Alias) and not isinstance(trees[0], exp.Query):
        return Statement(plain, None, "no statement begins so")
    return Statement(plain, trees[0])


def error_text(error: SqlglotError) -> str:
    """Return where and why sqlglot does not parse a text, without the colours of a terminal."""
    errors = error.errors if isinstance(error, ParseError) else []
    if not errors:
        return str(error)
    return f"line {errors[0]['line']}, column {errors[0]['col']}: {errors[0]['description']}"


def parse_expression(text: str) -> exp.Expr:
    """Parse an expression or a query for a change: the tree is a new one.

    Raises
    ------
    sqlglot.errors.SqlglotError
        If it is not one.
    """
    from sqlglot import parse_one

    return parse_one(text, dialect=LocalDatabricks)


def to_sql(tree: exp.Expr) -> str:
    r"""Return a tree as SQL text for the engine.

    Examples
    --------
    >>> to_sql(parse("SELECT Nvl(a, `b c`) AS x -- why\nFROM t").tree)
    'SELECT Nvl(a, `b c`) AS x FROM t'
    """
    return tree.sql(dialect=LocalDatabricks, comments=False)


def first_words(text: str) -> tuple[str, ...]:
    r"""Return the first words of a text in upper case, without comments; names in backticks are left out.

    Examples
    --------
    >>> first_words("-- now\ncreate or /* x */ replace table t")[:4]
    ('CREATE', 'OR', 'REPLACE', 'TABLE')
    """
    try:
        tokens = LocalDatabricks().tokenize(text)
    except SqlglotError:
        return tuple(text.upper().split()[:_FIRST_WORDS])
    quoted = (TokenType.IDENTIFIER, TokenType.STRING)
    words = (token.text.upper() for token in tokens if token.token_type not in quoted)
    return tuple(islice(words, _FIRST_WORDS))


def replace_names(text: str, names: Iterable[tuple[exp.Identifier, str]]) -> str:
    """Return a statement with other names in some places; all else stays as the user wrote it.

    Parameters
    ----------
    text : str
        The text that was parsed.
    names : iterable of tuple of sqlglot.exp.Identifier and str
        Identifiers of the text's tree, and the name for each.

    Examples
    --------
    >>> text = "SELECT * /* all */ FROM Weather"
    >>> table = parse(text).tree.find(exp.Table)
    >>> replace_names(text, [(table.this, "weather")])
    'SELECT * /* all */ FROM `weather`'
    """
    places = {(node.meta["start"], node.meta["end"] + 1): name for node, name in names}
    for (start, end), name in sorted(places.items(), reverse=True):
        text = f"{text[:start]}`{name.replace('`', '``')}`{text[end:]}"
    return text


def _text_of(text: str, tokens: list[Token]) -> str:
    return text[tokens[0].start : tokens[-1].end + 1]
