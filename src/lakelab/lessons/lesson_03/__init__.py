"""Lesson 03: its quiz, exercises and solutions."""
