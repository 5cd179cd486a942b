"""Adoption: what a stack will make of a bucket that exists, said before anything is changed.

    command        reads the stack file, refuses what needs no cloud to be seen
      v user, bucket
    aws | gcp      twins: read the bucket, say what stands against it and what will differ
      v parts, changes
    words          the entry for the stack file and the report, as text

Nothing here writes: `adopt` in the stack file has the engine import what exists.
"""
