// What is told of patches that cannot be read, in kube-apiserver's words: client libraries show them to people.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { CONFIG_MAPS, configMap, raw } from '../core/support/raw.ts'

let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
  await raw(server, CONFIG_MAPS, { body: { ...configMap('patched'), data: { a: 'b' } } })
})
afterAll(() => server[Symbol.asyncDispose]())

const send = async (type: string, text: string, name = 'patched') => {
  const [path, headers] = [`${CONFIG_MAPS}/${name}?fieldManager=me`, { 'content-type': `application/${type}` }]
  return raw(server, path, { method: 'PATCH', headers, body: Buffer.from(text) })
}
const MAP = 'Go value of type map[string]interface {}'
const YAML = 'error decoding YAML: error unmarshaling JSON: while decoding JSON: '

describe.each([
  ['merge-patch+json', '"x"', `error decoding patch: json: cannot unmarshal string into ${MAP}`],
  ['merge-patch+json', '[1]', `error decoding patch: json: cannot unmarshal array into ${MAP}`],
  ['merge-patch+json', 'null', 'Invalid JSON Patch'],
  ['merge-patch+json', '', 'error decoding patch: unexpected end of JSON input'],
  ['merge-patch+json', '{', 'error decoding patch: unexpected end of JSON input'],
  ['merge-patch+json', '{"a":1}}', "error decoding patch: invalid character '}' after top-level value"],
  ['strategic-merge-patch+json', '3', `json: cannot unmarshal number into ${MAP}`],
  ['strategic-merge-patch+json', '', 'unexpected end of JSON input'],
  ['strategic-merge-patch+json', 'x', "invalid character 'x' looking for beginning of value"],
  ['json-patch+json', '{"a":3}', 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'], // prettier-ignore
  ['json-patch+json', '[1]', 'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp'], // prettier-ignore
  ['json-patch+json', '[{"op":3}]', 'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string'], // prettier-ignore
  ['json-patch+json', '[tru]', "error decoding patch: invalid character ']' in literal true (expecting 'e')"],
  ['apply-patch+yaml', '"hello"', `${YAML}json: cannot unmarshal string into ${MAP}`],
  ['apply-patch+yaml', '- a', `${YAML}json: cannot unmarshal array into ${MAP}`],
  ['apply-patch+yaml', '# nothing', 'invalid object type: /, Kind='],
  ['apply-patch+yaml', '', 'invalid object type: /, Kind='],
])('%s of %j', (type, text, message) => {
  test('is told what is wrong with it', async () => {
    const { code, json } = await send(type, text)
    expect([code, json.message]).toEqual([400, message])
  })
})

test('what is no YAML is said to be no YAML', async () => {
  const { code, json } = await send('apply-patch+yaml', 'a: b: c')
  expect([code, json.message]).toEqual([400, expect.stringMatching(/^error decoding YAML: error converting YAML to JSON: yaml: /)]) // prettier-ignore
})

test.each(['strategic-merge-patch+json', 'json-patch+json'])('null as %s changes nothing', async type => {
  const { code, json } = await send(type, 'null')
  expect([code, json.data]).toEqual([200, { a: 'b' }])
})

test.each(['merge-patch+json', 'strategic-merge-patch+json', 'json-patch+json'])(
  'where there is nothing to patch, that is told first of %s',
  async type => {
    for (const text of ['', '{', '"x"']) expect((await send(type, text, 'missing')).code).toBe(404)
  },
)
