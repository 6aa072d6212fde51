// Engines that are wrong on purpose: the source with one change, bundled. The proof is worth what it finds in them.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundleProgram } from './bundle.ts'
import type { OpenNedb } from './power-cuts.ts'

export interface Mutant {
  readonly name: string
  /** In src/main/store/nedb. */
  readonly file: string
  readonly from: string
  readonly to: string
  /** The check that finds it out; the power cuts when nothing is said. */
  readonly foundBy?: 'flipped bits'
}

const SOURCE = join(import.meta.dirname, '../../../src/main/store/nedb')
const APPEND_SYNC = 'await this.#disk.syncData(this.#file, this.path)\n    await this.#disk.reach?.('

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'an append is not synced',
    file: 'segment.ts',
    from: `${APPEND_SYNC}'append.synced')`,
    to: "await this.#disk.reach?.('append.synced')",
  },
  {
    name: 'a group is published before it is synced',
    file: 'engine.ts',
    from: 'await this.#append(staged)',
    to: 'void this.#append(staged).catch(() => undefined)',
  },
  {
    name: 'the handle that is synced is that of the first segment',
    file: 'segment.ts',
    from: `${APPEND_SYNC}'append.synced')`,
    to: "await this.#disk.syncData((this.#disk.stale ??= await open(this.path, 'r+')), this.path); await this.#disk.reach?.('append.synced')",
  },
  {
    name: 'checksums of records are not compared',
    file: 'codec.ts',
    from: "return checksum(json) === line.toString('latin1', 0, CHECKSUM_LENGTH) ? json.toString('utf8') : undefined",
    to: "try { JSON.parse(json.toString()) } catch { return undefined } return json.toString('utf8')",
    foundBy: 'flipped bits',
  },
  {
    name: 'a replaced file is not synced before its rename',
    file: 'disk.ts',
    from: 'await disk.syncData(file, fresh)',
    to: '',
  },
  {
    name: 'a rename is not synced',
    file: 'disk.ts',
    from: 'await disk.syncFolder(dirname(path))',
    to: '',
  },
  {
    name: 'a snapshot is not synced before the manifest names it',
    file: 'segment-log.ts',
    from: "await this.#disk.syncData(file, path)\n      await this.#disk.reach?.('snapshot.synced')",
    to: "await this.#disk.reach?.('snapshot.synced')",
  },
  {
    name: 'a found tail is promised without a sync',
    file: 'segment-log.ts',
    from: "await disk.syncData(file, path)\n    await disk.reach?.('open.tail-synced')",
    to: "await disk.reach?.('open.tail-synced')",
  },
  {
    name: 'old segments go before the manifest forgets them',
    file: 'segment-log.ts',
    from: "await this.#disk.reach?.('compact.started')",
    to: "for (const old of run.slice(1)) await removeIfThere(join(this.#folder, old.name)); await this.#disk.reach?.('compact.started')",
  },
  {
    name: 'a segment is sealed while an append is under way',
    file: 'segment-log.ts',
    from: 'this.#files.run(() => this.#appends.run(() => this.#roll()))',
    to: 'this.#files.run(() => this.#roll())',
  },
  {
    name: 'compaction drops what lives',
    file: 'engine.ts',
    from: 'await log.compact(revision, record => index.isLive(record), rewrite)',
    to: 'await log.compact(revision, record => index.isLive(record) && record.revision % 7 > 0, rewrite)',
  },
]

/** @throws Error when the source does not hold what is to be changed */
export async function bundleEngine(folder: string, mutant: Mutant): Promise<OpenNedb> {
  const outfile = join(folder, 'engine.mjs')
  let changed = 0
  await bundleProgram(join(SOURCE, 'engine.ts'), outfile, [
    {
      name: 'mutant',
      setup: setup =>
        setup.onLoad({ filter: /store[\\/]nedb[\\/][^\\/]*\.ts$/ }, async ({ path }) => {
          const text = await readFile(path, 'utf8')
          if (path !== join(SOURCE, mutant.file)) return { contents: text, loader: 'ts' }
          const parts = text.split(mutant.from)
          if (parts.length === 2) changed++
          return { contents: parts.join(mutant.to), loader: 'ts' }
        }),
    },
  ])
  if (changed !== 1) throw new Error(`${mutant.file} does not hold exactly once: ${mutant.from}`)
  const { openNedbEngine } = (await import(pathToFileURL(outfile).href)) as { openNedbEngine: OpenNedb }
  return openNedbEngine
}
