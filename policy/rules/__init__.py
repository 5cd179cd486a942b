"""The rules of the pack. Pure: no engine, no SDK, no program.

Imports are relative, since this is `rules` to the engine, which runs the folder, and
`policy.rules` to the tests.
"""

from . import gcp_iam, gcs, iam, kubernetes, own, s3, stack

RULES = (*s3.RULES, *iam.RULES, *gcs.RULES, *gcp_iam.RULES, *kubernetes.RULES)
STACK_RULES = (*stack.RULES, *own.RULES)
