// The map: what leads to what, how trouble travels up, what is collapsed, and where cards stand.
import { describe, expect, it } from 'vitest'
import { Deployment, ReplicaSet } from '../../../src/shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../../src/shared/api/autoscaling/v2.ts'
import { Job } from '../../../src/shared/api/batch/v1.ts'
import { ConfigMap, Event, Node, Pod, Secret, Service, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { Ingress, NetworkPolicy } from '../../../src/shared/api/networking/v1.ts'
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import type { KubeObject } from '../../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { controllerRef } from '../../../src/shared/machinery/owner.ts'
import { type Box, stack } from '@/topology/arrange.ts'
import { clip, shorten } from '@/topology/card-text.ts'
import { toSvg } from '@/topology/export.ts'
import { type Graph, type Relation, buildGraph } from '@/topology/graph.ts'
import { layOut } from '@/topology/layout.ts'
import { type PictureOptions, NO_APPLICATION, READABLE, drawPicture } from '@/topology/picture.ts'
import { rollUp } from '@/topology/roll-up.ts'
import { treeRows } from '@/topology/tree.ts'
import type { World } from '@/world/world.ts'
import { type ListOf, make, makeApp, makeNode, makePod, worldOf } from '../support/objects.ts'

const ingress = (name: string, ...services: string[]) =>
  make(Ingress, name, {
    spec: {
      rules: [
        {
          host: 'x',
          http: {
            paths: services.map(service => ({
              pathType: 'Prefix',
              path: '/',
              backend: { service: { name: service } },
            })),
          },
        },
      ],
    } as Ingress['spec'],
  })

type App = ReturnType<typeof makeApp>
const worldWith = (apps: readonly App[], more: readonly ListOf[] = []) =>
  worldOf(
    [Deployment, apps.map(({ deployment }) => deployment)],
    [ReplicaSet, apps.map(({ set }) => set)],
    [Pod, apps.flatMap(({ pods }) => pods)],
    [Service, apps.map(({ service }) => service)],
    [Node, [makeNode('n1'), makeNode('n2')]],
    ...more,
  )
const links = ({ edges }: Graph) =>
  edges.map(({ from, to }) => `${from.replace(/\.v1\.[^:]*/, '')} > ${to.replace(/\.v1\.[^:]*/, '')}`)

function picture(world: World, options: Partial<PictureOptions> = {}, relations: readonly Relation[] = []) {
  const graph = buildGraph(world, relations)
  return drawPicture(graph, rollUp(graph), {
    groupBy: 'namespace',
    isShown: () => true,
    search: '',
    focus: undefined,
    errorsOnly: false,
    toggled: new Set(),
    ...options,
  })
}
const titles = (world: World, options: Partial<PictureOptions>) =>
  picture(world, options)
    .cards.map(({ title }) => title)
    .sort()

describe('buildGraph()', () => {
  it('links ingress to service to workload to pod to node, through the replica set', () => {
    const world = worldWith([makeApp('web', 1)], [[Ingress, [ingress('front', 'web')]]])
    expect(links(buildGraph(world)).sort()).toEqual([
      'deployments:default/web > pods:default/web-1-0',
      'ingresses:default/front > services:default/web',
      'pods:default/web-1-0 > nodes:n1',
      'services:default/web > deployments:default/web',
    ])
  })

  it('shows workloads that an operator made, and on demand the custom resource that it made them of', () => {
    const Boat = { group: 'example.dev', version: 'v1', kind: 'Boat', plural: 'boats', namespaced: true }
    const boat = make<KubeObject>(Boat, 'erna')
    const fleet = make<KubeObject>({ ...Boat, kind: 'Fleet', plural: 'fleets' }, 'north')
    boat.metadata.ownerReferences = [controllerRef({ ...Boat, kind: 'Fleet' }, fleet)]
    const app = makeApp('erna', 1)
    app.deployment.metadata.ownerReferences = [controllerRef(Boat, boat)]
    expect(links(buildGraph(worldWith([app])))).toContain('deployments:default/erna > pods:default/erna-1-0')
    const world = worldWith(
      [app],
      [
        [Boat, [boat]],
        [{ ...Boat, kind: 'Fleet', plural: 'fleets' }, [fleet]],
      ],
    )
    const graph = buildGraph(world, ['custom'])
    expect(links(graph)).toEqual(
      expect.arrayContaining([
        'fleets:default/north > boats:default/erna',
        'boats:default/erna > deployments:default/erna',
        'deployments:default/erna > pods:default/erna-1-0',
      ]),
    )
    const { cards, edges } = picture(world, {}, ['custom'])
    const { columns, boxes } = layOut(cards, edges)
    expect(columns.map(({ rank }) => rank)).toEqual(['service', 'owner', 'workload', 'pod', 'node'])
    const boxOf = (title: string) => boxes.get(cards.find(card => card.title === title)?.id ?? '')
    expect(boxOf('north')?.x).toBe(columns[1]?.x)
  })

  it('says of a service that it has no pods only where pods are listed', () => {
    const { service } = makeApp('web', 0)
    const statusIn = (...lists: ListOf[]) =>
      buildGraph(worldOf([Service, [service]], ...lists), []).nodes.get('services.v1.:default/web')?.status
    expect(statusIn([Pod, []])).toMatchObject({ tone: 'failed', text: 'No pods' })
    expect(statusIn()).toMatchObject({ tone: 'unknown', text: 'Unknown' })
  })

  it.each([undefined, {}])(
    'calls a service with selector %j neither well nor unknown: others keep its endpoints',
    selector => {
      const service = make(Service, 'outside', { spec: { selector } as unknown as Service['spec'] })
      const graph = buildGraph(worldOf([Service, [service]], [Pod, [makePod('db', { labels: { app: 'db' } })]]))
      expect(graph.nodes.get('services.v1.:default/outside')?.status).toMatchObject({
        tone: 'neutral',
        text: 'No selector',
      })
      expect(links(graph)).toEqual([])
    },
  )

  it('knows of everything that it draws how it is, or that there is nothing to say', () => {
    const policy = make(NetworkPolicy, 'closed', { spec: { podSelector: {} } as NetworkPolicy['spec'] })
    const config = make(ConfigMap, 'settings', {})
    const graph = buildGraph(
      worldWith(
        [makeApp('web', 1)],
        [
          [NetworkPolicy, [policy]],
          [ConfigMap, [config]],
          [Ingress, [ingress('front', 'web')]],
        ],
      ),
      ['policy', 'config'],
    )
    const asked = [...graph.nodes.values()].filter(({ rank, status }) => rank !== 'node' && status.tone === 'unknown')
    expect(asked.map(({ id }) => id)).toEqual([])
    expect(graph.nodes.get('networkpolicies.v1.networking.k8s.io:default/closed')?.status.tone).toBe('neutral')
  })

  it('says of a workload whose pods are refused that they are', () => {
    const job = make(Job, 'import')
    const refused = make(Event, 'import.1', {
      involvedObject: {
        apiVersion: 'batch/v1',
        kind: 'Job',
        namespace: 'default',
        name: 'import',
        uid: job.metadata.uid,
      },
      reason: 'FailedCreate',
      message: 'exceeded quota: small',
      lastTimestamp: '2026-01-01T00:01:00Z',
    })
    const { nodes } = buildGraph(worldOf([Job, [job]], [Pod, []], [Event, [refused]]), [])
    expect([...nodes.values()].map(({ status }) => status)).toEqual([
      { tone: 'failed', text: 'FailedCreate', reason: 'exceeded quota: small' },
    ])
  })

  it('shows what an ingress names and nobody made as missing', () => {
    const graph = buildGraph(worldWith([], [[Ingress, [ingress('front', 'nowhere')]]]))
    expect(graph.nodes.get('services.v1.:default/nowhere')?.status).toMatchObject({ tone: 'failed', text: 'Missing' })
  })

  it('does not call missing what it may not list', () => {
    const graph = buildGraph(worldOf([Ingress, [ingress('front', 'web')]]))
    expect([...graph.nodes.keys()]).toEqual(['ingresses.v1.networking.k8s.io:default/front'])
  })

  it('links a service to its pods themselves where what controls them may not be listed', () => {
    const { service, pods } = makeApp('web', 2)
    expect(links(buildGraph(worldOf([Service, [service]], [Pod, pods])))).toEqual([
      'services:default/web > pods:default/web-1-0',
      'services:default/web > pods:default/web-1-1',
    ])
  })

  it('links a service to a pod that nothing controls', () => {
    const service = make(Service, 'db', { spec: { selector: { app: 'db' } } as unknown as Service['spec'] })
    const world = worldOf([Service, [service]], [Pod, [makePod('db', { labels: { app: 'db' } })]])
    expect(links(buildGraph(world))).toEqual(['services:default/db > pods:default/db'])
    const over = makePod('db', { labels: { app: 'db' }, status: { phase: 'Succeeded' } })
    const ended = buildGraph(worldOf([Service, [service]], [Pod, [over]]))
    expect(links(ended), 'one that is over answers nobody').toEqual([])
    expect(ended.nodes.get('services.v1.:default/db')?.status).toMatchObject({ tone: 'failed', text: 'No pods' })
  })

  it('adds config and secrets only on demand, and tells when one that is needed is not there', () => {
    const template = {
      containers: [
        { name: 'main', envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'gone' } }] },
      ],
    }
    const world = worldWith(
      [makeApp('web', 1, { template })],
      [
        [ConfigMap, [make(ConfigMap, 'settings')]],
        [Secret, []],
      ],
    )
    expect(links(buildGraph(world)).some(link => link.includes('configmaps'))).toBe(false)
    const graph = buildGraph(world, ['config', 'secret'])
    expect(links(graph)).toContain('configmaps:default/settings > deployments:default/web')
    expect(graph.nodes.get('secrets.v1.:default/gone')?.status.text).toBe('Missing')
  })

  describe('adds on demand who may do what', () => {
    const account = (name: string, namespace = 'default') => make(ServiceAccount, name, {}, namespace)
    const binding = (name: string, role: string, subject: string, namespace?: string) => ({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role, name },
      subjects: [{ kind: 'ServiceAccount', name: subject, ...(namespace ? { namespace } : {}) }],
    })
    const world = worldWith(
      [
        makeApp('web', 1, { template: { serviceAccountName: 'reader' } }),
        makeApp('plain', 1),
        makeApp('far', 1, { namespace: 'other' }),
      ],
      [
        [ServiceAccount, [account('reader'), account('default'), account('default', 'other'), account('idle')]],
        [
          RoleBinding,
          [
            make(RoleBinding, 'reads', binding('pods', 'Role', 'reader') as never),
            make(RoleBinding, 'broken', binding('gone', 'Role', 'reader') as never),
            make(RoleBinding, 'unused', binding('pods', 'Role', 'idle') as never),
          ],
        ],
        [
          ClusterRoleBinding,
          [make(ClusterRoleBinding, 'all', binding('view', 'ClusterRole', 'default', 'other') as never)],
        ],
        [Role, [make(Role, 'pods')]],
        [ClusterRole, [make(ClusterRole, 'view'), make(ClusterRole, 'edit')]],
      ],
    )

    it('from the role over its binding and the account to what runs as it', () => {
      const graph = buildGraph(world, ['access'])
      const found = links(graph)
      expect(found).toEqual(
        expect.arrayContaining([
          'roles:default/pods > rolebindings:default/reads',
          'rolebindings:default/reads > serviceaccounts:default/reader',
          'serviceaccounts:default/reader > deployments:default/web',
          'clusterroles:view > clusterrolebindings:all',
          'clusterrolebindings:all > serviceaccounts:other/default',
          'serviceaccounts:other/default > deployments:other/far',
        ]),
      )
      expect(found.join()).not.toMatch(/idle|unused|edit|serviceaccounts:default\/default/)
      expect(graph.nodes.get('roles.v1.rbac.authorization.k8s.io:default/gone')?.status.text).toBe('Missing')
      expect(rollUp(graph).get('deployments.v1.apps:default/web')?.status.tone).toBe('healthy')
      expect(links(buildGraph(worldWith([makeApp('web', 1)]))).join()).not.toContain('serviceaccounts')
    })

    it('beside what it is for, and only where that is shown', () => {
      const all = picture(world, {}, ['access'])
      const groupOf = (name: string) => all.cards.find(({ node }) => node?.name === name)?.group
      expect([groupOf('view'), groupOf('all'), groupOf('reads')]).toEqual(['other', 'other', 'default'])
      const one = picture(world, { isShown: namespace => namespace === 'default' }, ['access'])
      expect(one.cards.map(({ title }) => title)).toContain('reads')
      expect(one.cards.map(({ title }) => title)).not.toContain('all')
    })
  })
})

describe('owners that lead in a circle', () => {
  const owned = <T extends KubeObject>(type: ResourceType<T>, object: T, owner: KubeObject): T => ({
    ...object,
    metadata: { ...object.metadata, ownerReferences: [controllerRef(type as never, owner)] },
  })
  const drawn = (world: World) => {
    const all = picture(world, {}, ['custom'])
    layOut(all.cards, all.edges)
    treeRows(all, new Set())
    return all.cards.map(({ title }) => title)
  }

  it('are drawn where they are of no namespace', () => {
    const Ring = { group: 'example.dev', version: 'v1', kind: 'Ring', plural: 'rings', namespaced: false }
    const [one, two] = ['one', 'two'].map(name => make(Ring as unknown as typeof Node, name, {}, undefined))
    const [web, api] = [makeApp('web', 1), makeApp('api', 1)]
    if (!one || !two) throw new Error('two are made')
    const of = (app: App, ring: KubeObject) => ({ ...app, deployment: owned(Ring as never, app.deployment, ring) })
    const rings = [owned(Ring as never, one, two), owned(Ring as never, two, one)]
    const world = worldWith([of(web, one), of(api, two)], [[Ring as never, rings as never]])
    expect(drawn(world)).toEqual(expect.arrayContaining(['one', 'two', 'web', 'api']))
    const elsewhere = picture(world, { isShown: namespace => namespace === 'other' }, ['custom'])
    expect(elsewhere.cards.map(({ title }) => title)).toEqual(['n1', 'n2'])
  })

  it('are walked once where they are workloads', () => {
    const [web, api] = [makeApp('web', 1), makeApp('api', 1)]
    const of = (app: App, other: App) => ({ ...app, set: owned(ReplicaSet, app.set, other.set) })
    const world = worldWith([of(web, api), of(api, web)])
    expect(world.topController(world.all(ReplicaSet)[0] as KubeObject)).toBeDefined()
    expect(world.podsBelow(web.set)).toHaveLength(2)
    expect(drawn(world).length).toBeGreaterThan(0)
  })
})

describe('rollUp()', () => {
  it('leaves the trouble of what steers a workload where it is', () => {
    const scaler = make(HorizontalPodAutoscaler, 'web', {
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } } as HorizontalPodAutoscaler['spec'],
      status: {
        conditions: [{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' }],
      } as unknown as HorizontalPodAutoscaler['status'],
    })
    const graph = buildGraph(worldWith([makeApp('web', 1)], [[HorizontalPodAutoscaler, [scaler]]]), ['autoscaler'])
    const tone = (id: string) => rollUp(graph).get(id)?.status.tone
    expect(tone('horizontalpodautoscalers.v2.autoscaling:default/web')).toBe('warning')
    expect(tone('deployments.v1.apps:default/web')).toBe('healthy')
  })

  it('tells an ingress that a pod behind it fails, and which', () => {
    const app = makeApp('web', 2)
    const status = {
      conditions: [],
      containerStatuses: [{ name: 'main', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    }
    const broken = makePod('web-1-0', { labels: { app: 'web' }, owner: app.set, status })
    const world = worldWith([{ ...app, pods: [broken, ...app.pods.slice(1)] }], [[Ingress, [ingress('front', 'web')]]])
    const rolled = rollUp(buildGraph(world))
    expect(rolled.get('ingresses.v1.networking.k8s.io:default/front')).toMatchObject({
      status: { tone: 'failed', text: 'CrashLoopBackOff' },
      from: { name: 'web-1-0' },
    })
    expect(rolled.get('nodes.v1.:n1')?.status.tone).toBe('healthy')
  })
  it('leaves a workload alone that replaced a pod which failed', () => {
    const app = makeApp('web', 1)
    const evicted = makePod('web-1-9', {
      labels: { app: 'web' },
      owner: app.set,
      status: { phase: 'Failed', reason: 'Evicted' },
    })
    const rolled = rollUp(buildGraph(worldWith([{ ...app, pods: [...app.pods, evicted] }])))
    expect(rolled.get('pods.v1.:default/web-1-9')?.status.text).toBe('Evicted')
    expect(rolled.get('deployments.v1.apps:default/web')?.status.tone).not.toBe('failed')
    expect(rolled.get('services.v1.:default/web')?.status, 'it is no endpoint').toMatchObject({
      tone: 'healthy',
      text: '1 of 1 ready',
    })
  })
})

describe('drawPicture()', () => {
  const two = () => worldWith([makeApp('web', 2, { nodes: ['n1', 'n2'] }), makeApp('api', 1, { namespace: 'other' })])

  it('keeps what is connected with the focus, in both directions', () => {
    expect(titles(two(), { focus: 'deployments.v1.apps:default/web' })).toEqual([
      'n1',
      'n2',
      'web',
      'web',
      'web-1-0',
      'web-1-1',
    ])
  })

  it('keeps what matches a search with its surroundings, and marks the matches', () => {
    const found = picture(two(), { search: 'API-1' })
    expect(found.cards.filter(({ isMatch }) => isMatch).map(({ title }) => title)).toEqual(['api-1-0'])
    expect(found.cards.some(({ title }) => title.startsWith('web'))).toBe(false)
  })

  it('shows only errors and the nodes they are on', () => {
    const app = makeApp('web', 2)
    const bad = makePod('lone', { node: 'n2', status: { phase: 'Failed', containerStatuses: [] } })
    const world = worldWith([{ ...app, pods: [...app.pods, bad] }])
    expect(titles(world, { errorsOnly: true })).toEqual(['lone', 'n2'])
  })

  it('groups by node: what runs on one node stands there, what runs on several beside them', () => {
    const groups = new Map(picture(two(), { groupBy: 'node' }).cards.map(({ id, group }) => [id, group]))
    expect(groups.get('pods.v1.:default/web-1-1')).toBe('n2')
    expect(groups.get('deployments.v1.apps:other/api')).toBe('n1')
    expect(groups.get('deployments.v1.apps:default/web')).toBe('Several nodes')
  })

  it('groups by application label, which pods and services take from their workload', () => {
    const groups = picture(two(), { groupBy: 'application' }).cards.map(
      ({ title, group }) => `${title} ${group ?? '-'}`,
    )
    expect(groups).toContain('api-1-0 api')
    expect(groups).toContain('web web')
    expect(groups).toContain('n1 -')
    expect(groups.some(text => text.endsWith(NO_APPLICATION))).toBe(false)
  })

  it('collapses the pods of a large workload into one card with counts, and opens it on demand', () => {
    const world = worldWith([makeApp('web', 20)])
    const closed = picture(world)
    const card = closed.cards.find(({ kind }) => kind === 'Pods')
    expect(card).toMatchObject({ title: '20 pods', status: { tone: 'healthy' } })
    expect([...(card?.counts ?? [])]).toEqual([['healthy', 20]])
    expect(closed.edges.some(({ from, to }) => from === card?.id && to === 'nodes.v1.:n1')).toBe(true)
    expect(
      picture(world, { toggled: new Set([card?.toggle ?? '']) }).cards.filter(({ rank }) => rank === 'pod'),
    ).toHaveLength(20)
  })

  it(`collapses whole groups above ${READABLE} cards`, () => {
    const apps = Array.from({ length: 400 }, (_, index) => makeApp(`app${index}`, 2, { namespace: `ns${index % 20}` }))
    const { cards, shown } = picture(worldWith(apps))
    expect(shown).toBe(400 * 4 + 2)
    expect(cards.length).toBe(20 + 2)
    expect(cards.find(({ title }) => title === 'ns3')?.counts?.get('healthy')).toBe(80)
  })

  it('says of a collapsed group how many objects it has, and leaves a card alone that is all there is of one', () => {
    const apps = Array.from({ length: 300 }, (_, index) => makeApp(`app${index}`, 7, { namespace: `ns${index % 2}` }))
    const { cards } = picture(
      worldWith(apps, [[Service, [make(Service, 'lone', { metadata: { namespace: 'apart' } })]]]),
    )
    expect(cards.find(({ title }) => title === 'ns1')).toMatchObject({ kind: '1,200 objects' })
    expect(cards.filter(({ group }) => group === 'apart')).toMatchObject([{ title: 'lone', kind: 'Service' }])
  })

  it('cuts a long status at its end, and a long name where siblings do not differ', () => {
    expect(clip('51 failing, 63 not ready, 7 running', 24)).toBe('51 failing, 63 not read…')
    expect(shorten('frontend-7674c6b7cf-66l99', 20)).toMatch(/^frontend-.*….*-66l99$/)
  })
})

describe('layOut()', () => {
  const isWithin = (box: Box, band: Box) =>
    box.x >= band.x &&
    box.x + box.width <= band.x + band.width &&
    box.y >= band.y &&
    box.y + box.height <= band.y + band.height
  const large = () => {
    const apps = Array.from({ length: 250 }, (_, index) =>
      makeApp(`app${index}`, 6, { namespace: `ns${index % 10}`, nodes: ['n1', 'n2'] }),
    )
    return picture(worldWith(apps), {
      toggled: new Set([
        ...Array.from({ length: 10 }, (_, index) => `group:ns${index}`),
        ...apps.map(
          ({ deployment }) => `pods:deployments.v1.apps:${deployment.metadata.namespace}/${deployment.metadata.name}`,
        ),
      ]),
    })
  }

  it('gives each of 2,000 cards a place', () => {
    const { cards, edges } = large()
    expect(cards.length).toBeGreaterThan(1_999)
    expect(layOut(cards, edges).boxes.size).toBe(cards.length)
  })

  it('lets no two cards touch, and keeps every card inside the band of its group', () => {
    const { cards, edges } = large()
    const { boxes, bands, columns } = layOut(cards, edges)
    for (const { x } of columns) {
      const column = [...boxes.values()].filter(box => box.x === x).sort((a, b) => a.y - b.y)
      column.slice(1).forEach((box, index) => {
        const above = column[index]!
        expect(box.y).toBeGreaterThanOrEqual(above.y + above.height)
      })
    }
    for (const { id, group } of cards) {
      if (group === undefined) continue
      const box = boxes.get(id)!
      const around = bands.filter(band => band.group === group && isWithin(box, band))
      expect(around, id).toHaveLength(1)
    }
  })

  it.each([
    ['many namespaces', 10],
    ['a single one', 1],
  ])('gives all of %s the shape of the window, once it is too tall to be read', (_, namespaces) => {
    const apps = Array.from({ length: 200 }, (_, index) =>
      makeApp(`app${index}`, 4, { namespace: `ns${index % namespaces}` }),
    )
    const toggled = new Set(Array.from({ length: namespaces }, (_, index) => `group:ns${index}`))
    const { cards, edges } = picture(worldWith(apps), { toggled })
    for (const shape of [0.8, 1.6, 2.4]) {
      const { width, height } = layOut(cards, edges, shape)
      expect(width / height).toBeGreaterThan(shape / 1.5)
      expect(width / height).toBeLessThan(shape * 1.5)
    }
  })

  it('keeps together what is connected when it cuts a group, and draws those lines', () => {
    const apps = Array.from({ length: 100 }, (_, index) => makeApp(`app${index}`, 2))
    const { cards, edges } = picture(worldWith(apps), { toggled: new Set(['group:default']) })
    const { bands, boxes, lines } = layOut(cards, edges)
    expect(bands.length).toBeGreaterThan(1)
    expect(bands.map(({ group, part, parts }) => `${group} ${part}/${parts}`)).toEqual(
      bands.map((_, index) => `default ${index + 1}/${bands.length}`),
    )
    const bandOf = (id: string) => bands.findIndex(band => isWithin(boxes.get(id)!, band))
    const within = edges.filter(({ to }) => !to.startsWith('nodes.'))
    expect(within.filter(({ from, to }) => bandOf(from) !== bandOf(to))).toEqual([])
    // Those to nodes would run across all strips: they are drawn for what one looks at.
    expect(lines).toEqual(within)
  })

  it('spreads over the strips what one card leads to, too, though it is all connected', () => {
    const names = Array.from({ length: 100 }, (_, index) => `app${index}`)
    const world = worldWith(
      names.map(name => makeApp(name, 1)),
      [[Ingress, [ingress('front', ...names)]]],
    )
    const { cards, edges } = picture(world, { toggled: new Set(['group:default']) })
    const { bands, boxes, lines } = layOut(cards, edges)
    expect(bands.length).toBeGreaterThan(1)
    const [least, most] = [Math.min, Math.max].map(of => of(...bands.map(({ height }) => height)))
    expect(most! / least!).toBeLessThan(2)
    expect(boxes.size).toBe(cards.length)
    const fromFront = ({ from }: { from: string }) => from.startsWith('ingresses.')
    expect(lines.filter(fromFront).length).toBeLessThan(edges.filter(fromFront).length)
  })

  it('has one strip for what can be read at once', () => {
    const { cards, edges } = picture(worldWith(Array.from({ length: 12 }, (_, index) => makeApp(`app${index}`, 3))))
    const { bands, columns, lines } = layOut(cards, edges)
    expect(bands).toHaveLength(1)
    expect(columns.map(({ rank }) => rank)).toEqual(['service', 'workload', 'pod', 'node'])
    expect(lines).toEqual(edges)
  })

  it('draws the same picture the same way each time', () => {
    const { cards, edges } = large()
    const positions = (given: typeof cards) => Object.fromEntries(layOut(given, edges).boxes)
    expect(positions(cards)).toEqual(positions([...cards].reverse()))
  })
})

describe('stack()', () => {
  it('leaves boxes where they wish to be when there is room', () =>
    expect(
      stack([
        { top: 0, height: 10 },
        { top: 100, height: 10 },
      ]),
    ).toEqual([0, 100]))
  it('shares the shift between boxes that wish to be at the same place', () =>
    expect(
      stack([
        { top: 50, height: 10 },
        { top: 50, height: 10 },
      ]),
    ).toEqual([40, 60]))
  it('puts nothing above the top', () => expect(stack([{ top: -30, height: 10 }])).toEqual([0]))
})

describe('treeRows()', () => {
  it('is the same picture as a tree, open down to the workloads', () => {
    const world = worldWith([makeApp('web', 1)], [[Ingress, [ingress('front', 'web')]]])
    const rows = treeRows(picture(world), new Set())
    expect(rows.map(({ level, title }) => `${level} ${title}`)).toEqual([
      '1 Nodes',
      '2 n1',
      '2 n2',
      '1 default',
      '2 front',
      '3 web',
      '4 web',
    ])
    const open = treeRows(picture(world), new Set([rows.at(-1)!.path]))
    expect(open.at(-1)).toMatchObject({ level: 5, title: 'web-1-0', hasChildren: true, isOpen: false })
  })
})

describe('toSvg()', () => {
  it('is one well-formed document, whatever objects are called', () => {
    const app = makeApp('web', 1)
    const hostile = makePod('<script>alert(1)</script>&"\u0007', { labels: { app: 'x' } })
    const drawn = picture(worldWith([{ ...app, pods: [hostile] }]))
    const palette = new Proxy({} as Parameters<typeof toSvg>[2], { get: () => '#000' })
    const svg = toSvg(drawn, layOut(drawn.cards, drawn.edges), palette)
    const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml')
    expect(parsed.querySelector('parsererror')).toBeNull()
    expect(svg).not.toContain('<script')
    expect(parsed.querySelectorAll('text').length).toBeGreaterThan(4)
  })

  it('has every line that the map shows by itself', () => {
    const drawn = picture(worldWith([makeApp('web', 2)]))
    const palette = new Proxy({} as Parameters<typeof toSvg>[2], { get: () => '#000' })
    const svg = toSvg(drawn, layOut(drawn.cards, drawn.edges), palette)
    const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml')
    const ways = [...parsed.querySelectorAll('path')].map(path => path.getAttribute('d') ?? '')
    expect(ways).toHaveLength(drawn.edges.length)
    for (const way of ways) expect(way).toMatch(/^M-?[\d.]+ -?[\d.]+C/)
  })
})
