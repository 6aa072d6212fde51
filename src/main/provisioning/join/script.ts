// The script with which a host joins that nobody here can SSH into. It does what onboarding's steps do, in the same
// words, and holds all that it trusts — the CA, and hashes of what it downloads — so that its own hash vouches for it.
// Its only secret, a token, comes over standard input.
import type { Compression, Parcel } from '../agent-files.ts'
import { TOKEN_FILE, UNIT, UNIT_TEXT, settingsText } from '../steps/configure.ts'
import type { ClusterSettings } from '../steps/contract.ts'
import { APT_INSTALL, DNF_INSTALL, packagesOf, START_DOCKER } from '../steps/install-packages.ts'
import { MERGE_LIVE_RESTORE, SET_LIVE_RESTORE } from '../steps/live-restore.ts'
import { RECEIVE_AGENT, RECEIVE_RUNTIME } from '../steps/push.ts'
import { REMOVE_BY_HAND } from '../steps/remove.ts'
import { COUNT_ANEW, JOURNAL, MOST_RESTARTS, RESTARTS, START_AGENT } from '../steps/start-agent.ts'

export interface JoinScriptParts {
  readonly cluster: ClusterSettings
  readonly bundle: Pick<Parcel, 'id' | 'sha256'>
  /** By Debian's names of architectures; those that were built. */
  readonly runtimes: Readonly<Record<string, Pick<Parcel, 'id' | 'sha256'>>>
}

const NODE_NAME = '@NODE-NAME@'
const END = 'FLOTILLA-END'

/** A function whose body is one of the steps' scripts, in a shell of its own. */
const shellFunction = (name: string, script: string): string => `${name}() (${script})\n`
const file = (path: string, mode: number, text: string): string =>
  `cat > ${path} <<'${END}'\n${text.endsWith('\n') ? text : `${text}\n`}${END}\nchmod ${mode.toString(8)} ${path}\n`
const packages = (tools: Readonly<Record<string, string>>): string =>
  Object.entries(tools)
    .map(([tool, name]) => `command -v ${tool} >/dev/null || missing="$missing ${name}"`)
    .join('\n')

const functionOf = (format: Compression) => `receive_${format.replace('-', '_')}`

/** The paths that it fetches from are served by apiserver/endpoints/hosts/join.ts. */
export function joinScript({ cluster, bundle, runtimes }: JoinScriptParts): string {
  const config = settingsText(cluster, { nodeName: NODE_NAME, nodeIP: '', servers: cluster.servers, taints: [] })
  const architectures = Object.entries(runtimes)
    .map(([name, { id, sha256 }]) => `  ${name}) runtime=${id} runtime_sum=${sha256} ;;`)
    .join('\n')
  return `#!/bin/sh
# Makes this host a node. Read as a whole before it runs.
main() {
set -e
umask 022
PATH="$PATH:/usr/sbin:/sbin"
say() { printf '%s\\n' "$*"; }
die() { printf 'flotilla: %s\\n' "$*" >&2; exit 1; }
read -r token
[ "$(uname -s)" = Linux ] || die "a node is a Linux host, and this is $(uname -s)"
[ -d /run/systemd/system ] || die 'this host has no systemd, which starts the agent'
case $(uname -m) in
  x86_64) arch=amd64 ;;
  aarch64) arch=arm64 ;;
  *) die "there is no agent for $(uname -m)" ;;
esac
case $arch in
${architectures}
  *) die "the agent for $arch was not built" ;;
esac
name=$(uname -n | tr 'A-Z' 'a-z' | sed -e 's/[^a-z0-9.-]\\{1,\\}/-/g' -e 's/^[^a-z0-9]*//' | cut -c1-63 | sed -e 's/[^a-z0-9]*$//')
[ -n "$name" ] || die 'this host has no name; give it one with hostnamectl set-hostname'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/ca.crt" <<'${END}'
${cluster.caPem.trim()}
${END}
if [ -r /etc/flotilla/ca.crt ] && ! cmp -s /etc/flotilla/ca.crt "$work/ca.crt"; then
  die 'this host is a node of another cluster; take it out with: sudo /opt/flotilla/bin/remove'
fi
for unit in k3s k3s-agent rke2-server rke2-agent kubelet k0sworker; do
  if systemctl is-active --quiet $unit 2>/dev/null; then die "this host is a node of another Kubernetes ($unit runs)"; fi
done
# Not in the arguments of a program, which everybody on the host can read.
( umask 077; printf 'Authorization: Bearer %s\\n' "$token" > "$work/authorization" )
server=
for url in ${cluster.servers.join(' ')}; do
  if curl -fsS --max-time 5 --cacert "$work/ca.crt" "$url/livez" >/dev/null 2>"$work/why"; then server=$url; break; fi
done
[ -n "$server" ] || die "none of the API server's addresses answers: $(cat "$work/why")"
fetch() { curl -fsS --cacert "$work/ca.crt" -H "@$work/authorization" "$server$1"; }
id=$(cat /etc/machine-id 2>/dev/null) || id=none
case $(curl -sS -o /dev/null -w '%{http_code}' --cacert "$work/ca.crt" -H "@$work/authorization" "$server/flotilla/join/name/$name/$id") in
  409) die "another machine is already the node $name; give this host another name (hostnamectl set-hostname NAME), or where that machine is gone, take it out first: flotilla node remove $name --forget" ;;
  401) [ -e /var/lib/flotilla/identity/node.crt ] || die 'the token is not good any more; make a new line: flotilla node join-command' ;;
esac

missing=
if command -v apt-get >/dev/null; then
${packages(packagesOf('apt', cluster))}
  [ -z "$missing" ] || { say "installing$missing"; printf '%s\\n' "\${missing# }" | install_apt; }
elif command -v dnf >/dev/null; then
${packages(packagesOf('dnf', cluster))}
  [ -z "$missing" ] || { say "installing$missing"; printf '%s\\n' "\${missing# }" | install_dnf; }
fi
for tool in docker ip nft nsenter; do command -v $tool >/dev/null || die "$tool is missing; install it, and run this again"; done
docker version >/dev/null 2>&1 || start_docker

if [ ! -x "/opt/flotilla/runtime/$runtime/node" ]; then
  say "fetching the agent's runtime"
  format=gzip
  if dpkg-deb --help 2>/dev/null | grep -q zstd; then format=deb-zstd; fi
  if command -v zstd >/dev/null; then format=zstd; fi
  fetch "/flotilla/join/runtime/$arch/$format" > "$work/runtime" || die "the runtime cannot be fetched; is the token still good?"
  { printf '%s %s\\n' "$runtime" "$runtime_sum"; cat "$work/runtime"; } | case $format in
    zstd) ${functionOf('zstd')} ;;
    deb-zstd) ${functionOf('deb-zstd')} ;;
    *) ${functionOf('gzip')} ;;
  esac
fi
if [ ! -f /opt/flotilla/agent/${bundle.id}/agent.cjs ]; then
  say 'fetching the agent'
  fetch /flotilla/join/agent > "$work/agent" || die "the agent cannot be fetched; is the token still good?"
  { printf '%s %s\\n' ${bundle.id} ${bundle.sha256}; cat "$work/agent"; } | receive_agent
fi

say "settings of the node $name"
mkdir -p -m 700 /etc/flotilla /var/lib/flotilla
mkdir -p /opt/flotilla/bin
cp "$work/ca.crt" /etc/flotilla/ca.crt
${file('"$work/config.json"', 0o600, config)}
sed "s/${NODE_NAME}/$name/" "$work/config.json" > /etc/flotilla/config.json
chmod 600 /etc/flotilla/config.json
${file(`/etc/systemd/system/${UNIT}`, 0o644, UNIT_TEXT)}
${file('/opt/flotilla/bin/remove', 0o755, REMOVE_BY_HAND)}
ln -sfn "../runtime/$runtime/node" /opt/flotilla/bin/node
ln -sfn ../agent/${bundle.id}/agent.cjs /opt/flotilla/bin/agent.cjs
systemctl daemon-reload

${file('"$work/merge.cjs"', 0o600, MERGE_LIVE_RESTORE)}
case $(docker info --format '{{.LiveRestoreEnabled}} {{.Swarm.LocalNodeState}} {{.SecurityOptions}}' 2>/dev/null) in
  *rootless*) ;;
  'false inactive '*)
    if ! { command -v snap && snap list docker; } >/dev/null 2>&1 && /opt/flotilla/bin/node "$work/merge.cjs" > "$work/daemon.json"; then
      say 'setting live-restore for Docker, so that pods run on while it restarts'
      set_live_restore < "$work/daemon.json"
    fi ;;
esac

say 'starting the agent'
${COUNT_ANEW}printf '%s\\n' "$token" | start_agent
node=/var/lib/flotilla/identity/node
last=$(($(date +%s) + 120))
until curl -fsS --max-time 5 --cacert "$work/ca.crt" --cert $node.crt --key $node.key -H 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io' "$server/api/v1/nodes/$name" 2>/dev/null | grep -q '"Ready"'; do
  why=
  if [ "$(date +%s)" -gt $last ]; then why="the node $name was not Ready within two minutes"; fi
  if [ "$(${RESTARTS})" -ge ${MOST_RESTARTS} ]; then why='the agent keeps ending'; fi
  if [ -n "$why" ]; then
    last_words >&2
    die "$why; the agent's last words are above"
  fi
  sleep 0.3
done
rm -f ${TOKEN_FILE}
say "this host is the node $name, and Ready. To take it out: sudo /opt/flotilla/bin/remove"
}
${shellFunction('install_apt', APT_INSTALL)}${shellFunction('install_dnf', DNF_INSTALL)}${shellFunction('start_docker', START_DOCKER)}
${Object.entries(RECEIVE_RUNTIME)
  .map(([format, script]) => shellFunction(functionOf(format as Compression), script))
  .join(
    '',
  )}${shellFunction('receive_agent', RECEIVE_AGENT)}${shellFunction('set_live_restore', SET_LIVE_RESTORE)}${shellFunction('start_agent', START_AGENT)}${shellFunction('last_words', JOURNAL)}
[ "$(id -u)" = 0 ] || exec sudo sh "$0"
main
`
}
