"""Settings: what may stand in a stack file, as frozen models.

A new key is a new field in one of these modules: its description is the README's, its
checks are all that there are. `infra.config` reads the file; nothing here reads anything.
"""

from infra.settings.buckets import Buckets
from infra.settings.clouds import AwsCloud, GcpCloud
from infra.settings.review import Review
from infra.settings.stack import Kubernetes, StackConfig
from infra.settings.users import User

__all__ = ["AwsCloud", "Buckets", "GcpCloud", "Kubernetes", "Review", "StackConfig", "User"]
