// The Gateway API's meaning: which listeners are served, which routes attach, which rule takes a request and what becomes
// of it. What a node then serves: ingress.test.ts; the statuses: test/control/gateway.test.ts.
import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { Backends } from '../../src/agent/ingress/backends.ts'
import { decide, questionOf, UNCLEAR } from '../../src/agent/ingress/decide.ts'
import { GatewayRouter } from '../../src/agent/ingress/gateway/gateway-router.ts'
import { changeHeaders } from '../../src/agent/ingress/headers.ts'
import { chooseBackend } from '../../src/agent/ingress/rules.ts'
import type { Gateway, HTTPRoute, HTTPRouteFilter, HTTPRouteMatch } from '../../src/shared/api/gateway/v1.ts'
import { intersectHostnames } from '../../src/shared/machinery/gateway/hostnames.ts'
import { judgeListeners, type ListenerProtocol } from '../../src/shared/machinery/gateway/listeners.ts'
import { patternProblem } from '../../src/shared/machinery/gateway/patterns.ts'
import { judgeBackends, judgeRoute } from '../../src/shared/machinery/gateway/routes.ts'
import { gateway, grant, http, https, route, to } from './lab/gateways.ts'

const OLD = '2025-01-01T00:00:00Z'
const group = 'gateway.networking.k8s.io'

const judge = (gateways: Gateway[], more: Partial<Parameters<typeof judgeListeners>[0]> = {}) =>
  judgeListeners({ gateways, grants: [], taken: new Map(), certificateProblem: () => undefined, ...more })
const verdicts = (...args: Parameters<typeof judge>) =>
  judge(...args).map(({ listener, accepted, conflicted, resolvedRefs, isServed }) => [
    listener.name,
    accepted.reason,
    conflicted.reason,
    resolvedRefs.reason,
    isServed,
  ])

describe('host names of a listener and a route', () => {
  it.each([
    ['', 'a.org', 'a.org'],
    ['*.a.org', '', '*.a.org'],
    ['a.org', 'a.org', 'a.org'],
    ['*.a.org', 'x.a.org', 'x.a.org'],
    ['*.a.org', 'x.y.a.org', 'x.y.a.org'],
    ['x.a.org', '*.a.org', 'x.a.org'],
    ['*.a.org', '*.b.a.org', '*.b.a.org'],
    ['*.a.org', 'a.org', undefined],
    ['*.a.org', 'x.b.org', undefined],
    ['*.a.org', '*.ba.org', undefined],
    ['x.a.org', 'y.a.org', undefined],
  ])('%j and %j have %j in common', (one, other, both) => {
    expect(intersectHostnames(one, other)).toBe(both)
    expect(intersectHostnames(other, one)).toBe(both)
  })
})

describe('listeners', () => {
  it('are served when they speak HTTP, or HTTPS with a certificate', () => {
    expect(verdicts([gateway('gw', [http('a'), https('b', 'tls'), https('c', '', { tls: {}, port: 8443 })])])).toEqual([
      ['a', 'Accepted', 'NoConflicts', 'ResolvedRefs', true],
      ['b', 'Accepted', 'NoConflicts', 'ResolvedRefs', true],
      ['c', 'Accepted', 'NoConflicts', 'InvalidCertificateRef', false],
    ])
  })

  it('of one Gateway conflict by protocol or host name: none of them is served', () => {
    const listeners = [http('a'), https('b', 'tls', { port: 80 }), http('c', { port: 81 }), http('d', { port: 81 }), http('e', { port: 81, hostname: 'e.org' })] // prettier-ignore
    expect(verdicts([gateway('gw', listeners)])).toEqual([
      ['a', 'ProtocolConflict', 'ProtocolConflict', 'ResolvedRefs', false],
      ['b', 'ProtocolConflict', 'ProtocolConflict', 'ResolvedRefs', false],
      ['c', 'HostnameConflict', 'HostnameConflict', 'ResolvedRefs', false],
      ['d', 'HostnameConflict', 'HostnameConflict', 'ResolvedRefs', false],
      ['e', 'Accepted', 'NoConflicts', 'ResolvedRefs', true],
    ])
  })

  it('leave a port to the protocol of the older Gateway, and of Ingresses', () => {
    const taken = new Map<number, ListenerProtocol>([[443, 'HTTPS']])
    const newer = gateway('a-newer', [https('b', 'tls', { port: 80 }), http('c', { port: 443 })])
    expect(verdicts([newer, gateway('gw', [http('a')], OLD)], { taken })).toEqual([
      ['a', 'Accepted', 'NoConflicts', 'ResolvedRefs', true],
      ['b', 'PortUnavailable', 'NoConflicts', 'ResolvedRefs', false],
      ['c', 'PortUnavailable', 'NoConflicts', 'ResolvedRefs', false],
    ])
  })

  it('of other protocols and kinds of routes are refused', () => {
    const kinds = (...names: string[]) => ({ allowedRoutes: { kinds: names.map(kind => ({ kind })) } })
    const listeners = [http('a', { protocol: 'TCP' }), http('b', kinds('TCPRoute')), http('c', { port: 81, ...kinds('HTTPRoute', 'TCPRoute') })] // prettier-ignore
    listeners[1]!.port = 82
    expect(verdicts([gateway('gw', listeners)])).toEqual([
      ['a', 'UnsupportedProtocol', 'NoConflicts', 'ResolvedRefs', false],
      ['b', 'Accepted', 'NoConflicts', 'InvalidRouteKinds', false],
      ['c', 'Accepted', 'NoConflicts', 'InvalidRouteKinds', true],
    ])
  })

  it("take certificates of another namespace only where that namespace's ReferenceGrant allows it", () => {
    const foreign = https('a', '', { tls: { certificateRefs: [{ name: 'tls', namespace: 'vault' }] } })
    const allow = (name?: string) =>
      grant('vault', {
        from: [{ group, kind: 'Gateway', namespace: 'default' }],
        to: [{ group: '', kind: 'Secret', ...(name && { name }) }],
      })
    const reason = (...grants: ReturnType<typeof allow>[]) => verdicts([gateway('gw', [foreign])], { grants })[0]
    expect(reason()).toEqual(['a', 'Accepted', 'NoConflicts', 'RefNotPermitted', false])
    expect(reason(allow('other'))?.[3]).toBe('RefNotPermitted')
    expect(reason({ ...allow(), metadata: { ...allow().metadata, namespace: 'elsewhere' } })?.[3]).toBe('RefNotPermitted') // prettier-ignore
    expect(reason(allow())).toEqual(['a', 'Accepted', 'NoConflicts', 'ResolvedRefs', true])
    expect(reason(allow('tls'))?.[3]).toBe('ResolvedRefs')
  })
})

describe('routes', () => {
  const reasons = (object: HTTPRoute, ...gateways: Gateway[]) =>
    judgeRoute(object, {
      listeners: judge(gateways),
      labelsOf: namespace => (namespace === 'friends' ? { friend: 'yes' } : undefined),
      patternProblem,
    }).map(({ accepted, attachments }) => [accepted.reason, attachments.map(({ on }) => on.listener.name).join(' ')])
  const plain = [{ backendRefs: [to('web')] }]

  it('attach to the listeners that they name, by section and port', () => {
    const gw = gateway('gw', [http('a'), http('b', { port: 81 }), http('c', { port: 82 })])
    const by = (...refs: object[]) => route('r', plain, { parentRefs: refs.map(ref => ({ name: 'gw', ...ref })) })
    expect(reasons(by({}, { sectionName: 'b' }, { port: 82 }, { sectionName: 'b', port: 82 }, { sectionName: 'x' }), gw)).toEqual([
      ['Accepted', 'a b c'],
      ['Accepted', 'b'],
      ['Accepted', 'c'],
      ['NoMatchingParent', ''],
      ['NoMatchingParent', ''],
    ]) // prettier-ignore
  })

  it('say nothing of parents that are not ours', () => {
    const parentRefs = [{ name: 'other' }, { name: 'gw', kind: 'Service', group: '' }]
    expect(reasons(route('r', plain, { parentRefs }), gateway('gw', [http('a')]))).toEqual([])
  })

  it('attach from namespaces that the listener allows', () => {
    const from = (name: string, namespaces?: object) => http(name, { port: name.charCodeAt(0), ...(namespaces && { allowedRoutes: { namespaces } }) }) // prettier-ignore
    const gw = gateway('gw', [
      from('a'),
      from('b', { from: 'All' }),
      from('c', { from: 'Selector', selector: { matchLabels: { friend: 'yes' } } }),
      from('d', { from: 'None' }),
    ])
    const parentRefs = [{ name: 'gw', namespace: 'default' }]
    const of = (namespace: string) => reasons(route('r', plain, { parentRefs }, namespace), gw)
    expect([of('default'), of('friends'), of('strangers')]).toEqual([
      [['Accepted', 'a b']],
      [['Accepted', 'b c']],
      [['Accepted', 'b']],
    ])
    const closed = gateway('gw', [from('a')])
    expect(reasons(route('r', plain, { parentRefs }, 'strangers'), closed)).toEqual([['NotAllowedByListeners', '']])
  })

  it('attach where a host is for both', () => {
    const gw = gateway('gw', [http('a', { hostname: '*.a.org' }), http('b', { hostname: 'b.org' })])
    const of = (...hostnames: string[]) => reasons(route('r', plain, { hostnames }), gw)
    expect([of(), of('x.a.org'), of('b.org', 'c.org'), of('c.org')]).toEqual([
      [['Accepted', 'a b']],
      [['Accepted', 'a']],
      [['Accepted', 'b']],
      [['NoMatchingListenerHostname', '']],
    ])
  })

  it('with what is not served are refused as a whole', () => {
    const gw = gateway('gw', [http('a')])
    const match = (given: HTTPRouteMatch) => route('r', [{ matches: [given], backendRefs: [to('web')] }])
    expect(reasons(match({ path: { type: 'RegularExpression', value: '/(?=x)' } }), gw)).toEqual([['UnsupportedValue', '']]) // prettier-ignore
    expect(reasons(match({ path: { type: 'RegularExpression', value: '/a+' } }), gw)).toEqual([['Accepted', 'a']])
    const filtered = (type: string) => route('r', [{ filters: [{ type }], backendRefs: [to('web')] }])
    expect(reasons(filtered('ExtensionRef'), gw)).toEqual([['UnsupportedValue', '']])
    const onBackend = route('r', [{ backendRefs: [{ ...to('web'), filters: [{ type: 'URLRewrite' }] }] }])
    expect(reasons(onBackend, gw)).toEqual([['UnsupportedValue', '']])
  })

  it('tell why a backend cannot be had', () => {
    const of = (ref: object, ...grants: ReturnType<typeof grant>[]) =>
      judgeBackends(route('r', [{ backendRefs: [{ name: 'web', port: 80, ...ref }] }]), grants, (_namespace, name) =>
        name === 'web' ? undefined : 'there is none',
      ).reason
    const allow = grant('far', { from: [{ group, kind: 'HTTPRoute', namespace: 'default' }], to: [{ group: '', kind: 'Service' }] }) // prettier-ignore
    expect([of({}), of({ name: 'none' }), of({ kind: 'Bucket', group: 'x.io' }), of({ namespace: 'far' }), of({ namespace: 'far' }, allow)]).toEqual([
      'ResolvedRefs', 'BackendNotFound', 'InvalidKind', 'RefNotPermitted', 'ResolvedRefs',
    ]) // prettier-ignore
    const mirrored = [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'none', port: 80 } } }]
    expect(judgeBackends(route('r', [{ filters: mirrored }]), [], () => 'there is none').reason).toBe('BackendNotFound')
  })
})

/** A router of one port, that answers with the names of backends. */
function routerOf(gateways: Gateway[], ...routes: HTTPRoute[]) {
  const listeners = judge(gateways)
  const world = { listeners, labelsOf: () => undefined, patternProblem: () => undefined }
  const attachments = routes.flatMap(each => judgeRoute(each, world).flatMap(parent => parent.attachments))
  const router = new GatewayRouter(listeners.map(({ listener }) => listener.hostname ?? ''), attachments, []) // prettier-ignore
  return (host: string, path = '/', more: object = {}) =>
    router.route({ host, path, method: 'GET', ...more })?.backends[0]?.backend?.service
}

describe('GatewayRouter', () => {
  const rule = (match: HTTPRouteMatch, name: string) => ({ matches: [match], backendRefs: [to(name)] })
  const path = (value: string, type = 'PathPrefix') => ({ path: { type, value } })
  const one = (...rules: ReturnType<typeof rule>[]) => routerOf([gateway('gw', [http('a')])], route('r', rules))

  it('prefers the exact path, then the longest prefix, then method, headers and parameters', () => {
    const value = (name: string) => [{ name, value: '1' }]
    const to404 = one(
      rule({}, 'any'),
      rule({ queryParams: value('q') }, 'query'),
      rule({ headers: value('X-One') }, 'header'),
      rule({ method: 'GET' }, 'method'),
      rule(path('/a'), 'prefix'),
      rule(path('/a/b/'), 'longer'),
      rule(path('/a/b', 'Exact'), 'exact'),
      rule(path('/[0-9]+', 'RegularExpression'), 'pattern'),
    )
    const asked = (at: string, more?: object) => to404('any.org', at, more)
    expect(['/a/b', '/a/b/', '/a/b/c', '/a/bc', '/a', '/12', '/12a'].map(at => asked(at))).toEqual(['exact', 'longer', 'longer', 'prefix', 'prefix', 'pattern', 'method']) // prettier-ignore
    const post = { method: 'POST' }
    expect(asked('/', { ...post, headers: { 'x-one': '1' }, query: 'q=1' })).toBe('header')
    expect(asked('/', { ...post, headers: { 'x-one': '2' }, query: 'q=1&q=2' })).toBe('query')
    expect(asked('/', { ...post, query: 'q=2&q=1' })).toBe('any')
  })

  it('matches several conditions together, and any of several matches', () => {
    const asked = routerOf(
      [gateway('gw', [http('a')])],
      route('r', [
        {
          matches: [
            { ...path('/x'), headers: [{ name: 'v', value: 'b+', type: 'RegularExpression' }] },
            { method: 'PUT', queryParams: [{ name: 'p', value: 'y' }] },
          ],
          backendRefs: [to('web')],
        },
      ]),
    )
    expect(asked('h', '/x', { headers: { v: 'bb' } })).toBe('web')
    expect(asked('h', '/x', { headers: { v: 'bbc' } })).toBeUndefined()
    expect(asked('h', '/y', { method: 'PUT', query: 'p=y' })).toBe('web')
    expect(asked('h', '/y', { query: 'p=y' })).toBeUndefined()
  })

  it('gives a request to the listener with the most special host alone', () => {
    const listeners = [http('a'), http('b', { hostname: '*.a.org' }), http('c', { hostname: 'x.a.org' })]
    const on = (sectionName: string, name: string) =>
      route(name, [{ backendRefs: [to(name)] }], { parentRefs: [{ name: 'gw', sectionName }] })
    const asked = routerOf([gateway('gw', listeners)], on('a', 'all'), on('b', 'wild'))
    expect(['b.org', 'a.org', 'y.a.org', 'z.y.a.org:80', 'x.a.org'].map(host => asked(host))).toEqual(['all', 'all', 'wild', 'wild', undefined]) // prettier-ignore
  })

  it('prefers the most special host among routes, and falls back to a more general one', () => {
    const on = (name: string, hostname: string, value: string) =>
      route(name, [rule(path(value), name)], { hostnames: [hostname] })
    const asked = routerOf(
      [gateway('gw', [http('a')])],
      on('wild', '*.a.org', '/'),
      on('exact', 'x.a.org', '/one'),
      on('wilder', '*.x.a.org', '/'),
    )
    expect([asked('x.a.org', '/one'), asked('x.a.org', '/two'), asked('y.x.a.org')]).toEqual(['exact', 'wild', 'wilder']) // prettier-ignore
  })

  it('gives what two routes claim to the older one, and serves the Gateways on one port together', () => {
    const older = route('z-older', [{ backendRefs: [to('older')] }])
    older.metadata.creationTimestamp = OLD
    const other = route('other', [rule(path('/other'), 'other')], { parentRefs: [{ name: 'second' }] })
    const asked = routerOf(
      [gateway('gw', [http('a')]), gateway('second', [http('a')])],
      route('a-newer', [{ backendRefs: [to('newer')] }]),
      older,
      other,
    )
    expect([asked('h'), asked('h', '/other')]).toEqual(['older', 'other'])
  })
})

describe('what becomes of a request', () => {
  const backends = {
    has: ({ service }: { service?: string }) => service !== 'none',
    targets: ({ service }: { service?: string }) => (service === 'idle' ? [] : [{ ip: '10.0.0.1', port: 80, protocol: 'http' }]), // prettier-ignore
  } as unknown as Backends
  const of = (
    filters: HTTPRouteFilter[],
    {
      url = '/old/rest?x=1',
      host = 'a.org',
      isEncrypted = false,
      port = 80,
      name = 'web',
      match = '/old',
      random = 0,
    } = {},
  ) => {
    const rules = [{ matches: [{ path: { type: 'PathPrefix', value: match } }], filters, backendRefs: [to(name)] }]
    const listeners = judge([gateway('gw', [http('a')])])
    const world = { listeners, labelsOf: () => undefined, patternProblem: () => undefined }
    const attachments = judgeRoute(route('r', rules), world).flatMap(parent => parent.attachments)
    const asked = { host, clientIP: '192.0.2.1', isEncrypted, port }
    const request = { url, method: 'GET', headers: { host, 'x-old': '1', 'x-drop': '1' } } as unknown as IncomingMessage
    const question = questionOf(request, asked)
    if (!question) return UNCLEAR
    const action = new GatewayRouter([''], attachments, []).route(question)
    return decide(request, question, asked, action, backends, () => random)
  }
  const location = (requestRedirect: object, more: object = {}) =>
    of([{ type: 'RequestRedirect', requestRedirect }], more).answer?.headers?.['location']

  it.each([
    [{}, {}, 'http://a.org/old/rest?x=1'],
    [{ hostname: 'b.org' }, {}, 'http://b.org/old/rest?x=1'],
    [{ scheme: 'https' }, { port: 8080 }, 'https://a.org/old/rest?x=1'],
    [{ port: 8443 }, { isEncrypted: true, port: 443 }, 'https://a.org:8443/old/rest?x=1'],
    [{}, { port: 8080, host: 'a.org:8080' }, 'http://a.org:8080/old/rest?x=1'],
    [{ scheme: 'http', port: 80 }, { isEncrypted: true, port: 443 }, 'http://a.org/old/rest?x=1'],
    [{ path: { type: 'ReplaceFullPath', replaceFullPath: '/new' } }, {}, 'http://a.org/new?x=1'],
    [{ path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new/' } }, {}, 'http://a.org/new/rest?x=1'],
  ])('a redirect %j of %j goes to %s', (redirect, more, expected) => {
    expect(location(redirect, more)).toBe(expected)
  })

  it.each([
    ['/old/rest', '/old', '/new', '/new/rest'],
    ['/old', '/old', '/new', '/new'],
    ['/old/', '/old', '/new', '/new/'],
    ['/old/rest', '/old', '/', '/rest'],
    ['/old', '/old', '/', '/'],
    ['/rest', '/', '/new', '/new/rest'],
  ])('%s under %s with %s in its place is %s', (url, match, replacePrefixMatch, expected) => {
    const path = { type: 'ReplacePrefixMatch', replacePrefixMatch }
    const { forward } = of([{ type: 'URLRewrite', urlRewrite: { path, hostname: 'inside' } }], { url, match })
    expect([forward?.path, forward?.headers['host'], forward?.headers['x-forwarded-host']]).toEqual([expected, 'inside', 'a.org']) // prettier-ignore
  })

  it('headers are set, then added to, then removed, on both ways', () => {
    const change = {
      set: [{ name: 'X-Old', value: '2' }],
      add: [
        { name: 'x-old', value: '3' },
        { name: 'X-New', value: '4' },
      ],
      remove: ['X-Drop'],
    }
    const { forward } = of([
      { type: 'RequestHeaderModifier', requestHeaderModifier: change },
      { type: 'ResponseHeaderModifier', responseHeaderModifier: change },
    ])
    expect(forward?.headers).toMatchObject({ 'x-old': '2,3', 'x-new': '4' })
    expect(forward?.headers).not.toHaveProperty('x-drop')
    expect(forward?.answered({ 'x-drop': '1', 'set-cookie': ['a', 'b'] })).toEqual({ 'x-old': '2,3', 'x-new': '4', 'set-cookie': ['a', 'b'] }) // prettier-ignore
  })

  it('no route says where a message ends', () => {
    const set = ['Content-Length', 'Transfer-Encoding', 'Connection'].map(name => ({ name, value: '1' }))
    expect(changeHeaders({ 'content-length': '5' }, [{ set, remove: ['content-length'] }])).toEqual({ 'content-length': '5' }) // prettier-ignore
  })

  it('fails with 500 where there is no backend, with 503 where none is ready, with 404 where there is no rule', () => {
    const code = (more: object) => of([], more).answer?.code
    expect([code({ name: 'none' }), code({ name: 'idle' }), code({ url: '/else' })]).toEqual([500, 503, 404])
  })

  it('mirrors get their share of all requests, those that have endpoints', () => {
    const mirror = (name: string, more: object = {}) => ({ type: 'RequestMirror', requestMirror: { backendRef: to(name), ...more } }) // prettier-ignore
    const copies = (random: number, ...filters: HTTPRouteFilter[]) => of(filters, { random }).copies?.length
    const [half, third] = [mirror('web', { percent: 50 }), mirror('web', { fraction: { numerator: 1, denominator: 3 } })] // prettier-ignore
    expect([0, 0.34, 0.51].map(random => copies(random, mirror('web'), half, third))).toEqual([3, 2, 1])
    expect(copies(0, mirror('idle'), mirror('web', { fraction: { numerator: 50 } }))).toBe(1)
  })

  it('backends get their share, and none without a weight', () => {
    const weighted = (name: string, weight: number) => ({ backend: { namespace: '', service: name, port: 80 }, weight, request: [], response: [] }) // prettier-ignore
    const all = [weighted('a', 1), weighted('b', 0), weighted('c', 3)]
    expect([0, 0.24, 0.25, 0.5, 0.99].map(at => chooseBackend(all, at)?.backend?.service)).toEqual(['a', 'a', 'c', 'c', 'c']) // prettier-ignore
    expect(chooseBackend([weighted('b', 0)], 0.5)).toBeUndefined()
    expect(chooseBackend([], 0.5)).toBeUndefined()
  })
})
