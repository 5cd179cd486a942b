"""Servers of S3 and Cloud Storage that cost next to nothing, so that clients are measured.

In memory, in one thread, without authentication or checks: what a server of the test
rings does for ten thousand deletes takes longer than any client. Latency is built in, as
a wait before every answer and every new connection, because a proxy would take a core.
"""
