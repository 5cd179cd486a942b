"""Cloud Storage of our own, for the sandbox and the tests: a process on loopback.

`GcsEmulator` starts it. Layers, each knowing only those below: `server` (connections) ·
`api` (which API a path belongs to) · `json_*`, `xml_*`, `uploads`, `batch`, `forms`,
`service_accounts`, `account_policies` (the APIs) · `members`, `objects`, `object_changes`,
`shown_objects` · `store` · `policies`, `retention` · `buckets`, `shelf`, `contents` ·
`bucket_settings` · `access`, `kms`, `lifecycle`, `names` · `resources`, `schema`, `times`,
`errors`.
"""

from sandbox.gcs.emulator import GcsEmulator

__all__ = ["GcsEmulator"]
