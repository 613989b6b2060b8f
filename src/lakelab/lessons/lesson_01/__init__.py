"""Lesson 01: its quiz, exercises and solutions."""
