"""Lesson 13: its quiz, exercises and solutions; the pages that it shows, and what makes their pictures."""
