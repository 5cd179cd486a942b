"""Cloud Storage of our own, for the sandbox and the tests: a process on loopback.

`GcsEmulator` starts it. Layers, each knowing only those below: `server` (connections) ·
`api` (which API a path belongs to) · `json_*`, `xml_*`, `uploads`, `batch`, `forms`,
`service_accounts` (the APIs) · `objects`, `policies`, `access` · `store` · `buckets`,
`shelf`, `contents` · `schema`, `names`, `lifecycle`, `errors`.
"""

from sandbox.gcs.emulator import GcsEmulator

__all__ = ["GcsEmulator"]
