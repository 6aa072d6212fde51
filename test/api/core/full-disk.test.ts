// A full disk as clients see it: 507 with a Status that says what to do, while reads and deletes go on; and no restart after.
import { expect, test } from 'vitest'
import { realDisk } from '../../../src/main/store/nedb/disk.ts'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { startTestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { tempFolder } from '../../store/temp-folder.ts'
import { CONFIG_MAPS, configMap, raw } from './support/raw.ts'

/** What still fits: the line of a deletion, but of no object. */
const ROOM = 300

test('creates and updates answer 507 while the disk is full, reads and deletes go on, and writing comes back', async () => {
  await using folder = await tempFolder()
  let isFull = false
  const engine = await openNedbEngine({
    dataDir: folder.path,
    reserveBytes: 0,
    disk: {
      ...realDisk,
      beforeAppend: (_path, bytes) =>
        isFull && bytes > ROOM
          ? Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
          : Promise.resolve(),
    },
  })
  await using server = await startTestApiServer({ dataDir: folder.path, engine })
  for (const name of ['kept', 'gone'])
    expect((await raw(server, CONFIG_MAPS, { body: configMap(name) })).code).toBe(201)
  isFull = true
  const update = { method: 'PUT', body: configMap('kept', { data: { a: 'x'.repeat(1_000) } }) }
  for (const refused of [
    await raw(server, CONFIG_MAPS, { body: configMap('new', { data: { a: 'x'.repeat(1_000) } }) }),
    await raw(server, `${CONFIG_MAPS}/kept`, update),
  ]) {
    expect(refused.code).toBe(507)
    expect(refused.json).toMatchObject({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: 'InsufficientStorage',
      code: 507,
      message: expect.stringContaining('is full: free some space') as string,
    })
  }
  expect((await raw(server, `${CONFIG_MAPS}/gone`, { method: 'DELETE' })).code).toBe(200)
  const { json } = await raw(server, CONFIG_MAPS)
  expect((json.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name)).toEqual(['kept'])
  isFull = false
  await eventually(async () => expect((await raw(server, `${CONFIG_MAPS}/kept`, update)).code).toBe(200))
})
