"""Lesson 15: its quiz, exercises and solutions."""
