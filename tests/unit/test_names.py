import re
import string
from collections.abc import Callable

import pytest
from cmbcluster_storage import names
from hypothesis import assume, given, settings
from hypothesis import strategies as st

Hub = tuple[str, str, str]
Project = tuple[str, str]

HUB: Hub = ("cmbcluster", "123456789012", "us-east-1")

# These rows are never changed: a row that moves is a person whose data is not found.
LOCKED = [
    (
        HUB,
        "ann@example.org",
        "eridanus-supernova-219ed38f",
        "ann-example-org-219ed38f",
        "eridanus-supernova-219ed38f-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "Ann@example.org",
        "dorado-magnetar-e32ebac9",
        "ann-example-org-e32ebac9",
        "dorado-magnetar-e32ebac9-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "ANN@EXAMPLE.ORG",
        "norma-dwarf-01652f8d",
        "ann-example-org-01652f8d",
        "norma-dwarf-01652f8d-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "ann@example.org ",
        "norma-crescent-2ec1e71b",
        "ann-example-org-2ec1e71b",
        "norma-crescent-2ec1e71b-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "ann",
        "eridanus-halo-7588b416",
        "ann-7588b416",
        "eridanus-halo-7588b416-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "bob",
        "ara-planet-8c71157f",
        "bob-8c71157f",
        "ara-planet-8c71157f-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "Bob",
        "equuleus-gluon-40905e89",
        "bob-40905e89",
        "equuleus-gluon-40905e89-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "a",
        "delphinus-epoch-a4742eac",
        "a-a4742eac",
        "delphinus-epoch-a4742eac-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "0",
        "centaurus-epoch-167205b6",
        "0-167205b6",
        "centaurus-epoch-167205b6-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "007",
        "scorpius-inflation-509bdd09",
        "007-509bdd09",
        "scorpius-inflation-509bdd09-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "-",
        "gemini-perigee-f22afbd4",
        "user-f22afbd4",
        "gemini-perigee-f22afbd4-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "ann.b+lab@physics.example.org",
        "crater-photon-3346e4f6",
        "ann-b-lab-physics-example-org-3346e4f6",
        "crater-photon-3346e4f6-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "ann b",
        "antlia-void-c1aa429f",
        "ann-b-c1aa429f",
        "antlia-void-c1aa429f-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "../../etc/passwd",
        "norma-comet-da2baad1",
        "etc-passwd-da2baad1",
        "norma-comet-da2baad1-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "a\0b",
        "cancer-zenith-817415ce",
        "a-b-817415ce",
        "cancer-zenith-817415ce-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "jos\xe9",
        "lupus-void-5031c02c",
        "jose-5031c02c",
        "lupus-void-5031c02c-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "jose\u0301",
        "sagitta-parallax-13c884be",
        "jose-13c884be",
        "sagitta-parallax-13c884be-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "stra\xdfe",
        "hydrus-epoch-326b59db",
        "strasse-326b59db",
        "hydrus-epoch-326b59db-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "\ufb01ona",
        "musca-filament-3b2e5572",
        "fiona-3b2e5572",
        "musca-filament-3b2e5572-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "\uff41nn",
        "capricornus-filament-d68ffc1a",
        "ann-d68ffc1a",
        "capricornus-filament-d68ffc1a-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "\u0410nn",
        "norma-parsec-49bb9098",
        "nn-49bb9098",
        "norma-parsec-49bb9098-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "\u674e\u96f7",
        "lyra-star-a6eba905",
        "user-a6eba905",
        "lyra-star-a6eba905-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "\u0645\u0644\u0643",
        "reticulum-eclipse-8e1025f8",
        "user-8e1025f8",
        "reticulum-eclipse-8e1025f8-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "\U0001f680",
        "cassiopeia-wave-10b5679b",
        "user-10b5679b",
        "cassiopeia-wave-10b5679b-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "\U0001f469\u200d\U0001f52c@example.org",
        "pictor-polaris-0a50f197",
        "example-org-0a50f197",
        "pictor-polaris-0a50f197-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "u" * 254,
        "horologium-redshift-795efa72",
        "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu-795efa72",
        "horologium-redshift-795efa72-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "maximiliane.von-und-zu-hohenstein@example.org",
        "reticulum-infrared-16f3bf9f",
        "maximiliane-von-und-zu-hohenstei-16f3bf9f",
        "reticulum-infrared-16f3bf9f-123456789012-us-east-1-an",
    ),
    (
        HUB,
        "abcdefghijklmnopqrstuvwxyz12345-7",
        "apus-star-8d315b80",
        "abcdefghijklmnopqrstuvwxyz12345-8d315b80",
        "apus-star-8d315b80-123456789012-us-east-1-an",
    ),
    (
        ("other", "123456789012", "us-east-1"),
        "ann@example.org",
        "crater-dust-54ea36f1",
        "ann-example-org-54ea36f1",
        "crater-dust-54ea36f1-123456789012-us-east-1-an",
    ),
    (
        ("cmbcluster", "000000000007", "us-east-1"),
        "ann@example.org",
        "reticulum-zenith-6a4d9af2",
        "ann-example-org-6a4d9af2",
        "reticulum-zenith-6a4d9af2-000000000007-us-east-1-an",
    ),
    (
        ("cmbcluster", "123456789012", "ap-southeast-1"),
        "ann@example.org",
        "pyxis-transit-dc12803a",
        "ann-example-org-dc12803a",
        "pyxis-transit-dc12803a-123456789012-ap-southeast-1-an",
    ),
    (
        ("cmbcluster", "123456789012", "us-gov-west-1"),
        "ann@example.org",
        "monoceros-pulsar-fae4e206",
        "ann-example-org-fae4e206",
        "monoceros-pulsar-fae4e206-123456789012-us-gov-west-1-an",
    ),
    (
        ("cmbcluster", "123456789012", "cn-north-1"),
        "ann@example.org",
        "chamaeleon-spectrum-4b933d55",
        "ann-example-org-4b933d55",
        "chamaeleon-spectrum-4b933d55-123456789012-cn-north-1-an",
    ),
]

RESEARCH: Project = ("cmbcluster", "cmbcluster-research")

# On Google Cloud the bucket is called like its user. Never changed either.
LOCKED_ON_GCP = [
    (RESEARCH, "ann@example.org", "horologium-nova-691179ab", "ann-example-org-691179ab"),
    (RESEARCH, "Ann@example.org", "pavo-star-f6b499e1", "ann-example-org-f6b499e1"),
    (RESEARCH, "bob", "fornax-pulsar-de6f66ce", "bob-de6f66ce"),
    (RESEARCH, "a", "hydrus-star-d92e043b", "a-d92e043b"),
    (RESEARCH, "007", "hercules-dust-01919329", "007-01919329"),
    (RESEARCH, "-", "lyra-umbra-6360abd4", "user-6360abd4"),
    (RESEARCH, "../../etc/passwd", "cetus-parsec-f55d9fd9", "etc-passwd-f55d9fd9"),
    (RESEARCH, "jos\xe9", "reticulum-aurora-099734b7", "jose-099734b7"),
    (RESEARCH, "\u674e\u96f7", "lyra-nova-d6603f7f", "user-d6603f7f"),
    (RESEARCH, "\U0001f680", "horologium-graviton-80ae628b", "user-80ae628b"),
    (
        RESEARCH,
        "u" * 254,
        "cepheus-comet-cf625306",
        "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu-cf625306",
    ),
    (
        RESEARCH,
        "maximiliane.von-und-zu-hohenstein@example.org",
        "ophiuchus-plasma-11292268",
        "maximiliane-von-und-zu-hohenstei-11292268",
    ),
    (
        ("other", "cmbcluster-research"),
        "ann@example.org",
        "taurus-baryon-fcb0d96c",
        "ann-example-org-fcb0d96c",
    ),
    (
        ("cmbcluster", "cmbcluster-teaching"),
        "ann@example.org",
        "columba-perigee-87a5f7f7",
        "ann-example-org-87a5f7f7",
    ),
]

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
GOOGLE_SERVICE_ACCOUNT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
LONGEST_REGION = "ap-southeast-1"
REGIONS = ("us-east-1", "eu-central-2", "us-gov-west-1", "cn-northwest-1", LONGEST_REGION)

users = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=254)
accounts = st.text("0123456789", min_size=12, max_size=12)
platforms = st.from_regex(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?", fullmatch=True)
projects = st.from_regex(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", fullmatch=True)
scopes = st.builds(names.aws_scope, platforms, accounts, st.sampled_from(REGIONS)) | st.builds(
    names.gcp_scope, platforms, projects
)
either_name = pytest.mark.parametrize("function", [names.user_name, names.user_slug])


@pytest.mark.parametrize(("hub", "user", "name", "slug", "bucket"), LOCKED)
def test_names_are_locked(hub: Hub, user: str, name: str, slug: str, bucket: str):
    scope = names.aws_scope(*hub)
    assert {
        "name": names.user_name(scope, user),
        "slug": names.user_slug(scope, user),
        "bucket": names.aws_bucket_name(name, *hub[1:]),
        "name of the bucket": names.name_of_bucket(bucket),
    } == {"name": name, "slug": slug, "bucket": bucket, "name of the bucket": name}


@pytest.mark.parametrize(("project", "user", "name", "slug"), LOCKED_ON_GCP)
def test_names_are_locked_on_google_cloud(project: Project, user: str, name: str, slug: str):
    scope = names.gcp_scope(*project)
    assert {
        "name": names.user_name(scope, user),
        "slug": names.user_slug(scope, user),
        "name of the bucket": names.name_of_bucket(name),
    } == {"name": name, "slug": slug, "name of the bucket": name}


def test_locked_names_are_all_different():
    for column in (2, 3, 4):
        assert len({row[column] for row in LOCKED}) == len(LOCKED)
    for column in (2, 3):
        both = [*LOCKED, *LOCKED_ON_GCP]
        assert len({row[column] for row in both}) == len(both)


def test_a_scope_is_platform_account_and_region():
    assert names.aws_scope(*HUB) == "cmbcluster/123456789012/us-east-1"


def test_a_scope_is_platform_and_project_on_google_cloud():
    assert names.gcp_scope(*RESEARCH) == "cmbcluster/cmbcluster-research"


@settings(deadline=None)
@given(scopes, users)
def test_any_user_has_a_name_within_every_limit(scope: str, user: str):
    name = names.user_name(scope, user)
    assert len(name) <= 30
    assert DNS_LABEL.fullmatch(name)
    assert GOOGLE_SERVICE_ACCOUNT.fullmatch(name)
    assert re.fullmatch(r"[a-z]+-[a-z]+-[0-9a-f]{8}", name)


@settings(deadline=None)
@given(scopes, users)
def test_any_user_has_a_slug_that_is_a_label_and_ends_like_the_name(scope: str, user: str):
    slug = names.user_slug(scope, user)
    assert 10 <= len(slug) <= 41
    assert DNS_LABEL.fullmatch(slug)
    assert "--" not in slug
    assert slug[-9:] == names.user_name(scope, user)[-9:]


@settings(deadline=None)
@given(scopes, users, accounts)
def test_any_user_has_a_legal_bucket_in_the_longest_region(scope: str, user: str, account: str):
    bucket = names.aws_bucket_name(names.user_name(scope, user), account, LONGEST_REGION)
    assert BUCKET.fullmatch(bucket)
    assert bucket.endswith(f"-{account}-{LONGEST_REGION}-an")


@settings(deadline=None)
@given(scopes, users)
def test_any_users_name_is_a_legal_bucket_on_google_cloud_and_its_own(scope: str, user: str):
    # https://cloud.google.com/storage/docs/buckets#naming
    bucket = names.user_name(scope, user)
    assert BUCKET.fullmatch(bucket)
    assert "goog" not in bucket
    assert names.name_of_bucket(bucket) == bucket


def test_no_two_words_make_a_name_that_google_cloud_reserves():
    # The hex digits after them spell no such name either: they have no g.
    pairs = [f"{one}-{other}" for one in names._CONSTELLATIONS for other in names._TERMS]
    assert [pair for pair in pairs if "goog" in pair.replace("-", "")] == []


@settings(deadline=None)
@given(platforms, platforms, projects, accounts, st.sampled_from(REGIONS), users)
def test_a_user_has_different_names_on_the_two_clouds(
    one: str, other: str, project: str, account: str, region: str, user: str
):
    on_aws = names.user_name(names.aws_scope(one, account, region), user)
    assert names.user_name(names.gcp_scope(other, project), user) != on_aws


@settings(deadline=None)
@given(scopes, users, users)
def test_different_users_have_different_names(scope: str, one: str, other: str):
    assume(one != other)
    assert names.user_name(scope, one) != names.user_name(scope, other)
    assert names.user_slug(scope, one) != names.user_slug(scope, other)


@settings(deadline=None)
@given(scopes, scopes, users)
def test_a_user_has_different_names_in_different_scopes(one: str, other: str, user: str):
    assume(one != other)
    assert names.user_name(one, user) != names.user_name(other, user)


@settings(deadline=None)
@given(scopes, users, accounts, st.sampled_from(REGIONS))
def test_the_name_follows_from_the_bucket(scope: str, user: str, account: str, region: str):
    name = names.user_name(scope, user)
    assert names.name_of_bucket(names.aws_bucket_name(name, account, region)) == name


def test_ten_thousand_users_have_ten_thousand_names_and_use_every_word():
    made = [names.user_name("scope", f"user{number}@example.org") for number in range(10_000)]
    constellations, terms, _ = zip(*(name.split("-") for name in made), strict=True)
    assert len(set(made)) == 10_000
    assert set(constellations) == set(names._CONSTELLATIONS)
    assert set(terms) == set(names._TERMS)


@pytest.mark.parametrize(
    ("words", "longest"), [(names._CONSTELLATIONS, 11), (names._TERMS, 9)], ids=["first", "second"]
)
def test_a_word_list_has_64_short_distinct_words(words: list[str], longest: int):
    assert len(words) == len(set(words)) == 64
    assert words == sorted(words)
    assert max(len(word) for word in words) == longest
    assert set("".join(words)) <= set(string.ascii_lowercase)


@either_name
@pytest.mark.parametrize("length", [0, 255])
def test_a_user_of_a_wrong_length_is_refused(function: Callable[[str, str], str], length: int):
    with pytest.raises(ValueError, match=f"^a user's id has 1-254 characters, not {length}$"):
        function("scope", "u" * length)


@either_name
def test_half_a_character_is_refused(function: Callable[[str, str], str]):
    with pytest.raises(ValueError, match="surrogates not allowed"):
        function("scope", "ann\ud83d")


def test_the_length_of_a_user_is_counted_in_characters():
    assert len(names.user_name("scope", "\U0001f680" * 254)) <= 30


def test_the_longest_name_fits_in_a_region_of_16_characters():
    name, region = "n" * 30, "aa-northnorths-1"
    assert len(region) == 16
    assert len(names.aws_bucket_name(name, "123456789012", region)) == 63


def test_a_bucket_name_of_more_than_63_characters_is_refused():
    with pytest.raises(ValueError, match=r"^'n{30}-123.+-an' has 64 characters; .+ may have 63$"):
        names.aws_bucket_name("n" * 30, "123456789012", "aa-northnorthso-1")


@pytest.mark.parametrize(
    "bucket",
    [
        "",
        "andromeda-nebula-0a1b2c3d",
        "my-old-bucket",
        "ann-123456789012-us-east-1",
        "ann-123456789012-us-east-1-an-2",
        "ann-12345678901-us-east-1-an",
        "ann-1234567890123-us-east-1-an",
        "ann-123456789012-useast1-an",
        "ann123456789012-us-east-1-an",
    ],
)
def test_a_bucket_of_another_kind_is_its_own_name(bucket: str):
    assert names.name_of_bucket(bucket) == bucket


@pytest.mark.parametrize(
    ("bucket", "claim"),
    [
        ("my.old.bucket", "my-old-bucket"),
        ("my_old_bucket", "my-old-bucket"),
        ("my._old-bucket", "my--old-bucket"),
        ("my.old.bucket-123456789012-us-east-1-an", "my-old-bucket"),
    ],
)
def test_a_bucket_that_is_no_label_has_a_claim_that_is_one(bucket: str, claim: str):
    assert names.name_of_bucket(bucket) == claim


@given(st.from_regex(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]", fullmatch=True))
def test_any_bucket_has_a_claim_with_a_legal_name(bucket: str):
    assert DNS_LABEL.fullmatch(names.name_of_bucket(bucket))


def test_only_the_last_suffix_is_dropped():
    suffix = "-123456789012-us-east-1-an"
    assert names.name_of_bucket(f"ann{suffix}{suffix}") == f"ann{suffix}"


def test_a_volume_is_called_after_its_namespace():
    assert names.volume_name("hub", "ara-planet-8c71157f") == "hub-ara-planet-8c71157f"


@pytest.mark.parametrize(
    ("bucket", "shown"),
    [
        ("andromeda-nebula-0a1b2c3d", "Andromeda Nebula"),
        ("andromeda-nebula-0a1b2c3d-123456789012-us-east-1-an", "Andromeda Nebula"),
        ("data", "Data"),
        ("my.old.bucket", "My.old.bucket"),
        ("", ""),
    ],
)
def test_people_see_two_words(bucket: str, shown: str):
    assert names.display_name(bucket) == shown
