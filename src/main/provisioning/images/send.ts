// Sends an image to a host over SSH: what the host lacks of it, compressed on the way.
import { Transform } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { SshConnection } from '../ssh/connection.ts'
import type { Sudo } from '../ssh/sudo.ts'
import type { ImageArchive } from './archive.ts'

/** A line an image of the host: its layers. */
const LAYERS = `
docker image ls -q --no-trunc | sort -u | while read -r id; do
  docker image inspect --format '{{json .RootFS.Layers}}' "$id" 2>/dev/null
done
exit 0
`

/** What the host did not have is noted, a name and an id a line: it goes when the host is removed. */
const LOAD = `
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
docker image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}{{println}}{{.ID}} {{.ID}}' > "$work/had"
docker load > "$work/loaded"
cat "$work/loaded"
umask 077
mkdir -p /var/lib/flotilla/before
sed -n 's/^Loaded image\\( ID\\)\\{0,1\\}: //p' "$work/loaded" | while read -r name; do
  line="$name $(docker image inspect --format '{{.Id}}' "$name")"
  grep -qxF "$line" "$work/had" || printf '%s\\n' "$line" >> /var/lib/flotilla/before/images
done
`

/** A name that was given to another image meanwhile is somebody else's. */
export const REMOVE_IMAGES = `
if [ -s /var/lib/flotilla/before/images ]; then
  sort -u /var/lib/flotilla/before/images | while read -r name id; do
    [ "$(docker image inspect --format '{{.Id}}' "$name" 2>/dev/null)" = "$id" ] || continue
    docker image rm "$name" >/dev/null 2>&1 || echo "the image $name stays: somebody has a container of it"
  done
  rm -f /var/lib/flotilla/before/images
fi
`

export interface SendImageOptions {
  readonly ssh: SshConnection
  readonly sudo: Sudo
  readonly signal: AbortSignal
  /** @param percent of what has to be sent */
  readonly onPercent: (percent: number) => void
}

export interface SentImage {
  /** Layers that the host did not have. */
  readonly layers: number
  /** What went over the connection. */
  readonly bytes: number
}

/** @throws SshError when the host's engine does not take it */
export async function sendImage(archive: ImageArchive, options: SendImageOptions): Promise<SentImage> {
  const { ssh, sudo, signal, onPercent } = options
  const listed = await ssh.must(LAYERS, { what: 'looking at the images', sudo, signal })
  const present = listed.split('\n').filter(Boolean).map(line => (JSON.parse(line) as string[] | null) ?? []) // prettier-ignore
  const { bytes: total, layers, open } = archive.without(present)
  let read = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      read += chunk.length
      // The archive's own blocks come on top of what is in it.
      onPercent(Math.min(100, Math.floor((100 * read) / Math.max(1, total))))
      done(null, chunk)
    },
  })
  let bytes = 0
  const sent = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done(null, chunk)
    },
  })
  const source = open()
  const gzip = createGzip({ level: 1 })
  for (const stream of [source, counted, gzip]) stream.once('error', error => sent.destroy(error))
  source.pipe(counted).pipe(gzip).pipe(sent)
  try {
    await ssh.must(LOAD, { what: 'loading the image', sudo, signal, input: sent })
  } finally {
    source.destroy()
  }
  return { layers, bytes }
}
