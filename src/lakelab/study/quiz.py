"""Show the quiz and the flashcards of a lesson in the notebook, from its ``quiz.yaml``.

A question has two to five options, one or more of them right, and each with a reason. The page
contains the answers, folded, so that it works without a kernel, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

import yaml

from lakelab.lessons import find_lesson

LETTERS = "abcde"


@dataclass(frozen=True)
class Option:
    """One option of a question, and the reason why it is right or wrong."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """One question."""

    question: str
    options: tuple[Option, ...]

    @property
    def answer(self) -> str:
        """The letters of the right options: ``b``, or ``ac``."""
        return "".join(
            letter for letter, option in zip(LETTERS, self.options, strict=False) if option.right
        )


def questions(lesson: str) -> list[Question]:
    """Read the questions of a lesson."""
    return [
        Question(
            entry["question"],
            # an option may be a number in YAML
            tuple(
                Option(str(o["text"]), str(o["why"]), o.get("right", False))
                for o in entry["options"]
            ),
        )
        for entry in _read(lesson)["questions"]
    ]


def cards(lesson: str) -> list[tuple[str, str]]:
    """Read the flashcards of a lesson: front and back."""
    return [(str(card["front"]), str(card["back"])) for card in _read(lesson)["flashcards"]]


def quiz(lesson: str, answers: str | None = None) -> None:
    """Show the questions of a lesson, or print which answers are right.

    Parameters
    ----------
    lesson : str
        The number of the lesson.
    answers : str, optional
        One letter for each question: ``"bacdab"``. If a question has two right options, both letters
        in parentheses: ``"b(ac)d"``.
    """
    all_questions = questions(lesson)
    if answers is None:
        _show("".join(_question(n, q) for n, q in enumerate(all_questions, start=1)))
        return
    given = split_answers(answers)
    if len(given) != len(all_questions):
        print(
            f"{len(given)} answers for {len(all_questions)} questions: give one letter each, such as "
            f'"{"".join("abcd"[n % 4] for n in range(len(all_questions)))}".'
        )
        return
    right = 0
    for number, (question, answer) in enumerate(zip(all_questions, given, strict=True), start=1):
        if answer == question.answer:
            right += 1
        else:
            print(f"{number}: {answer or 'nothing'}, but right is {question.answer}.")
            for letter, option in zip(LETTERS, question.options, strict=False):
                if letter in answer + question.answer:
                    print(f"   {letter}) {option.why}")
    print(f"{right} of {len(all_questions)} right.")


def split_answers(answers: str) -> list[str]:
    """Split ``"b(ca)d"`` into the answer to each question.

    Examples
    --------
    >>> split_answers("b(ca)d")
    ['b', 'ac', 'd']
    """
    given: list[str] = []
    several: list[str] | None = None
    for letter in answers.lower().replace(" ", ""):
        if letter == "(":
            several = []
        elif letter == ")":
            given.append("".join(sorted(several or [])))
            several = None
        elif several is not None:
            several.append(letter)
        else:
            given.append(letter)
    return given


def flashcards(lesson: str) -> None:
    """Show the fronts of the flashcards. A click on a front shows its back."""
    _show(
        "".join(
            f"<details style='margin:0.3em 0'><summary>{_text(front)}</summary>"
            f"<p style='margin-left:1.2em'>{_text(back)}</p></details>"
            for front, back in cards(lesson)
        )
    )


def _read(lesson: str) -> dict[str, Any]:
    return yaml.safe_load((find_lesson(lesson).folder / "quiz.yaml").read_text(encoding="utf-8"))


def _question(number: int, question: Question) -> str:
    several = " <em>(two are right)</em>" if len(question.answer) == 2 else ""
    options = "".join(f"<li>{_text(option.text)}</li>" for option in question.options)
    reasons = "".join(
        f"<li>{'<b>Right.</b> ' if option.right else ''}{_text(option.why)}</li>"
        for option in question.options
    )
    return (
        f"<div style='margin:0.8em 0'><p><b>{number}.</b> {_text(question.question)}{several}</p>"
        f"<ol style='list-style-type:lower-alpha'>{options}</ol><details><summary>Answer</summary>"
        f"<p><b>{', '.join(question.answer)}</b></p><ol style='list-style-type:lower-alpha'>{reasons}</ol></details></div>"
    )


def _text(plain: str) -> str:
    """Escape a text for HTML, with `code` in backticks as in a notebook's own text."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(plain))


def _show(html: str) -> None:
    from IPython.display import HTML, display

    display(HTML(html))
