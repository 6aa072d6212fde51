// What is run on a server that the control plane moves to, or back from: constant scripts, whose parameters come in the
// first line of standard input.
import { OWN_KEY } from '../own-key.ts'

export const SERVER_UNIT = 'flotilla-control-plane.service'
export const UNIT_FILE = `/etc/systemd/system/${SERVER_UNIT}`
export const BASE = '/opt/flotilla-server'
export const DATA = '/var/lib/flotilla-server'
const SETTINGS = '/etc/flotilla-server'
/** Encrypts Secrets at rest, apart from what it encrypts. */
export const SERVER_KEY = `${SETTINGS}/encryption-key`
const ENVIRONMENT = `${SETTINGS}/environment`
/** Copies of the files that flags name. */
export const SERVER_FLAG_FILES = `${SETTINGS}/flags`
/** What flags have the control plane write. Records: they stay when it leaves. */
export const SERVER_LOGS = '/var/log/flotilla-server'
/** Where the server has a key, programs that open its store need it. */
const WITH_KEY = `[ ! -f ${ENVIRONMENT} ] || { set -a; . ${ENVIRONMENT}; set +a; }`
export const PROGRAM = `${BASE}/node ${BASE}/app/out/main/cli.js`

export interface ServeCommand {
  readonly port: number
  /** Host name or address under which the server was reached; its grammar is checked. */
  readonly name: string
  /** More arguments of `serve`, as they stand in a unit: see `unitArguments`. */
  readonly more: string
}

export const serverUnit = ({ port, name, more }: ServeCommand): string => `[Unit]
Description=Flotilla: the control plane of a cluster
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Environment=HOME=/root NODE_COMPILE_CACHE=${DATA}/compile-cache
EnvironmentFile=-${ENVIRONMENT}
ExecStart=${PROGRAM} serve --data-dir ${DATA} --listen 0.0.0.0:${port} --advertise ${name} --no-local-node${more}
Restart=on-failure
RestartSec=2
TimeoutStopSec=30
LimitNOFILE=1048576

[Install]
WantedBy=multi-user.target
`

const SERVES = new RegExp(
  `^ExecStart=${PROGRAM} serve .*?--listen 0\\.0\\.0\\.0:(\\d+) --advertise (\\S+) --no-local-node(.*)$`,
  'm',
)

/** @returns what a unit of this or an earlier version starts; undefined when somebody has written it otherwise */
export function serveCommandIn(unit: string): ServeCommand | undefined {
  const [, port, name, more] = SERVES.exec(unit) ?? []
  return name === undefined || more === undefined ? undefined : { port: Number(port), name, more }
}

export const unitArguments = (args: readonly string[]): string => args.map(arg => ` ${unitArgument(arg)}`).join('')

/** Whatever it holds, systemd hands it over as it is: no variable, no specifier, no end of the argument or the line. */
const unitArgument = (text: string): string => {
  const escaped = text
    .replace(/[\\"]/g, '\\$&')
    .replace(/[\u0000-\u001f\u007f]/g, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/[%$]/g, '$&$&')
  return `"${escaped}"`
}

/** What is there of a move, in lines `key=value`. */
export const LOOK_AT_SERVER = `
for path in ${BASE}/runtimes/*/ ${BASE}/apps/*/; do [ -d "$path" ] && echo "have=$(basename "$path")"; done
[ -f ${DATA}/moved.json ] && printf 'mark=%s\\n' "$(tr -d '\\n' < ${DATA}/moved.json)"
[ -d ${DATA}/store ] && echo 'store=yes'
[ -f ${DATA}/ssh/${OWN_KEY} ] && echo "key=$(sha256sum < ${DATA}/ssh/${OWN_KEY} | cut -d' ' -f1)"
[ -z "$(ls -A ${SERVER_LOGS} 2>/dev/null)" ] || echo 'logs=yes'
systemctl is-active --quiet ${SERVER_UNIT} && echo 'active=yes'
[ -f ${UNIT_FILE} ] && echo "unit=$(base64 -w 0 ${UNIT_FILE})"
echo "runtime=$(basename "$(dirname "$(readlink ${BASE}/node)")")"
echo "app=$(basename "$(readlink ${BASE}/app)")"
echo "dataKiB=$(du -sk ${DATA} 2>/dev/null | cut -f1)"
echo 'end=yes'
`

export const CHECK_WORDS = (words: string) =>
  `case "${words}" in *[!0-9a-f]*|'') echo 'bad parameters' >&2; exit 2;; esac`

/** What has its name is taken for whole, and not sent again: it is on the disk before it gets that. */
const WHOLE = 'sync -f "$temporary"'

/** id, SHA-256 and length of \`node\`, then its gzipped tar. The tar is kept: new nodes get their runtime from it. */
export const RECEIVE_SERVER_RUNTIME = `
set -e
read -r id sum bytes name
${CHECK_WORDS('$id$sum$bytes')}
case "$name" in x64|arm64) ;; *) exit 2;; esac
umask 022
mkdir -p ${BASE}/runtimes
temporary=$(mktemp -d ${BASE}/runtimes/.new.XXXXXX)
trap 'rm -rf "$temporary"' EXIT
cat > "$temporary/node.tar.gz"
gzip -dc "$temporary/node.tar.gz" | tar -x -C "$temporary" --no-same-owner node
echo "$sum  $temporary/node" | sha256sum -c --quiet - >&2 || { echo 'what arrived is not what was sent' >&2; exit 3; }
printf '{"sha256":"%s","bytes":%s}\\n' "$sum" "$bytes" > "$temporary/runtime.json"
printf '%s\\n' "$name" > "$temporary/architecture"
chmod 755 "$temporary" "$temporary/node"
${WHOLE}
rm -rf "${BASE}/runtimes/$id"
mv "$temporary" "${BASE}/runtimes/$id"
`

/** id and SHA-256 of the gzipped tar that follows. */
export const RECEIVE_APP = `
set -e
read -r id sum
${CHECK_WORDS('$id$sum')}
umask 022
mkdir -p ${BASE}/apps
temporary=$(mktemp -d ${BASE}/apps/.new.XXXXXX)
trap 'rm -rf "$temporary"' EXIT
cat > "$temporary.tar.gz"
trap 'rm -rf "$temporary" "$temporary.tar.gz"' EXIT
echo "$sum  $temporary.tar.gz" | sha256sum -c --quiet - >&2 || { echo 'what arrived is not what was sent' >&2; exit 3; }
gzip -dc "$temporary.tar.gz" | tar -x -C "$temporary" --no-same-owner
chmod 755 "$temporary"
${WHOLE}
rm -rf "${BASE}/apps/$id"
mv "$temporary" "${BASE}/apps/$id"
`

/** A tar of them; those of a move before go. */
export const RECEIVE_FLAG_FILES = `
set -e
umask 077
mkdir -p -m 700 ${SETTINGS}
rm -rf ${SERVER_FLAG_FILES}
mkdir ${SERVER_FLAG_FILES}
tar -x -C ${SERVER_FLAG_FILES} --no-same-owner
mkdir -p -m 700 ${SERVER_LOGS}
`

/** New nodes get their runtime from here. */
export const JOIN_RUNTIME = `mkdir -p "${BASE}/apps/$app/out/agent/runtime"
ln -sfn "../../../../../runtimes/$runtime" "${BASE}/apps/$app/out/agent/runtime/$(cat "${BASE}/runtimes/$runtime/architecture")"`

/** ids of runtime and app, then the unit's text. Nothing is started. */
export const CONFIGURE_SERVER = `
set -e
read -r runtime app
${CHECK_WORDS('$runtime$app')}
umask 022
${JOIN_RUNTIME}
ln -sfn "runtimes/$runtime/node" ${BASE}/node
ln -sfn "apps/$app" ${BASE}/app
cat > ${UNIT_FILE}
systemctl daemon-reload
mkdir -p -m 700 ${DATA}
`

/** The move's id, the key of the copy that follows, whose it is, and whether Secrets are to be encrypted at rest. */
export const RECEIVE_CLUSTER = `
set -e
umask 077
read -r id key cluster rest
${CHECK_WORDS('$(printf %s "$id$key$cluster" | tr -d -)')}
work=$(mktemp -d ${DATA}/.arrival.XXXXXX)
trap 'rm -rf "$work"' EXIT
cat > "$work/cluster"
unset FLOTILLA_ENCRYPTION_KEY_FILE
if [ "$rest" = encrypted ]; then
  mkdir -p -m 700 ${SETTINGS}
  [ -s ${SERVER_KEY} ] || { head -c 32 /dev/urandom > ${SERVER_KEY}.new && sync ${SERVER_KEY}.new && mv ${SERVER_KEY}.new ${SERVER_KEY}; }
  export FLOTILLA_ENCRYPTION_KEY_FILE=${SERVER_KEY}
fi
printf '%s\\n' "$key" > "$work/key"
${PROGRAM} control-plane receive --id "$id" --cluster "$cluster" --data-dir ${DATA} --key-file "$work/key" "$work/cluster"
# Only now: a folder that was refused may be another cluster's, with its own.
rm -f ${ENVIRONMENT}
[ "$rest" != encrypted ] || printf 'FLOTILLA_ENCRYPTION_KEY_FILE=%s\\n' ${SERVER_KEY} > ${ENVIRONMENT}
rm -rf "$work"
# Once this is over, the other end may let go: all that the cluster starts with outlives a power cut, and nothing else.
sync -f ${BASE} ${SETTINGS} ${DATA} ${UNIT_FILE}
`

/** The move's id. From here on the server is the cluster. */
export const ACTIVATE = `
set -e
read -r id
${CHECK_WORDS('$(printf %s "$id" | tr -d -)')}
${PROGRAM} control-plane activate --id "$id" --data-dir ${DATA}
# What was killed has left copies, and beside them their keys.
rm -rf ${DATA}/departing ${DATA}/.arrival.* ${DATA}/.departure.* ${DATA}/.move-*
systemctl enable --quiet ${SERVER_UNIT}
sync -f ${UNIT_FILE}
systemctl start ${SERVER_UNIT}
`

/**
 * For a control plane that does not run: its copy, for \`FETCH_COPY\`. Ids of this move and of the one before, the
 * copy's key; then, in a line, where it goes.
 */
export const DEPART = `
set -e
umask 077
read -r id from key
IFS= read -r to
${CHECK_WORDS('$(printf %s "$id$from$key" | tr -d -)')}
systemctl disable --quiet --now ${SERVER_UNIT} 2>/dev/null || true
work=$(mktemp -d ${DATA}/.departure.XXXXXX)
trap 'rm -rf "$work"' EXIT
printf '%s\\n' "$key" > "$work/key"
${WITH_KEY}
${PROGRAM} control-plane depart --id "$id" --from "$from" --to="$to" --data-dir ${DATA} --key-file "$work/key" ${DATA}/departing
`

export const FETCH_COPY = `cat ${DATA}/departing`

/** The move's id. From here on nothing of the cluster is here. */
export const LEAVE = `
set -e
read -r id
${CHECK_WORDS('$(printf %s "$id" | tr -d -)')}
${PROGRAM} control-plane leave --id "$id" --data-dir ${DATA}
`

/** After the cluster has gone back: the server is as it was before. */
export const REMOVE_SERVER = `
systemctl disable --quiet --now ${SERVER_UNIT} 2>/dev/null
rm -rf ${UNIT_FILE} ${BASE} ${DATA} ${DATA}.before ${DATA}.failed ${SETTINGS}
rmdir ${SERVER_LOGS} 2>/dev/null
systemctl daemon-reload
true
`

/** The last words of a server that does not start. */
export const SERVER_LOG = `journalctl -u ${SERVER_UNIT} -n 6 --no-pager -q -o cat`
