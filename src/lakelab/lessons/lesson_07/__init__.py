"""Lesson 07: its quiz, exercises and solutions."""
