"""What an operator looks at and turns: health, jobs, the test clock."""
