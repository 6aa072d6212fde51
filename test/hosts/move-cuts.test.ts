// A move that is cut after each of its steps: at no moment may both sides write, and running it again ends with exactly
// one that does, and has everything. Both ends are real stores; the server's scripts run here.
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { controlPlaneMoves } from '../../src/main/apiserver/endpoints/control-plane-moves.ts'
import type { ApiEnd } from '../../src/main/cli/control-plane/api-call.ts'
import {
  type ComingBack, type MoveStep, fetchBack, letGo, settleHere, takeBack,
} from '../../src/main/cli/control-plane/carry.ts' // prettier-ignore
import { depart, leave } from '../../src/main/cli/control-plane/depart.ts'
import { activate, receive } from '../../src/main/cli/control-plane/receive.ts'
import type { ServerEnd } from '../../src/main/cli/control-plane/server-end.ts'
import { readKubeconfig } from '../../src/main/data-folder/kubeconfig-file.ts'
import { Departure } from '../../src/main/move/departure.ts'
import { type MoveMark, assertHere, readMark } from '../../src/main/move/mark.ts'
import type { MasterSecret } from '../../src/main/store/encryption/master-key.ts'
import { openSealedEngine } from '../../src/main/store/encryption/sealed-engine.ts'
import { DEFAULT_HISTORY_LIMITS, type HistoryLog } from '../../src/main/store/history/contract.ts'
import { openEngine } from '../../src/main/store/open-engine.ts'
import { ConfigMap, Secret } from '../../src/shared/api/core/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { type TestApiServer, startTestApiServer } from '../support/api-server.ts'

interface Running {
  readonly api: TestApiServer
  readonly end: ApiEnd
  readonly history: HistoryLog
}

let folder: string
let home: string
let box: string
const running = new Map<string, Running>()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-cuts-'))
  encrypts = false
  ;[home, box] = [join(folder, 'home'), join(folder, 'box')]
})
afterEach(async () => {
  for (const dataDir of [...running.keys()]) await stop(dataDir)
  await rm(folder, { recursive: true, force: true })
})

/** What `serve` does: nothing on a folder with a mark. */
async function serve(dataDir: string): Promise<Running> {
  assertHere(dataDir)
  const engine = await openSealedEngine(await openEngine({ engine: 'nedb' }, dataDir), secretOf(dataDir))
  const history = await engine.openHistory(DEFAULT_HISTORY_LIMITS)
  const api = await startTestApiServer({
    dataDir,
    engine,
    withStore: store => ({
      subresources: [
        controlPlaneMoves(new Departure({ store, engine, dataDir, history, recorded: async () => {} }, systemClock)),
      ],
    }),
  })
  const end = { identity: readKubeconfig(api.kubeconfig), name: dataDir, url: api.url }
  const server = { api, end, history }
  running.set(dataDir, server)
  return server
}
async function stop(dataDir: string): Promise<void> {
  await running.get(dataDir)?.history[Symbol.asyncDispose]()
  await running.get(dataDir)?.api[Symbol.asyncDispose]()
  running.delete(dataDir)
}
const write = ({ api }: Running, name: string) =>
  api.clientAs().create(ConfigMap, { metadata: { namespace: 'default', name } })
const written = async ({ api }: Running) =>
  (await api.clientAs().list(ConfigMap, { namespace: 'default' })).items
    .map(({ metadata }) => metadata.name)
    .filter(name => name.startsWith('written'))

const PASSPHRASE: MasterSecret = { kind: 'passphrase', passphrase: 'correct horse' }
/** Whether the control plane at home encrypts Secrets. */
let encrypts = false
const encryptionKeyFile = () => join(folder, 'encryption-key')
const keyOfBox = () => (existsSync(encryptionKeyFile()) ? { encryptionKeyFile: encryptionKeyFile() } : {})
function secretOf(dataDir: string): { secret?: MasterSecret } {
  if (dataDir === home) return encrypts ? { secret: PASSPHRASE } : {}
  return existsSync(encryptionKeyFile()) ? { secret: { kind: 'key', key: readFileSync(encryptionKeyFile()) } } : {}
}

/** The server's scripts, on this machine. */
const server: ServerEnd = {
  async receive(id, cluster, { path, key, encrypted }) {
    const keyFile = join(folder, 'key')
    await writeFile(keyFile, key)
    if (encrypted) await writeFile(encryptionKeyFile(), randomBytes(32))
    await receive(path, { dataDir: box, id, cluster, keyFile, ...keyOfBox() })
  },
  activate: id => activate({ dataDir: box, id }),
  async depart({ key, ...way }, path) {
    await stop(box)
    const keyFile = join(folder, 'key')
    await writeFile(keyFile, key)
    await depart(join(box, 'departing'), { dataDir: box, ...way, keyFile, ...keyOfBox() })
    await copyFile(join(box, 'departing'), path)
  },
  leave: id => leave({ dataDir: box, id }),
}

class Cut extends Error {}
const cutAfter = (step?: MoveStep) => (done: MoveStep) => {
  if (done === step) throw new Cut(step)
}
const mayStart = (dataDir: string): boolean => {
  if (!existsSync(join(dataDir, 'store'))) return false
  try {
    assertHere(dataDir)
    return true
  } catch {
    return false
  }
}
const writers = () => [...(mayStart(home) ? ['home'] : []), ...(mayStart(box) ? ['box'] : [])]

/** `flotilla control-plane move`: what has let go is only to be started there. */
async function move(step?: MoveStep): Promise<void> {
  const told = cutAfter(step)
  const here = running.get(home)?.end as ApiEnd
  const mark = readMark(home) ?? (await letGo({ dataDir: home, here, server, cluster: 'abcd1234', to: 'root@box', servers: [], told })) // prettier-ignore
  await server.activate(mark.id)
  told('activated')
}

/** `flotilla control-plane move --back`. */
async function back(step?: MoveStep): Promise<void> {
  const mark = readMark(home)
  if (!mark) throw new Error('it has not left')
  const coming: ComingBack = {
    dataDir: home,
    mark,
    to: 'laptop',
    told: cutAfter(step),
    ...(encrypts ? { encryption: PASSPHRASE } : {}),
  }
  const there = running.get(box)
  if (readMark(box)?.state !== 'left') await (there ? fetchBack(coming, there.end) : takeBack(coming, server))
  await settleHere(coming, readMark(box) as MoveMark)
}

async function moved(): Promise<void> {
  await write(await serve(home), 'written-here')
  await move()
  await stop(home)
}

test('on the way there: cut after any step it is at one place, and goes on from there', async () => {
  await write(await serve(home), 'written-here')
  await expect(move('received')).rejects.toThrow(Cut)
  expect(writers()).toEqual(['home'])
  await expect(move('let go')).rejects.toThrow(Cut)
  expect(writers()).toEqual([])
  await expect(move('activated')).rejects.toThrow(Cut)
  expect(writers()).toEqual(['box'])
  await move()
  expect(writers()).toEqual(['box'])
  expect(await written(await serve(box))).toEqual(['written-here'])
})

test('on the way back from a control plane that runs: the same', async () => {
  await moved()
  await write(await serve(box), 'written-there')
  for (const step of ['restored', 'written down'] as const) {
    await expect(back(step)).rejects.toThrow(Cut)
    expect(writers()).toEqual(['box'])
  }
  await expect(back('left')).rejects.toThrow(Cut)
  expect(writers()).toEqual([])
  await back()
  expect(writers()).toEqual(['home'])
  await stop(box)
  await expect(serve(box)).rejects.toThrow('the control plane has moved to laptop; what is here is old')
  expect(await written(await serve(home))).toEqual(['written-here', 'written-there'])
})

test('on the way back from a server on which none runs: the same, and nothing starts there once it was read', async () => {
  await moved()
  await write(await serve(box), 'written-there')
  await stop(box)
  for (const step of ['departed', 'restored', 'written down'] as const) {
    await expect(back(step)).rejects.toThrow(Cut)
    expect(writers()).toEqual([])
  }
  await expect(serve(box)).rejects.toThrow(/is on its way to laptop/)
  await expect(back('left')).rejects.toThrow(Cut)
  expect(writers()).toEqual([])
  await back()
  expect(writers()).toEqual(['home'])
  expect(await written(await serve(home))).toEqual(['written-here', 'written-there'])
})

test('a copy that was never activated comes back from the server, too', async () => {
  await write(await serve(home), 'written-here')
  await expect(move('let go')).rejects.toThrow(Cut)
  await stop(home)
  await back()
  expect(writers()).toEqual(['home'])
  expect(await written(await serve(home))).toEqual(['written-here'])
  await expect(server.activate('00000000-0000-4000-8000-000000000001')).rejects.toThrow(/not the whole copy/)
})

test('one that was to come back may stay: what was copied home meanwhile is not the cluster', async () => {
  await moved()
  await expect(back('written down')).rejects.toThrow(Cut)
  await move()
  expect(writers()).toEqual(['box'])
  await write(await serve(box), 'written-later')
  await stop(box)
  await back()
  expect(await written(await serve(home))).toEqual(['written-here', 'written-later'])
})

test('nothing is read from under a control plane that runs on the folder', async () => {
  await moved()
  await serve(box)
  const keyFile = join(folder, 'key')
  const way = { dataDir: box, id: 'a', from: 'b', to: 'laptop', keyFile }
  await expect(depart(join(box, 'departing'), way)).rejects.toMatchObject({ code: 'Locked' })
  expect(readMark(box)).toBeUndefined()
})

const KEY = '/registry/core/secrets/default/password'
/** A Secret, and what it was before. */
async function writeSecret({ api, history }: Running): Promise<void> {
  await api.clientAs().create(Secret, { metadata: { namespace: 'default', name: 'password' }, stringData: { now: 'hunter-now' } }) // prettier-ignore
  const value = JSON.stringify({ data: { before: 'hunter-before' } })
  await history.append([{ key: KEY, revision: 1, atMs: Date.now(), deleted: false, hash: '00000000', value }])
}
/** Everything below the folder, as whoever copies the disk has it. */
const onDisk = (dataDir: string): string =>
  ['store', 'history']
    .flatMap(name => readdirSync(join(dataDir, name)).map(file => readFileSync(join(dataDir, name, file), 'latin1')))
    .join('\n')
const NOW = Buffer.from('hunter-now').toString('base64')

test.each([
  ['that runs', async () => void (await serve(box))],
  ['that does not', () => Promise.resolve()],
])('history and encryption at rest come along, and back from a server %s', async (_which, start) => {
  encrypts = true
  await writeSecret(await serve(home))
  await move()
  await stop(home)
  const readable = async (dataDir: string) => {
    expect(onDisk(dataDir)).not.toMatch(new RegExp(`${NOW}|hunter`))
    const { api, history } = await serve(dataDir)
    const { data } = await api.clientAs().get(Secret, { namespace: 'default', name: 'password' })
    expect({ data, before: await history.read(KEY, 1) }).toEqual({ data: { now: NOW }, before: expect.stringContaining('hunter-before') }) // prettier-ignore
    await stop(dataDir)
  }
  await readable(box)
  await start()
  await back()
  await stop(box)
  await readable(home)
})

test('without the key at hand Secrets lie in the clear at home, until the next start with it', async () => {
  encrypts = true
  await writeSecret(await serve(home))
  await move()
  await stop(home)
  encrypts = false
  await back()
  expect(onDisk(home)).toContain(NOW)
  encrypts = true
  const { api } = await serve(home)
  const { data } = await api.clientAs().get(Secret, { namespace: 'default', name: 'password' })
  expect(data).toEqual({ now: NOW })
  await stop(home)
  expect(onDisk(home)).not.toMatch(new RegExp(`${NOW}|hunter`))
})
