"""The rules of the pack. Pure: no engine, no SDK, no program.

Imports are relative, since this is `rules` to the engine, which runs the folder, and
`policy.rules` to the tests.
"""

from . import gcp_iam, gcs, iam, kubernetes, others, own, s3, stack

_ONE_BY_ONE = (*s3.RULES, *iam.RULES, *gcs.RULES, *gcp_iam.RULES, *kubernetes.RULES)
RULES = (*_ONE_BY_ONE, others.besides(_ONE_BY_ONE))
STACK_RULES = (*stack.RULES, *own.RULES)
