"""All stack files of a checkout at once: `python -m infra.shards --help`.

The program sees one stack file, its shard; here they are seen together. `touched` tells
which of them a change concerns (`program` knows what all run), `check`
what may not be said in two of them, `placing` and `splitting` who goes where, `listing` what
each has. `fleet` reads them, `editing` writes them, `command` is the command line.
"""
