// The order of a move's steps, which is what keeps the cluster at one place (docs/adr/0038-moving-the-control-plane.md).
// Cut anywhere, at most one side may write, and a rerun goes on.
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type MoveMark, readMark, removeMark, writeMark } from '../../move/mark.ts'
import type { MasterSecret } from '../../store/encryption/master-key.ts'
import { restoreBackup } from '../../store/backup/restore.ts'
import { CommandError } from '../../process/usage-error.ts'
import { type ApiEnd, beginMove, commitMove } from './api-call.ts'
import { type ClusterCopy, copyCluster, copySecret, newCopyKey } from './copy.ts'
import type { ServerEnd } from './server-end.ts'

/** Told after each step; a test cuts there. */
export type Told = (step: MoveStep, detail?: { readonly revision: number; readonly bytes: number }) => void
export type MoveStep = 'received' | 'let go' | 'activated' | 'departed' | 'restored' | 'written down' | 'left' | 'here'

export interface Leaving {
  readonly dataDir: string
  /** The control plane that runs here. */
  readonly here: ApiEnd
  readonly server: ServerEnd
  /** See `clusterIdOf`. */
  readonly cluster: string
  readonly to: string
  readonly servers: readonly string[]
  readonly told: Told
}

/** @returns the mark that this side has written. Everything before that changes nothing here. */
export async function letGo({ dataDir, here, server, cluster, to, servers, told }: Leaving): Promise<MoveMark> {
  const going = { id: randomUUID(), to, servers }
  const held = await beginMove(here, going)
  try {
    await using copy = await copyCluster(dataDir, held.events)
    await server.receive(going.id, cluster, copy)
    told('received', copy)
    await commitMove(here, going)
    told('let go')
  } finally {
    held.release()
  }
  const mark = readMark(dataDir)
  if (!mark) throw new CommandError('the control plane did not let go; nothing was moved, run it again')
  return mark
}

export interface ComingBack {
  /** Encrypts Secrets here. */
  readonly encryption?: MasterSecret
  readonly dataDir: string
  /** What was written when it left here. */
  readonly mark: MoveMark
  /** For people: this machine. */
  readonly to: string
  readonly told: Told
}

/** From a control plane that runs there, and lets go when the copy is whole here. */
export async function fetchBack(coming: ComingBack, there: ApiEnd): Promise<void> {
  const { dataDir, mark, to, told } = coming
  const way = { id: randomUUID(), to, servers: [] }
  const held = await beginMove(there, way)
  try {
    await using copy = await copyCluster(dataDir, held.events)
    await restore(coming, copy)
    told('restored', copy)
    await writeMark(dataDir, { ...mark, returning: way.id })
    told('written down')
    await commitMove(there, way)
    told('left')
  } finally {
    held.release()
  }
}

/** From a server on which none runs: what lies on its disk is the cluster, and is kept from starting first. */
export async function takeBack(coming: ComingBack, server: ServerEnd): Promise<void> {
  const { dataDir, mark, to, told } = coming
  const way = { id: randomUUID(), from: mark.id, to, key: newCopyKey() }
  const path = join(dataDir, '.departed')
  try {
    await server.depart(way, path)
    told('departed')
    await restore(coming, { path, key: way.key })
    told('restored')
  } finally {
    await rm(path, { force: true })
  }
  await writeMark(dataDir, { ...mark, returning: way.id })
  told('written down')
  await server.leave(way.id)
  told('left')
}

/** In the place of what was left here. */
const restore = ({ dataDir, encryption }: ComingBack, { path, key }: Pick<ClusterCopy, 'path' | 'key'>) =>
  restoreBackup({
    path,
    passphrase: copySecret(key),
    dataDir,
    store: { engine: 'nedb' },
    ...(encryption ? { encryption } : {}),
    replace: true,
  })

/**
 * Both ends agree that it is here.
 * @param there the server's mark
 * @throws CommandError when it has gone somewhere else
 */
export async function settleHere({ dataDir, mark, told }: ComingBack, there: MoveMark): Promise<void> {
  const { returning } = readMark(dataDir) ?? mark
  if (there.state !== 'left' || there.id !== returning)
    throw new CommandError(`the control plane has gone from ${mark.to} to ${there.to}, not to this folder`)
  await removeMark(dataDir)
  told('here')
}
