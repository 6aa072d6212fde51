// /statusz and /flagz: text for people, objects for programs that ask for one.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { raw } from '../core/support/raw.ts'

let api: TestApiServer
beforeAll(async () => {
  api = await startTestApiServer({ flags: { 'event-ttl': '60', 'audit-log-path': '-' } })
})
afterAll(() => api[Symbol.asyncDispose]())

const get = (path: string, accept?: string) => raw(api, path, { headers: accept === undefined ? {} : { accept } })
const as = (kind: string, version = 'v1beta1', type = 'application/json') =>
  `${type};v=${version};g=config.k8s.io;as=${kind}`

test.each(['', '*/*', 'text/plain', 'application/json;v=foo;g=config.k8s.io;as=Statusz,*/*'])(
  'who asks with "%s" reads text',
  async accept => {
    const statusz = await get('/statusz', accept)
    expect(statusz).toMatchObject({ code: 200, headers: { 'content-type': 'text/plain; charset=utf-8' } })
    expect(statusz.text).toContain('apiserver statusz\nWarning: This endpoint is not meant to be machine parseable')
    expect(statusz.text).toMatch(/^Up: 0 hr \d\d min \d\d sec$/m)
    expect((await get('/flagz', accept)).text).toMatch(
      /apiserver flagz\nWarning: .*\n\naudit-log-path: -\nevent-ttl: 60\n$/,
    )
  },
)

test('a status says since when, as what, and where else to look', async () => {
  const { code, json, headers } = await get('/statusz', as('Statusz'))
  expect(code).toBe(200)
  expect(headers['content-type']).toBe('application/json')
  expect(json).toEqual({
    kind: 'Statusz',
    apiVersion: 'config.k8s.io/v1beta1',
    metadata: { name: 'apiserver' },
    startTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
    uptimeSeconds: expect.any(Number) as number,
    goVersion: '',
    binaryVersion: '1.36',
    emulationVersion: '1.36',
    paths: ['/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz', '/version'],
  })
})

test('flags are told as the server was given them, in YAML too', async () => {
  const { headers, text } = await get('/flagz', as('Flagz', 'v1beta1', 'application/yaml'))
  expect(headers['content-type']).toBe('application/yaml')
  expect(parse(text)).toEqual({
    kind: 'Flagz',
    apiVersion: 'config.k8s.io/v1beta1',
    metadata: { name: 'apiserver' },
    flags: { 'event-ttl': '60', 'audit-log-path': '-' },
  })
})

test('what is asked for first is answered; the older version warns', async () => {
  const older = await get('/statusz', `${as('Statusz', 'v1alpha1')},${as('Statusz')}`)
  expect(older.json).toMatchObject({ apiVersion: 'config.k8s.io/v1alpha1' })
  expect(older.headers['warning']).toBe('299 - "This version of the statusz endpoint is deprecated. Please use a newer version."') // prettier-ignore
  const newer = await get('/statusz', `${as('Statusz')},${as('Statusz', 'v1alpha1')}`)
  expect(newer.json).toMatchObject({ apiVersion: 'config.k8s.io/v1beta1' })
  expect(newer.headers).not.toHaveProperty('warning')
})

test.each(['application/xml', 'application/json', 'application/json;v=v1beta1;g=config.k8s.io', as('Flagz')])(
  'a status is not to be had as %s',
  async accept => {
    const { code, text } = await get('/statusz', accept)
    expect(code).toBe(406)
    expect(text).toContain(
      'only the following media types are accepted: application/json, application/yaml, text/plain',
    )
  },
)
