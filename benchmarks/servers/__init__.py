"""Servers of S3 and Cloud Storage that cost next to nothing, so that clients are measured.

In memory, in one thread, without authentication or checks: SeaweedFS takes ten seconds of
CPU for ten thousand deletes, more than any client. Latency is a wait before every answer
and every new connection, because a proxy would take CPU as well.
"""
