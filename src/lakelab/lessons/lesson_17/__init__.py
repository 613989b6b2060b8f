"""Lesson 17: its quiz, exercises and solutions."""
