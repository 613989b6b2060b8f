"""Lesson 06: its quiz, exercises and solutions."""
