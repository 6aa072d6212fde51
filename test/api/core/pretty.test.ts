// Answers for people: indented JSON for curl, Wget, the address line of a browser, and who asks for it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { JsonIndenter } from '../../../src/main/apiserver/http/indent-json.ts'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, raw } from './support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
  const data = { text: 'a "quoted" \\ {[,:]} text', empty: '' }
  await raw(server, CONFIG_MAPS, { body: configMap('shown', { data }) })
})
afterAll(() => server[Symbol.asyncDispose]())

const read = async (path: string, headers: Record<string, string> = {}) => raw(server, path, { headers })
const isIndented = ({ text }: { text: string }) => text.startsWith('{\n  "kind": ')

test.each([
  ['curl', { 'user-agent': 'curl/8.5.0' }],
  ['Wget', { 'user-agent': 'Wget/1.21' }],
  ['a browser that shows a page', { 'user-agent': 'Mozilla/5.0 (X11)', accept: 'text/html,*/*' }],
])('%s gets JSON in lines, of objects and of lists', async (_, headers) => {
  for (const path of [`${CONFIG_MAPS}/shown`, CONFIG_MAPS]) {
    const answer = await read(path, headers)
    expect(isIndented(answer)).toBe(true)
    expect(answer.text.trimEnd()).toBe(JSON.stringify(answer.json, null, 2))
    expect(answer.json).toEqual((await read(path)).json)
  }
})

test('?pretty decides over who asks', async () => {
  expect(isIndented(await read(`${CONFIG_MAPS}/shown?pretty=true`))).toBe(true)
  expect(isIndented(await read(`${CONFIG_MAPS}/shown?pretty=false`, { 'user-agent': 'curl/8.5.0' }))).toBe(false)
})

test('programs get the short form, in browsers as well', async () => {
  expect(isIndented(await read(`${CONFIG_MAPS}/shown`))).toBe(false)
  const program = { 'user-agent': 'Mozilla/5.0 (X11)', accept: 'application/json' }
  expect(isIndented(await read(`${CONFIG_MAPS}/shown`, program))).toBe(false)
})

test('pieces may end anywhere', () => {
  const value = { a: [], b: {}, c: [1, { d: '\\"}' }, [[]]], 'é"\\': null }
  const text = Buffer.from(` ${JSON.stringify(value).replaceAll(',', ' , ')}\n`)
  for (let size = 1; size < 9; size++) {
    const indenter = new JsonIndenter()
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.subarray(at * size, (at + 1) * size)) // prettier-ignore
    expect(
      Buffer.concat(pieces.map(piece => indenter.push(piece)))
        .toString()
        .trim(),
    ).toBe(JSON.stringify(value, null, 2))
  }
})
