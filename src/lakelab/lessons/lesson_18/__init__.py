"""Lesson 18: its quiz, exercises and solutions."""
