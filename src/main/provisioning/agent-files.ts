// What is sent to hosts: the agent's bundle, small and often new, and its runtime, large and seldom new. Both are known
// by the hash of what they are once unpacked.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

export interface Parcel {
  /** First 16 hexadecimal digits of the SHA-256 of the content; its folder's name on hosts. */
  readonly id: string
  /** SHA-256 of the content, hexadecimal. */
  readonly sha256: string
  readonly bytes: number
  /** What goes over the wire, for a host that can unpack it. */
  open(formats: ReadonlySet<Compression>): Promise<Shipment>
}

export type Compression = 'zstd' | 'deb-zstd' | 'gzip'
export const isCompression = (name: string): name is Compression => ['zstd', 'deb-zstd', 'gzip'].includes(name)

export interface Shipment {
  readonly format: Compression
  readonly bytes: number
  stream(): Readable
}

export interface AgentFiles {
  bundle(): Promise<Parcel>
  /** @param architecture amd64 or arm64. @throws Error when it was not built */
  runtime(architecture: string): Promise<Parcel>
}

const ARCH: Readonly<Record<string, string>> = { amd64: 'x64', arm64: 'arm64' }
const compress = promisify(gzip)

/** @param folder `out/agent` */
export function agentFiles(folder: string): AgentFiles {
  let bundle: Promise<Parcel> | undefined
  return {
    bundle: () => (bundle ??= readBundle(join(folder, 'agent.cjs'))),
    runtime: architecture => readRuntime(join(folder, 'runtime', ARCH[architecture] ?? architecture), architecture),
  }
}

async function readBundle(path: string): Promise<Parcel> {
  const content = await readFile(path)
  const sha256 = createHash('sha256').update(content).digest('hex')
  return {
    id: sha256.slice(0, 16),
    sha256,
    bytes: content.length,
    async open() {
      const packed = await compress(content, { level: 9 })
      return { format: 'gzip', bytes: packed.length, stream: () => Readable.from([packed]) }
    },
  }
}

async function readRuntime(folder: string, architecture: string): Promise<Parcel> {
  const index = join(folder, 'runtime.json')
  if (!existsSync(index))
    throw new Error(`the agent's runtime for ${architecture} was not built; run: node scripts/agent-runtime.mjs`)
  const { sha256, bytes } = JSON.parse(await readFile(index, 'utf8')) as { sha256: string; bytes: number }
  const file = async (name: string, format: Compression): Promise<Shipment | undefined> => {
    const path = join(folder, name)
    if (!existsSync(path)) return undefined
    const { size } = await stat(path)
    return { format, bytes: size, stream: () => createReadStream(path, { highWaterMark: 1 << 18 }) }
  }
  return {
    id: sha256.slice(0, 16),
    sha256,
    bytes,
    async open(formats) {
      const zstd = formats.has('zstd') || formats.has('deb-zstd') ? await file('node.tar.zst', 'zstd') : undefined
      if (zstd && formats.has('zstd')) return zstd
      if (zstd) return asDebianArchive(zstd)
      const plain = await file('node.tar.gz', 'gzip')
      if (!plain) throw new Error(`the agent's runtime in ${dirname(index)} is incomplete; build it again`)
      return plain
    },
  }
}

/**
 * A bare Debian has no zstd, but its package tool reads it: so the archive is sent inside a minimal .deb (an ar file of
 * three members), a sixth smaller than gzip.
 */
function asDebianArchive(data: Shipment): Shipment {
  const member = (name: string, bytes: number) =>
    `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes).padEnd(10)}\`\n`
  // An empty tar: two blocks of zeros.
  const control = Buffer.alloc(1024)
  const head = Buffer.concat([
    Buffer.from(`!<arch>\n${member('debian-binary', 4)}2.0\n${member('control.tar', control.length)}`),
    control,
    Buffer.from(member('data.tar.zst', data.bytes)),
  ])
  const tail = Buffer.from(data.bytes % 2 === 1 ? '\n' : '')
  async function* parts() {
    yield head
    yield* data.stream()
    if (tail.length > 0) yield tail
  }
  return {
    format: 'deb-zstd',
    bytes: head.length + data.bytes + tail.length,
    stream: () => Readable.from(parts(), { objectMode: false }),
  }
}
