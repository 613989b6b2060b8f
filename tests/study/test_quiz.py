"""The quizzes: well-formed in every lesson, and graded rightly."""

from __future__ import annotations

import pytest

from lakelab.lessons import lessons
from lakelab.study import quiz


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)
def test_each_lesson_has_a_quiz_in_the_style_of_the_exam(lesson):
    questions = quiz.questions(lesson.number)
    assert 6 <= len(questions) <= 8
    for question in questions:
        assert 4 <= len(question.options) <= 5
        assert 1 <= len(question.answer) <= 2, question.question
        assert all(option.why.strip() for option in question.options)
        assert len({option.text for option in question.options}) == len(question.options)
    letters = {question.answer for question in questions}
    assert len(letters) >= 3, "the right answers should not all have the same letter"
    assert len(quiz.cards(lesson.number)) >= 6


def test_answers_are_graded(capsys):
    questions = quiz.questions("06")
    right = "".join(f"({q.answer})" if len(q.answer) > 1 else q.answer for q in questions)
    quiz.quiz("06", right)
    assert capsys.readouterr().out == f"{len(questions)} of {len(questions)} right.\n"

    first = "a" if questions[0].answer != "a" else "b"
    quiz.quiz("06", first + right[1:])
    printed = capsys.readouterr().out
    assert f"1: {first}, but right is {questions[0].answer}." in printed
    assert f"{len(questions) - 1} of {len(questions)} right." in printed

    quiz.quiz("06", "ab")
    assert "2 answers for" in capsys.readouterr().out


def test_the_page_holds_questions_and_folded_answers(monkeypatch):
    shown: list[str] = []
    monkeypatch.setattr(quiz, "_show", shown.append)
    quiz.quiz("06")
    quiz.flashcards("06")
    assert shown[0].count("<details>") == len(quiz.questions("06"))
    assert quiz.questions("06")[0].options[0].why.split(",")[0] in shown[0]
    assert shown[1].count("<summary>") == len(quiz.cards("06"))
