"""Lesson 14: its quiz, exercises and solutions."""
