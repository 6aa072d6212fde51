// The agent's entry: `agent --config FILE.json`. SIGTERM stops it; pods run on.
import { pino } from 'pino'
import { systemClock } from '../shared/machinery/clock.ts'
import { startAgent } from './agent.ts'
import { cleanUpNode } from './clean-up.ts'
import { type AgentConfig, ConfigError, readConfig } from './config.ts'

const USAGE = 'usage: agent --config FILE.json [--exit-with-parent] [--cleanup]'
const STOP_TIMEOUT_MS = 7_000

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
  const starting = startAgent({ config, clock: systemClock, log })
  const early = await Promise.race([starting, stopAsked])
  if (typeof early === 'string') process.exit(0)
  const reason = await stopAsked
  log.info({ reason }, 'agent stops; pods run on')
  setTimeout(() => process.exit(0), STOP_TIMEOUT_MS).unref()
  await early[Symbol.asyncDispose]()
  process.exit(0)
}

async function main(): Promise<void> {
  try {
    const given = parseArguments(process.argv.slice(2))
    const config = readConfig(given.config)
    if (!given.cleanUp) return await run(given, config)
    for (const line of await cleanUpNode(config)) process.stdout.write(`${line}\n`)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(error instanceof ConfigError ? 2 : 1)
  }
}

void main()
