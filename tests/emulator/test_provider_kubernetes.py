import copy
import json
import stat
import uuid
from concurrent import futures

import grpc
import pytest
import yaml
from plugin import plugin_of
from pulumi.runtime.proto import provider_pb2

from sandbox import kubernetes
from sandbox.properties import UNKNOWN

NAMESPACE = "cmbcluster"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"
VOLUME = "kubernetes:core/v1:PersistentVolume"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
TOKENS = (ACCOUNT, VOLUME, CLAIM)
PROVIDER_REPLACED_BY = frozenset({"context", "renderYamlToDirectory"})


def program_inputs(name):
    """What the stack registers for one user: token to inputs."""
    volume = f"{NAMESPACE}-{name}"
    labels = {
        "app.kubernetes.io/instance": "ann-example-org-219ed38f",
        "app.kubernetes.io/managed-by": "cmbcluster-storage",
        "app.kubernetes.io/part-of": "cmbcluster",
    }
    return {
        ACCOUNT: {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {
                "name": name,
                "namespace": NAMESPACE,
                "labels": labels,
                "annotations": {
                    "eks.amazonaws.com/role-arn": f"arn:aws:iam::123456789012:role/{name}"
                },
            },
        },
        VOLUME: {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume, "labels": labels},
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "capacity": {"storage": "1Pi"},
                "claimRef": {"namespace": NAMESPACE, "name": name},
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": "",
                "mountOptions": ["allow-delete", "allow-other", "uid=1000", "region us-east-1"],
                "csi": {
                    "driver": "s3.csi.aws.com",
                    "volumeHandle": volume,
                    "volumeAttributes": {
                        "bucketName": f"{name}-123456789012-us-east-1-an",
                        "authenticationSource": "pod",
                        "stsRegion": "us-east-1",
                    },
                },
            },
        },
        CLAIM: {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "resources": {"requests": {"storage": "1Pi"}},
                "storageClassName": "",
                "volumeName": volume,
            },
        },
    }


def leaves(value, path=()):
    """Yield (path, value) of every leaf."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def dotted(path):
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)[1:]


def with_value(inputs, path, value):
    """Return a copy with a value put in, or taken out if it is None."""
    changed = copy.deepcopy(inputs)
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    if value is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return changed


@pytest.fixture(scope="module")
def clusters(tmp_path_factory):
    return tmp_path_factory.mktemp("clusters")


@pytest.fixture(scope="module")
def plugin(clusters):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_CLUSTERS", str(clusters))
        types = kubernetes.configure({"context": "cmbcluster-aws"})
    with plugin_of("pulumi_kubernetes", kubernetes.TYPES, lambda config: types) as plugin:
        plugin.configure(context="cmbcluster-aws")
        yield plugin


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("SANDBOX_PROJECT", str(tmp_path))
    monkeypatch.setenv("SANDBOX_CLUSTERS", str(tmp_path / "clusters"))
    return tmp_path


@pytest.fixture
def renderer(project):
    with plugin_of("pulumi_kubernetes", kubernetes.TYPES, kubernetes.configure) as plugin:
        plugin.configure(renderYamlToDirectory="out/manifests")
        yield plugin


@pytest.fixture
def name():
    return f"andromeda-nebula-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def program(name):
    return program_inputs(name)


@pytest.fixture
def path_of(clusters, name):
    """Return the file of a type's object in the cluster."""

    def path(token):
        kind = token.rpartition(":")[2].lower()
        if token == VOLUME:
            return clusters / "cmbcluster-aws" / "_cluster" / f"{kind}-{NAMESPACE}-{name}.yaml"
        return clusters / "cmbcluster-aws" / NAMESPACE / f"{kind}-{name}.yaml"

    return path


def id_of(token, name):
    return f"{NAMESPACE}-{name}" if token == VOLUME else f"{NAMESPACE}/{name}"


# --- the types and their lives ------------------------------------------------------------


@pytest.mark.parametrize("token", TOKENS)
def test_check_accepts_what_the_stack_registers(plugin, program, token):
    assert plugin.check(token, program[token]) == {}


@pytest.mark.parametrize("token", TOKENS)
def test_a_preview_makes_nothing_and_leaves_the_outputs_unknown(plugin, program, path_of, token):
    resource_id, state = plugin.create(token, program[token], preview=True)

    assert resource_id == ""
    assert {key: state[key] for key in program[token]} == program[token]
    assert {value for key, value in state.items() if key not in program[token]} <= {UNKNOWN}
    assert not path_of(token).exists()


@pytest.mark.parametrize("token", TOKENS)
def test_what_was_created_is_a_live_object_and_reads_back_as_it_was_written(
    plugin, program, path_of, name, token
):
    resource_id, state = plugin.create(token, program[token])
    live = yaml.safe_load(path_of(token).read_text("utf-8"))
    server_written = {
        key: live["metadata"][key] for key in ("uid", "creationTimestamp", "resourceVersion")
    }
    expected = copy.deepcopy(program[token])
    expected["metadata"] |= server_written

    assert resource_id == id_of(token, name)
    assert live == state == expected
    assert plugin.read(token, resource_id, program[token]) == (resource_id, program[token], state)
    assert plugin.diff(token, program[token], program[token]) == {}


@pytest.mark.parametrize("token", TOKENS)
def test_an_import_reads_the_whole_object(plugin, program, token):
    resource_id, _ = plugin.create(token, program[token])

    assert plugin.read(token, resource_id, {})[1] == program[token]


@pytest.mark.parametrize("token", TOKENS)
def test_an_object_that_vanished_is_gone_and_deleting_it_is_no_error(
    plugin, program, path_of, token
):
    resource_id, _ = plugin.create(token, program[token])
    path_of(token).unlink()

    assert plugin.read(token, resource_id, program[token]) == ("", {}, {})
    plugin.delete(token, resource_id, program[token])
    with pytest.raises(grpc.RpcError, match="not found"):
        plugin.update(token, resource_id, program[token], program[token])


@pytest.mark.parametrize("token", TOKENS)
def test_a_deleted_object_is_gone_and_deleting_it_again_is_no_error(
    plugin, program, path_of, token
):
    resource_id, _ = plugin.create(token, program[token])
    for _ in range(2):
        plugin.delete(token, resource_id, program[token])
        assert not path_of(token).exists()
        assert plugin.read(token, resource_id, program[token]) == ("", {}, {})


@pytest.mark.parametrize("token", TOKENS)
def test_create_refuses_what_exists_and_changes_nothing(plugin, program, path_of, name, token):
    plugin.create(token, program[token])
    before = path_of(token).read_bytes()
    other = with_value(program[token], ("metadata", "labels"), {"made": "twice"})
    object_name = program[token]["metadata"]["name"]
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(token, other)

    assert refused.value.details() == (
        f"resource {id_of(token, name)!r} was not successfully created by the Kubernetes API "
        f"server: {program[token]['kind'].lower()}s {object_name!r} already exists"
    )
    assert "grpc-status-details-bin" not in dict(refused.value.trailing_metadata())
    assert path_of(token).read_bytes() == before


@pytest.mark.parametrize("token", TOKENS)
def test_objects_of_one_name_in_two_namespaces_or_clusters_are_two(
    plugin, program, clusters, monkeypatch, token
):
    plugin.create(token, program[token])
    monkeypatch.setenv("SANDBOX_CLUSTERS", str(clusters))
    with plugin_of("pulumi_kubernetes", kubernetes.TYPES, kubernetes.configure) as elsewhere:
        elsewhere.configure(context="cmbcluster-gcp")
        elsewhere.create(token, program[token])
    if token != VOLUME:
        other = with_value(program[token], ("metadata", "namespace"), "other")
        assert plugin.create(token, other)[0] == f"other/{other['metadata']['name']}"


def test_32_users_are_made_at_once(plugin):
    users = [program_inputs(f"orion-quasar-{uuid.uuid4().hex[:8]}") for _ in range(32)]

    def create(program):
        return [plugin.create(token, program[token])[0] for token in TOKENS]

    with futures.ThreadPoolExecutor(32) as pool:
        made = list(pool.map(create, users))

    names = [program[ACCOUNT]["metadata"]["name"] for program in users]
    assert made == [[id_of(token, name) for token in TOKENS] for name in names]
    for program, ids in zip(users, made, strict=True):
        for token, resource_id in zip(TOKENS, ids, strict=True):
            assert plugin.read(token, resource_id, program[token])[1] == program[token]


def test_of_32_creates_of_one_object_a_single_one_succeeds(plugin, program, name):
    def create(_):
        try:
            return plugin.create(CLAIM, program[CLAIM])[0]
        except grpc.RpcError as error:
            return "refused" if "already exists" in error.details() else error.details()

    with futures.ThreadPoolExecutor(32) as pool:
        answers = sorted(pool.map(create, range(32)))

    assert answers == sorted([id_of(CLAIM, name), *["refused"] * 31])


# --- drift and updates ----------------------------------------------------------------------

DRIFT = [
    (token, path)
    for token, inputs in program_inputs("any").items()
    for path, _ in leaves(inputs)
    # What the object is found by cannot drift.
    if path not in {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}
]


def _drift_ids(value):
    return value.rpartition(":")[2] if isinstance(value, str) else dotted(value)


def edit(path, change):
    live = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(yaml.safe_dump(change(live)), "utf-8")


@pytest.mark.parametrize(("token", "where"), DRIFT, ids=_drift_ids)
def test_a_change_by_hand_is_found_and_repaired(plugin, program, path_of, token, where):
    resource_id, _ = plugin.create(token, program[token])
    edit(path_of(token), lambda live: with_value(live, where, "by hand"))
    _, drifted, _ = plugin.read(token, resource_id, program[token])

    assert drifted == with_value(program[token], where, "by hand")
    assert list(plugin.diff(token, drifted, program[token])) == [dotted(where)]
    plugin.update(token, resource_id, drifted, program[token])
    assert plugin.read(token, resource_id, program[token])[1] == program[token]


@pytest.mark.parametrize(("token", "where"), DRIFT, ids=_drift_ids)
def test_what_was_taken_out_by_hand_is_found_and_repaired(plugin, program, path_of, token, where):
    resource_id, _ = plugin.create(token, program[token])
    edit(path_of(token), lambda live: with_value(live, where, None))
    _, drifted, _ = plugin.read(token, resource_id, program[token])
    found = plugin.diff(token, drifted, program[token])

    # A shorter list is another list; what else is missing is missing by name.
    expected = dotted(where[:-1]) if isinstance(where[-1], int) else dotted(where)
    assert list(found) == [expected]
    plugin.update(token, resource_id, drifted, program[token])
    live = yaml.safe_load(path_of(token).read_text("utf-8"))
    for path, value in leaves(program[token]):
        assert dict(leaves(live))[path] == value


@pytest.mark.parametrize(
    ("token", "where", "expected"),
    [
        (ACCOUNT, ("metadata", "annotations", "by-hand"), "metadata.annotations.by-hand"),
        (ACCOUNT, ("metadata", "labels", "by-hand"), "metadata.labels.by-hand"),
        (VOLUME, ("metadata", "annotations"), "metadata.annotations"),
        (VOLUME, ("spec", "nodeAffinity"), "spec.nodeAffinity"),
        (CLAIM, ("spec", "selector"), "spec.selector"),
    ],
)
def test_what_was_added_by_hand_is_found_and_repaired(
    plugin, program, path_of, token, where, expected
):
    resource_id, _ = plugin.create(token, program[token])
    value = {"by": "hand"} if where[-1] != "by-hand" else "by hand"
    edit(path_of(token), lambda live: with_value(live, where, value))
    _, drifted, _ = plugin.read(token, resource_id, program[token])

    assert list(plugin.diff(token, drifted, program[token])) == [expected]
    plugin.update(token, resource_id, drifted, program[token])
    assert plugin.read(token, resource_id, program[token])[1] == program[token]


def test_an_update_keeps_the_object_and_counts_its_version(plugin, program, path_of):
    resource_id, before = plugin.create(VOLUME, program[VOLUME])
    new = with_value(program[VOLUME], ("spec", "mountOptions"), ["read-only"])
    preview = plugin.update(VOLUME, resource_id, program[VOLUME], new, preview=True)
    assert {key: preview[key] for key in new} == new
    assert plugin.read(VOLUME, resource_id, program[VOLUME])[1] == program[VOLUME]

    after = plugin.update(VOLUME, resource_id, program[VOLUME], new)
    assert after == new | {
        "metadata": before["metadata"]
        | {"resourceVersion": str(int(before["metadata"]["resourceVersion"]) + 1)}
    }
    assert plugin.read(VOLUME, resource_id, new) == (resource_id, new, after)


# --- diff -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "where", "value", "path"),
    [
        *((token, ("metadata", "name"), "other", None) for token in TOKENS),
        *((token, ("metadata", "namespace"), "other", None) for token in (ACCOUNT, CLAIM)),
        (VOLUME, ("spec", "csi", "driver"), "gcsfuse.csi.storage.gke.io", None),
        (VOLUME, ("spec", "csi", "volumeHandle"), "other", None),
        (VOLUME, ("spec", "csi", "volumeAttributes", "bucketName"), "other", None),
        (VOLUME, ("spec", "csi", "volumeAttributes", "cache"), "emptyDir", None),
        (VOLUME, ("spec", "csi"), None, "spec.csi"),
        (CLAIM, ("spec", "accessModes"), ["ReadOnlyMany"], "spec.accessModes[0]"),
        (CLAIM, ("spec", "accessModes"), ["ReadWriteMany", "ReadOnlyMany"], "spec.accessModes"),
        (CLAIM, ("spec", "selector"), {"matchLabels": {"a": "b"}}, None),
        (CLAIM, ("spec", "storageClassName"), "standard", None),
        (CLAIM, ("spec", "volumeName"), "other", None),
        # Without it the default class makes a disk: not the same as an empty one.
        (CLAIM, ("spec", "storageClassName"), None, None),
    ],
)
def test_what_cannot_change_in_place_replaces_the_object_the_old_one_first(
    plugin, program, token, where, value, path
):
    new = with_value(program[token], where, value)
    response = plugin.full_diff(token, program[token], new)
    [(found, kind)] = plugin.diff(token, program[token], new).items()

    assert found == (path or dotted(where))
    assert kind.endswith("_replace")
    assert list(response.replaces) == [where[0]]
    assert response.deleteBeforeReplace


@pytest.mark.parametrize(
    ("token", "where", "value"),
    [
        (ACCOUNT, ("metadata", "annotations", "eks.amazonaws.com/role-arn"), "other"),
        (ACCOUNT, ("metadata", "labels", "new"), "label"),
        (ACCOUNT, ("automountServiceAccountToken",), False),
        (VOLUME, ("metadata", "labels", "new"), "label"),
        (VOLUME, ("spec", "accessModes"), ["ReadOnlyMany", "ReadWriteMany"]),
        (VOLUME, ("spec", "capacity", "storage"), "2Pi"),
        (VOLUME, ("spec", "claimRef", "name"), "other"),
        (VOLUME, ("spec", "claimRef"), None),
        (VOLUME, ("spec", "mountOptions"), ["read-only"]),
        (VOLUME, ("spec", "persistentVolumeReclaimPolicy"), "Delete"),
        (VOLUME, ("spec", "storageClassName"), "other"),
        (VOLUME, ("spec", "storageClassName"), None),
        (CLAIM, ("metadata", "labels", "new"), "label"),
        (CLAIM, ("spec", "resources", "requests", "storage"), "2Pi"),
    ],
)
def test_everything_else_changes_in_place(plugin, program, token, where, value):
    new = with_value(program[token], where, value)
    response = plugin.full_diff(token, program[token], new)

    assert list(plugin.diff(token, program[token], new)) == [dotted(where)]
    assert response.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(response.diffs) == [where[0]]
    assert list(response.replaces) == []
    assert not response.deleteBeforeReplace


def test_empty_labels_and_none_are_the_same(plugin, program):
    without = with_value(program[CLAIM], ("metadata", "labels"), None)
    empty = with_value(program[CLAIM], ("metadata", "labels"), {})

    assert plugin.diff(CLAIM, without, empty) == {}
    assert plugin.diff(CLAIM, empty, without) == {}


# --- check ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "where", "value", "path", "reason"),
    [
        (
            VOLUME,
            ("spec", "mountOption"),
            ["uid=1000"],
            "spec.mountOption",
            "unknown property 'mountOption'; did you mean 'mountOptions'?",
        ),
        (
            VOLUME,
            ("spec", "csi", "volumeAttribute"),
            {},
            "spec.csi.volumeAttribute",
            "unknown property 'volumeAttribute'; did you mean 'volumeAttributes'?",
        ),
        (
            VOLUME,
            ("spec", "mountOptions"),
            "uid=1000,gid=1000",
            "spec.mountOptions",
            'expected array, got "uid=1000,gid=1000"',
        ),
        (
            ACCOUNT,
            ("metadata", "annotations"),
            {"a": 1},
            "metadata.annotations.a",
            "expected string, got 1",
        ),
        (
            VOLUME,
            ("spec", "csi", "driver"),
            None,
            "spec.csi.driver",
            "required property 'driver' is missing",
        ),
        (
            CLAIM,
            ("metadata", "name"),
            None,
            "metadata.name",
            "the sandbox makes up no names: write one",
        ),
        (
            CLAIM,
            ("metadata", "namespace"),
            None,
            "metadata.namespace",
            "the sandbox has no default namespace: write one",
        ),
        (
            CLAIM,
            ("metadata", "generateName"),
            "ann-",
            "metadata.generateName",
            "'generateName' is not emulated by the sandbox",
        ),
    ],
)
def test_check_names_the_path_and_the_cure(plugin, program, token, where, value, path, reason):
    assert plugin.check(token, with_value(program[token], where, value)) == {path: reason}


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("metadata", [None, UNKNOWN])
def test_check_answers_without_metadata(plugin, program, token, metadata):
    failures = plugin.check(token, program[token] | {"metadata": metadata})

    # Unknown metadata is for the real run; none at all is refused.
    assert ("metadata.name" in failures) is (metadata is None)


@pytest.mark.parametrize("token", TOKENS)
def test_check_accepts_what_only_the_real_run_will_know(plugin, program, token):
    for path, _ in leaves(program[token]):
        assert plugin.check(token, with_value(program[token], path, UNKNOWN)) == {}


@pytest.mark.parametrize(
    ("token", "cure"),
    [
        ("kubernetes:core/v1:PersistentVolumes", f"; did you mean {VOLUME}?"),
        ("kubernetes:core/v1:ServiceAcount", f"; did you mean {ACCOUNT}?"),
        ("aws:x", f"; it knows {', '.join(TOKENS)}"),
    ],
)
def test_an_unknown_type_is_refused_by_name(plugin, token, cure):
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(token, {}, preview=True)

    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert refused.value.details() == f"the sandbox knows no type {token}{cure}"


# --- manifests ------------------------------------------------------------------------------


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_manifests_are_rendered_as_the_real_provider_renders_them(renderer, program, name, project):
    ids = {token: renderer.create(token, program[token])[0] for token in TOKENS}
    folder = project / "out" / "manifests"
    files = {
        ACCOUNT: f"v1-serviceaccount-{NAMESPACE}-{name}.yaml",
        VOLUME: f"v1-persistentvolume-default-{NAMESPACE}-{name}.yaml",
        CLAIM: f"v1-persistentvolumeclaim-{NAMESPACE}-{name}.yaml",
    }

    assert ids == {token: id_of(token, name) for token in TOKENS}
    assert sorted(path.name for path in folder.iterdir()) == ["0-crd", "1-manifest"]
    assert list((folder / "0-crd").iterdir()) == []
    assert sorted(path.name for path in (folder / "1-manifest").iterdir()) == sorted(files.values())
    for token, file in files.items():
        path = folder / "1-manifest" / file
        assert mode(path) == 0o600
        rendered = yaml.safe_load(path.read_text("utf-8"))
        assert rendered == program[token]
        assert json.dumps(rendered) == json.dumps(rendered, sort_keys=True), "keys are sorted"
    # MkdirAll gives the mode to every folder that it makes.
    folders = [folder.parent, folder, folder / "0-crd", folder / "1-manifest"]
    assert [mode(path) for path in folders] == [0o700] * 4


def test_a_group_in_the_api_version_is_an_underscore_in_the_file_name(renderer, project):
    claim = program_inputs("ann")[CLAIM] | {"apiVersion": "example.org/v1:beta"}
    renderer.create(CLAIM, claim)

    assert [path.name for path in (project / "out/manifests/1-manifest").iterdir()] == [
        f"example.org_v1_beta-persistentvolumeclaim-{NAMESPACE}-ann.yaml"
    ]


@pytest.mark.parametrize("token", TOKENS)
def test_manifests_are_overwritten_echoed_and_deleted_whoever_touched_them(
    renderer, program, project, token
):
    resource_id, state = renderer.create(token, program[token])
    [path] = (project / "out/manifests/1-manifest").iterdir()
    rendered = path.read_text("utf-8")
    assert state == program[token]

    path.write_text("by: hand\n", "utf-8")
    read = renderer.read(token, resource_id, program[token])
    assert read == (resource_id, program[token], program[token])
    assert path.read_text("utf-8") == "by: hand\n"

    renderer.create(token, program[token])
    assert path.read_text("utf-8") == rendered

    new = with_value(program[token], ("metadata", "labels"), {"new": "label"})
    assert renderer.update(token, resource_id, program[token], new) == new
    assert yaml.safe_load(path.read_text("utf-8")) == new

    path.unlink()
    assert renderer.read(token, resource_id, new) == (resource_id, new, new)
    renderer.update(token, resource_id, new, program[token])
    assert path.read_text("utf-8") == rendered

    for _ in range(2):
        renderer.delete(token, resource_id, program[token])
        assert not path.exists()


@pytest.mark.parametrize("token", TOKENS)
def test_a_preview_renders_nothing(renderer, program, project, token):
    renderer.create(token, program[token], preview=True)
    renderer.update(token, "any", program[token], program[token], preview=True)

    assert not (project / "out").exists()


# --- configure ------------------------------------------------------------------------------


def test_a_provider_has_a_cluster_or_a_folder(project):
    with plugin_of("pulumi_kubernetes", kubernetes.TYPES, kubernetes.configure) as plugin:
        with pytest.raises(grpc.RpcError) as both:
            plugin.configure(context="cmbcluster-aws", renderYamlToDirectory="manifests")
        with pytest.raises(grpc.RpcError) as neither:
            plugin.configure()

        assert both.value.details() == (
            '"context" arg is not compatible with "renderYamlToDirectory" arg'
        )
        assert neither.value.details() == (
            "the sandbox has no current context: name one, or a folder to render to"
        )
        assert plugin.configure(context="cmbcluster-aws").supportsPreview
    assert list(project.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "replaced"),
    [
        ({"context": "a"}, {"context": "a"}, []),
        ({"context": "a"}, {"context": "b"}, ["context"]),
        ({"renderYamlToDirectory": "a"}, {"renderYamlToDirectory": "b"}, ["renderYamlToDirectory"]),
        ({"context": "a", "version": "1"}, {"context": "a", "version": "2"}, []),
        ({"context": "a"}, {"context": "a", "enableServerSideApply": "true"}, []),
    ],
)
def test_another_cluster_or_folder_replaces_everything(project, old, new, replaced):
    with plugin_of(
        "pulumi_kubernetes", kubernetes.TYPES, kubernetes.configure, PROVIDER_REPLACED_BY
    ) as plugin:
        assert plugin.replaces(old, new) == replaced
