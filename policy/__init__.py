"""The policy pack: a folder that the engine runs, with an environment of its own."""
