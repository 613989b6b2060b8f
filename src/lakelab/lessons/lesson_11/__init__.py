"""Lesson 11: its quiz, exercises and solutions."""
