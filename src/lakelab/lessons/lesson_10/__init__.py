"""Lesson 10: its quiz, exercises and solutions."""
