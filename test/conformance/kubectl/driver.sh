#!/bin/bash
# Runs upstream's scripts of test/cmd in the folder that it is started in: the functions named, or all of them. They
# build and start programs, and end at the first assertion that fails; here the programs are there, and what fails is
# counted. Environment: SECURE_API_PORT, TMPDIR with the API server's apiserver.crt.
exec 2>&1
export KUBE_ROOT=$PWD ALLOW_SKEW=1
source hack/lib/init.sh
source hack/lib/test.sh
source test/cmd/legacy-script.sh

make() { :; }
kube::etcd::start() { :; }
kube::etcd::cleanup() { :; }

# An assertion that a script asks in a condition is the script's own to judge.
judged() {
  if "original_$1" "${@:2}"; then
    echo '@@held'
  elif sed -n "${BASH_LINENO[1]}p" "${BASH_SOURCE[2]}" | grep -qE '^ *if '; then
    return 1
  else
    echo "@@failed ${BASH_SOURCE[2]##*/}:${BASH_LINENO[1]}"
  fi
}
for assertion in $(declare -F | grep -oE 'kube::test::(\w+_assert|if_\w*string|version::diff_assert|results::diff)$'); do
  [[ $assertion == kube::test::object_assert ]] && continue
  eval "original_$(declare -f "$assertion")"
  eval "$assertion() { judged $assertion \"\$@\"; }"
done

record_command() {
  local name=$1 status=0
  # Two have a name of another kind.
  declare -F "$name" >/dev/null || name=$(compgen -A function | grep -m1 -xE "${name%_tests}(_test)?")
  echo "@@begin $name"
  set +o errexit
  (set -o errexit; "$name")
  status=$?
  set -o errexit
  echo "@@end $status"
}

setup
# Upstream's clusters begin without one.
kubectl delete storageclass local-path
kubectl create -f - <<'NODE'
{ "kind": "Node", "apiVersion": "v1",
  "metadata": { "name": "127.0.0.1", "annotations": { "save-managers": "true" } },
  "status": { "capacity": { "memory": "1Gi" } } }
NODE
export SUPPORTED_RESOURCES=("*")
WHAT="$*"
runTests
