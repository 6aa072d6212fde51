// The programs that are built beside this one, and what Node is told that runs them.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The agent's bundle beside the built control plane (`out/agent/agent.cjs`). @throws Error when it is not built */
export const agentBundle = (): string => builtProgram(join('agent', 'agent.cjs'))

/** The built command line. @throws Error when it is not built */
export const commandLine = (): string => builtProgram(join('main', 'cli.js'))

function builtProgram(name: string): string {
  const here = dirname(fileURLToPath(import.meta.url))
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder))
    for (const candidate of [join(folder, name), join(folder, 'out', name)]) if (existsSync(candidate)) return candidate
  throw new Error(`${name} is not built; run: npm run build`)
}

/**
 * How many pools glibc keeps for memory that threads have given back, instead of eight for each processor: an agent takes
 * a fifth less with two, and its few threads hardly ever want one at once. Read where the process starts.
 */
export const FEW_POOLS: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2' }

/** Electron's executable acts as plain Node when told so. */
export const nodeEnv = (): Record<string, string> => ({
  ...(process.versions.electron && { ELECTRON_RUN_AS_NODE: '1' }),
  ...FEW_POOLS,
})
