"""The stack without a cloud account: the real engine, our provider plugins, emulators.

Nothing but tests and benchmarks imports this package; `python -m sandbox` runs it.
"""
