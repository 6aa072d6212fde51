// A full disk under the real server: creates get a clear 507, reads and deletes go on, also of objects with finalizers,
// and writing comes back without a restart once there is room.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Server } from '../bench/lib.mjs'
import { assert, must, run, scratch, skip, waitFor } from './lib.mjs'

const folder = scratch()
const mount = join(folder, 'mnt')
mkdirSync(mount)
const mounted = run('mount', '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mount)
if (mounted.status !== 0) skip(`no tmpfs can be mounted here: ${mounted.stderr.trim()}`)
process.on('exit', () => run('umount', '-l', mount))
const ballast = join(mount, 'ballast')
writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024))

const server = await Server.start(['--no-local-node'], join(mount, 'data'))
try {
  const configmaps = '/api/v1/namespaces/default/configmaps'
  const make = (name, metadata = {}) =>
    server.call('POST', configmaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, ...metadata },
      data: { a: 'x'.repeat(100_000) },
    })
  assert((await make('held', { finalizers: ['example.com/wait'] })).code === 201, 'a first object is created')
  let created = 0
  let answer
  for (; created < 500; created++) if ((answer = await make(`c-${created}`)).code !== 201) break
  assert(created > 10 && created < 500, `${created} objects were created before the disk was full`)
  const status = JSON.parse(answer.text)
  assert(answer.code === 507, `the answer on a full disk is ${answer.code}: ${answer.text.slice(0, 200)}`)
  assert(status.kind === 'Status' && status.reason === 'InsufficientStorage', `reason ${status.reason}`)
  assert(/full/.test(status.message), `the message says what is wrong: ${status.message}`)
  const list = JSON.parse((await server.call('GET', configmaps)).text)
  assert(list.items.filter(({ metadata }) => metadata.name.startsWith('c-')).length === created, 'lists go on')
  for (let i = 0; i < 5; i++)
    assert((await server.call('DELETE', `${configmaps}/c-${i}`)).code === 200, 'deletes go on')
  const marked = await server.call('DELETE', `${configmaps}/held`)
  assert(marked.code === 200, `an object with a finalizer can be marked: ${marked.code} ${marked.text.slice(0, 200)}`)
  const patch = JSON.stringify([{ op: 'remove', path: '/metadata/finalizers' }])
  const freed = await server.call('PATCH', `${configmaps}/held`, patch, 'application/json-patch+json')
  assert(freed.code === 200, `its finalizer can be removed: ${freed.code} ${freed.text.slice(0, 200)}`)
  assert((await server.call('GET', `${configmaps}/held`)).code === 404, 'it is gone')
  rmSync(ballast)
  await waitFor(async () => (await make(`again-${Date.now()}`)).code === 201, 'writing comes back by itself', 60_000)
  console.log(`full after ${created} objects: 507, reads and deletes went on, writing came back by itself`)
} finally {
  await server.stop({ reset: false })
  must('umount', '-l', mount)
}
