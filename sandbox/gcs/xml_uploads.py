"""Multipart uploads of the XML API: parts in any order, put together at the end.

Like resumable uploads they live in memory only.
Source: https://cloud.google.com/storage/docs/multipart-uploads
"""

import uuid
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError  # only the classes: defusedxml parses
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring

from sandbox.gcs.contents import Content, concatenated
from sandbox.gcs.errors import GcsError, invalid, not_implemented
from sandbox.gcs.objects import NewObject, check_hashes, create
from sandbox.gcs.store import Store
from sandbox.gcs.times import moment
from sandbox.gcs.uploads import stated_hashes
from sandbox.gcs.web import Request, Response, xml_response
from sandbox.gcs.xml_api import NAMESPACE, etag, new_object, split_path

_SMALLEST = 5 * (1 << 20)  # of all parts but the last
_MOST = 10_000


@dataclass(slots=True)
class _Upload:
    new: NewObject
    started: str
    parts: dict[int, Content] = field(default_factory=dict)


class MultipartUploads:
    """The multipart uploads that are under way."""

    def __init__(self, store: Store) -> None:
        """Start without any."""
        self._store = store
        self._uploads: dict[str, _Upload] = {}

    def serve(self, request: Request, content: Content | None) -> Response:
        """Answer a request with `uploads` or `uploadId` in its query."""
        bucket, name = split_path(request.path)
        self._store.bucket(bucket)
        if "uploads" in request.query:
            return self._begin(request, bucket, name) if name else self._list(bucket)
        identity = request.query["uploadId"]
        upload = self._uploads.get(identity)
        if not upload or (upload.new.bucket, upload.new.name) != (bucket, name):
            raise GcsError(404, "NoSuchUpload", "The requested upload was not found.")
        if request.method == "PUT" and content is not None:
            return self._put(request, upload, content)
        if request.method == "POST":
            return self._complete(request, upload, identity)
        if request.method == "DELETE":
            del self._uploads[identity]
            return Response(204)
        if request.method == "GET":
            return self._list_parts(upload, identity)
        raise not_implemented(f"{request.method} of a multipart upload")

    def _begin(self, request: Request, bucket: str, name: str) -> Response:
        if request.method != "POST":
            raise not_implemented(f"{request.method} of ?uploads of an object")
        identity = uuid.uuid4().hex
        new = new_object(request, bucket, name)
        self._uploads[identity] = _Upload(new, moment(self._store.now()))
        return xml_response(
            f"<InitiateMultipartUploadResult {NAMESPACE}>{_names(new)}"
            f"<UploadId>{identity}</UploadId></InitiateMultipartUploadResult>"
        )

    def _put(self, request: Request, upload: _Upload, content: Content) -> Response:
        number = request.number("partNumber")
        if number is None or not 1 <= number <= _MOST:
            raise invalid("Part number must be an integer between 1 and 10000, inclusive.")
        hashes = content.hashes()
        for field_name, said in stated_hashes(request).items():
            if said != hashes["md5" if field_name == "md5Hash" else "crc32c"]:
                raise GcsError(400, "BadDigest", "The checksum you specified did not match.")
        upload.parts[number] = content
        shown = ",".join(f"{kind}={value}" for kind, value in hashes.items())
        return Response(200, b"", {"ETag": _part_etag(content), "X-Goog-Hash": shown})

    def _complete(self, request: Request, upload: _Upload, identity: str) -> Response:
        parts = [self._part(upload, element) for element in _parts_in(request.body)]
        if not parts:
            raise GcsError(400, "MalformedXML", "The XML names no part.")
        for part in parts[:-1]:
            if part.size < _SMALLEST:
                message = "Your proposed upload is smaller than the minimum object size."
                raise GcsError(400, "EntityTooSmall", message)
        count = {"componentCount": len(parts)}
        content = concatenated(parts)
        check_hashes(stated_hashes(request), content)
        stored = create(self._store, upload.new, content, **count)
        del self._uploads[identity]
        answer = xml_response(
            f"<CompleteMultipartUploadResult {NAMESPACE}>"
            f"<Location>{escape(request.base_url + request.path)}</Location>{_names(upload.new)}"
            f"<ETag>{escape(etag(stored))}</ETag></CompleteMultipartUploadResult>"
        )
        crc32c = stored.content.hashes()["crc32c"]
        generation = {"X-Goog-Generation": stored.resource["generation"]}
        answer.headers |= generation | {"X-Goog-Hash": f"crc32c={crc32c}"}
        return answer

    def _part(self, upload: _Upload, element: Element) -> Content:
        said = {child.tag.rpartition("}")[2]: child.text or "" for child in element}
        number = said.get("PartNumber", "")
        part = upload.parts.get(int(number)) if number.isdecimal() else None
        if part is None or said.get("ETag", "").strip('"') != _part_etag(part).strip('"'):
            raise GcsError(400, "InvalidPart", f"Part {number} could not be found.")
        return part

    def _list_parts(self, upload: _Upload, identity: str) -> Response:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(_part_etag(part))}</ETag>"
            f"<Size>{part.size}</Size></Part>"
            for number, part in sorted(upload.parts.items())
        )
        return xml_response(
            f"<ListPartsResult {NAMESPACE}>{_names(upload.new)}<UploadId>{identity}</UploadId>"
            f"<IsTruncated>false</IsTruncated>{parts}</ListPartsResult>"
        )

    def _list(self, bucket: str) -> Response:
        uploads = "".join(
            f"<Upload><Key>{escape(upload.new.name)}</Key><UploadId>{identity}</UploadId>"
            f"<Initiated>{upload.started}</Initiated></Upload>"
            for identity, upload in self._uploads.items()
            if upload.new.bucket == bucket
        )
        return xml_response(
            f"<ListMultipartUploadsResult {NAMESPACE}><Bucket>{bucket}</Bucket>"
            f"<IsTruncated>false</IsTruncated>{uploads}</ListMultipartUploadsResult>"
        )


def _names(new: NewObject) -> str:
    return f"<Bucket>{new.bucket}</Bucket><Key>{escape(new.name)}</Key>"


def _part_etag(content: Content) -> str:
    return f'"{content.md5.hex()}"' if content.md5 else '""'


def _parts_in(body: bytes) -> list[Element]:
    try:
        root = fromstring(body)
    except ParseError:
        raise GcsError(400, "MalformedXML", "The XML you provided was not well-formed.") from None
    return [child for child in root if child.tag.rpartition("}")[2] == "Part"]
