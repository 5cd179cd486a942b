"""One module for each contender: `TASKS`, by name, of those that it has a way to do."""
