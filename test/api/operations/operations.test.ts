// Running the server: what it tells about itself, how it ends, and whom it does not wait for.
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AdmissionPlugin } from '../../../src/main/apiserver/admission/contract.ts'
import type { SubresourceHandler } from '../../../src/main/apiserver/endpoints/contract.ts'
import { RequestMetrics } from '../../../src/main/apiserver/health/request-metrics.ts'
import { startChecks } from '../../../src/main/apiserver/health/start-hooks.ts'
import { parseRequestInfo } from '../../../src/main/apiserver/http/request-info.ts'
import { controllerMetrics } from '../../../src/main/controllers/controller-metrics.ts'
import { createRateLimiter } from '../../../src/shared/client/rate-limiter.ts'
import { WorkQueue } from '../../../src/shared/client/workqueue.ts'
import { ConfigMap } from '../../../src/shared/api/core/v1.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { ApiError } from '../../../src/shared/machinery/status.ts'
import { startTestApiServer, testAdmin, type TestApiServer } from '../../support/api-server.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { CONFIG_MAPS, PODS, raw } from '../core/support/raw.ts'

describe('health', () => {
  let server: TestApiServer
  let problem: string | undefined
  beforeAll(async () => {
    server = await startTestApiServer({ readyChecks: [{ name: 'poststarthook/test', check: () => problem }] })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test('a check that is excluded does not count; one that does not exist is told', async () => {
    problem = 'not yet'
    expect((await raw(server, '/readyz')).code).toBe(500)
    expect((await raw(server, '/readyz/poststarthook/test')).code).toBe(500)
    expect((await raw(server, '/livez')).code).toBe(200)
    const { code, text } = await raw(server, '/readyz?exclude=poststarthook/test&exclude=nothing&verbose')
    expect(code).toBe(200)
    const lines = text.split('\n').filter(line => !/hook\/(start|generic|crd|api|priority|storage|kube)/.test(line))
    expect(lines).toEqual([
      '[+]ping ok',
      '[+]log ok',
      '[+]etcd ok',
      '[+]etcd-readiness ok',
      '[+]informer-sync ok',
      '[+]poststarthook/test excluded: ok',
      '[+]shutdown ok',
      'warn: some health checks cannot be excluded: no matches for "nothing"',
      'readyz check passed',
      '',
    ])
    problem = undefined
    expect((await raw(server, '/readyz/poststarthook/test')).text).toBe('ok')
  })
  test('every endpoint tells what has started, under upstream’s names', async () => {
    for (const endpoint of ['healthz', 'livez', 'readyz']) {
      const { code, text } = await raw(server, `/${endpoint}?verbose=1`)
      expect(code).toBe(200)
      for (const name of [
        'start-apiserver-admission-initializer',
        'generic-apiserver-start-informers',
        'start-apiextensions-controllers',
        'crd-informer-synced',
      ])
        // prettier-ignore
        expect(text.split('\n')).toContain(`[+]poststarthook/${name} ok`)
    }
    expect((await raw(server, '/livez/poststarthook/crd-informer-synced')).text).toBe('ok')
    expect((await raw(server, '/livez/informer-sync')).code).toBe(404)
  })

  test('what has not started yet fails every endpoint', async () => {
    let hasStarted = false
    await using starting = await startTestApiServer({ startChecks: startChecks('bootstrap', () => hasStarted) })
    const codes = () =>
      Promise.all(['/healthz', '/livez', '/readyz'].map(async path => (await raw(starting, path)).code))
    expect(await codes()).toEqual([500, 500, 500])
    expect((await raw(starting, '/readyz')).text).toContain(
      '[-]poststarthook/rbac/bootstrap-roles failed: not finished\n',
    )
    hasStarted = true
    expect(await codes()).toEqual([200, 200, 200])
  })

  test('how checks end is counted in /metrics/slis, which looks for itself as well', async () => {
    const slis = async () => (await raw(server, '/metrics/slis')).text.split('\n')
    const name = 'poststarthook/test'
    const times = (lines: string[], status: string) => {
      const series = `kubernetes_healthchecks_total{name="${name}",type="readyz",status="${status}"} `
      return Number(lines.find(line => line.startsWith(series))?.slice(series.length) ?? 0)
    }
    const before = await slis()
    expect(before).toContain(`kubernetes_healthcheck{name="${name}",type="readyz"} 1`)
    problem = 'not any more'
    await raw(server, '/readyz')
    const after = await slis()
    problem = undefined
    expect(after).toContain(`kubernetes_healthcheck{name="${name}",type="readyz"} 0`)
    expect(after).toContain('kubernetes_healthcheck{name="ping",type="livez"} 1')
    expect(times(after, 'error') - times(before, 'error')).toBe(2)
    expect(times(after, 'success')).toBe(times(before, 'success'))
  })
})

describe('metrics', () => {
  /** A plugin that lets everything pass but what has one name. */
  const refusing = (name: string, refused?: string): AdmissionPlugin => ({
    name,
    validate(request) {
      if (request.name === refused) throw new ApiError(403, 'Forbidden', 'not that')
    },
  })
  const TOOK = { tookMs: 1, waitedMs: 0 }
  test('count requests, what is stored, and watches while they last', async () => {
    await using server = await startTestApiServer()
    await server.clientAs().create(ConfigMap, { metadata: { namespace: 'default', name: 'a' } })
    const stop = new AbortController()
    const watch = server.server
      .transport(testAdmin)
      .watch({ method: 'GET', path: CONFIG_MAPS, signal: stop.signal })
      [Symbol.asyncIterator]()
    await watch.next()
    const value = async (name: string) => {
      const { text } = await raw(server, '/metrics')
      return text
        .split('\n')
        .find(line => line.startsWith(name))
        ?.split(' ')
        .at(-1)
    }
    expect(await value('apiserver_storage_objects{resource="configmaps"}')).toBe('1')
    expect(await value('apiserver_longrunning_requests{verb="WATCH"')).toBe('1')
    expect(
      await value(
        'apiserver_request_total{verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource"',
      ),
    ).toBe('1')
    for (const name of ['process_resident_memory_bytes', 'apiserver_current_inflight_requests{request_kind="readOnly"}', 'apiserver_request_duration_seconds_bucket']) expect(Number(await value(name))).not.toBeNaN() // prettier-ignore
    expect(await value('kubernetes_build_info{major="1",minor="36",git_version="v1.36.0+flotilla-')).toBe('1')
    expect(await value('rest_client_requests_total{code="201",method="POST",host="in-process"}')).toBe('1')
    await watch.return?.()
    expect(await value('apiserver_longrunning_requests{verb="WATCH"')).toBe('0')
  })

  test('how large what is read is, how long admission takes, and which deprecated kinds are asked for', async () => {
    await using server = await startTestApiServer({ admission: [refusing('Picky', 'never'), refusing('Last')] })
    const client = server.clientAs()
    for (const name of ['a', 'b'])
      await client.create(ConfigMap, { metadata: { namespace: 'default', name }, data: { text: 'x'.repeat(2_000) } })
    await expect(client.create(ConfigMap, { metadata: { namespace: 'default', name: 'never' } })).rejects.toThrow(
      'not that',
    )
    expect((await raw(server, `${CONFIG_MAPS}/a`)).code).toBe(200)
    expect((await raw(server, CONFIG_MAPS)).code).toBe(200)
    expect((await raw(server, '/api/v1/namespaces/default/endpoints')).code).toBe(200)
    const { text } = await raw(server, '/metrics')
    const target = (verb: string, resource: string, scope: string) =>
      `verb="${verb}",group="",version="v1",resource="${resource}",subresource="",scope="${scope}",component="apiserver"`
    const one = target('GET', 'configmaps', 'resource')
    expect(text).toContain(`apiserver_response_sizes_bucket{le="1000",${one}} 0`)
    expect(text).toContain(`apiserver_response_sizes_bucket{le="10000",${one}} 1`)
    expect(text).toContain(`apiserver_response_sizes_count{${target('LIST', 'configmaps', 'namespace')}} 1`)
    expect(text).not.toMatch(/^apiserver_response_sizes.*verb="POST"/m)
    const took = (labels: string) => Number(new RegExp(`^apiserver_admission_${labels} (\\d+)$`, 'm').exec(text)?.[1])
    const plugin = (name: string, rejected: boolean) =>
      took(`controller_admission_duration_seconds_count{name="${name}",type="validate",operation="CREATE",rejected="${rejected}"}`) // prettier-ignore
    const created = plugin('Last', false)
    expect(created).toBeGreaterThanOrEqual(2)
    expect(plugin('Picky', true)).toBe(1)
    expect(plugin('Picky', false)).toBe(created)
    expect(took('step_admission_duration_seconds_count{type="validate",operation="CREATE",rejected="true"}')).toBe(1)
    expect(took('step_admission_duration_seconds_count{type="validate",operation="CREATE",rejected="false"}')).toBe(created) // prettier-ignore
    const deprecated = text.split('\n').filter(line => line.startsWith('apiserver_requested_deprecated_apis{'))
    expect(deprecated).toEqual([
      'apiserver_requested_deprecated_apis{group="",version="v1",resource="endpoints",subresource="",removed_release=""} 1',
    ])
  })

  test('ask nothing of Node.js that may end the process', async () => {
    await using server = await startTestApiServer()
    const { text } = await raw(server, '/metrics')
    expect(text).toContain('nodejs_active_resources_total')
    expect(text).not.toMatch(/nodejs_active_(handles|requests)/)
  })

  test('tell each series once, also of methods that have no verb', async () => {
    const registry = new Registry()
    const requests = new RequestMetrics(({ isResource }) => isResource, registry)
    const query = new URLSearchParams()
    const count = (method: string, path: string) =>
      requests.observe({ info: parseRequestInfo(method, path, query), query, headers: {} }, 200, TOOK, false)
    for (const method of ['GET', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])
      for (const path of [`${CONFIG_MAPS}/a`, CONFIG_MAPS, '/healthz']) count(method, path)
    const series = (await registry.metrics()).split('\n').filter(line => line.startsWith('apiserver_request'))
    const names = series.map(line => line.slice(0, line.lastIndexOf(' ')))
    expect(names).toHaveLength(new Set(names).size)
    expect(series.filter(line => line.includes('_total{verb="other"')).map(line => line.at(-1))).toEqual([
      '3',
      '3',
      '3',
    ])
  })

  test.each([
    ['POST', CONFIG_MAPS, {}, 'POST', ''],
    ['POST', `${CONFIG_MAPS}?dryRun=All`, {}, 'POST', 'All'],
    ['POST', `${CONFIG_MAPS}?dryRun=x`, {}, 'POST', 'invalid'],
    ['GET', `${CONFIG_MAPS}?dryRun=All`, {}, 'LIST', ''],
    ['PATCH', `${CONFIG_MAPS}/a`, { 'content-type': 'application/merge-patch+json' }, 'PATCH', ''],
    ['PATCH', `${CONFIG_MAPS}/a`, { 'content-type': 'application/apply-patch+yaml' }, 'APPLY', ''],
    ['GET', '/api/v1/namespaces/default/pods/a/log', {}, 'CONNECT', ''],
    ['POST', '/api/v1/namespaces/default/pods/a/exec', {}, 'CONNECT', ''],
  ])('%s %s %j is counted as %s, dry run "%s"', async (method, target, headers, verb, dryRun) => {
    const registry = new Registry()
    const [path = '', search] = target.split('?')
    const query = new URLSearchParams(search)
    new RequestMetrics(() => true, registry).observe({ info: parseRequestInfo(method, path, query), query, headers }, 200, TOOK, false) // prettier-ignore
    const counted = (await registry.metrics()).split('\n').find(line => line.startsWith('apiserver_request_total'))
    expect(counted).toContain(`{verb="${verb}",`)
    expect(counted).toContain(`,component="apiserver",dry_run="${dryRun}",code="200"} 1`)
  })

  test('tell how long requests took without what they waited for; trials and watches do not count', async () => {
    const registry = new Registry()
    const requests = new RequestMetrics(() => true, registry)
    const observe = (target: string, took: { tookMs: number; waitedMs: number }, longRunning = false) => {
      const [path = '', search] = target.split('?')
      const query = new URLSearchParams(search)
      requests.observe({ info: parseRequestInfo('POST', path, query), query, headers: {} }, 201, took, longRunning)
    }
    observe(CONFIG_MAPS, { tookMs: 900, waitedMs: 870 })
    observe(CONFIG_MAPS, { tookMs: 70, waitedMs: 0 })
    observe(`${CONFIG_MAPS}?dryRun=All`, { tookMs: 50, waitedMs: 0 })
    observe(`${PODS}/p/exec`, { tookMs: 50, waitedMs: 0 }, true)
    const lines = (await registry.metrics()).split('\n')
    const labels = 'verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver"' // prettier-ignore
    const sli = lines.filter(line => line.startsWith('apiserver_request_sli_duration_seconds'))
    expect(sli.every(line => line.includes(labels))).toBe(true)
    expect(sli[0]).toBe(`apiserver_request_sli_duration_seconds_bucket{le="0.05",${labels}} 1`)
    expect(sli).toContain(`apiserver_request_sli_duration_seconds_bucket{le="0.1",${labels}} 2`)
    expect(sli).toContain(`apiserver_request_sli_duration_seconds_count{${labels}} 2`)
    const whole = lines.find(line => line.startsWith('apiserver_request_duration_seconds_sum') && line.includes('dry_run=""')) // prettier-ignore
    expect(Number(whole?.split(' ').at(-1))).toBeCloseTo(0.97)
  })

  test('tell what the controllers have to do', async () => {
    const registry = new Registry()
    const metrics = controllerMetrics(registry)
    const queue = new WorkQueue({ clock: systemClock, limiter: createRateLimiter(systemClock) })
    metrics.queue?.('job', queue)
    for (const key of ['a', 'a', 'b']) queue.add(key)
    await queue.take()
    queue.addRateLimited('a')
    metrics.waited?.('job', 20)
    metrics.reconciled?.('job', 'done', 50)
    const text = await registry.metrics()
    expect(text).toContain('workqueue_depth{name="job"} 1')
    expect(text).toContain('workqueue_adds_total{name="job"} 2')
    expect(text).toContain('workqueue_retries_total{name="job"} 1')
    expect(text).toContain('workqueue_work_duration_seconds_sum{name="job"} 0.05')
    expect(text).toContain('workqueue_queue_duration_seconds_sum{name="job"} 0.02')
    for (const name of ['unfinished_work', 'longest_running_processor'])
      expect(text).toMatch(new RegExp(`^workqueue_${name}_seconds\\{name="job"\\} [0-9]`, 'm'))
    queue.close()
  })
})

test('every answer, of failures too, tells browsers what they must keep to, where the server is told to', async () => {
  const strictTransportSecurity = 'max-age=60; preload'
  const header = 'strict-transport-security'
  await using server = await startTestApiServer({ strictTransportSecurity })
  for (const path of [CONFIG_MAPS, '/healthz', '/nowhere'])
    expect((await raw(server, path)).headers[header]).toBe(strictTransportSecurity)
  await using other = await startTestApiServer()
  expect((await raw(other, '/healthz')).headers).not.toHaveProperty(header)
})

describe('a server that ends', () => {
  test('is not ready any more, and goes on answering, for as long as it is told to', async () => {
    const clock = new ManualClock(Date.now())
    const server = await startTestApiServer({ clock, shutdownDelayMs: 5000 })
    const ended = server[Symbol.asyncDispose]()
    expect((await raw(server, '/readyz/shutdown')).text).toContain('process is shutting down')
    expect((await raw(server, '/livez')).code).toBe(200)
    expect((await raw(server, CONFIG_MAPS)).code).toBe(200)
    await clock.advance(5000)
    await ended
    await expect(raw(server, '/livez')).rejects.toThrow('ECONNREFUSED')
  })

  test('sends who still asks on an open connection away, with Retry-After', async () => {
    let waiting = false
    const held: SubresourceHandler = {
      group: '',
      resource: 'pods',
      subresource: 'held',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      methods: { GET: 'get' },
      longRunning: true,
      handle: () => {
        waiting = true
        return new Promise(() => undefined)
      },
    }
    const server = await startTestApiServer({ subresources: [held] })
    const { certPem: cert, keyPem: key } = server.pki.admin
    const session = connectHttp2(server.url, { ca: server.pki.caPem, cert, key, servername: 'localhost' })
    session.on('error', () => undefined)
    const get = (path: string) => {
      const stream = session.request({ ':path': path })
      stream.on('error', () => undefined)
      stream.resume()
      return new Promise<Record<string, unknown>>(resolve => stream.once('response', resolve))
    }
    void get(`${PODS}/p/held`)
    await eventually(() => expect(waiting).toBe(true))
    const ended = server[Symbol.asyncDispose]()
    const headers = await get(CONFIG_MAPS)
    expect([headers[':status'], headers['retry-after']]).toEqual([429, '5'])
    await ended
    session.destroy()
  })
})

describe('a connection', () => {
  const limits = { headerMs: 150, keepAliveMs: 600, maxConnections: 100 }
  let server: TestApiServer
  beforeAll(async () => {
    server = await startTestApiServer({ connectionLimits: limits })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const open = (protocol = 'http/1.1') =>
    connectTls({
      port: server.port,
      host: '127.0.0.1',
      ca: server.pki.caPem,
      servername: 'localhost',
      ALPNProtocols: [protocol],
    })
  /** @returns how long it lasted */
  const lifeOf = (socket: Socket) => {
    const start = performance.now()
    socket.on('error', () => undefined)
    socket.resume()
    return new Promise<number>(resolve => socket.once('close', () => resolve(performance.now() - start)))
  }

  test('that never says anything ends, before TLS and after it, in HTTP/1.1 and in HTTP/2', async () => {
    const silent = [connectTcp({ port: server.port, host: '127.0.0.1' }), open(), open('h2')]
    for (const life of await Promise.all(silent.map(lifeOf))) expect(life).toBeLessThan(5000)
  })

  test('whose headers come byte by byte ends all the same', async () => {
    const socket = open()
    socket.write('GET /livez HTTP/1.1\r\n')
    const drip = setInterval(() => socket.write('x-drip: 1\r\n'), 20)
    expect(await lifeOf(socket)).toBeLessThan(5000)
    clearInterval(drip)
  })

  test('that waits for its next request too long ends; one with a watch does not', async () => {
    const socket = open()
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually(() => expect(text).toContain('HTTP/1.1'))
    const watching = raw(server, `${CONFIG_MAPS}?watch=1&timeoutSeconds=1`)
    expect(await lifeOf(socket)).toBeLessThan(5000)
    expect((await watching).code).toBe(200)
  })

  test('beyond the most that may be open is refused', async () => {
    await using few = await startTestApiServer({ connectionLimits: { ...limits, headerMs: 20_000, maxConnections: 3 } })
    const three = Array.from({ length: 3 }, () => connectTcp({ port: few.port, host: '127.0.0.1' }))
    await Promise.all(three.map(socket => new Promise<void>(resolve => socket.once('connect', () => resolve()))))
    const fourth = connectTls({ port: few.port, host: '127.0.0.1', ca: few.pki.caPem, servername: 'localhost' })
    let served = false
    fourth.once('secureConnect', () => (served = true))
    expect(await lifeOf(fourth)).toBeLessThan(10_000)
    expect(served).toBe(false)
    for (const socket of three) socket.destroy()
  })
})
