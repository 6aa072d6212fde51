// Docker's live-restore: without it every container ends when Docker restarts or is upgraded. One key is merged into the
// configuration that is there, and taken out again when the host leaves.
import { say } from '../say.ts'
import { type ContextWithoutProgress, type Step, asRoot } from './contract.ts'

const FILE = '/etc/docker/daemon.json'
const KEY = 'live-restore'
const READ = `[ -e ${FILE} ] || exit 0; cat ${FILE}`

/**
 * Uses nothing but its parameter: its text runs on hosts as well.
 * @param text of daemon.json; '' where there is none
 * @returns it with live-restore; undefined when somebody decided about that already, or it is not JSON
 */
export function withLiveRestore(text: string): string | undefined {
  let config: unknown
  try {
    config = text.trim() === '' ? {} : JSON.parse(text)
  } catch {
    return undefined // Docker itself would not start with it
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config) || 'live-restore' in config)
    return undefined
  const indent = /^\s*\{\s*?\n([ \t]+)/.exec(text)?.[1] ?? '  '
  return `${JSON.stringify({ ...config, 'live-restore': true }, null, indent)}\n`
}

/** A program for the runtime on a host: writes what the file is to be, or ends with 1 where it is to stay. */
export const MERGE_LIVE_RESTORE = `
const fs = require('node:fs')
const merged = (${withLiveRestore.toString()})(fs.existsSync('${FILE}') ? fs.readFileSync('${FILE}', 'utf8') : '')
if (merged === undefined) process.exit(1)
process.stdout.write(merged)
`

/** The text before and ours are kept: the way back is exact, as long as nobody else writes the file. */
export const SET_LIVE_RESTORE = `
set -e
umask 022
mkdir -p -m 700 /var/lib/flotilla /var/lib/flotilla/before
before=/var/lib/flotilla/before/daemon.json
[ -d /etc/docker ] || { mkdir /etc/docker; : > $before.made-folder; }
if [ -e ${FILE} ]; then cp -p ${FILE} $before; else rm -f $before; fi
cat > $before.ours
cat $before.ours > ${FILE}
systemctl reload docker || true
i=0
while [ $i -lt 50 ]; do
  [ "$(docker info --format '{{.LiveRestoreEnabled}}' 2>/dev/null)" != true ] || exit 0
  sleep 0.1; i=$((i+1))
done
echo 'Docker did not take live-restore; its configuration is as it was'
if [ -e $before ]; then cat $before > ${FILE}; else rm -f ${FILE}; fi
rm -f $before.ours $before
systemctl reload docker || true
`

/** Somebody wrote the file after us: only a program that reads JSON may write it again. */
const rewrite = (expression: string) => `"$node" -e '
    const fs = require("node:fs")
    const { "${KEY}": _, ...rest } = JSON.parse(fs.readFileSync("${FILE}", "utf8"))
    fs.writeFileSync("${FILE}", JSON.stringify(${expression}, null, 2) + "\\n")'`

/**
 * A key that is gone changes nothing in a daemon that runs: it is told false first. Somebody else's later changes stay:
 * then only the key goes.
 */
export const UNSET_LIVE_RESTORE = `
before=/var/lib/flotilla/before/daemon.json
[ -e $before.ours ] || exit 0
node=$(ls -d /opt/flotilla/bin/node /opt/flotilla/runtime/*/node 2>/dev/null | head -n 1)
if [ -e ${FILE} ]; then
  if cmp -s ${FILE} $before.ours; then
    is_ours=yes
    sed 's/"${KEY}": true/"${KEY}": false/' $before.ours > ${FILE}
  elif [ -n "$node" ]; then
    ${rewrite(`{ ...rest, "${KEY}": false }`)}
  else
    echo '${KEY} stays in ${FILE}, which somebody else has changed, and nothing is here that could take it out'
    rm -f $before.ours $before $before.made-folder
    exit 0
  fi
  systemctl reload docker 2>/dev/null
  for i in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(docker info --format '{{.LiveRestoreEnabled}}' 2>/dev/null)" = true ] || break
    sleep 0.5
  done
  if [ "$is_ours" != yes ]; then
    ${rewrite('rest')}
  elif [ -e $before ]; then cat $before > ${FILE}; else rm -f ${FILE}; fi
fi
[ ! -e $before.made-folder ] || rmdir /etc/docker 2>/dev/null
rm -f $before.ours $before $before.made-folder
exit 0
`

const isOfUse = ({ facts: { docker } }: ContextWithoutProgress): boolean =>
  !docker.liveRestore && !docker.isSwarm && !docker.isSnap && !docker.isRootless

export const liveRestore: Step = {
  name: 'live-restore',
  async plan(context) {
    if (!isOfUse(context)) return []
    const { ssh, signal } = context
    // What only root may read is looked at again before it is changed.
    const { stdout } = await ssh.run(READ, { signal })
    if (withLiveRestore(stdout) === undefined) return []
    return [
      say('set {key} in {file}, so that pods run on while Docker restarts, and have Docker read it again', {
        key: KEY,
        file: FILE,
      }),
    ]
  },
  async apply(context) {
    const { ssh, sudo, signal, progress } = context
    // Not shown as progress: it is somebody's configuration.
    const merged = withLiveRestore(await ssh.must(READ, { what: `reading ${FILE}`, sudo, signal }))
    if (merged === undefined) progress.output(`${FILE} stays as it is\n`)
    else await asRoot(context, `setting ${KEY}`, SET_LIVE_RESTORE, merged)
  },
}

export const resetLiveRestore: Step = {
  name: 'reset-live-restore',
  plan: () => [say('put back what {file} was before, if it was changed', { file: FILE })],
  apply: async context => void (await asRoot(context, `putting back ${FILE}`, UNSET_LIVE_RESTORE)),
}
