"""Listings: a page at a time, or all at once."""

from collections.abc import AsyncGenerator
from functools import partial
from itertools import groupby
from operator import attrgetter

from cmbcluster_storage.calls import Attempt
from cmbcluster_storage.messages import Page, PageRequest
from cmbcluster_storage.models import ObjectInfo, ObjectPage
from cmbcluster_storage.runner import Runner

_MOST_ENTRIES = 1000


class Listings(Runner):
    """Lists objects and their versions."""

    async def list_objects(
        self, bucket_name: str, prefix: str = "", *, versions: bool = False
    ) -> list[ObjectInfo]:
        """Return every object whose key starts with a prefix; takes all pages.

        Args:
            bucket_name: an existing bucket.
            prefix: start of the keys; empty takes all.
            versions: list every version, newest first for each key. Markers of a
                deletion are left out: of a deleted object no version `is_latest`.

        Returns:
            Ordered by the UTF-8 bytes of the keys; empty if none matches.

        Raises:
            BucketNotFoundError: the bucket does not exist.
        """
        found: list[ObjectInfo] = []
        async for page in self.iter_objects(bucket_name, prefix, versions=versions):
            found += page.objects
        return found

    async def iter_objects(
        self,
        bucket_name: str,
        prefix: str = "",
        *,
        delimiter: str | None = None,
        versions: bool = False,
        page_size: int = _MOST_ENTRIES,
    ) -> AsyncGenerator[ObjectPage]:
        """Yield objects by pages; the next is asked for when the last was taken.

        Args:
            bucket_name: an existing bucket.
            prefix: start of the keys; empty takes all.
            delimiter: keys that have it after the prefix are folded to what they have
                up to it, like folders; None folds nothing.
            versions: as `list_objects`.
            page_size: at most so many entries a request, 1-1000. A page may have fewer,
                even none, and versions on Google Cloud a few more: those of one key stay
                together there; on S3 the next page may go on with them.

        Raises:
            BucketNotFoundError: the bucket does not exist.
        """
        if not 1 <= page_size <= _MOST_ENTRIES:
            raise ValueError(f"a page has 1-{_MOST_ENTRIES} entries, not {page_size}")
        call = self._call("list_objects", bucket_name)
        turned = versions and self._backend.oldest_first
        held: list[ObjectInfo] = []
        token: str | None = None
        while True:
            request = PageRequest(
                bucket=bucket_name,
                prefix=prefix,
                delimiter=delimiter,
                versions=versions,
                size=page_size,
                token=token,
            )
            page = await self._tried(call, partial(self._page, request))
            token = page.token
            objects = [*held, *page.objects]
            held = []
            if turned:
                objects, held = _turned(objects, last=token is None)
            yield ObjectPage(objects=tuple(objects), prefixes=tuple(page.prefixes))
            if token is None:
                return

    def _page(self, request: PageRequest, _: Attempt) -> Page:
        return self._backend.page(request)


def _turned(objects: list[ObjectInfo], *, last: bool) -> tuple[list[ObjectInfo], list[ObjectInfo]]:
    """Return versions newest first, and those of a key that the next page may go on with."""
    groups = [list(group) for _, group in groupby(objects, attrgetter("name"))]
    held = [] if last or not groups else groups.pop()
    return [info for group in groups for info in reversed(group)], held
