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
 * What glibc keeps of memory that was given back; read where the process starts. Pools for threads: two instead of eight
 * for each processor, since an agent's few threads hardly ever want one at once. And what is large, from 128 KB on, goes
 * back at once: left to itself, glibc keeps ever larger pieces.
 */
export const LITTLE_KEPT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
}

/** Electron's executable acts as plain Node when told so. */
export const nodeEnv = (): Record<string, string> => ({
  ...(process.versions.electron && { ELECTRON_RUN_AS_NODE: '1' }),
  ...LITTLE_KEPT,
})
