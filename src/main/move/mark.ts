// The durable mark of a move in a data folder: while it is there, no control plane starts on the folder. It is what
// decides who may write: see docs/adr/0038-moving-the-control-plane.md.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, realDisk, removeIfThere, writeAtomically } from '../store/nedb/disk.ts'

export interface MoveMark {
  /** Of one move; both ends know it. */
  readonly id: string
  /**
   * `arriving`: a copy that is not the cluster yet. `leaving`: it is being copied away while nothing runs on it. `left`:
   * what is here is old, the cluster is elsewhere.
   */
  readonly state: 'arriving' | 'leaving' | 'left'
  /** Where the cluster goes, or has gone, for people: `root@box`. */
  readonly to: string
  /** URLs of the API server there, best first. */
  readonly servers: readonly string[]
  /** `arriving`: whether the copy is whole. */
  readonly complete?: boolean
  /** `arriving`: whose copy it is, as `clusterIdOf` tells. */
  readonly cluster?: string
  /** `left`: the move by which a copy has come back, whole. */
  readonly returning?: string
}

const pathOf = (dataDir: string) => join(dataDir, 'moved.json')

/** @throws Error when there is a mark that cannot be read: the folder is not to be used then */
export function readMark(dataDir: string): MoveMark | undefined {
  let text: string
  try {
    text = readFileSync(pathOf(dataDir), 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  return JSON.parse(text) as MoveMark
}

/** On the disk when it resolves. */
export const writeMark = (dataDir: string, mark: MoveMark): Promise<void> =>
  writeAtomically(realDisk, pathOf(dataDir), `${JSON.stringify(mark)}\n`)

export async function removeMark(dataDir: string): Promise<void> {
  await removeIfThere(pathOf(dataDir))
  await realDisk.syncFolder(dataDir)
}

/** The cluster of the folder is elsewhere. */
export class MovedError extends Error {
  override readonly name = 'MovedError'
  readonly mark: MoveMark

  constructor(mark: MoveMark) {
    super(SENTENCES[mark.state](mark))
    this.mark = mark
  }
}

const SENTENCES: Readonly<Record<MoveMark['state'], (mark: MoveMark) => string>> = {
  arriving: () =>
    'this folder holds the copy of a control plane whose move is not finished; run the same ' +
    '"flotilla control-plane move" again, where it began',
  leaving: ({ to }) =>
    `the control plane of this folder is on its way to ${to}; there, run "flotilla control-plane move --back" again, or ` +
    'move it here again for it to stay',
  left: ({ to, servers }) =>
    `the control plane has moved to ${to}${servers.length > 0 ? ` (${servers.join(', ')})` : ''}; what is here is old. ` +
    'To bring it back: flotilla control-plane move --back',
}

/**
 * Its own earlier attempts a cluster may replace: as long as it sends, it has not let go.
 * @param mark of the folder that the copy of `cluster` is to be put in
 * @returns what the folder holds that must stay
 */
export function inTheWay(mark: MoveMark | undefined, hasStore: boolean, cluster: string): string | undefined {
  if (!mark) return hasStore ? 'a cluster already' : undefined
  if (mark.state === 'leaving') return `a cluster that is on its way to ${mark.to}; finish that first`
  if (mark.state === 'arriving' && mark.complete && mark.cluster !== cluster)
    return (
      'the copy of another cluster, whose move is not finished; finish it, or bring that one back (flotilla ' +
      'control-plane move --back, where it began)'
    )
  return undefined
}

/** @throws MovedError */
export function assertHere(dataDir: string): void {
  const mark = readMark(dataDir)
  if (mark) throw new MovedError(mark)
}
