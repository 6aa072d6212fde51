// The agent's own identity on this machine, so that several agents can share one container engine.
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @returns the same id for the same data folder, for ever */
export function instanceId(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const path = join(dataDir, 'instance-id')
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    const id = randomUUID() // the first start
    writeFileSync(path, `${id}\n`, { mode: 0o600 })
    return id
  }
}
