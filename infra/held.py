"""How what holds or guards a user's data is registered, on either cloud.

The options are each resource's own, never the component's: children would inherit them,
and a role that is kept would survive suspension.
"""

import pulumi
from pulumi import ResourceOptions

from infra.settings import User


def held(
    parent: pulumi.Resource,
    user: User,
    part: str,
    resource_id: str,
    bucket: pulumi.Resource | None = None,
    after: pulumi.Resource | None = None,
) -> ResourceOptions:
    """Return the options of one part of a user's bucket.

    It is protected, and stays when its line is dropped, unless the user is `deleted`.

    Args:
        parent: the user's component.
        user: whose data it is.
        part: what `adopt` calls it: a part that exists already is imported.
        resource_id: the provider's id of such a part.
        bucket: the bucket, for what guards it: that falls with the bucket, never before.
        after: what must be written before.
    """
    kept = user.state != "deleted"
    return ResourceOptions(
        parent=parent,
        protect=kept,
        retain_on_delete=kept,
        import_=resource_id if part in user.adopt else None,
        deleted_with=bucket,
        depends_on=[after] if after else None,
    )
