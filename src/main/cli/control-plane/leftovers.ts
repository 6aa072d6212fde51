// What moves have put on other machines, written down before it is put there: bringing the control plane back takes it
// away again, also when it was cut off in between, or when a move never got as far as letting go.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomically } from '../../data-folder/kubeconfig-file.ts'
import { type Door, doorName } from '../../provisioning/server/doors.ts'

export interface Leftovers {
  /** Addresses as they were given. */
  readonly servers: readonly string[]
  readonly doors: readonly Door[]
}

const pathOf = (dataDir: string) => join(dataDir, 'moved-leftovers.json')

export function readLeftovers(dataDir: string): Leftovers {
  const path = pathOf(dataDir)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Leftovers) : { servers: [], doors: [] }
}

/** With those that are known. Of two doors at one jump host the newer one counts. */
export function noteLeftovers(dataDir: string, { servers, doors }: Leftovers): void {
  const known = readLeftovers(dataDir)
  const names = new Set(doors.map(doorName))
  const all: Leftovers = {
    servers: [...new Set([...known.servers, ...servers])],
    doors: [...known.doors.filter(door => !names.has(doorName(door))), ...doors],
  }
  writeAtomically(pathOf(dataDir), JSON.stringify(all, null, 2))
}

/** What was taken away. */
export function forgetLeftovers(dataDir: string, gone: Leftovers): void {
  const known = readLeftovers(dataDir)
  const names = new Set(gone.doors.map(doorName))
  const servers = known.servers.filter(server => !gone.servers.includes(server))
  const doors = known.doors.filter(door => !names.has(doorName(door)))
  if (servers.length + doors.length === 0) return rmSync(pathOf(dataDir), { force: true })
  writeAtomically(pathOf(dataDir), JSON.stringify({ servers, doors }, null, 2))
}
