"""Lesson 02: its runtimes as data, quiz, exercises and solutions."""
