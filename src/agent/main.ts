// The agent's entry: `agent --config FILE.json`. SIGTERM stops it; pods run on.
import { isIPv4 } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { pino } from 'pino'
import { systemClock } from '../shared/machinery/clock.ts'
import { startAgent } from './agent.ts'
import { cleanUpNode } from './clean-up.ts'
import { type AgentConfig, ConfigError, readConfig } from './config.ts'
import { ensureCertificate } from './identity/certificate.ts'
import { instanceId } from './instance.ts'
import { DockerRuntime } from './kubelet/runtime/docker/docker-runtime.ts'
import { claimMachine, MachineTakenError } from './machine-claim.ts'
import { runRelay } from './relay/relay.ts'
import { KnownServers } from './servers/known-servers.ts'

const USAGE = 'usage: agent --config FILE.json [--exit-with-parent] [--cleanup]'
const STOP_TIMEOUT_MS = 7_000
/** For a clean-up that goes on although nobody waits for it any more: it takes as long as its containers do. */
const CLEAN_UP_MS = 120_000
/** Exit code of an agent whose machine belongs to another cluster; 2 is a wrong configuration, 1 anything else. */
const TAKEN = 3

interface Arguments {
  readonly config: string
  /** Ends when standard input does, so that it never outlives what started it. */
  readonly exitWithParent: boolean
  /** Removes everything of the agent's from this machine instead of starting. */
  readonly cleanUp: boolean
}

function parseArguments(argv: readonly string[]): Arguments {
  let config: string | undefined
  let exitWithParent = false
  let cleanUp = false
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (word === '--config') config = argv[++i]
    else if (word.startsWith('--config=')) config = word.slice('--config='.length)
    else if (word === '--exit-with-parent') exitWithParent = true
    else if (word === '--cleanup') cleanUp = true
    else throw new ConfigError(`unknown argument ${JSON.stringify(word)}; ${USAGE}`)
  }
  if (!config) throw new ConfigError(`--config is missing; ${USAGE}`)
  return { config, exitWithParent, cleanUp }
}

/**
 * Where the log goes. Not pino's own destination: at exit it would try for ever to write to a pipe whose reader, the
 * control plane, was killed.
 */
function standardOutput(): { write: (line: string) => void } {
  process.stdout.on('error', () => undefined) // nobody is left to read the log
  return { write: line => void process.stdout.write(line) }
}

/** @throws MachineTakenError */
const claim = ({ dataDir, claimFolder, dockerSocket: socketPath }: AgentConfig, wait: { ownWaitMs?: number } = {}) =>
  claimMachine({
    ...wait,
    instance: instanceId(dataDir),
    dataDir,
    ...(claimFolder === undefined ? {} : { folder: claimFolder }),
    clock: systemClock,
    async hasPods(instance) {
      const runtime = await DockerRuntime.connect({ socketPath, instance, clock: systemClock })
      const containers = (await runtime.outlines()).flatMap(pod => [...pod.sandboxes, ...pod.containers])
      return containers.some(({ state }) => state === 'running')
    },
  })

async function run({ exitWithParent }: Arguments, config: AgentConfig): Promise<void> {
  const log = pino({ level: config.log, base: undefined }, standardOutput())
  // A fault in one pod's or one client's handling must not end the others'.
  process.on('unhandledRejection', error =>
    log.error({ error: String(error), stack: (error as Error)?.stack }, 'unhandled rejection'),
  )
  const stopAsked = new Promise<string>(resolve => {
    process.once('SIGTERM', () => resolve('SIGTERM'))
    process.once('SIGINT', () => resolve('SIGINT'))
    if (exitWithParent)
      process.stdin
        .once('end', () => resolve('the parent ended'))
        .once('error', () => resolve('the parent ended'))
        .resume()
  })
  // The clock's timers let a process end that does nothing but wait, as for its certificate.
  const alive = setInterval(() => undefined, 60_000)
  const servers = new KnownServers(config).all
  const starting = claim(config)
    .then(() => ensureCertificate({ ...config, servers }, systemClock, new AbortController().signal))
    .then(() => startAgent({ config, clock: systemClock, log }))
  const early = await Promise.race([starting, stopAsked])
  if (typeof early === 'string') process.exit(0)
  const reason = await Promise.race([stopAsked, early.outdated])
  log.info({ reason }, 'agent stops; pods run on')
  clearInterval(alive)
  setTimeout(() => process.exit(0), STOP_TIMEOUT_MS).unref()
  await early[Symbol.asyncDispose]()
  process.exit(0)
}

/** Links and rules are only removed when they are this agent's: another cluster's stay. */
async function cleanUp(config: AgentConfig): Promise<void> {
  const release = await claim(config, { ownWaitMs: CLEAN_UP_MS }).catch((error: unknown) => {
    if (error instanceof MachineTakenError) return undefined
    throw error
  })
  for (const line of await cleanUpNode(config, { network: release !== undefined })) process.stdout.write(`${line}\n`)
  release?.()
}

async function relay(text: string): Promise<void> {
  const [, host = '127.0.0.1', digits] = /^(?:([\d.]+):)?(\d+)$/.exec(text) ?? []
  const port = Number(digits)
  if (!(port >= 1 && port <= 65_535) || !isIPv4(host))
    throw new ConfigError(`--relay wants a port, or an IPv4 address and a port, not ${text}`)
  await runRelay({ host, port })
  process.exit(0)
}

/** Its heap may grow by little before it is cleaned: a host is there for its pods. */
const stayLean = (): void => setFlagsFromString('--optimize-for-size')

async function main(): Promise<void> {
  stayLean()
  try {
    if (process.argv[2] === '--relay') return await relay(process.argv[3] ?? '')
    const given = parseArguments(process.argv.slice(2))
    const config = readConfig(given.config)
    if (!given.cleanUp) return await run(given, config)
    await cleanUp(config)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(error instanceof ConfigError ? 2 : error instanceof MachineTakenError ? TAKEN : 1)
  }
}

void main()
