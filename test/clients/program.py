# A program of the Python client: prints "ok", or ends with the first thing that is wrong.
import sys
from kubernetes import client, config, watch
from kubernetes.stream import stream

namespace, pod = sys.argv[1:3]
config.load_kube_config()
core = client.CoreV1Api()

made = core.create_namespaced_config_map(namespace, {"metadata": {"name": "p", "labels": {"p": "1"}}, "data": {"a": "1"}})
assert made.metadata.uid
patched = core.patch_namespaced_config_map("p", namespace, {"data": {"b": "2", "a": None}})
assert patched.data == {"b": "2"}, patched.data
listed = core.list_namespaced_config_map(namespace, label_selector="p=1")
assert [item.metadata.name for item in listed.items] == ["p"]
core.delete_namespaced_config_map("p", namespace)
seen = watch.Watch().stream(
    core.list_namespaced_config_map, namespace, label_selector="p=1",
    resource_version=listed.metadata.resource_version, timeout_seconds=5)
assert next(iter(seen))["type"] == "DELETED"
try:
    core.read_namespaced_config_map("p", namespace)
    raise AssertionError("it is still there")
except client.ApiException as error:
    assert error.status == 404
output = stream(core.connect_get_namespaced_pod_exec, pod, namespace, command=["sh", "-c", "echo out; echo err >&2"],
                stdout=True, stderr=True, stdin=False, tty=False)
assert sorted(output.split()) == ["err", "out"], output
assert core.read_namespaced_pod_log(pod, namespace) == "serving\n"
print("ok")
