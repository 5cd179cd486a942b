"""What the delete of a bucket does with what is in it."""

import threading
import time
from concurrent import futures

import grpc
import pytest
from gcp_hand import BUCKET

pytest_plugins = ("gcp_fixtures",)

GONE = ("", {}, {})


def refusal(bucket):
    return f"Error trying to delete bucket {bucket} without `force_destroy` set to true"


def test_a_bucket_with_objects_is_kept_unless_force_destroy_is_set(plugin, program, made, hand):
    bucket = made(BUCKET)
    for key in ("maps/cmb.fits", "maps/λ β?#.fits", "maps/cmb.fits", "maps/cmb.fits"):
        hand.put_object(bucket, key)
    hand.call("DELETE", f"/storage/v1/b/{bucket}/o/maps%2Fcmb.fits")
    before = hand.objects(bucket)
    assert [key for key, _ in before] == ["maps/cmb.fits"] * 3 + ["maps/λ β?#.fits"]
    with pytest.raises(grpc.RpcError) as refused:
        plugin.delete(BUCKET, bucket, program[BUCKET])
    assert refused.value.details() == refusal(bucket)
    assert hand.objects(bucket) == before

    plugin.delete(BUCKET, bucket, program[BUCKET] | {"forceDestroy": True})
    assert plugin.read(BUCKET, bucket, program[BUCKET]) == GONE


def test_noncurrent_generations_alone_keep_a_bucket_too(plugin, program, made, hand):
    bucket = made(BUCKET)
    hand.put_object(bucket, "maps/cmb.fits")
    hand.call("DELETE", f"/storage/v1/b/{bucket}/o/maps%2Fcmb.fits")
    assert "items" not in hand.call("GET", f"/storage/v1/b/{bucket}/o")
    with pytest.raises(grpc.RpcError) as refused:
        plugin.delete(BUCKET, bucket, program[BUCKET])
    assert refused.value.details() == refusal(bucket)

    plugin.delete(BUCKET, bucket, program[BUCKET] | {"forceDestroy": True})
    assert plugin.read(BUCKET, bucket, program[BUCKET]) == GONE


def test_soft_deleted_objects_keep_no_bucket(plugin, program, made, hand):
    bucket = made(BUCKET)
    hand.put_object(bucket, "maps/cmb.fits")
    [(key, generation)] = hand.objects(bucket)
    path = f"/storage/v1/b/{bucket}/o"
    hand.call("DELETE", f"{path}/maps%2Fcmb.fits", generation=generation)
    [item] = hand.call("GET", path, softDeleted="true")["items"]
    assert (item["name"], item["generation"], hand.objects(bucket)) == (key, generation, [])

    plugin.delete(BUCKET, bucket, program[BUCKET])
    assert plugin.read(BUCKET, bucket, program[BUCKET]) == GONE


def test_force_destroy_set_by_an_update_counts(plugin, program, made, hand):
    bucket = made(BUCKET)
    hand.put_object(bucket, "maps/cmb.fits")
    before = hand.bucket(bucket)
    marked = program[BUCKET] | {"forceDestroy": True}
    assert plugin.diff(BUCKET, program[BUCKET], marked) == {"forceDestroy": "update"}
    state = plugin.update(BUCKET, bucket, program[BUCKET], marked)

    assert state["forceDestroy"] is True
    assert plugin.read(BUCKET, bucket, marked)[1] == marked
    changing = dict.fromkeys(("etag", "metageneration", "updated"))
    assert hand.bucket(bucket) | changing == before | changing
    plugin.delete(BUCKET, bucket, marked)
    assert plugin.read(BUCKET, bucket, marked) == GONE


def test_more_generations_than_a_page_has_go_several_at_once(
    plugin, program, made, hand, types, monkeypatch
):
    bucket = made(BUCKET)
    keys = [f"maps/{index % 101}" for index in range(1111)]
    with futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: hand.put_object(bucket, key, b""), keys))
    assert len(hand.call("GET", f"/storage/v1/b/{bucket}/o")["items"]) == 101
    workers, call = set(), types[BUCKET]._api.call

    def noted(method, path, *rest, **parameters):
        if "generation" in parameters:
            workers.add(threading.get_ident())
        return call(method, path, *rest, **parameters)

    monkeypatch.setattr(types[BUCKET]._api, "call", noted)
    start = time.monotonic()
    plugin.delete(BUCKET, bucket, program[BUCKET] | {"forceDestroy": True})

    assert time.monotonic() - start < 60  # 2 s on two cores; a busy machine makes no test fail
    assert len(workers) > 1
    assert plugin.read(BUCKET, bucket, program[BUCKET]) == GONE


def test_what_cannot_be_deleted_is_told_and_keeps_the_bucket(plugin, program, made, hand):
    bucket = made(BUCKET)
    for key in ("held", "other"):
        hand.put_object(bucket, key)
    path = f"/storage/v1/b/{bucket}/o/held"
    hand.call("PATCH", path, {"temporaryHold": True})
    forced = program[BUCKET] | {"forceDestroy": True}
    with pytest.raises(grpc.RpcError) as refused:
        plugin.delete(BUCKET, bucket, forced)

    reason = "could not delete non-empty bucket due to error when deleting contents: googleapi: "
    assert refused.value.details().startswith(f"{reason}Error 403: Object '{bucket}/held' is under")
    assert [key for key, _ in hand.objects(bucket)] == ["held"]
    hand.call("PATCH", path, {"temporaryHold": False})
    plugin.delete(BUCKET, bucket, forced)
    assert plugin.read(BUCKET, bucket, forced) == GONE
