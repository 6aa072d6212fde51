// The authority and keys of a cluster on their way to another control plane of it.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { openPki } from '../../src/main/pki/pki.ts'
import { exportAuthority, importAuthority } from '../../src/main/store/backup/authority.ts'
import { lockFolder } from '../../src/main/store/nedb/lock.ts'

const KEY = { kind: 'key', key: randomBytes(32) } as const
let folder: string
let one: string
let two: string
let file: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flotilla-authority-'))
  ;[one, two, file] = ['one', 'two', 'file'].map(name => join(folder, name)) as [string, string, string]
  await openPki({ dataDir: one, names: ['10.0.0.1'], clock: systemClock })
  mkdirSync(join(one, 'ssh'))
  writeFileSync(join(one, 'ssh', 'key'), 'private')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const pem = (dataDir: string, name: string) => readFileSync(join(dataDir, 'pki', name), 'utf8')

test('the other one vouches with the same authority and keys, under its own name', async () => {
  await exportAuthority(one, file, KEY)
  await importAuthority(two, file, KEY, false)
  await openPki({ dataDir: two, names: ['10.0.0.2'], clock: systemClock })
  for (const name of ['ca.crt', 'ca.key', 'admin.crt', 'service-account.key', 'front-proxy-ca.key'])
    expect(pem(two, name)).toBe(pem(one, name))
  expect(pem(two, 'serving.crt')).not.toBe(pem(one, 'serving.crt'))
  expect(readFileSync(join(two, 'ssh', 'key'), 'utf8')).toBe('private')
  expect(statSync(join(two, 'pki', 'ca.key')).mode & 0o777).toBe(0o600)
})

test('nothing in the file can be read without its key, and it is not written over', async () => {
  await exportAuthority(one, file, KEY)
  expect(readFileSync(file, 'latin1')).not.toMatch(/BEGIN|private/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  await expect(importAuthority(two, file, { kind: 'key', key: randomBytes(32) }, false)).rejects.toMatchObject({ code: 'WrongKey' }) // prettier-ignore
  await expect(exportAuthority(one, file, KEY)).rejects.toMatchObject({ code: 'KeyExists' })
})

test('a file that is cut off changes nothing', async () => {
  await exportAuthority(one, file, KEY)
  const whole = readFileSync(file)
  writeFileSync(file, whole.subarray(0, whole.length - 1))
  await expect(importAuthority(two, file, KEY, false)).rejects.toMatchObject({ code: 'Corrupt' })
  expect(() => statSync(join(two, 'pki'))).toThrow(/ENOENT/)
})

test('a folder of another cluster is left alone, unless its authority is to go aside; the same one may come again', async () => {
  await openPki({ dataDir: two, clock: systemClock })
  const before = pem(two, 'ca.crt')
  await exportAuthority(one, file, KEY)
  await expect(importAuthority(two, file, KEY, false)).rejects.toThrow(/has another authority.* --replace/)
  expect(pem(two, 'ca.crt')).toBe(before)
  mkdirSync(join(two, 'ssh'))
  writeFileSync(join(two, 'ssh', 'key'), 'its own')
  const { replaced = '' } = await importAuthority(two, file, KEY, true)
  expect(readFileSync(join(replaced, 'ca.crt'), 'utf8')).toBe(before)
  expect(readFileSync(join(replaced.replace(/pki$/, 'ssh'), 'key'), 'utf8')).toBe('its own')
  expect(readdirSync(join(two, 'pki'))).not.toContain('serving.crt')
  await expect(importAuthority(two, file, KEY, false)).resolves.not.toHaveProperty('replaced')
  await using _running = await lockFolder(two)
  await expect(importAuthority(two, file, KEY, false)).rejects.toMatchObject({ code: 'Locked' })
})

test('a folder without a cluster has nothing to give', async () => {
  await expect(exportAuthority(two, file, KEY)).rejects.toThrow(/has no authority yet/)
})
