"""Lesson 16: promote code or promote models."""
