// The data folder's format: what an older program wrote is copied, migrated and read; what a newer one wrote is refused.
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Engine, StoreError } from '../../src/main/store/contract.ts'
import { FORMAT, type FormatOptions } from '../../src/main/store/nedb/format.ts'
import { openNedbEngine } from '../../src/main/store/nedb/engine.ts'
import { tempFolder, type TempFolder } from './temp-folder.ts'

let folder: TempFolder
let engine: Engine | undefined
beforeEach(async () => {
  folder = await tempFolder()
})
afterEach(async () => {
  await engine?.[Symbol.asyncDispose]()
  engine = undefined
  await folder[Symbol.asyncDispose]()
})

const at = (...names: string[]) => join(folder.path, ...names)
const open = async (format?: FormatOptions) => {
  await engine?.[Symbol.asyncDispose]()
  engine = undefined
  return (engine = await openNedbEngine({
    dataDir: folder.path,
    reserveBytes: 65_536,
    ...(format ? { format } : {}),
  }))
}
const refusal = (format?: FormatOptions) => open(format).catch((error: unknown) => error as StoreError)
const state = async () => {
  const found: Record<string, string | null> = {}
  for await (const batch of engine!.load()) for (const { key, value } of batch) found[key] = value
  return found
}
const formatNow = async () => (JSON.parse(await readFile(at('format.json'), 'utf8')) as { format: number }).format
const backups = async () => (await readdir(at('backups')).catch(() => [])).sort()

/** A folder as format 1 has it, byte by byte, written without any code of the store. */
async function writeFormat1(): Promise<void> {
  const line = (json: string) => `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
  const group = (id: number, txns: object[]) => line(JSON.stringify({ _id: String(id), rev: 2 + id, txns }))
  const sealed =
    group(0, [
      { rev: 1, key: '/registry/core/configmaps/default/a', value: '{"n":1}', created: 1 },
      { rev: 2, key: '/registry/core/configmaps/default/gone', value: '{"n":2}', created: 2 },
    ]) + group(1, [{ rev: 3, key: '/registry/core/configmaps/default/a', value: '{"n":3}', created: 1 }])
  const active = group(2, [{ rev: 4, key: '/registry/core/configmaps/default/gone', value: null, created: 2 }])
  await mkdir(at('store'), { recursive: true })
  await writeFile(at('store', '000001.log'), sealed)
  await writeFile(at('store', '000002.log'), `${active}00000000 {"torn`)
  const manifest = JSON.stringify({
    nextFile: 3,
    lineage: 'first',
    compactedRevision: 0,
    segments: [
      { name: '000001.log', bytes: Buffer.byteLength(sealed), lastRevision: 3 },
      { name: '000002.log', bytes: null, lastRevision: 0 },
    ],
  })
  await writeFile(at('store', 'manifest.json'), `${manifest}\n${crc32(manifest)}\n`)
  await writeFile(at('revision.json'), '{"lineage":"first","ceiling":100000,"start":0}\n')
  await writeFile(at('format.json'), '{"format":1}\n')
}

test('a folder of format 1 is copied, then migrated; its objects and revisions are all there', async () => {
  await writeFormat1()
  await open()
  expect(await formatNow()).toBe(FORMAT)
  expect(await state()).toEqual({ '/registry/core/configmaps/default/a': '{"n":3}' })
  expect(engine!.revision).toBe(4)
  const [copy] = await backups()
  expect(copy).toMatch(/^format-1-/)
  expect(await readFile(at('backups', copy!, 'format.json'), 'utf8')).toContain('"format":1')
  expect((await readdir(at('backups', copy!, 'store'))).sort()).toEqual(['000001.log', '000002.log', 'manifest.json'])
  expect((await stat(at('backups'))).mode & 0o777).toBe(0o700)
  // The copy is a whole data folder: an older program can go on with it.
  const backup = await openNedbEngine({ dataDir: at('backups', copy!), reserveBytes: 65_536 })
  expect(backup.revision).toBe(4)
  await backup[Symbol.asyncDispose]()
  // The next start has nothing to do.
  await open()
  expect(await backups()).toEqual([copy])
})

test('a migration that was interrupted goes on at the next start, with the copy made before it', async () => {
  await writeFormat1()
  const ran: number[] = []
  const migrations = new Map([
    [1, async () => void ran.push(1)],
    [2, async () => void ran.push(2)],
    [3, () => Promise.reject(new Error('the power went'))],
  ])
  expect((await refusal({ format: 4, migrations })) as Error).toMatchObject({ message: 'the power went' })
  expect(await formatNow()).toBe(3)
  const [copy] = await backups()
  await open({ format: 4, migrations: new Map([[3, async () => void ran.push(3)]]) })
  expect(ran).toEqual([1, 2, 3])
  expect(await formatNow()).toBe(4)
  expect(await backups()).toEqual([copy])
  expect(await readFile(at('backups', copy!, 'format.json'), 'utf8')).toContain('"format":1')
  // A later migration makes a copy of its own.
  await open({ format: 5, migrations: new Map([[4, async () => void ran.push(4)]]) })
  expect(await backups()).toHaveLength(2)
})

test('without room for the copy nothing is migrated, and an unfinished copy is not taken for one', async () => {
  await writeFormat1()
  // The last of what is to be copied is not there: copying fails half way, as on a full disk.
  await rm(at('revision.json'))
  const error = await refusal({ format: 2, migrations: new Map([[1, () => Promise.reject(new Error('ran'))]]) })
  expect(error).toMatchObject({
    code: 'Unavailable',
    message: expect.stringContaining('before its migration') as string,
  })
  expect(await formatNow()).toBe(1)
  expect((await backups()).every(name => name.endsWith('.unfinished'))).toBe(true)
})

test('a newer format, one that was never released and a file that holds none are refused in words', async () => {
  await open()
  await engine![Symbol.asyncDispose]()
  engine = undefined
  await writeFile(at('format.json'), '{"format":99}')
  expect(await refusal()).toMatchObject({
    code: 'NewerFormat',
    message: expect.stringMatching(new RegExp(`has format 99.*formats up to ${FORMAT}`)) as string,
  })
  await writeFile(at('format.json'), '{"format":1}')
  expect(await refusal({ format: 3, migrations: new Map() })).toMatchObject({
    code: 'Corrupt',
    message: expect.stringContaining('never released') as string,
  })
  for (const text of ['', '{"format":"2"}', '{"format":0}', '[]']) {
    await writeFile(at('format.json'), text)
    expect(await refusal()).toMatchObject({ code: 'Corrupt' })
  }
})

test('a program that knows only format 1 refuses what this one has written', async () => {
  await open()
  expect(await refusal({ format: 1, migrations: new Map() })).toMatchObject({ code: 'NewerFormat' })
})
