"""How much a bucket holds, counted by listing it, the folders of its top level at once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from cmbcluster_storage.bucket_models import BucketUsage
from cmbcluster_storage.calls import Attempt, Call
from cmbcluster_storage.messages import Page, PageRequest
from cmbcluster_storage.runner import Runner, together
from cmbcluster_storage.uploads import Progress

_LANES = 8


@dataclass
class _Count:
    """What was counted so far."""

    versions: int = 0
    objects: int = 0
    size_bytes: int = 0

    def add(self, page: Page) -> None:
        self.versions += len(page.objects)
        self.objects += sum(1 for info in page.objects if info.is_latest)
        self.size_bytes += sum(info.size_bytes for info in page.objects)


class Usage(Runner):
    """Counts what is there."""

    async def _listed_usage(self, call: Call, tell: Progress | None) -> BucketUsage:
        """Return the usage of a bucket, all versions."""
        count = _Count()
        folders = await self._count(call, count, tell, "", delimiter="/")
        waiting = iter(folders)

        async def lane() -> None:
            for folder in waiting:
                await self._count(call, count, tell, folder, delimiter=None)

        await together(lane() for _ in range(min(_LANES, len(folders))))
        return BucketUsage(
            size_bytes=count.size_bytes,
            object_count=count.objects,
            version_count=count.versions,
            measured=datetime.now(UTC),
        )

    async def _count(
        self, call: Call, count: _Count, tell: Progress | None, prefix: str, delimiter: str | None
    ) -> list[str]:
        """Count what is below a prefix and return what was folded."""
        folded: list[str] = []
        token: str | None = None
        while True:
            request = PageRequest(
                bucket=call.bucket or "",
                prefix=prefix,
                delimiter=delimiter,
                versions=True,
                size=1000,
                token=token,
            )
            page = await self._tried(call, partial(self._version_page, request))
            count.add(page)
            folded += page.prefixes
            if tell:
                tell(count.versions, None)
            if (token := page.token) is None:
                return folded

    def _version_page(self, request: PageRequest, _: Attempt) -> Page:
        return self._backend.page(request)
