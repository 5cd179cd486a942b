"""Moving users from one shard to another: `python -m infra.move --help`.

A shard is a stack; its file says which users it has, its state which resources are
theirs. The file is edited under review; this moves the state after it, and touches no
bucket. `command` is the order of the steps, `plan` what the files and states say of each
user (pure), `states` what a state says (pure), `engine` the `pulumi` on PATH that does it.
"""
