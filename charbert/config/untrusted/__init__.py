"""What is refused in settings files of somebody else: names of code, and files that take memory without end."""
