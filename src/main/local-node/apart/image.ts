// The image of an agent whose machine is not this one: the Node and the bundle that hosts get, on a userland with the
// programs that the agent calls. This machine's own where it has them; or else Debian's, which Docker's registry has.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Docker from 'dockerode'
import { type Pack, pack } from 'tar-stream'
import { CommandError } from '../../process/usage-error.ts'
import { agentBundle } from '../built-programs.ts'
import { untilDone } from '../until-done.ts'
import { LINKS, type Userland, ownUserland } from './userland.ts'

const REPOSITORY = 'flotilla-agent'
/** Goes up with what is written here. */
const RECIPE = '1'
export const NODE = '/opt/flotilla/node'
export const BUNDLE = '/opt/flotilla/agent.cjs'
/** Docker's names for processors, and Node's. */
const PROCESSORS: Readonly<Record<string, string>> = { x86_64: 'x64', aarch64: 'arm64' }

const PROGRAMS = `ADD node.tar.gz /opt/flotilla/
COPY agent.cjs /opt/flotilla/
COPY os-release /etc/os-release
RUN ${NODE} --version && ip -V && nft --version && nsenter --version && mount --version
`
const OWN = `FROM scratch
COPY root/ /
${PROGRAMS}`
const DEBIANS = `FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends conntrack iproute2 iptables mount nftables util-linux && rm -rf /var/lib/apt/lists/*
${PROGRAMS}`

interface Parts {
  readonly bundle: Buffer
  /** An archive with Node alone. */
  readonly node: string
  readonly osName: string
}

const making = new Map<string, Promise<void>>()

/** @returns the image's name; made once for a version of this app. @throws CommandError when it cannot be made */
export async function ensureAgentImage(docker: Docker): Promise<string> {
  const { Architecture, OperatingSystem } = (await docker.info()) as { Architecture: string; OperatingSystem: string }
  const processor = Object.hasOwn(PROCESSORS, Architecture) ? PROCESSORS[Architecture] : undefined
  if (processor === undefined)
    throw new CommandError(`Docker's machine has a processor (${Architecture}) without an agent`)
  const runtime = join(dirname(agentBundle()), 'runtime', processor)
  const [bundle, facts] = await Promise.all([readFile(agentBundle()), readFile(join(runtime, 'runtime.json'))])
  const hash = createHash('sha256').update(RECIPE).update(bundle).update(facts).digest('hex').slice(0, 12)
  const name = `${REPOSITORY}:${hash}`
  const found = await docker.listImages({ filters: { reference: [name] } })
  if (found.length > 0) return name
  const parts = { bundle, node: join(runtime, 'node.tar.gz'), osName: OperatingSystem.replace(/[^\w .-]/g, '') }
  const made = making.get(name) ?? make(docker, name, parts, processor).finally(() => making.delete(name))
  making.set(name, made)
  await made
  return name
}

/** What no container uses. */
export async function removeAgentImages(docker: Docker, kept?: string): Promise<void> {
  const found = await docker.listImages({ filters: { reference: [REPOSITORY] } })
  for (const name of found.flatMap(({ RepoTags }) => RepoTags ?? []))
    if (name !== kept)
      await docker
        .getImage(name)
        .remove()
        .catch((error: { statusCode?: number }) => {
          if (error.statusCode !== 404 && error.statusCode !== 409) throw error
        })
}

async function make(docker: Docker, name: string, parts: Parts, processor: string): Promise<void> {
  const own = processor === process.arch ? await ownUserland() : undefined
  // Whether a copy of programs of any distribution works is seen when the image is made.
  if (!own || !(await tryBuild(docker, name, parts, own)))
    await build(docker, name, parts, undefined).catch((error: Error) => {
      throw new CommandError(
        `the agent's image could not be made, for which Docker needs its registry and Debian's packages once: ${error.message}`,
        { cause: error },
      )
    })
  await removeAgentImages(docker, name)
}

const tryBuild = (docker: Docker, name: string, parts: Parts, own: Userland): Promise<boolean> =>
  build(docker, name, parts, own).then(
    () => true,
    () => false,
  )

async function build(docker: Docker, name: string, parts: Parts, own: Userland | undefined): Promise<void> {
  const context = pack()
  const packing = fill(context, parts, own).catch((error: Error) => context.destroy(error))
  const answer = await docker.buildImage(Readable.from(context), {
    t: name,
    rm: true,
    forcerm: true,
    networkmode: 'host',
  })
  await untilDone(docker, answer)
  await packing
}

async function fill(context: Pack, { bundle, node, osName }: Parts, own: Userland | undefined): Promise<void> {
  context.entry({ name: 'Dockerfile' }, own ? OWN : DEBIANS)
  context.entry({ name: 'agent.cjs' }, bundle)
  context.entry({ name: 'os-release' }, `PRETTY_NAME="${osName}"\n`)
  if (own) {
    for (const folder of ['etc', 'run', 'proc', 'sys', 'dev'])
      context.entry({ name: `root/${folder}`, type: 'directory' })
    for (const name of LINKS) {
      context.entry({ name: `root/usr/${name}`, type: 'directory' })
      context.entry({ name: `root/${name}`, type: 'symlink', linkname: `usr/${name}` })
    }
    context.entry({ name: 'root/tmp', type: 'directory', mode: 0o1777 })
  }
  for (const [target, source] of own ?? []) await addFile(context, `root${target}`, source)
  await addFile(context, 'node.tar.gz', node)
  context.finalize()
}

async function addFile(context: Pack, name: string, path: string): Promise<void> {
  const { size, mode } = await stat(path)
  await pipeline(createReadStream(path), context.entry({ name, size, mode: mode & 0o777 }))
}
