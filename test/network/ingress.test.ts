// The built-in Ingress: routing rules on their own, then a node that serves it, and Gateways, with real clients outside.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ingress } from '../../src/shared/api/networking/v1.ts'
import { Router } from '../../src/agent/ingress/router.ts'
import { INGRESS_CONTROLLER, INGRESS_NODE_LABEL } from '../../src/shared/machinery/ingress/ours.ts'
import { type Agent, eventually, type Host, Lab, type Place, type Pod, sh } from './lab/lab.ts'
import { ingress, meta, path, to } from './lab/ingresses.ts'
import { gateway, gatewayClass, gatewayDefinition, http, https, route } from './lab/gateways.ts'
import { node, service, slice } from './lab/objects.ts'

describe('Router', () => {
  const routes = (...ingresses: Ingress[]) => {
    const router = new Router(ingresses)
    return (host: string, asked: string) => router.route({ host, path: asked })?.backends[0]?.backend?.service
  }
  const one = (paths: ReturnType<typeof path>[], host?: string) =>
    routes(ingress('one', { rules: [{ ...(host && { host }), http: { paths } }] }))

  // The examples of the documentation.
  it.each([
    ['Prefix', '/', '/any/path', true],
    ['Exact', '/foo', '/foo', true],
    ['Exact', '/foo', '/bar', false],
    ['Exact', '/foo', '/foo/', false],
    ['Exact', '/foo/', '/foo', false],
    ['Prefix', '/foo', '/foo', true],
    ['Prefix', '/foo', '/foo/', true],
    ['Prefix', '/foo/', '/foo', true],
    ['Prefix', '/foo/', '/foo/', true],
    ['Prefix', '/aaa/bb', '/aaa/bbb', false],
    ['Prefix', '/aaa/bbb', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb/', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/ccc', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbbxyz', false],
    ['ImplementationSpecific', '/a', '/a/b', true],
  ])('%s %s: %s matches: %s', (type, rule, asked, expected) => {
    expect(one([path(rule, type, 'x')])('any', asked)).toBe(expected ? 'x' : undefined)
  })

  it('prefers the longest path, and Exact before Prefix', () => {
    const route = one([
      path('/', 'Prefix', 'root'),
      path('/a', 'Prefix', 'prefix'),
      path('/a', 'Exact', 'exact'),
      path('/a/b', 'Prefix', 'longer'),
    ])
    expect(['/x', '/a', '/a/c', '/a/b/c'].map(asked => route('h', asked))).toEqual([
      'root',
      'exact',
      'prefix',
      'longer',
    ])
  })

  it('matches hosts without regard to case and port, and one label for a wildcard', () => {
    const route = one([path('/', 'Prefix', 'x')], '*.foo.com')
    expect(['bar.foo.com', 'BAR.foo.com:8080', 'baz.bar.foo.com', 'foo.com'].map(host => route(host, '/'))).toEqual([
      'x',
      'x',
      undefined,
      undefined,
    ])
  })

  it('prefers the exact host to the wildcard, and both to rules for every host', () => {
    const rule = (host: string | undefined, name: string) => ({ ...(host && { host }), http: { paths: [path('/', 'Prefix', name)] } }) // prettier-ignore
    const route = routes(
      ingress('i', { rules: [rule(undefined, 'any'), rule('*.a.org', 'wild'), rule('x.a.org', 'exact')] }),
    )
    expect(['x.a.org', 'y.a.org', 'b.org'].map(host => route(host, '/'))).toEqual(['exact', 'wild', 'any'])
  })

  it('sends what no rule takes to the default backend', () => {
    const route = routes(
      ingress('i', {
        defaultBackend: to('fallback'),
        rules: [{ host: 'a.org', http: { paths: [path('/a', 'Exact', 'a')] } }],
      }),
      ingress('all', { defaultBackend: to('everything') }),
    )
    expect([route('a.org', '/a'), route('a.org', '/b'), route('b.org', '/')]).toEqual(['a', 'fallback', 'everything'])
  })

  it('gives a path that two claim to the older one', () => {
    const rules = (name: string) => ({ rules: [{ http: { paths: [path('/', 'Prefix', name)] } }] })
    const older = ingress('z-older', rules('older'), { creationTimestamp: '2025-01-01T00:00:00Z' })
    expect(routes(ingress('a-newer', rules('newer')), older)('h', '/')).toBe('older')
  })
})

const NODE_IP = '192.168.83.1'
const SERVER = `
const [name] = process.argv.slice(1)
const http = require('http'), { WebSocketServer } = require('ws'), grpc = require('@grpc/grpc-js')
const web = http.createServer((q, r) => {
  if (q.url === '/slow') return void setTimeout(() => r.end('slow'), 2000)
  if (q.url === '/stream') { r.write('first\\n'); return void setTimeout(() => r.end('last\\n'), 300) }
  if (q.url === '/die') return void q.socket.destroy()
  let size = 0
  q.on('data', d => (size += d.length)).on('end', () => {
    r.setHeader('x-server', name); r.setHeader('set-cookie', ['a=1', 'b=2'])
    console.log(q.method, q.url, size)
    r.end(JSON.stringify({ name, size, url: q.url, method: q.method, headers: q.headers }))
  })
})
new WebSocketServer({ server: web }).on('connection', s => s.on('message', m => s.send(name + ':' + m)))
const raw = { requestSerialize: b => b, requestDeserialize: b => b, responseSerialize: b => b, responseDeserialize: b => b }
const rpc = new grpc.Server()
rpc.addService({
  Chat: { path: '/test.Echo/Chat', requestStream: true, responseStream: true, ...raw },
  Fail: { path: '/test.Echo/Fail', requestStream: false, responseStream: false, ...raw },
}, {
  Chat(call) { call.on('data', d => call.write(Buffer.concat([d, Buffer.from('!')]))); call.on('end', () => call.end()) },
  Fail(call, done) { done({ code: grpc.status.NOT_FOUND, details: 'no such thing' }) },
})
rpc.bindAsync('0.0.0.0:9090', grpc.ServerCredentials.createInsecure(), () => web.listen(8080, () => console.log('up')))
`

describe('a node that serves Ingresses', () => {
  let lab: Lab
  let host: Host
  let outside: Host
  let agent: Agent
  let a: Pod
  let b: Pod
  const ips: string[] = []
  /** A line for each request that the second server has got whole. */
  let seenByB = ''
  const ingressClass = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { ...meta('flotilla'), namespace: undefined },
    spec: { controller: INGRESS_CONTROLLER },
  }

  const start = async (place: Place, name: string) => {
    const child = place.spawn(process.execPath, '-e', SERVER, name)
    await new Promise<void>((resolve, reject) => {
      child.stdout!.once('data', () => resolve())
      child.stderr!.on('data', error => reject(new Error(String(error))))
    })
    return child
  }
  const certificate = (cn: string) => {
    const file = (name: string) => `${lab.folder}/${cn}.${name}`
    sh(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${cn}`, '-addext', `subjectAltName=DNS:${cn}`, '-keyout', file('key'), '-out', file('crt')]) // prettier-ignore
    const base64 = (name: string) => Buffer.from(sh(['cat', file(name)])).toString('base64')
    return { file: file('crt'), data: { 'tls.crt': base64('crt'), 'tls.key': base64('key') } }
  }
  const secret = (name: string, data: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta(name),
    type: 'kubernetes.io/tls',
    data,
  })
  const curl = (...args: string[]) => outside.run('sh', '-c', 'curl -s -m 5 "$@" || true', 'curl', ...args)
  const viaTls = (name: string, ca: string, ...args: string[]) =>
    curl('--cacert', ca, '--resolve', `${name}:443:${NODE_IP}`, `https://${name}/`, ...args)
  const echo = (...args: string[]) =>
    JSON.parse(curl(...args)) as { name: string; size: number; url: string; headers: Record<string, string> }

  beforeAll(async () => {
    lab = new Lab()
    host = lab.host('node1', `${NODE_IP}/24`)
    outside = lab.host('outside', '192.168.83.9/24')
    agent = await host.agent('10.244.1.0/24')
    await agent.put('nodes', node('node1', NODE_IP, '10.244.1.0/24'))
    a = await lab.pod()
    b = await lab.pod()
    ips.push(await agent.setUp(a), await agent.setUp(b))
    await start(a, 'A')
    const second = await start(b, 'B')
    second.stdout!.on('data', chunk => (seenByB += String(chunk)))
    for (const [name, endpoints] of [
      ['web', ips],
      ['only-a', [ips[0]!]],
      ['only-b', [ips[1]!]],
      ['half-dead', [ips[0]!, '10.244.1.250']],
      ['none', []],
    ] as const) {
      const ports = [
        { name: 'http', port: 80, protocol: 'TCP' },
        { name: 'grpc', port: 90, protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' },
      ]
      await agent.put('services', service(name, { type: 'ClusterIP', clusterIP: 'None', ports }))
      await agent.put(
        'endpointslices',
        slice(
          name,
          endpoints.map(ip => ({ ip, nodeName: 'node1' })),
          [
            { name: 'http', port: 8080, protocol: 'TCP' },
            { name: 'grpc', port: 9090, protocol: 'TCP' },
          ],
        ),
      )
    }
    await agent.put('ingresses', ingress('site', { rules: [{ host: 'web.test', http: { paths: [path('/', 'Prefix', 'web'), path('/none', 'Prefix', 'none'), path('/a', 'Prefix', 'only-a'), path('/half', 'Prefix', 'half-dead')] } }] })) // prettier-ignore
  })
  afterAll(() => {
    lab.end()
  })

  const url = (asked = '/') => ['-H', 'Host: web.test', `http://${NODE_IP}${asked}`]

  const listens = (port: number) => host.run('ss', '-Hltn').includes(` ${NODE_IP}:${port} `)

  it('listens nowhere before there is a class of ours', async () => {
    expect([listens(80), listens(443)]).toEqual([false, false])
    await agent.put('ingressclasses', { ...ingressClass, metadata: { ...ingressClass.metadata, name: 'other' }, spec: { controller: 'example.com/other' } }) // prettier-ignore
    await agent.put('ingressclasses', ingressClass)
    await eventually(() => listens(80) && listens(443))
  })

  it('spreads requests over the endpoints, and tells them who asked', async () => {
    await eventually(() => curl(...url()).includes('name'))
    const names = new Set(
      Array.from({ length: 20 }, () => echo(...url('/x?y=1'), '-H', 'X-Forwarded-For: 6.6.6.6').name),
    )
    expect([...names].sort()).toEqual(['A', 'B'])
    const { headers, url: asked } = echo(
      ...url('/x?y=1'),
      '-H',
      'X-Forwarded-For: 6.6.6.6',
      '-H',
      'X-Forwarded-Proto: https',
    )
    expect(asked).toBe('/x?y=1')
    expect(headers).toMatchObject({ host: 'web.test', 'x-forwarded-for': '192.168.83.9', 'x-real-ip': '192.168.83.9', 'x-forwarded-proto': 'http' }) // prettier-ignore
  })

  it('passes bodies, status lines, cookies and streams as they are', () => {
    expect(echo(...url(), '-X', 'POST', '-d', 'x'.repeat(100_000)).size).toBe(100_000)
    expect(echo(...url(), '-T', '/etc/services', '-H', 'Transfer-Encoding: chunked').size).toBeGreaterThan(1_000)
    expect(curl(...url(), '-D', '-', '-o', '/dev/null').match(/^set-cookie: .=\d/gim)).toHaveLength(2)
    expect(curl(...url('/stream'))).toBe('first\nlast\n')
    expect(curl(...url(), '-I')).toMatch(/^HTTP\/1.1 200/)
  })

  it('reads paths before rules do: nobody gets past them with dots, escapes and slashes', () => {
    const code = (asked: string) => curl('--path-as-is', '-o', '/dev/null', '-w', '%{http_code}', ...url(asked))
    expect(['/x/../none', '/%6eone', '//none', '/x/%2e%2E/none/y'].map(code)).toEqual(['503', '503', '503', '503'])
    expect(['/x/..%2fnone', '/x/..;/none', '/x%00', '/x%'].map(code)).toEqual(['400', '400', '400', '400'])
    expect(echo('--path-as-is', ...url('/none/../x//y%2fz?q=/../')).url).toBe('/x//y%2Fz?q=/../')
    // As clients ask a proxy of theirs: the URL's host counts.
    expect(echo('-x', `http://${NODE_IP}:80`, '-H', 'Host: other.test', 'http://web.test/a/../b')).toMatchObject({ url: '/b', headers: { 'x-forwarded-host': 'web.test' } }) // prettier-ignore
  })

  it('speaks HTTP/2 without TLS to clients that begin with it, and to those that only offer it HTTP/1.1', () => {
    const version = ['-o', '/dev/null', '-w', '%{http_version} %{http_code}']
    expect(curl('--http2-prior-knowledge', ...version, ...url())).toBe('2 200')
    expect(curl('--http2', ...version, ...url())).toBe('1.1 200')
    expect(echo('--http2-prior-knowledge', ...url('/x'), '-d', 'x'.repeat(100_000))).toMatchObject({ size: 100_000, headers: { host: 'web.test', 'x-forwarded-proto': 'http' } }) // prettier-ignore
  })

  it('answers 404, 503 and 502 where there is no rule, no endpoint and no answer', () => {
    const code = (...args: string[]) => curl('-o', '/dev/null', '-w', '%{http_code}', ...args)
    expect(code(`http://${NODE_IP}/`)).toBe('404')
    expect(code(...url('/none'))).toBe('503')
    expect(code(...url('/die'), '-X', 'POST', '-d', 'x')).toBe('502')
  })

  it('tries another endpoint when one does not take the connection', () => {
    for (let i = 0; i < 6; i++) expect(echo(...url('/half')).name).toBe('A')
  })

  it('serves TLS by the name asked for, HTTP/2 included, and follows a renewed certificate', async () => {
    const [one, two, renewed] = [certificate('one.test'), certificate('two.test'), certificate('one.test')]
    await agent.put('secrets', secret('one', certificate('wrong.test').data))
    await agent.put('secrets', secret('two', two.data))
    const tls = ['one', 'two'].map(name => ({ hosts: [`${name}.test`], secretName: name }))
    const rules = ['one', 'two'].map(name => ({ host: `${name}.test`, http: { paths: [path('/', 'Prefix', 'web')] } }))
    await agent.put('ingresses', ingress('secure', { tls, rules }))
    await eventually(() => viaTls('two.test', two.file).includes('"x-forwarded-proto":"https"'))
    expect(viaTls('two.test', two.file, '-o', '/dev/null', '-w', '%{http_version}')).toBe('2')
    expect(viaTls('two.test', two.file, '--http1.1', '-o', '/dev/null', '-w', '%{http_version}')).toBe('1.1')
    expect(viaTls('one.test', renewed.file)).toBe('')
    await agent.put('secrets', secret('one', renewed.data))
    await eventually(() => viaTls('one.test', renewed.file).includes('"host":"one.test"'))
    expect(one.file).toBe(renewed.file)
    expect(curl('-k', '--resolve', `three.test:443:${NODE_IP}`, 'https://three.test/', '-w', '%{http_code}')).toBe(
      '000',
    )
  })

  it('carries WebSockets', () => {
    const script = `const s = new (require('ws'))('ws://${NODE_IP}/a', { headers: { host: 'web.test' } })
      s.on('open', () => s.send('hi')).on('message', m => { console.log(String(m)); s.close() }).on('error', e => console.log(String(e)))`
    expect(outside.run(process.execPath, '-e', script).trim()).toBe('A:hi')
    const refused = script.replace('/a', '/none')
    expect(outside.run(process.execPath, '-e', refused)).toContain('503')
  })

  it('carries gRPC: streams both ways, trailers, and errors as errors', async () => {
    const { data } = certificate('rpc.test')
    await agent.put('secrets', secret('rpc', data))
    await agent.put('ingresses', ingress('rpc', { tls: [{ hosts: ['rpc.test'], secretName: 'rpc' }], rules: [{ host: 'rpc.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend: to('only-a', 'grpc') }] } }] })) // prettier-ignore
    const encrypted = `grpc.credentials.createSsl(require('fs').readFileSync('${lab.folder}/rpc.test.crt')), { 'grpc.ssl_target_name_override': 'rpc.test', 'grpc.default_authority': 'rpc.test' }`
    await eventually(() => expect(talk(443, encrypted)).toEqual(WHOLE_TALK) ?? true)
    expect(talk(80, `grpc.credentials.createInsecure(), { 'grpc.default_authority': 'rpc.test' }`)).toEqual(WHOLE_TALK)
  })

  const WHOLE_TALK = ['m0!', 'm1!', 'm2!', 'status 0', '5 no such thing']
  /** What a gRPC client hears: a stream both ways, then a call that fails. */
  const talk = (port: number, credentials: string) => {
    const script = `
      const grpc = require('@grpc/grpc-js'), raw = b => b
      const client = new grpc.Client('${NODE_IP}:${port}', ${credentials})
      const chat = client.makeBidiStreamRequest('/test.Echo/Chat', raw, raw)
      let n = 0
      chat.on('data', d => { console.log(String(d)); if (++n < 3) chat.write(Buffer.from('m' + n)); else chat.end() })
      chat.on('error', e => console.log('chat', e.code, e.details))
      chat.on('status', s => { console.log('status', s.code); client.makeUnaryRequest('/test.Echo/Fail', raw, raw, Buffer.from(''), e => { console.log(e.code, e.details); process.exit(0) }) })
      chat.write(Buffer.from('m0'))`
    return outside.run(process.execPath, '-e', script).trim().split('\n')
  }

  it('drops no connection when rules change', async () => {
    const slow = outside.spawn('curl', '-s', '-m', '8', ...url('/slow'))
    let output = ''
    slow.stdout!.on('data', chunk => (output += String(chunk)))
    await eventually(() => /^ESTAB .* 192\.168\.83\.1:80 /m.test(host.run('ss', '-Htn')))
    await agent.put('ingresses', ingress('site', { rules: [{ host: 'web.test', http: { paths: [path('/', 'Prefix', 'only-a')] } }] })) // prettier-ignore
    await eventually(() => Array.from({ length: 6 }, () => echo(...url()).name).join('') === 'AAAAAA')
    await eventually(() => output === 'slow')
  })

  const gw = (asked = '/', port = 8088) => ['-H', 'Host: gw.test', `http://${NODE_IP}:${port}${asked}`]

  it('serves Gateways, too, from when the Gateway API is installed', async () => {
    const { data, file } = certificate('gw.test')
    const backend = (name: string) => ({ ...to(name).service, port: 80 })
    await agent.put('secrets', secret('gw', data))
    await agent.put('gatewayclasses', gatewayClass())
    await agent.put('gateways', gateway('gw', [http('a', { port: 8088 }), https('b', 'gw', { port: 8443 }), http('c')]))
    await agent.put(
      'httproutes',
      route('site', [
        { backendRefs: [backend('web')] },
        { matches: [{ path: { value: '/slow' } }], timeouts: { request: '300ms' }, backendRefs: [backend('only-a')] },
        { matches: [{ path: { value: '/none' } }], backendRefs: [backend('nobody')] },
        { matches: [{ path: { value: '/a' } }], filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } }, { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'X-Way', value: 'gateway' }] } }], backendRefs: [backend('only-a')] },
        { matches: [{ path: { value: '/moved' } }], filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', port: 8443 } }] },
      ], { hostnames: ['gw.test'] }),
    ) // prettier-ignore
    expect([listens(8088), listens(8443)]).toEqual([false, false])
    await agent.put('customresourcedefinitions', gatewayDefinition)
    await eventually(() => listens(8088) && listens(8443) && curl(...gw()).includes('name'))
    const { url: asked, headers } = echo(...gw('/a/b?c=d'))
    expect([asked, headers['x-way'], headers['x-forwarded-port']]).toEqual(['/b?c=d', 'gateway', '8088'])
    const code = (...args: string[]) => curl('-o', '/dev/null', '-w', '%{http_code} %{redirect_url}', ...args)
    expect(code(...gw('/slow'))).toBe('504 ')
    expect(code(...gw('/none'))).toBe('500 ')
    expect(code(...gw('/moved'))).toBe('302 https://gw.test:8443/moved')
    const tls = ['--cacert', file, '--resolve', `gw.test:8443:${NODE_IP}`, 'https://gw.test:8443/']
    await eventually(() => curl(...tls).includes('"x-forwarded-proto":"https"'))
    // A client that names no host is shown the certificate for every host.
    expect(code('-k', '-H', 'Host: gw.test', `https://${NODE_IP}:8443/`)).toBe('200 ')
    const socket = `const s = new (require('ws'))('ws://${NODE_IP}:8088/a', { headers: { host: 'gw.test' } })
      s.on('open', () => s.send('hi')).on('message', m => { console.log(String(m)); s.close() }).on('error', e => console.log(String(e)))`
    expect(outside.run(process.execPath, '-e', socket).trim()).toBe('A:hi')
    // On a port of both, Ingresses have what no route takes.
    expect([echo(...gw('/a', 80)).headers['x-way'], echo(...url()).name]).toEqual(['gateway', 'A'])
  })

  it('sends copies of requests to another backend, which changes nothing for whoever asks', async () => {
    const mirror = (name: string, more: object = {}) => ({ type: 'RequestMirror', requestMirror: { backendRef: { name, port: 80 }, ...more } }) // prettier-ignore
    const rule = (value: string, ...filters: ReturnType<typeof mirror>[]) => ({ matches: [{ path: { value } }], filters, backendRefs: [{ name: 'only-a', port: 80 }] }) // prettier-ignore
    await agent.put('httproutes', route('copied', [rule('/both', mirror('only-b'), mirror('only-b')), rule('/never', mirror('only-b', { percent: 0 })), rule('/lost', mirror('none'), mirror('half-dead'), mirror('only-b'))], { hostnames: ['copy.test'] })) // prettier-ignore
    const copied = (asked: string) => ['-H', 'Host: copy.test', `http://${NODE_IP}:8088${asked}`]
    await eventually(() => echo(...copied('/both/begin')).name === 'A')
    expect(echo(...copied('/never'), '-d', 'x')).toMatchObject({ name: 'A', size: 1 })
    expect(echo(...copied('/lost'), '-d', 'xy')).toMatchObject({ name: 'A', size: 2 })
    const body = '@/etc/services'
    const { size } = echo(...copied('/both'), '--data-binary', body)
    expect(echo('--http2-prior-knowledge', ...copied('/both/2'), '--data-binary', body)).toMatchObject({ name: 'A', size }) // prettier-ignore
    const lines = () => seenByB.split('\n').filter(line => /(both|never|lost)/.test(line))
    const expected = ['GET /both/begin 0', 'GET /both/begin 0', 'POST /lost 2', `POST /both ${size}`, `POST /both ${size}`, `POST /both/2 ${size}`, `POST /both/2 ${size}`] // prettier-ignore
    await eventually(() => expect(lines().sort()).toEqual(expected.sort()) ?? true)
  })

  it('serves on after a reboot with the API server away', async () => {
    await agent.stop()
    agent = await host.agent('10.244.1.0/24', { offline: true })
    await eventually(() => curl(...gw()).includes('name'))
    await eventually(() => viaTls('two.test', `${lab.folder}/two.test.crt`).includes('"host":"two.test"'))
    expect(echo(...url()).name).toBe('A')
    await agent.stop()
    expect([80, 443, 8088].map(listens)).toEqual([false, false, false])
  })

  it('leaves serving to the nodes that are chosen, and keeps no certificate then', async () => {
    agent = await host.agent('10.244.1.0/24')
    const label = (name: string, value: string) => {
      const object = node(name, name === 'node1' ? NODE_IP : '192.168.83.2', name === 'node1' ? '10.244.1.0/24' : '10.244.2.0/24') // prettier-ignore
      return { ...object, metadata: { ...object.metadata, labels: { [INGRESS_NODE_LABEL]: value } } }
    }
    await agent.put('ingressclasses', ingressClass)
    await agent.put('nodes', node('node1', NODE_IP, '10.244.1.0/24'))
    await eventually(() => listens(443))
    await agent.put('nodes', label('node2', 'true'))
    await eventually(() => !listens(80) && !listens(443))
    await eventually(() => !sh(['cat', `${host.stateDir}/ingress.json`]).includes('tls.key'))
    // The API server of this start knows no Gateway API: nothing is kept of it either.
    await eventually(() => !sh(['cat', `${host.stateDir}/gateway.json`]).includes('tls.key'))
    await agent.put('nodes', label('node1', 'true'))
    await eventually(() => listens(443))
  })

  it('waits for a port that another program has', async () => {
    await agent.remove('ingressclasses', ingressClass)
    await eventually(() => !listens(80))
    const taker = host.spawn(process.execPath, '-e', `require('http').createServer((q, r) => r.end('other')).listen(80, () => console.log('up'))`) // prettier-ignore
    await new Promise(resolve => taker.stdout!.once('data', resolve))
    await agent.put('ingressclasses', ingressClass)
    await eventually(() => agent.log.includes('cannot listen; trying again'))
    taker.kill()
    await eventually(() => curl('-o', '/dev/null', '-w', '%{http_code}', `http://${NODE_IP}/`) === '404', 15_000)
  })
})
