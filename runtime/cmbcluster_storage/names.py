"""Names: one deterministic name per user, and everything that follows from it.

Pure functions, standard library only. The stack and the runtime both call them,
so a bucket made by one is found by the other. What a name is used for lives
elsewhere; limits of names live here. The table in tests/unit/test_names.py locks
exact results: changing a function or a word list here moves people's data.
"""

import hashlib
import re
import unicodedata

# 64 words each, so that an index is 6 bits. Order and spelling are locked: see above.
# At most 11 and 9 letters: with two hyphens and 8 hex digits a name has at most 30 characters.
_CONSTELLATIONS = (
    "andromeda antlia apus aquarius aquila ara aries auriga bootes caelum cancer capricornus "
    "carina cassiopeia centaurus cepheus cetus chamaeleon circinus columba corvus crater crux "
    "cygnus delphinus dorado draco equuleus eridanus fornax gemini grus hercules horologium "
    "hydra hydrus indus lacerta leo lepus libra lupus lynx lyra mensa monoceros musca norma "
    "octans ophiuchus orion pavo pegasus perseus phoenix pictor pisces puppis pyxis reticulum "
    "sagitta scorpius serpens taurus"
).split()
_TERMS = (
    "albedo apogee asteroid aurora axion azimuth baryon blazar bolide comet corona cosmos "
    "crescent dust dwarf eclipse ecliptic epoch equinox filament flare galaxy gluon graviton "
    "halo horizon inflation infrared jet lens lepton light magnetar meteor moon nebula neutrino "
    "neutron nova orbit parallax parsec perigee photon planet plasma polaris pulsar quark quasar "
    "radiant redshift ring solstice spectrum star sunspot supernova transit umbra void wave "
    "zenith zodiac"
).split()

_ACCOUNT_REGIONAL = re.compile(r"-\d{12}-[a-z]{2}(?:-[a-z]+)+-\d-an$")
_MAX_USER_CHARACTERS = 254


def aws_scope(platform: str, account_id: str, region: str) -> str:
    """Return the scope in which users' names are unique on AWS."""
    return f"{platform}/{account_id}/{region}"


def gcp_scope(platform: str, project: str) -> str:
    """Return the scope in which users' names are unique on Google Cloud."""
    return f"{platform}/{project}"


def user_name(scope: str, user: str) -> str:
    """Return the one name that everything of a user is called.

    Deterministic: a later run must find, not replace, the bucket. The words come
    from other bits of the hash than the digits. The id is taken exactly as it is
    written: "Ann" and "ann" have different names.

    Args:
        scope: what `aws_scope` or `gcp_scope` returns.
        user: id as in the stack file; any Unicode, 1-254 characters.

    Returns:
        16-30 characters of [a-z0-9-]: constellation-term-hash, first a letter,
        last a hex digit. Fits a DNS label and a Google service account's id.

    Raises:
        ValueError: the user is empty, longer than 254 characters or not Unicode text.
    """
    digest = _digest(scope, user)
    constellation = _CONSTELLATIONS[digest[4] % len(_CONSTELLATIONS)]
    term = _TERMS[digest[5] % len(_TERMS)]
    return f"{constellation}-{term}-{digest[:4].hex()}"


def user_slug(scope: str, user: str) -> str:
    """Return a readable, safe and unique form of a user's id for logical names.

    Returns:
        10-41 characters of [a-z0-9-]: up to 32 that resemble the id, then the
        same 8 hex digits that end `user_name`, so that a reader can match them.

    Raises:
        ValueError: as `user_name`.
    """
    plain = unicodedata.normalize("NFKD", user).casefold()
    readable = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:32].strip("-") or "user"
    return f"{readable}-{_digest(scope, user)[:4].hex()}"


def aws_bucket_name(name: str, account_id: str, region: str) -> str:
    """Return the account-regional bucket name: nobody else can ever take it.

    Args:
        name: what `user_name` returns.
        account_id: 12 digits.
        region: at most 16 characters, as every region that offers the namespace has.

    Returns:
        At most 63 characters.

    Raises:
        ValueError: the result would be longer than a bucket's name may be.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
    """
    bucket = f"{name}-{account_id}-{region}-an"
    if len(bucket) > 63:
        raise ValueError(f"{bucket!r} has {len(bucket)} characters; a bucket's name may have 63")
    return bucket


def name_of_bucket(bucket_name: str) -> str:
    """Return the name of a bucket's claim: of one that the stack named, the user's name.

    Returns:
        A DNS label: a bucket that somebody else named may have `.` and `_`, labels have not.
        None of a name with dots, as Google Cloud has them, of more than 63 characters.
    """
    return re.sub(r"[._]", "-", _ACCOUNT_REGIONAL.sub("", bucket_name))


def volume_name(namespace: str, name: str) -> str:
    """Return the PersistentVolume's name, which is unique in the whole cluster."""
    return f"{namespace}-{name}"


def display_name(bucket_name: str) -> str:
    """Return what to call a bucket in front of people: "Andromeda Nebula"."""
    return " ".join(word.capitalize() for word in bucket_name.split("-")[:2])


def _digest(scope: str, user: str) -> bytes:
    if not 1 <= len(user) <= _MAX_USER_CHARACTERS:
        raise ValueError(f"a user's id has 1-{_MAX_USER_CHARACTERS} characters, not {len(user)}")
    return hashlib.sha256(f"{scope}\0{user}".encode()).digest()
