"""Lesson 05: its quiz, exercises and solutions."""
