"""Lesson 12: its quiz, exercises and solutions."""
