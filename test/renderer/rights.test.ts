// What the user may do is asked of the server, a namespace at once, and every action goes by it.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type App, type Component, createApp, h } from 'vue'
import { useRightsStore } from '@/access/rights.ts'
import type { ServedKind } from '@/api/discovery.ts'
import { rowOf } from '@/api/sources.ts'
import ForwardsView from '@/forwards/ForwardsView.vue'
import { type SavedForward, useForwardStore } from '@/forwards/forwards.ts'
import { useHelmStore } from '@/helm/helm.ts'
import HelmDialog from '@/helm/HelmDialog.vue'
import { type Manifests, rightsForHelm } from '@/helm/helm-rights.ts'
import OperationPanel from '@/hosts/OperationPanel.vue'
import { refusalToRestore } from '@/history/use-restore.ts'
import ActionLink from '@/components/ui/ActionLink.vue'
import IconButton from '@/components/ui/IconButton.vue'
import UiButton from '@/components/ui/UiButton.vue'
import { perform } from '@/kinds/actions/action.ts'
import { actionsOf } from '@/kinds/actions/actions-of.ts'
import { useClusterStore } from '@/stores/cluster.ts'
import { useToastStore } from '@/stores/toasts.ts'
import { refusalOfFix } from '@/why/run-fix.ts'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { CronJob } from '../../src/shared/api/batch/v1.ts'
import { ConfigMap, Node, Pod } from '../../src/shared/api/core/v1.ts'
import { HostOperation } from '../../src/shared/api/flotilla/v1.ts'
import { ClusterRole } from '../../src/shared/api/rbac/v1.ts'
import type { HelmOperation } from '../../src/shared/machinery/helm-operation.ts'
import type { AnyObject, KubeObject } from '../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../src/shared/machinery/resource-type.ts'
import { make } from './support/objects.ts'

interface Review {
  readonly kind: string
  readonly spec: { namespace?: string; resourceAttributes?: Record<string, string> }
}
/** Of each namespace. */
let rules: Record<string, object[]>
let incomplete: boolean
/** `verb resource name` that a single question is answered with yes. */
let allowed: string[]
let asked: Review[]
let refusesReviews: boolean
/** The one that may be read. */
let secret: object | undefined
const answer = (_input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
  if (!init?.body) return Promise.resolve(Response.json(secret ?? {}, { status: secret ? 200 : 404 }))
  const review = JSON.parse(String(init?.body)) as Review
  asked.push(review)
  if (refusesReviews) return Promise.resolve(Response.json({ kind: 'Status', code: 403 }, { status: 403 }))
  const { namespace = '', resourceAttributes: of } = review.spec
  const status = of
    ? { allowed: allowed.includes([of['verb'], of['resource'], of['subresource']].filter(Boolean).join(' ')) }
    : { resourceRules: rules[namespace] ?? [], nonResourceRules: [], incomplete }
  return Promise.resolve(Response.json({ ...review, metadata: {}, status }, { status: 201 }))
}
const rule = (verbs: string[], apiGroups: string[], resources: string[], more = {}) => ({
  verbs,
  apiGroups,
  resources,
  ...more,
})
const VIEW = [
  rule(['get', 'list', 'watch'], [''], ['pods', 'pods/log']),
  rule(['get', 'list', 'watch'], ['apps'], ['deployments', 'deployments/scale']),
]

beforeEach(() => {
  vi.stubGlobal('fetch', answer)
  setActivePinia(createPinia())
  rules = { shop: VIEW, mine: [rule(['*'], ['*'], ['*'])] }
  incomplete = false
  allowed = []
  asked = []
  refusesReviews = false
})
afterEach(() => vi.unstubAllGlobals())

const servedAs = (type: ResourceType<never>) =>
  ({
    type,
    verbs: ['get', 'update', 'patch', 'delete'],
    subresources: new Set(type.kind === 'Deployment' ? ['scale'] : []),
  }) as unknown as ServedKind
const rowsOf = (type: ResourceType<KubeObject>, namespace: string, ...names: string[]) =>
  names.map(name => rowOf({ ...make(type, name, {}, namespace), kind: type.kind } as unknown as AnyObject))
/** The answers are there. */
const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setTimeout(resolve))
}
async function refusals(type: ResourceType<never>, rows: ReturnType<typeof rowsOf>) {
  const ask = () => Object.fromEntries(actionsOf(servedAs(type)).map(({ id, refusal }) => [id, refusal(rows)]))
  const before = ask()
  expect(Object.values(before).filter(Boolean), 'nothing is refused before it is known').toEqual([])
  await settle()
  return ask()
}
const deployments = (namespace: string, ...names: string[]) => rowsOf(Deployment, namespace, ...names)

describe('who may only look', () => {
  it('is told of every other action which right is missing, and where', async () => {
    const found = await refusals(Deployment as never, deployments('shop', 'web'))
    expect(found).toMatchObject({
      edit: 'You may not update deployments in shop',
      scale: 'You may not patch deployments/scale in shop',
      restart: 'You may not patch deployments in shop',
      pause: 'You may not patch deployments in shop',
      label: 'You may not patch deployments in shop',
      delete: 'You may not delete deployments in shop',
      forward: 'You may not create pods/portforward in shop',
      logs: undefined,
    })
  })

  it('reads logs of pods, and gets into none', async () => {
    const found = await refusals(Pod as never, rowsOf(Pod, 'shop', 'web-0'))
    expect(found['logs']).toBeUndefined()
    expect(found['previous']).toBeUndefined()
    for (const id of ['shell', 'files']) expect(found[id], id).toBe('You may not create pods/exec in shop')
    expect(found['attach']).toBe('You may not create pods/attach in shop')
    expect(found['debug']).toBe('You may not patch pods/ephemeralcontainers in shop')
  })

  it('is refused by key too, and told why instead', async () => {
    const rows = deployments('shop', 'web')
    await refusals(Deployment as never, rows)
    const run = vi.fn<() => void>()
    const action = actionsOf(servedAs(Deployment as never)).find(({ id }) => id === 'delete')!
    perform({ ...action, run }, rows)
    expect(run).not.toHaveBeenCalled()
    expect(JSON.stringify(useToastStore().toasts)).toContain('You may not delete deployments in shop')
  })

  it('is offered the fixes of “Why?” as what they would take', async () => {
    const ref = { type: Deployment, namespace: 'shop', name: 'web' }
    const ask = () =>
      refusalOfFix({ kind: 'patch', title: 'Scale', ref, patch: {}, consequence: '', subresource: 'scale' })
    expect(ask()).toBeUndefined()
    await settle()
    expect(ask()).toBe('You may not patch deployments/scale in shop')
    expect(refusalOfFix({ kind: 'open', title: 'Open', ref })).toBeUndefined()
    const pod = { type: Pod, namespace: 'shop', name: 'web-0' }
    expect(refusalOfFix({ kind: 'logs', title: 'Logs', ref: pod, container: 'main', previous: false })).toBeUndefined()
    useClusterStore().kinds = [servedAs(ConfigMap as never)]
    const draft = make(ConfigMap, 'settings', {}, 'shop') as unknown as AnyObject
    expect(
      refusalOfFix({ kind: 'create', title: 'Make', draft: { ...draft, kind: 'ConfigMap', apiVersion: 'v1' } }),
    ).toBe('You may not create configmaps in shop')
    refusalOfFix({ kind: 'add-hosts', title: 'Add hosts' })
    await settle()
    expect(refusalOfFix({ kind: 'add-hosts', title: 'Add hosts' })).toBe('You may not create hosts')
  })
})

it('restoring takes the right to it, and to make or change the object itself', async () => {
  const revision = {
    metadata: { name: 'r1', namespace: 'shop' },
    of: { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments', namespace: 'shop', name: 'web' },
  } as Parameters<typeof refusalToRestore>[0]
  const restoring = rule(['create'], ['history.flotilla.dev'], ['revisions/restore'])
  rules['shop'] = [restoring, rule(['update'], ['apps'], ['deployments'])]
  refusalToRestore(revision, false)
  await settle()
  expect(refusalToRestore(revision, false)).toBeUndefined()
  expect(refusalToRestore(revision, true)).toBe('You may not create deployments in shop')
  setActivePinia(createPinia())
  rules['shop'] = [rule(['*'], ['apps'], ['*'])]
  refusalToRestore(revision, false)
  await settle()
  expect(refusalToRestore(revision, false)).toBe('You may not create revisions/restore in shop')
})

describe('a release of Helm', () => {
  // Manifests that are as short as these are read at once.
  beforeEach(() => void vi.spyOn(performance, 'now').mockReturnValue(0))
  afterEach(() => void vi.restoreAllMocks())
  const of = { namespace: 'shop', name: 'web' }
  const manifest = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
---
apiVersion: v1
kind: Pod
metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}`
  async function told(operation: HelmOperation, manifests?: Manifests) {
    useClusterStore().kinds = [ConfigMap, Pod, ClusterRole].map(type => servedAs(type as never))
    // One missing right is told at a time, and what is in no namespace is asked for by itself.
    for (let turn = 0; turn < 3; turn++) {
      useRightsStore().refusalOf(rightsForHelm(operation, manifests))
      await settle()
    }
    return useRightsStore().refusalOf(rightsForHelm(operation, manifests))
  }
  const secrets = (...verbs: string[]) => rule(verbs, [''], ['secrets'])
  const maps = rule(['delete'], [''], ['configmaps'])

  it.each<HelmOperation>([
    { do: 'upgrade', chart: 'repo/web', version: '', values: '', ...of },
    { do: 'rollback', revision: 1, ...of },
  ])('takes Secrets to $do, where helm keeps what it did', async operation => {
    expect(await told(operation)).toBe('You may not create secrets in shop')
    setActivePinia(createPinia())
    rules['shop'] = [secrets('create')]
    expect(await told(operation)).toBe('You may not update secrets in shop')
    setActivePinia(createPinia())
    rules['shop'] = [secrets('create', 'update')]
    expect(await told(operation)).toBeUndefined()
  })
  it('is upgraded by who may change what it has', async () => {
    const operation = { do: 'upgrade', chart: 'repo/web', version: '', values: '', ...of } as const
    rules['shop'] = [secrets('create', 'update'), rule(['patch'], [''], ['configmaps'])]
    expect(await told(operation, { now: manifest })).toBe('You may not patch pods in shop')
    setActivePinia(createPinia())
    rules['shop']!.push(rule(['patch'], [''], ['pods'], { resourceNames: ['kept'] }))
    allowed = ['patch clusterroles']
    expect(await told(operation, { now: manifest })).toBeUndefined()
  })
  it('is rolled back by who may change what stays, make what comes back and delete what goes', async () => {
    const operation = { do: 'rollback', revision: 1, ...of } as const
    const [settings = '', kept = '', reader = ''] = manifest.split('---')
    const back = { now: [kept, settings].join('---'), then: [settings, reader].join('---') }
    const granted = [secrets('create', 'update')]
    const missing = async () => {
      setActivePinia(createPinia())
      rules['shop'] = granted
      return await told(operation, back)
    }
    expect(await missing()).toBe('You may not patch configmaps in shop')
    granted.push(rule(['patch'], [''], ['configmaps']))
    expect(await missing()).toBe('You may not create clusterroles')
    allowed = ['create clusterroles']
    expect(await missing(), 'what its chart keeps stays').toBeUndefined()
    back.then = reader
    expect(await missing()).toBe('You may not delete configmaps in shop')
  })
  it('goes only with all of its objects, but for those that its chart keeps', async () => {
    const operation = { do: 'uninstall', keepHistory: false, ...of } as const
    rules['shop'] = [secrets('update', 'delete')]
    expect(await told(operation, { now: manifest })).toBe('You may not delete configmaps in shop')
    setActivePinia(createPinia())
    rules['shop'] = [secrets('update', 'delete'), maps]
    expect(await told(operation, { now: manifest })).toBe('You may not delete clusterroles')
    setActivePinia(createPinia())
    allowed = ['delete clusterroles']
    expect(await told(operation, { now: manifest })).toBeUndefined()
  })
  it('is upgraded once helm told what the newer chart would make, by who may make that', async () => {
    const [settings = ''] = manifest.split('---')
    const hook = { kind: 'Pod', name: 'look', manifest: 'apiVersion: v1\nkind: Pod\nmetadata: {name: look}' }
    const answer = {
      info: { status: 'pending-upgrade', notes: 'Thanks' },
      manifest: settings,
      hooks: [
        { ...hook, events: ['pre-upgrade'] },
        { ...hook, name: 'tests', events: ['test'] },
      ],
    }
    useClusterStore().kinds = [ConfigMap, Pod].map(type => servedAs(type as never))
    const store = useHelmStore()
    store.version = '4.1.0'
    const asked: HelmOperation[] = []
    store.run = operation => (asked.push(operation), Promise.resolve(JSON.stringify(answer)))
    rules['shop'] = [secrets('create', 'update'), rule(['create', 'delete'], [''], ['pods'])]
    const release = { manifest: '', config: {} } as never
    const listed = { ...of, key: 'shop/web', newest: {} as never, revisions: [], release, problem: undefined }
    const app = createApp(HelmDialog, { of: listed, namespaces: ['shop'] })
    app.mount(document.createElement('div'))
    try {
      await settle()
      const dialog = document.querySelector('[role=dialog]')!
      const chart = dialog.querySelector<HTMLInputElement>('input[name=chart]')!
      chart.value = 'repo/web'
      chart.dispatchEvent(new Event('input'))
      await settle()
      const button = () => dialog.querySelector<HTMLButtonElement>('button[type=submit]')!
      expect(button().textContent).toBe('See what would change')
      dialog.querySelector('form')!.requestSubmit(button())
      for (let turn = 0; turn < 4; turn++) await settle()
      expect(asked).toEqual([expect.objectContaining({ do: 'upgrade', dryRun: true, createNamespace: false })])
      const plan = dialog.querySelector('[data-helm-plan]')!
      expect(plan.querySelector('[role=status]')!.textContent).toBe('1 new, 0 changed, 0 deleted, 0 as they are')
      expect(plan.querySelector('li')!.textContent).toContain('ConfigMap')
      expect(plan.querySelector('[data-notes]')!.textContent).toBe('Thanks')
      expect(plan.textContent, 'what is no part of an upgrade').not.toContain('tests')
      expect(button().textContent).toBe('Upgrade')
      expect(button().title).toBe('You may not create configmaps in shop')
      chart.value = 'repo/other'
      chart.dispatchEvent(new Event('input'))
      await settle()
      expect(button().textContent, 'of another chart nothing is known').toBe('See what would change')
    } finally {
      app.unmount()
    }
  })
  it('is not rolled back by who may not, who is told so beside the command', async () => {
    useHelmStore().version = '4.1.0'
    const app = createApp(HelmDialog, { operation: { do: 'rollback', revision: 1, ...of } })
    app.mount(document.createElement('div'))
    try {
      await settle()
      await settle()
      const dialog = document.querySelector('[role=dialog]')!
      expect(dialog.querySelector<HTMLButtonElement>('button[type=submit]')!.title).toBe(
        'You may not create secrets in shop',
      )
      expect(dialog.querySelector('[role=status]')!.textContent).toBe('You may not create secrets in shop')
      expect(dialog.querySelector('code')!.textContent).toBe('helm rollback web 1 --namespace=shop')
    } finally {
      app.unmount()
    }
  })
  it('is rolled back by who may make what its revision has, which is read for that', async () => {
    rules['shop'] = [secrets('create', 'update')]
    useClusterStore().kinds = [servedAs(ConfigMap as never)]
    const [settings = ''] = manifest.split('---')
    const name = 'sh.helm.release.v1.web.v1'
    secret = { metadata: { name }, data: { release: btoa(btoa(JSON.stringify({ manifest: settings }))) } }
    const revision = { secret: name, uid: 'u1', revision: 1, status: 'superseded', ...of }
    useHelmStore().version = '4.1.0'
    const app = createApp(HelmDialog, { operation: { do: 'rollback', revision: 1, ...of }, revision, manifest: '' })
    app.mount(document.createElement('div'))
    try {
      for (let turn = 0; turn < 4; turn++) await settle()
      expect(document.querySelector('[role=dialog] form > [role=status]')!.textContent).toBe(
        'You may not create configmaps in shop',
      )
    } finally {
      app.unmount()
      secret = undefined
    }
  })
  it('leaves its history without the right to take that away', async () => {
    rules['shop'] = [secrets('update')]
    expect(await told({ do: 'uninstall', keepHistory: true, ...of })).toBeUndefined()
    expect(await told({ do: 'uninstall', keepHistory: false, ...of }, { now: 'no: [yaml' })).toBe(
      'You may not delete secrets in shop',
    )
  })
})

it('who may do everything in a namespace is refused nothing there', async () => {
  const found = await refusals(Deployment as never, deployments('mine', 'web'))
  expect(Object.values(found).filter(Boolean)).toEqual([])
})

it('of several objects, one that may not be changed is enough', async () => {
  const rows = [...deployments('mine', 'a'), ...deployments('shop', 'b')]
  expect((await refusals(Deployment as never, rows))['delete']).toBe('You may not delete deployments in shop')
})

it('a rule for names is one for these objects alone', async () => {
  rules['shop'] = [...VIEW, rule(['delete'], ['apps'], ['deployments'], { resourceNames: ['web'] })]
  expect((await refusals(Deployment as never, deployments('shop', 'web')))['delete']).toBeUndefined()
  expect(useRightsStore().may({ verb: 'delete', group: 'apps', resource: 'deployments', namespace: 'shop' })).toBe(
    false,
  )
  const other = actionsOf(servedAs(Deployment as never)).find(({ id }) => id === 'delete')!
  expect(other.refusal(deployments('shop', 'other'))).toBe('You may not delete deployments in shop')
})

it('running a CronJob now takes the right to make Jobs', async () => {
  rules['shop'] = [rule(['*'], ['batch'], ['cronjobs'])]
  expect((await refusals(CronJob as never, rowsOf(CronJob, 'shop', 'nightly')))['run']).toBe(
    'You may not create jobs in shop',
  )
})

describe('the server is asked', () => {
  it('once for all actions of a namespace', async () => {
    await refusals(Deployment as never, deployments('shop', 'web', 'api'))
    for (const { refusal } of actionsOf(servedAs(Pod as never))) refusal(rowsOf(Pod, 'shop', 'web-0'))
    await settle()
    expect(asked.map(({ kind, spec }) => [kind, spec.namespace])).toEqual([['SelfSubjectRulesReview', 'shop']])
  })

  it('one by one about what is in no namespace, whatever a namespace allows', async () => {
    rules['default'] = [rule(['*'], ['*'], ['*'])]
    allowed = ['delete nodes']
    const found = await refusals(Node as never, rowsOf(Node, '', 'box-1'))
    expect(found).toMatchObject({
      cordon: 'You may not patch nodes',
      drain: 'You may not patch nodes',
      delete: undefined,
      shell: undefined,
      files: undefined,
    })
    setActivePinia(createPinia())
    rules['default'] = [rule(['create'], [''], ['pods'])]
    const refused = await refusals(Node as never, rowsOf(Node, '', 'box-1'))
    for (const id of ['shell', 'files']) expect(refused[id], id).toBe('You may not create pods/exec in default')
  })

  it('one by one where the rules of a namespace are not all', async () => {
    incomplete = true
    allowed = ['delete deployments']
    const found = () =>
      actionsOf(servedAs(Deployment as never)).map(({ id, refusal }) => [id, refusal(deployments('shop', 'web'))])
    found()
    await settle()
    found()
    await settle()
    const told = Object.fromEntries(found()) as Record<string, string | undefined>
    expect(told['delete']).toBeUndefined()
    expect(told['edit']).toBe('You may not update deployments in shop')
  })

  it('again once its answer is old', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const right = { verb: 'delete', group: 'apps', resource: 'deployments', namespace: 'shop' }
      useRightsStore().may(right)
      await settle()
      expect(useRightsStore().may(right)).toBe(false)
      rules['shop'] = rules['mine']!
      vi.advanceTimersByTime(31_000)
      expect(useRightsStore().may(right), 'what was known holds until the answer').toBe(false)
      await settle()
      expect(useRightsStore().may(right)).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('and where it does not tell, nothing is refused beforehand', async () => {
    refusesReviews = true
    expect(Object.values(await refusals(Node as never, rowsOf(Node, '', 'box-1'))).filter(Boolean)).toEqual([])
    expect(Object.values(await refusals(Deployment as never, deployments('shop', 'web'))).filter(Boolean)).toEqual([])
  })
})

it('what is done to a host is seen by everybody, and steered by who may', async () => {
  const operation = {
    ...make(HostOperation, 'box-1-join', { spec: { hostName: 'box-1', action: 'Join' } }, ''),
    status: { phase: 'WaitingForApproval', plan: [{ step: 'Docker', changes: ['installs it'] }] },
  }
  const host = document.createElement('div')
  const app = createApp(OperationPanel, { operation, host: undefined })
  app.mount(host)
  try {
    const said = () => [...host.querySelectorAll('button')].map(({ textContent, title }) => [textContent.trim(), title])
    await settle()
    expect(said()).toEqual([
      ['Cancel', 'You may not patch hostoperations'],
      ['Change exactly this', 'You may not patch hostoperations'],
    ])
  } finally {
    app.unmount()
  }
})

it('a saved port-forward leads through the API server only for who may go there', async () => {
  const forward = { namespace: 'shop', port: 80, localPort: 8080, isOn: true } as const
  useForwardStore().saved = [
    { id: 'a', kind: 'services', name: 'web', ...forward },
    { id: 'b', kind: 'pods', name: 'web-0', ...forward },
  ] satisfies SavedForward[]
  rules['shop'] = [...VIEW, rule(['get'], [''], ['services/proxy'])]
  const host = document.createElement('div')
  const app = createApp(ForwardsView)
  app.component('RouterLink', { props: ['to'], render: () => h('i') })
  app.mount(host)
  try {
    await settle()
    await settle()
    const row = (name: string) => host.querySelector(`[data-forward="${name}"]`)!
    expect(row('web').querySelector('a')!.getAttribute('href')).toContain('/services/web:80/proxy/')
    expect(row('web-0').querySelector('a')).toBeNull()
    expect(row('web-0').querySelector('[aria-disabled]')!.getAttribute('title')).toBe(
      'You may not get pods/proxy in shop',
    )
  } finally {
    app.unmount()
    useForwardStore().saved = []
  }
})

it('a link to where something is made leads nowhere for who may not make it, and says why', () => {
  const draw = (refusal: string | undefined) => {
    const host = document.createElement('div')
    const app = createApp(() => h(ActionLink as Component, { to: '/', refusal }, () => 'Make'))
    app.component('RouterLink', { props: ['to'], render: () => h('a', { href: '/' }, 'Make') })
    app.mount(host)
    const link = host.firstElementChild!
    app.unmount()
    return link
  }
  const link = draw('You may not create pods')
  expect([link.tagName, link.textContent]).toEqual(['SPAN', 'Make'])
  expect(link.getAttribute('aria-disabled')).toBe('true')
  expect(link.getAttribute('aria-description')).toBe('You may not create pods')
  expect(draw(undefined).tagName).toBe('A')
})

describe.each([
  ['an icon', IconButton as Component],
  ['a word', UiButton as Component],
])('a button with %s that is refused', (_what, button) => {
  let app: App
  const onClick = vi.fn<() => void>()
  const onSubmit = vi.fn<(event: Event) => void>(event => event.preventDefault())
  afterEach(() => {
    app.unmount()
    document.body.replaceChildren()
    vi.clearAllMocks()
  })
  const draw = async (refusal: string | undefined) => {
    const host = document.createElement('div')
    document.body.append(host)
    app = createApp(() =>
      h(
        'form',
        { onSubmit },
        h(button, { label: 'Make', type: 'submit', refusal, onClick }, () => 'x'),
      ),
    )
    app.mount(host)
    // Vue leaves out clicks of the moment in which a button came.
    await new Promise(resolve => setTimeout(resolve, 5))
    const drawn = host.querySelector('button')!
    drawn.click()
    return drawn
  }
  it('stays to be found, says why, and does nothing', async () => {
    const drawn = await draw('You may not create pods')
    expect(drawn.disabled).toBe(false)
    expect(drawn.getAttribute('aria-disabled')).toBe('true')
    expect(drawn.title).toBe('You may not create pods')
    expect(drawn.getAttribute('aria-description')).toBe('You may not create pods')
    expect(onClick).not.toHaveBeenCalled()
    expect(onSubmit).not.toHaveBeenCalled()
  })
  it('does what it says otherwise', async () => {
    const drawn = await draw(undefined)
    expect(drawn.hasAttribute('aria-disabled')).toBe(false)
    expect(onClick).toHaveBeenCalledOnce()
    expect(onSubmit).toHaveBeenCalledOnce()
  })
})
