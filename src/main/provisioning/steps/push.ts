// Sends the agent and its runtime: only what is not there, compressed, verified by its hash before it counts.
import { Transform } from 'node:stream'
import type { Compression, Parcel, Shipment } from '../agent-files.ts'
import type { Facts } from '../preflight/facts.ts'
import { say } from '../say.ts'
import { type Step, type StepContext, asRoot } from './contract.ts'

/** Parameters come in the first line, the parcel after it. Our own hexadecimal digits, checked nevertheless. */
const receive = (kind: 'runtime' | 'agent', file: string, unpack: string) => `
set -e
read -r id sum
case "$id$sum" in *[!0-9a-f]*|'') echo 'bad parameters' >&2; exit 2;; esac
umask 022
base=/opt/flotilla/${kind}
mkdir -p "$base"
temporary=$(mktemp -d "$base/.new.XXXXXX")
trap 'rm -rf "$temporary"' EXIT
${unpack}
echo "$sum  $temporary/${file}" | sha256sum -c --quiet - >&2 || { echo 'what arrived is not what was sent' >&2; exit 3; }
chmod 755 "$temporary" "$temporary/${file}"
# What has its name is taken for whole, and not sent again: it is on the disk before it gets that.
sync "$temporary/${file}"
rm -rf "$base/$id"
mv "$temporary" "$base/$id"
`

export const RECEIVE_RUNTIME: Readonly<Record<Compression, string>> = {
  zstd: receive('runtime', 'node', 'zstd -dc --long=27 | tar -x -C "$temporary" --no-same-owner node'),
  // dpkg-deb wants a file.
  'deb-zstd': receive(
    'runtime',
    'node',
    'cat > "$temporary/parcel"\ndpkg-deb --fsys-tarfile "$temporary/parcel" | tar -x -C "$temporary" --no-same-owner node\nrm "$temporary/parcel"',
  ),
  gzip: receive('runtime', 'node', 'gzip -dc | tar -x -C "$temporary" --no-same-owner node'),
}
export const RECEIVE_AGENT = receive('agent', 'agent.cjs', 'gzip -dc > "$temporary/agent.cjs"')

function formatsOf({ tools }: Facts): ReadonlySet<Compression> {
  const formats = new Set<Compression>(['gzip'])
  if (tools.has('zstd')) formats.add('zstd')
  if (tools.has('deb-zstd')) formats.add('deb-zstd')
  return formats
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

async function send(context: StepContext, parcel: Parcel, shipment: Shipment, script: string): Promise<void> {
  const { progress } = context
  let sent = 0
  const head = Buffer.from(`${parcel.id} ${parcel.sha256}\n`)
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length
      progress.sent(chunk.length)
      progress.percent(Math.floor((100 * sent) / (shipment.bytes + head.length)))
      done(null, chunk)
    },
  })
  counted.write(head)
  const source = shipment.stream()
  source.once('error', error => counted.destroy(error))
  source.pipe(counted)
  try {
    await asRoot(context, `sending ${megabytes(shipment.bytes)}`, script, counted)
  } finally {
    source.destroy()
  }
}

export const pushRuntime: Step = {
  name: 'push-runtime',
  async plan({ facts, files }) {
    const parcel = await files.runtime(facts.architecture)
    if (facts.flotilla.runtimes.includes(parcel.id)) return []
    const { bytes } = await parcel.open(formatsOf(facts))
    return [
      say("send the agent's runtime to /opt/flotilla/runtime/{id} ({size})", {
        id: parcel.id,
        size: megabytes(bytes),
      }),
    ]
  },
  async apply(context) {
    const parcel = await context.files.runtime(context.facts.architecture)
    const shipment = await parcel.open(formatsOf(context.facts))
    await send(context, parcel, shipment, RECEIVE_RUNTIME[shipment.format])
  },
}

export const pushAgent: Step = {
  name: 'push-agent',
  async plan({ facts, files }) {
    const parcel = await files.bundle()
    if (facts.flotilla.bundles.includes(parcel.id)) return []
    const { bytes } = await parcel.open(new Set(['gzip']))
    return [say('send the agent to /opt/flotilla/agent/{id} ({size})', { id: parcel.id, size: megabytes(bytes) })]
  },
  async apply(context) {
    const parcel = await context.files.bundle()
    await send(context, parcel, await parcel.open(new Set(['gzip'])), RECEIVE_AGENT)
  },
}
