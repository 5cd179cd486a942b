"""Buckets that encrypt with a key of Cloud KMS, and the objects in them."""

import base64

import pytest
from google.api_core.exceptions import BadRequest

KEY = "projects/observatory/locations/us/keyRings/hub/cryptoKeys/storage"
OTHER = "projects/observatory/locations/us/keyRings/hub/cryptoKeys/archive"
VERSION = f"{KEY}/cryptoKeyVersions/1"


@pytest.fixture
def bucket(gcs, name):
    bucket = gcs.bucket(name)
    bucket.default_kms_key_name = KEY
    bucket.versioning_enabled = True
    bucket.create()
    return bucket


def key_in(place):
    return KEY.replace("/us/", f"/{place}/")


def test_the_default_key_is_kept_changed_and_cleared(api, bucket):
    path = f"/storage/v1/b/{bucket.name}"

    def encryption(method="GET", **body):
        return api(method, path, body or None).json().get("encryption")

    assert encryption() == {"defaultKmsKeyName": KEY}
    assert encryption("PATCH", labels={"a": "1"}) == {"defaultKmsKeyName": KEY}
    changed = encryption("PATCH", encryption={"defaultKmsKeyName": OTHER})
    assert changed == encryption() == {"defaultKmsKeyName": OTHER}
    for nothing in (None, {"defaultKmsKeyName": None}):
        encryption("PATCH", encryption={"defaultKmsKeyName": KEY})
        assert encryption("PATCH", encryption=nothing) is encryption() is None
    encryption("PATCH", encryption={"defaultKmsKeyName": KEY})
    assert encryption("PUT", labels={"a": "1"}) is None


def test_objects_show_the_version_of_the_key_that_was_the_bucket_s(api, bucket):
    path = f"/storage/v1/b/{bucket.name}"

    def write(key):
        bucket.blob(key).upload_from_string(b"map")
        return api("GET", f"{path}/o/{key}").json().get("kmsKeyName")

    assert write("first") == VERSION
    api("PATCH", path, {"encryption": {"defaultKmsKeyName": OTHER}})
    assert write("second") == f"{OTHER}/cryptoKeyVersions/1"
    api("PATCH", path, {"encryption": None})
    assert write("third") is None
    shown = [item.get("kmsKeyName") for item in api("GET", f"{path}/o").json()["items"]]
    assert shown == [VERSION, f"{OTHER}/cryptoKeyVersions/1", None]


def test_however_an_object_is_written(api, gcs, bucket):
    source = bucket.blob("source")
    source.upload_from_string(b"map")
    bucket.copy_blob(source, bucket, "copied")
    bucket.blob("composed").compose([source, source])
    bucket.blob("rewritten").rewrite(source)
    bucket.blob("resumed", chunk_size=256 * 1024).upload_from_string(b"x" * 300 * 1024)
    bucket.move_blob(bucket.blob("copied"), "moved")
    api("PUT", f"/{bucket.name}/xml", data=b"map")
    bucket.delete_blob("source")
    bucket.copy_blob(source, bucket, "back", source_generation=source.generation)

    keys = {blob.name: blob.kms_key_name for blob in gcs.list_blobs(bucket.name)}
    names = ("back", "composed", "moved", "resumed", "rewritten", "xml")
    assert keys == dict.fromkeys(names, VERSION)


def test_a_copy_has_the_key_of_where_it_goes(gcs, name, bucket):
    plain = gcs.create_bucket(f"{name}-p")
    bucket.blob("a").upload_from_string(b"map")
    plain.blob("a").upload_from_string(b"map")

    there = bucket.copy_blob(bucket.get_blob("a"), plain, "b")
    back = plain.copy_blob(plain.get_blob("a"), bucket, "b")
    assert (there.kms_key_name, back.kms_key_name) == (None, VERSION)


def test_a_customer_s_own_key_goes_before_the_bucket_s(bucket):
    blob = bucket.blob("a", encryption_key=b"k" * 32)
    blob.upload_from_string(b"map")
    blob.reload()

    assert blob.kms_key_name is None
    assert blob._properties["customerEncryption"]["encryptionAlgorithm"] == "AES256"
    assert blob.download_as_bytes() == b"map"


def test_checksums_are_told_of_one_object_but_not_in_a_listing(api, bucket):
    bucket.blob("a").upload_from_string(b"map")
    path = f"/storage/v1/b/{bucket.name}/o"
    whole = api("GET", f"{path}/a").json()
    [listed] = api("GET", path).json()["items"]

    assert {key: whole[key] for key in whole if key not in listed}.keys() == {"crc32c", "md5Hash"}
    assert base64.b64decode(whole["md5Hash"])
    assert api("GET", f"/{bucket.name}/a").headers["X-Goog-Encryption-Kms-Key-Name"] == VERSION


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("us-east1", "us-east1"),
        ("US", "us"),
        ("EU", "europe"),
        ("ASIA", "asia"),
        ("EUR4", "eur4"),
        ("EUR5", "europe"),
        ("NAM4", "nam4"),
        ("ASIA1", "asia1"),
    ],
)
def test_the_key_is_where_the_bucket_is(gcs, name, location, place):
    bucket = gcs.bucket(name)
    bucket.default_kms_key_name = key_in(place)
    bucket.create(location=location)

    assert bucket.default_kms_key_name == key_in(place)
    for elsewhere in {"us", "europe", "us-east1", "asia", "global"} - {place}:
        bucket.default_kms_key_name = key_in(elsewhere)
        region = location.upper().replace("-", "_")
        reason = f"Cloud KMS region '{elsewhere}' not available for use with GCS region '{region}'"
        with pytest.raises(BadRequest, match=reason):
            bucket.patch()
    assert gcs.get_bucket(name).default_kms_key_name == key_in(place)


def test_a_pair_of_regions_takes_a_key_of_the_continent(gcs, name):
    bucket = gcs.bucket(name)
    bucket.default_kms_key_name = KEY
    gcs.create_bucket(bucket, location="US", data_locations=["US-EAST1", "US-WEST1"])

    assert (bucket.location_type, bucket.default_kms_key_name) == ("dual-region", KEY)


def test_no_bucket_is_made_where_its_key_is_refused(api, name):
    body = {"name": name, "location": "EU", "encryption": {"defaultKmsKeyName": KEY}}

    assert api.refused("POST", "/storage/v1/b?project=cosmology", body) == (
        400,
        "Cloud KMS region 'us' not available for use with GCS region 'EU'.",
    )
    assert api("GET", f"/storage/v1/b/{name}").status_code == 404


@pytest.mark.parametrize(
    "wrong", ["storage", KEY[1:], f"{KEY}/", VERSION, KEY.replace("keyRings/hub/", ""), KEY + "\n"]
)
def test_names_that_no_key_has(api, gcs_bucket, wrong):
    body = {"encryption": {"defaultKmsKeyName": wrong}}
    status, message = api.refused("PATCH", f"/storage/v1/b/{gcs_bucket.name}", body)

    assert (status, message) == (400, f"Invalid Cloud KMS key name: '{wrong}'")
    assert "encryption" not in api("GET", f"/storage/v1/b/{gcs_bucket.name}").json()


def test_a_resource_that_is_sent_back_may_name_a_version(api, bucket):
    bucket.blob("a").upload_from_string(b"map")
    path = f"/storage/v1/b/{bucket.name}/o/a"
    resource = api("GET", path).json()

    there = f"{path}/rewriteTo/b/{bucket.name}/o/b"
    assert api("POST", there, resource).json()["resource"]["kmsKeyName"] == VERSION
    assert api("PATCH", path, {"kmsKeyName": OTHER}).json()["kmsKeyName"] == VERSION
