// The leaving end of a move, against a real API server on a real store: until it has let go it is the cluster.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { controlPlaneMoves } from '../../src/main/apiserver/endpoints/control-plane-moves.ts'
import { type ApiEnd, beginMove, commitMove } from '../../src/main/cli/control-plane/api-call.ts'
import { readKubeconfig } from '../../src/main/data-folder/kubeconfig-file.ts'
import { Departure } from '../../src/main/move/departure.ts'
import { MovedError, assertHere, readMark } from '../../src/main/move/mark.ts'
import { openSealedEngine, type SealedEngine } from '../../src/main/store/encryption/sealed-engine.ts'
import { DEFAULT_HISTORY_LIMITS } from '../../src/main/store/history/contract.ts'
import { HistoryRecorder } from '../../src/main/store/history/recorder.ts'
import { silentLog } from '../../src/main/store/log.ts'
import { openEngine } from '../../src/main/store/open-engine.ts'
import { ConfigMap } from '../../src/shared/api/core/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type TestApiServer, startTestApiServer } from '../support/api-server.ts'

const MOVE = { id: '00000000-0000-4000-8000-000000000001', to: 'root@box', servers: ['https://10.0.0.7:6443'] }
let dataDir: string
let engine: SealedEngine
let api: TestApiServer
let recorder: HistoryRecorder
let departure: Departure
let here: ApiEnd

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'flotilla-departure-'))
  engine = await openSealedEngine(await openEngine({ engine: 'nedb' }, dataDir), {})
  const history = await engine.openHistory(DEFAULT_HISTORY_LIMITS)
  api = await startTestApiServer({
    dataDir,
    engine,
    withStore: store => {
      // Its clock stands still: it writes when it is asked to.
      recorder = new HistoryRecorder({ store, history, clock: new ManualClock(), log: silentLog })
      const recorded = () => recorder.flush()
      departure = new Departure({ store, engine, dataDir, history, recorded }, systemClock)
      return { subresources: [controlPlaneMoves(departure)] }
    },
  })
  here = { identity: readKubeconfig(api.kubeconfig), name: 'here', url: api.url }
})
afterEach(async () => {
  await recorder[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

const write = (name: string) => api.clientAs().create(ConfigMap, { metadata: { namespace: 'default', name } })
const names = async (events: AsyncIterable<{ type: string; key?: string; name?: string }>) => {
  const seen: string[] = []
  for await (const event of events) seen.push(event.key ?? event.name ?? event.type)
  return seen
}

test('everything is read out at one revision, keys and all, while writes are refused and reads are not', async () => {
  await write('before')
  const held = await beginMove(here, MOVE)
  try {
    const seen = await names(held.events)
    expect(seen).toEqual(expect.arrayContaining(['snapshot', 'pki/ca.key', '/registry/core/configmaps/default/before', 'result'])) // prettier-ignore
    await expect(write('during')).rejects.toThrow(/the control plane is moving to root@box; try again/)
    await api.clientAs().get(ConfigMap, { namespace: 'default', name: 'before' })
  } finally {
    held.release()
  }
})

test('the history goes along up to the last write', async () => {
  const { metadata } = await write('gone')
  await api.clientAs().delete(ConfigMap, { namespace: 'default', name: 'gone' })
  const held = await beginMove(here, MOVE)
  const past: unknown[] = []
  for await (const event of held.events) if (event.type === 'history') past.push(event.entry)
  held.release()
  const key = '/registry/core/configmaps/default/gone'
  expect(past).toContainEqual(expect.objectContaining({ key, revision: Number(metadata.resourceVersion), deleted: false })) // prettier-ignore
  expect(past).toContainEqual(expect.objectContaining({ key, deleted: true }))
})

test('writes go on when whoever moves it goes away, and that move can no longer be decided', async () => {
  const held = await beginMove(here, MOVE)
  await names(held.events)
  held.release()
  await eventually(() => write('after').then(() => true))
  await expect(commitMove(here, MOVE)).rejects.toThrow(/holds no writes back/)
  expect(readMark(dataDir)).toBeUndefined()
})

test('only one move is under way at a time', async () => {
  const held = await beginMove(here, MOVE)
  await names(held.events)
  const other = await beginMove(here, { ...MOVE, id: MOVE.id.replace(/1$/, '2') })
  await expect(names(other.events)).rejects.toThrow(/a move to root@box is under way/)
  held.release()
})

test('once it has let go, nothing is written any more, not by this server and not by another one on the folder', async () => {
  const held = await beginMove(here, MOVE)
  await names(held.events)
  await commitMove(here, MOVE)
  held.release()
  expect(await departure.left).toMatchObject({ ...MOVE, state: 'left' })
  await expect(write('late')).rejects.toThrow(/moving to root@box/)
  expect(() => assertHere(dataDir)).toThrow(MovedError)
  expect(() => assertHere(dataDir)).toThrow(/moved to root@box \(https:\/\/10\.0\.0\.7:6443\).* flotilla control-plane move --back/) // prettier-ignore
})
