"""What ministack lacks and the runtime needs, added to it in the emulator's process.

CRC32C, which it refuses because it brings no library for it, and ranges of a version,
which it answers with the whole. Everything else that it lacks is a row of the table in
`tests/emulator/test_gaps.py`.
"""

import base64
from typing import Any

import google_crc32c

_Answer = tuple[int, dict[str, str], bytes]


def mend() -> None:
    """Replace the functions of its S3 service that lack something."""
    _compare_crc32c()
    _serve_ranges_of_versions()


def _compare_crc32c() -> None:
    from ministack.services import s3

    compute, resolve = s3._compute_s3_checksum, s3._resolve_object_checksums
    complete = s3._complete_multipart_upload

    def computed(algorithm: str, body: bytes) -> str | None:
        if algorithm.upper() == "CRC32C":
            return base64.b64encode(google_crc32c.Checksum(body).digest()).decode()
        return compute(algorithm, body)

    def resolved(body: bytes, headers: dict[str, str]) -> Any:
        # It compares only what is named, and the SDK names only what it has computed itself.
        if "x-amz-checksum-crc32c" in headers:
            headers = headers | {"x-amz-sdk-checksum-algorithm": "CRC32C"}
        return resolve(body, headers)

    def completed(bucket: str, key: str, body: bytes, query: Any, headers: dict[str, str]) -> Any:
        # It knows the checksum of the parts' checksums, not that of the whole.
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"))
        if upload and upload.get("checksum_algorithm") == "CRC32C":
            parts = [upload["parts"][number]["body"] for number in sorted(upload["parts"])]
            s3._composite_checksum = lambda *_: computed("CRC32C", b"".join(parts))
        return complete(bucket, key, body, query, headers)

    s3._compute_s3_checksum, s3._resolve_object_checksums = computed, resolved
    s3._complete_multipart_upload = completed


def _serve_ranges_of_versions() -> None:
    from ministack.services import s3

    get = s3._get_object

    def got(bucket: str, key: str, headers: dict[str, str], query: Any = None) -> _Answer:
        status, told, body = get(bucket, key, headers, query)
        span = s3._parse_range(headers.get("range", ""), len(body)) if status == 200 else None
        if span is None:
            return status, told, body
        start, stop = span[0], span[1] + 1
        told = {name: told[name] for name in told if not name.startswith("x-amz-checksum")}
        told["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
        return 206, {**told, "Content-Length": str(stop - start)}, body[start:stop]

    s3._get_object = got
