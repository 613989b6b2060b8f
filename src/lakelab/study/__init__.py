"""What helps to learn: exercises with their hints and solutions, quizzes, flashcards."""
