"""Lesson 08: its quiz, exercises and solutions."""
