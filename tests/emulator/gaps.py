"""What the servers that stand for S3 do not do as Amazon does: one row each.

A row is executed: its test must fail on that server. A gap that closes fails the run
until its row is taken out. `sandbox/emulator_gaps.py` closes those of ministack that
would leave nothing to test.
"""

_WHOLE = "tells the checksum of the parts' checksums as that of the whole"
_NO_ACCESS_BLOCK = "has no public access block, so that no bucket can be made whole"
_ORDER = "lists folders before files, not by the keys' bytes"

GAPS: dict[str, dict[str, str]] = {
    "moto": {
        "test_a_download_leaves_the_old_file_or_the_new_one": "keeps no CRC32C of an object",
        "test_a_file_ends_where_it_has_ended_once[8388613]": _WHOLE,
        "test_a_large_object_is_read_as_one_version": _WHOLE,
        "test_a_user_s_bucket_is_made_once": "applies a policy for TLS alone without its condition",
        "test_an_iterator_may_use_its_buffer_again[8388618]": _WHOLE,
        "test_any_key": "does not take a key with a line break",
        "test_content_of_many_megabytes": _WHOLE,
        "test_copy": _WHOLE,
        "test_directories": _WHOLE,
        "test_large_content": _WHOLE,
        "test_large_unversioned_content": _WHOLE,
        "test_many": _WHOLE,
        "test_only_if_the_version_is_there[content1]": "makes parts an object whatever is there",
        "test_what_is_told_of_an_object": "keeps no CRC32C of an object",
    },
    "seaweedfs": {
        "test_a_full_bucket_is_deleted_by_force_alone": "deletes a bucket that is not empty",
        "test_a_user_s_bucket_is_made_once": _NO_ACCESS_BLOCK,
        "test_another_s_bucket_under_a_user_s_name_is_not_the_user_s": _NO_ACCESS_BLOCK,
        "test_another_user_s_bucket_is_refused": _NO_ACCESS_BLOCK,
        "test_any_key": _ORDER,
        "test_copy": "fails to copy an object of many parts to a bucket without versions",
        "test_delete_many": _ORDER,
        "test_directories": "takes no key with two dots between slashes",
        "test_making_goes_on_where_it_broke_off": _NO_ACCESS_BLOCK,
        "test_missing_bucket[<lambda>0]": "makes a bucket by writing to it",
        "test_old_keys_of_a_bucket": _NO_ACCESS_BLOCK,
    },
}
