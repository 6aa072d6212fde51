// How numbers may be written, as kube-apiserver has it: to its decoder of JSON `1.0` and `1e2` are no whole numbers.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApiServer, type TestApiServer } from '../../support/api-server.ts'
import { type AnyJson, raw } from './support/raw.ts'

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
let server: TestApiServer
beforeAll(async () => {
  server = await startTestApiServer()
  await raw(server, DEPLOYMENTS, { body: JSON.parse(deployment({ name: 'there' })) as object })
})
afterAll(() => server[Symbol.asyncDispose]())

const deployment = ({ name = 'made', replicas = '1', container = '' }) =>
  `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"${name}"},"spec":{"replicas":${replicas},` +
  `"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},` +
  `"spec":{"containers":[{"name":"a","image":"a:1.0"${container}}]}}}}`
const send = async (path: string, body: string, type = 'json', method = 'POST') => {
  const headers = { 'content-type': `application/${type}` }
  const { code, json } = await raw(server, `${path}?dryRun=All`, { method, headers, body })
  return { code, json: json as AnyJson, message: String((json as AnyJson).message) }
}

describe('a whole number with a fraction or an exponent', () => {
  test.each(['1.0', '1e0', '1E2', '100e-2', '-0.0', '1e10'])('%s is none in JSON', async literal => {
    const into = `json: cannot unmarshal number ${literal} into Go struct field`
    const refused = await send(DEPLOYMENTS, deployment({ replicas: literal }))
    expect(refused.code).toBe(400)
    expect(refused.message).toContain(`${into} DeploymentSpec.spec.replicas of type int32`)
    const ports = await send(DEPLOYMENTS, deployment({ container: `,"ports":[{"containerPort":${literal}}]` }))
    expect(ports.message).toContain(
      `${into} ContainerPort.spec.template.spec.containers.ports.containerPort of type int32`,
    )
    const options = await send(`${DEPLOYMENTS}/there`, `{"gracePeriodSeconds":${literal}}`, 'json', 'DELETE')
    expect([options.code, options.message]).toEqual([400, expect.stringContaining(`number ${literal} into`)])
  })

  test('is none in patches of JSON, but in those that go through maps', async () => {
    const code = async (type: string, body: string) => (await send(`${DEPLOYMENTS}/there`, body, type, 'PATCH')).code
    expect(await code('merge-patch+json', '{"spec":{"replicas":2.0}}')).toBe(422)
    expect(await code('json-patch+json', '[{"op":"replace","path":"/spec/replicas","value":2.0}]')).toBe(422)
    const port = '[{"op":"add","path":"/spec/template/spec/containers/0/ports","value":[{"containerPort":8e1}]}]'
    expect(await code('json-patch+json', port)).toBe(422)
    expect(await code('json-patch+json', port.replace('8e1', '80'))).toBe(200)
    expect(await code('strategic-merge-patch+json', '{"spec":{"replicas":2.0}}')).toBe(200)
    expect((await send(DEPLOYMENTS, deployment({ replicas: '1.0' }), 'yaml')).code).toBe(201)
  })

  test('is none where a patch of JSON puts it, but not where another number is by the end', async () => {
    const operations = (...values: string[]) =>
      `[${values.map(value => `{"op":"replace","path":"/spec/replicas","value":${value}}`).join()}]`
    const code = async (...values: string[]) =>
      (await send(`${DEPLOYMENTS}/there`, operations(...values), 'json-patch+json', 'PATCH')).code
    expect([await code('2.0', '3'), await code('3', '2.0')]).toEqual([200, 422])
  })

  test('is one of an amount, which is written as it was given', async () => {
    const limits = async (cpu: string) =>
      (await send(DEPLOYMENTS, deployment({ container: `,"resources":{"limits":{"cpu":${cpu}}}` }))).json.spec.template
        .spec.containers[0].resources.limits.cpu as string
    expect([await limits('2.0'), await limits('3e9'), await limits('1e0')]).toEqual(['2', '3e9', '1e0'])
  })
})

test('resources are given out in thousandths: what is finer is rounded up', async () => {
  const limits = async (cpu: string) =>
    (await send(DEPLOYMENTS, deployment({ container: `,"resources":{"limits":{"cpu":"${cpu}"}}` }))).json.spec.template
      .spec.containers[0].resources.limits.cpu as string
  expect([await limits('1.5m'), await limits('1500n'), await limits('1.5'), await limits('0.00001')]).toEqual([
    ...['2m', '1m', '1500m', '1m'],
  ])
})
