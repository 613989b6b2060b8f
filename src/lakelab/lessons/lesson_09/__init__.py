"""Lesson 09: its quiz, exercises and solutions."""
