// What the statuses of the Gateway API's objects say; the kinds are installed while the controllers run.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CustomResourceDefinition } from '../../src/shared/api/apiextensions/v1.ts'
import { Namespace, Node, Secret, Service } from '../../src/shared/api/core/v1.ts'
import { Gateway, GATEWAY_GROUP, GatewayClass, HTTPRoute, type HTTPRouteSpec, type Listener, ReferenceGrant } from '../../src/shared/api/gateway/v1.ts' // prettier-ignore
import type { Condition } from '../../src/shared/api/meta/v1.ts'
import { GATEWAY_CLASS_CRD, GATEWAY_CONTROLLER } from '../../src/shared/machinery/gateway/ours.ts'
import { eventually } from '../support/eventually.ts'
import { GATEWAY_KINDS, gatewayDefinitions } from '../support/gateway-definitions.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
beforeEach(async () => {
  cluster = await startCluster()
  for (const each of gatewayDefinitions()) await cluster.client.create(CustomResourceDefinition, each)
  for (const type of GATEWAY_KINDS) await eventually(() => cluster.client.list(type))
  await cluster.client.create(Node, { metadata: { name: 'one' }, spec: {} })
  const status = { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] }
  await cluster.client.patch(Node, { name: 'one' }, { status }, { subresource: 'status', type: 'merge' })
  await cluster.client.create(GatewayClass, {
    metadata: { name: 'ours' },
    spec: { controllerName: GATEWAY_CONTROLLER },
  })
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

const listen = (listeners: Listener[], name = 'gw') =>
  cluster.client.create(Gateway, { metadata: { name, namespace }, spec: { gatewayClassName: 'ours', listeners } })
const route = (name: string, spec: Partial<HTTPRouteSpec> = {}, where = namespace) =>
  cluster.client.create(HTTPRoute, {
    metadata: { name, namespace: where },
    spec: { parentRefs: [{ name: 'gw', namespace }], ...spec },
  })

/** Every condition as one line, without its message. */
const lines = (conditions: Condition[] | undefined, generation: number | undefined) =>
  (conditions ?? []).map(({ type, status, reason, observedGeneration }) => `${type}=${status} ${reason}${observedGeneration === generation ? '' : ' old'}`) // prettier-ignore
const gatewayShows = (expected: object, name = 'gw') =>
  eventually(async () => {
    const { status, metadata } = await cluster.client.get(Gateway, { namespace, name })
    const shown = {
      addresses: status?.addresses?.map(({ value }) => value),
      conditions: lines(status?.conditions, metadata.generation),
      listeners: status?.listeners?.map(({ name, attachedRoutes, supportedKinds, conditions }) => [
        `${name} ${attachedRoutes} ${supportedKinds.map(({ kind }) => kind).join()}`,
        ...lines(conditions, metadata.generation),
      ]),
    }
    expect(shown).toEqual(expected)
  })
const routeShows = (name: string, expected: string[][], where = namespace) =>
  eventually(async () => {
    const { status, metadata } = await cluster.client.get(HTTPRoute, { namespace: where, name })
    expect((status?.parents ?? []).map(({ conditions }) => lines(conditions, metadata.generation))).toEqual(expected)
  })

const served = ['Accepted=True Accepted', 'Programmed=True Programmed']
const good = ['Accepted=True Accepted', 'Conflicted=False NoConflicts', 'ResolvedRefs=True ResolvedRefs', 'Programmed=True Programmed'] // prettier-ignore
const attached = [['Accepted=True Accepted', 'ResolvedRefs=True ResolvedRefs']]
const http: Listener = { name: 'http', port: 80, protocol: 'HTTP' }

describe('gateway', () => {
  test('a class of ours is accepted and says what is supported; others are left alone', async () => {
    await cluster.client.create(GatewayClass, {
      metadata: { name: 'other' },
      spec: { controllerName: 'example.com/x' },
    })
    const status = await eventually(async () => {
      const found = await cluster.client.get(GatewayClass, { name: 'ours' })
      expect(lines(found.status?.conditions, 1)).toEqual(['Accepted=True Accepted', 'SupportedVersion=True SupportedVersion']) // prettier-ignore
      return found.status
    })
    expect(status?.supportedFeatures?.map(({ name }) => name)).toContain('HTTPRouteRequestTimeout')
    expect((await cluster.client.get(GatewayClass, { name: 'other' })).status).toBeUndefined()
  })

  test('a Gateway shows where it is served and counts its routes; a route shows what became of it', async () => {
    await cluster.client.create(Namespace, { metadata: { name: 'far', labels: { friend: 'yes' } }, spec: {} })
    await cluster.client.create(Service, { metadata: { name: 'web', namespace }, spec: { ports: [{ port: 80 }] } })
    const selector = { matchLabels: { friend: 'yes' } }
    await listen([
      http,
      { ...http, name: 'far', port: 81, allowedRoutes: { namespaces: { from: 'Selector', selector } } },
    ])
    await route('near', { rules: [{ backendRefs: [{ name: 'web', port: 80 }] }] })
    await route('far', {}, 'far')
    await routeShows('near', attached)
    await routeShows('far', attached, 'far')
    await gatewayShows({
      addresses: ['192.0.2.1'],
      conditions: served,
      listeners: [
        ['http 1 HTTPRoute', ...good],
        ['far 1 HTTPRoute', ...good],
      ],
    })
    // A namespace's labels, a Service and a route that go are noticed.
    await cluster.client.patch(
      Namespace,
      { name: 'far' },
      { metadata: { labels: { friend: null } } },
      { type: 'merge' },
    )
    await routeShows('far', [['Accepted=False NotAllowedByListeners', 'ResolvedRefs=True ResolvedRefs']], 'far')
    await cluster.client.delete(Service, { namespace, name: 'web' })
    await routeShows('near', [['Accepted=True Accepted', 'ResolvedRefs=False BackendNotFound']])
    await cluster.client.delete(HTTPRoute, { namespace, name: 'near' })
    const listeners = [['http 0 HTTPRoute', ...good], ['far 0 HTTPRoute', ...good]] // prettier-ignore
    await gatewayShows({ addresses: ['192.0.2.1'], conditions: served, listeners })
  })

  test('a listener says why it is not served, and its Gateway with it', async () => {
    const tls = { certificateRefs: [{ name: 'tls', namespace: 'vault' }] }
    await listen([{ name: 'a', port: 443, protocol: 'HTTPS', tls }])
    const shows = (reason: string) =>
      gatewayShows({
        addresses: [],
        conditions: ['Accepted=True Accepted', 'Programmed=False Invalid'],
        listeners: [['a 0 HTTPRoute', 'Accepted=True Accepted', 'Conflicted=False NoConflicts', `ResolvedRefs=False ${reason}`, 'Programmed=False Invalid']], // prettier-ignore
      })
    await shows('RefNotPermitted')
    await cluster.client.create(Namespace, { metadata: { name: 'vault' }, spec: {} })
    await cluster.client.create(ReferenceGrant, {
      metadata: { name: 'grant', namespace: 'vault' },
      spec: { from: [{ group: GATEWAY_GROUP, kind: 'Gateway', namespace }], to: [{ group: '', kind: 'Secret' }] },
    })
    await shows('InvalidCertificateRef')
    const data = { 'tls.crt': Buffer.from('no').toString('base64'), 'tls.key': Buffer.from('pem').toString('base64') }
    await cluster.client.create(Secret, { metadata: { name: 'tls', namespace: 'vault' }, type: 'kubernetes.io/tls', data }) // prettier-ignore
    await shows('InvalidCertificateRef')
    const { certPem, keyPem } = await cluster.api.pki.issueClientCertificate({
      commonName: 'gw.test',
      organizations: [],
    })
    const pem = (text: string) => Buffer.from(text).toString('base64')
    await cluster.client.patch(Secret, { namespace: 'vault', name: 'tls' }, { data: { 'tls.crt': pem(certPem), 'tls.key': pem(keyPem) } }, { type: 'merge' }) // prettier-ignore
    await gatewayShows({ addresses: ['192.0.2.1'], conditions: served, listeners: [['a 0 HTTPRoute', ...good]] })
  })

  test('addresses are not for choosing, and without a node there are none', async () => {
    await listen([http])
    await gatewayShows({ addresses: ['192.0.2.1'], conditions: served, listeners: [['http 0 HTTPRoute', ...good]] })
    await cluster.client.delete(Node, { name: 'one' })
    const nowhere = ['Accepted=True Accepted', 'Programmed=False AddressNotAssigned']
    await gatewayShows({ addresses: [], conditions: nowhere, listeners: [['http 0 HTTPRoute', ...good]] })
    const spec = { addresses: [{ type: 'IPAddress', value: '192.0.2.7' }] }
    await cluster.client.patch(Gateway, { namespace, name: 'gw' }, { spec }, { type: 'merge' })
    const refused = ['Accepted=False UnsupportedAddress', 'Programmed=False Invalid']
    await gatewayShows({ addresses: [], conditions: refused, listeners: [['http 0 HTTPRoute', ...good]] })
  })

  test('what another controller says of a route stays, and ours goes with the parent', async () => {
    await route('shared', { parentRefs: [{ name: 'gw' }, { name: 'theirs' }] })
    const theirs = { parentRef: { name: 'theirs' }, controllerName: 'example.com/x', conditions: [] }
    await cluster.client.patch(HTTPRoute, { namespace, name: 'shared' }, { status: { parents: [theirs] } }, { subresource: 'status', type: 'merge' }) // prettier-ignore
    await listen([http])
    await routeShows('shared', [[], ...attached])
    await cluster.client.delete(Gateway, { namespace, name: 'gw' })
    await routeShows('shared', [[]])
  })

  test('the Gateway API may go and come back', async () => {
    await listen([http])
    await gatewayShows({ addresses: ['192.0.2.1'], conditions: served, listeners: [['http 0 HTTPRoute', ...good]] })
    await cluster.client.delete(CustomResourceDefinition, { name: GATEWAY_CLASS_CRD })
    await eventually(async () => {
      const { items } = await cluster.client.list(CustomResourceDefinition)
      expect(items.map(({ metadata }) => metadata.name)).not.toContain(GATEWAY_CLASS_CRD)
    })
    const [definition] = gatewayDefinitions()
    await cluster.client.create(CustomResourceDefinition, definition!)
    await eventually(() => cluster.client.list(GatewayClass))
    await cluster.client.create(GatewayClass, { metadata: { name: 'ours' }, spec: { controllerName: GATEWAY_CONTROLLER } }) // prettier-ignore
    await route('later')
    await routeShows('later', attached)
    expect(cluster.warnings.filter(line => line.includes('Gateways'))).toEqual([])
  })
})
