// Names made from metadata.generateName: one that is taken is made again, a few times.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, raw } from './support/raw.ts'

/** Letters of a name's end, in the order of the server's alphabet. */
const [FIRST, SECOND] = ['b', 'c']
const LENGTH = 5
/** The server tries a name as often as upstream does. */
const TRIES = 8

let server: TestApiServer
/** Each of the server's next names ends in this letter; then in SECOND. */
let drawn: string[] = []
let asked = 0
const draw = () => {
  const letter = drawn[Math.floor(asked++ / LENGTH)] ?? SECOND
  return letter === FIRST ? 0 : 1 / 27 + 1e-9
}
beforeAll(async () => {
  server = await startTestApiServer({ random: draw })
  await raw(server, CONFIG_MAPS, { body: configMap(`x-${FIRST.repeat(LENGTH)}`) })
})
beforeEach(() => {
  asked = 0
})
afterAll(() => server[Symbol.asyncDispose]())

const create = (query = '') =>
  raw(server, `${CONFIG_MAPS}${query}`, { body: configMap('', { metadata: { generateName: 'x-' } }) })
const tries = () => asked / LENGTH

test.each([
  ['stored', ''],
  ['as a dry run', '?dryRun=All'],
])('the eighth name is taken when seven were not free (%s)', async (_, query) => {
  drawn = Array<string>(TRIES - 1).fill(FIRST)
  const { code, json } = await create(query)
  expect([code, json.metadata.name, json.metadata.generateName]).toEqual([201, `x-${SECOND.repeat(LENGTH)}`, 'x-'])
  expect(tries()).toBe(TRIES)
  await raw(server, `${CONFIG_MAPS}/x-${SECOND.repeat(LENGTH)}`, { method: 'DELETE' })
})

test('after eight names the client is told to try again itself', async () => {
  drawn = Array<string>(TRIES).fill(FIRST)
  const { code, headers, json } = await create()
  expect([code, json.reason, headers['retry-after']]).toEqual([409, 'AlreadyExists', '1'])
  expect(json.message).toBe(`configmaps "x-${FIRST.repeat(LENGTH)}" already exists, the server was not able to generate a unique name for the object`) // prettier-ignore
  expect(tries()).toBe(TRIES)
})

test('a name that was given is tried once', async () => {
  const { code, json } = await raw(server, CONFIG_MAPS, { body: configMap(`x-${FIRST.repeat(LENGTH)}`) })
  expect([code, json.message]).toEqual([409, `configmaps "x-${FIRST.repeat(LENGTH)}" already exists`])
  expect(tries()).toBe(0)
})
