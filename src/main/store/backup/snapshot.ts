// What a backup holds, line by line: the cluster's own files (authority and keys), every object at one revision, and an
// end that says how many there were.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectStore } from '../contract.ts'
import { StoreError } from '../contract.ts'
import { encodeObject } from '../encoding.ts'
import type { HistoryEntry, HistoryLog } from '../history/contract.ts'
import { Pacer } from '../../pieces/pacer.ts'

export type SnapshotLine =
  | { readonly type: 'file'; readonly name: string; readonly text: string }
  | { readonly type: 'record'; readonly key: string; readonly value: string }
  /** Only in a copy that moves: what an object was. */
  | { readonly type: 'history'; readonly entry: HistoryEntry }
  | {
      readonly type: 'end'
      readonly files: number
      readonly records: number
      /** Over all lines before. */
      readonly sha256: string
    }

/** Folders and files of the data folder that make the cluster what it is, besides the store. */
const KEPT = ['pki', 'ssh', 'backup-schedule.json']

/** @returns the files of a data folder that go into its backups, by their path inside it */
export async function* clusterFiles(dataDir: string): AsyncGenerator<SnapshotLine, void> {
  for (const name of KEPT) {
    const names = await readdir(join(dataDir, name)).then(
      found => found.filter(each => !each.startsWith('.')).map(each => `${name}/${each}`),
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOTDIR') return [name]
        if (error.code === 'ENOENT') return []
        throw error
      },
    )
    for (const each of names.sort())
      yield { type: 'file', name: each, text: await readFile(join(dataDir, each), 'utf8') }
  }
}

/** Every object at the revision that the store shows now; later writes are not in it. */
export function snapshotOf(store: ObjectStore): {
  readonly revision: number
  readonly count: number
  readonly lines: AsyncIterable<SnapshotLine>
} {
  const { items, revision } = store.list('/')
  return { revision, count: items.length, lines: linesOf(items) }
}

async function* linesOf(items: ReturnType<ObjectStore['list']>['items']): AsyncGenerator<SnapshotLine, void> {
  const pacer = new Pacer()
  for (const { key, object } of items) {
    yield { type: 'record', key, value: encodeObject(object) }
    if (pacer.due) await pacer.pause()
  }
}

/** Everything that objects were. */
export async function* historyLines(history: HistoryLog): AsyncGenerator<SnapshotLine, void> {
  for await (const entry of history.entries()) yield { type: 'history', entry }
}

/** Encodes lines, and ends them with what a reader checks. */
export async function* encodeLines(
  lines: AsyncIterable<SnapshotLine> | Iterable<SnapshotLine>,
  onRecord: (count: number) => void,
): AsyncGenerator<Buffer, void> {
  const hash = createHash('sha256')
  let files = 0
  let records = 0
  for await (const line of lines) {
    if (line.type === 'file') files++
    else if (line.type === 'record') onRecord(++records)
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    hash.update(bytes)
    yield bytes
  }
  const end: SnapshotLine = { type: 'end', files, records, sha256: hash.digest('hex') }
  yield Buffer.from(`${JSON.stringify(end)}\n`)
}

/** @throws StoreError `Corrupt` when the end is missing or does not agree with what came before */
export async function* decodeLines(
  content: AsyncIterable<Buffer>,
  name: string,
): AsyncGenerator<Exclude<SnapshotLine, { type: 'end' }>, void> {
  const hash = createHash('sha256')
  let files = 0
  let records = 0
  let end: (SnapshotLine & { type: 'end' }) | undefined
  // Read to the very end: what follows the last line is damage as well.
  for await (const bytes of byLine(content)) {
    const line = JSON.parse(bytes.toString('utf8')) as SnapshotLine
    if (line.type === 'end') {
      end = line
      continue
    }
    hash.update(bytes).update('\n')
    if (line.type === 'file') files++
    else if (line.type === 'record') records++
    yield line
  }
  if (end?.files !== files || end.records !== records || end.sha256 !== hash.digest('hex'))
    throw new StoreError('Corrupt', `${name} is not complete: use another backup`)
}

async function* byLine(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let rest: Buffer[] = []
  for await (const chunk of content) {
    let start = 0
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, start)) {
      rest.push(chunk.subarray(start, at))
      yield Buffer.concat(rest)
      rest = []
      start = at + 1
    }
    if (start < chunk.length) rest.push(chunk.subarray(start))
  }
}
