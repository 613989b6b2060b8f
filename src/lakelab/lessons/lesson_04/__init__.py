"""Lesson 04: its quiz, exercises and solutions."""
