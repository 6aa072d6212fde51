// What is asked before something is done: what follows from it, and the same with kubectl.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type App, createApp, nextTick } from 'vue'
import type { Router } from 'vue-router'
import type { ServedKind } from '@/api/discovery.ts'
import { rowOf } from '@/api/sources.ts'
import ConfirmDialog from '@/components/ConfirmDialog.vue'
import { ClusterRevision, NamespacedRevision } from '@/history/revisions.ts'
import { perform } from '@/kinds/actions/action.ts'
import { actionsOf } from '@/kinds/actions/actions-of.ts'
import { useClusterStore } from '@/stores/cluster.ts'
import { useToastStore } from '@/stores/toasts.ts'
import { useConfirmStore } from '@/stores/confirm.ts'
import { runFix } from '@/why/run-fix.ts'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { CronJob } from '../../src/shared/api/batch/v1.ts'
import { Host } from '../../src/shared/api/flotilla/v1.ts'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import { ConfigMap, Node, Pod } from '../../src/shared/api/core/v1.ts'
import type { AnyObject, KubeObject } from '../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../src/shared/machinery/resource-type.ts'
import { make } from './support/objects.ts'

const Widget = { group: 'shop.example', version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true } as const
let served: Record<string, unknown>
/** To whatever is not in `served`. */
let answerAll: object | undefined
beforeEach(() => {
  setActivePinia(createPinia())
  served = {}
  answerAll = undefined
  vi.stubGlobal('fetch', (input: RequestInfo | URL) => {
    const { pathname } = new URL(String(input instanceof Request ? input.url : input), 'http://window')
    const found = served[pathname] ?? answerAll
    return Promise.resolve(Response.json(found ?? { kind: 'Status', code: 404 }, { status: found ? 200 : 404 }))
  })
})
let mounted: App | undefined
afterEach(() => {
  mounted?.unmount()
  mounted = undefined
  vi.unstubAllGlobals()
})

const rowIn = (type: ResourceType<KubeObject>, namespace: string, name: string, given = {}) =>
  rowOf({ ...make(type, name, given, namespace), kind: type.kind } as unknown as AnyObject)
/** The question that an action asks about these rows. */
async function asked(type: ResourceType<KubeObject>, id: string, rows: ReturnType<typeof rowIn>[]) {
  const kind = { type, verbs: ['patch', 'delete'], subresources: new Set(['scale']) } as unknown as ServedKind
  const action = actionsOf(kind).find(each => each.id === id)
  if (!action) throw new Error(`no ${id}`)
  perform(action, rows)
  const store = useConfirmStore()
  await vi.waitFor(() => expect(store.question).toBeDefined())
  return store.question
}
const ENTERED = { number: 3, line: 'team=shop tier-' }

describe('the same with kubectl', () => {
  const web = rowIn(Deployment, 'shop', 'web')
  it.each([
    ['delete', Deployment, [web], 'kubectl delete deployments.apps web --namespace=shop'],
    ['scale', Deployment, [web], 'kubectl scale deployments.apps web --replicas=3 --namespace=shop'],
    ['restart', Deployment, [web], 'kubectl rollout restart deployments.apps web --namespace=shop'],
    ['label', Deployment, [web], 'kubectl label deployments.apps web team=shop tier- --overwrite --namespace=shop'],
    [
      'delete-at-once',
      Pod,
      [rowIn(Pod, 'shop', 'web-0')],
      'kubectl delete pods web-0 --grace-period=0 --force --namespace=shop',
    ],
    ['cordon', Node, [rowIn(Node, '', 'box-1'), rowIn(Node, '', 'box-2')], 'kubectl cordon box-1 box-2'],
  ])('stands in the question of %s', async (id, type, rows, command) => {
    const question = await asked(type as typeof Deployment, id, rows)
    expect(question?.command?.(ENTERED)).toBe(command)
  })

  it('is a command for each namespace', async () => {
    const rows = [
      ['a', 'one'],
      ['b', 'two'],
      ['a', 'three'],
      ['default', 'four'],
    ]
    const question = await asked(
      ConfigMap,
      'delete',
      rows.map(([namespace = '', name = '']) => rowIn(ConfigMap, namespace, name)),
    )
    expect(question?.command?.(ENTERED).split('\n')).toEqual([
      'kubectl delete configmaps one three --namespace=a',
      'kubectl delete configmaps two --namespace=b',
      'kubectl delete configmaps four --namespace=default',
    ])
  })

  it('is told of the fixes of “Why?”', async () => {
    const ref = { type: Deployment, namespace: 'shop', name: 'web' }
    const patch = { spec: { replicas: 1 } }
    void runFix({ kind: 'patch', title: 'Scale', ref, patch, subresource: 'scale', consequence: '' }, {} as Router)
    expect(useConfirmStore().question?.command?.(ENTERED)).toBe(
      `kubectl patch deployments.apps web --subresource=scale --type=merge '--patch={"spec":{"replicas":1}}' --namespace=shop`,
    )
    const pod = { type: Pod, namespace: 'shop', name: 'web-0' }
    void runFix({ kind: 'delete', title: 'Delete', ref: pod, consequence: '', force: true }, {} as Router)
    expect(useConfirmStore().question?.command?.(ENTERED)).toBe(
      'kubectl delete pods web-0 --grace-period=0 --force --namespace=shop',
    )
  })

  it.each([
    [
      'suspend',
      CronJob,
      {},
      `kubectl patch cronjobs.batch it --type=merge '--patch={"spec":{"suspend":true}}' --namespace=shop`,
    ],
    ['uncordon', Node, { unschedulable: true }, 'kubectl uncordon it'],
    [
      'roll back by itself',
      Deployment,
      {},
      'kubectl annotate deployments.apps it flotilla.dev/auto-rollback=true --overwrite --namespace=shop',
    ],
    [
      'run now',
      CronJob,
      { jobTemplate: { spec: {} } },
      /^kubectl create job it-\w{5} --from=cronjob\/it --namespace=shop$/,
    ],
  ])('is told afterwards of what is done without a question: %s', async (what, type, spec, command) => {
    useClusterStore().kinds = [{ type: Host }] as never
    answerAll = { metadata: {} }
    const kind = { type, verbs: ['patch'], subresources: new Set() } as unknown as ServedKind
    const ids: Record<string, string> = { suspend: 'pause', 'roll back by itself': 'auto-rollback', 'run now': 'run' }
    const action = actionsOf(kind).find(({ id }) => id === (ids[what] ?? what))
    await action?.run([rowIn(type as typeof Node, 'shop', 'it', { spec })])
    const [told] = useToastStore().toasts
    expect(told?.tone).toBe('done')
    expect(told?.command).toEqual(typeof command === 'string' ? command : expect.stringMatching(command))
  })

  it('follows what is entered, in the dialog', async () => {
    mounted = createApp(ConfirmDialog)
    mounted.mount(document.createElement('div'))
    await asked(Deployment, 'scale', [rowIn(Deployment, 'shop', 'web', { spec: { replicas: 2 } })])
    await nextTick()
    await nextTick()
    const command = () => document.querySelector('[aria-label="The same with kubectl"]')?.textContent
    expect(command()).toContain('--replicas=2')
    const more = document.querySelector<HTMLElement>('[aria-label="One more"]')
    more?.click()
    await nextTick()
    expect(command()).toContain('--replicas=3')
  })

  it('is not told before it is one that kubectl takes', async () => {
    mounted = createApp(ConfirmDialog)
    mounted.mount(document.createElement('div'))
    const command = () => document.querySelector('[aria-label="The same with kubectl"]')?.textContent
    const enter = async (selector: string, text: string) => {
      const field = document.querySelector<HTMLInputElement>(selector)
      if (field) field.value = text
      field?.dispatchEvent(new InputEvent('input'))
      await nextTick()
    }
    await asked(Deployment, 'scale', [web])
    await nextTick()
    await nextTick()
    await enter('#confirm-number', '')
    expect(command()).toBeUndefined()
    await enter('#confirm-number', '4')
    expect(command()).toContain('--replicas=4')
    await asked(Deployment, 'label', [web])
    await nextTick()
    expect(command()).toBeUndefined()
    await enter('input.font-mono', 'tier=web')
    expect(command()).toContain('tier=web')
  })
})

describe('before something is deleted', () => {
  const ours = () => {
    useClusterStore().kinds = [NamespacedRevision, ClusterRevision].map(type => ({ type })) as never
  }

  it('it is told that it can be brought back, where the cluster keeps what it was', async () => {
    expect((await asked(ConfigMap, 'delete', [rowIn(ConfigMap, 'shop', 'one')]))?.text).toBe('This cannot be undone.')
    ours()
    expect((await asked(ConfigMap, 'delete', [rowIn(ConfigMap, 'shop', 'one')]))?.text).toBe(
      'It can be brought back from its history.',
    )
    expect(
      (await asked(Deployment, 'delete', [rowIn(Deployment, 'shop', 'one'), rowIn(Deployment, 'shop', 'two')]))?.text,
    ).toBe('Their replica sets and pods are deleted with them. They can be brought back from their history.')
    expect((await asked(Deployment, 'delete', [rowIn(Deployment, 'shop', 'one')]))?.text).toBe(
      'Its replica sets and pods are deleted with it. It can be brought back from its history.',
    )
  })

  it('it is not told of what another server keeps, whose history this cluster has not', async () => {
    ours()
    const rows = [rowIn(Widget, 'shop', 'one')]
    expect((await asked(Widget, 'delete', rows))?.text).toBe('It can be brought back from its history.')
    useClusterStore().aggregated = new Set(['v1.shop.example'])
    expect((await asked(Widget, 'delete', rows))?.text).toBe('This cannot be undone.')
  })

  it.each([
    [Pod, 'Pods of a controller are replaced by new ones.'],
    [Lease, 'This cannot be undone.'],
  ])('nothing of that is said of what is not brought back', async (type, text) => {
    ours()
    expect((await asked(type as typeof Pod, 'delete', [rowIn(type, 'shop', 'one')]))?.text).toBe(text)
  })
})

describe('a pod that is deleted at once', () => {
  it('is told what that means, and is not waited for', async () => {
    vi.useFakeTimers()
    const sent: RequestInit[] = []
    vi.stubGlobal('fetch', (_input: unknown, init: RequestInit) => {
      sent.push(init)
      return Promise.resolve(Response.json({ kind: 'Status', status: 'Success' }))
    })
    const question = await asked(Pod, 'delete-at-once', [rowIn(Pod, 'shop', 'web-0')])
    expect(question?.text).toContain('on a node that does not answer they run on')
    useConfirmStore().answer({ confirmed: true, number: 0, line: '' })
    await vi.advanceTimersByTimeAsync(5_000)
    vi.useRealTimers()
    const deletion = sent.find(({ method }) => method === 'DELETE')
    expect(JSON.parse(String(deletion?.body))).toMatchObject({ gracePeriodSeconds: 0 })
  })
})

describe('the number to scale to', () => {
  it('begins at what a custom resource has, of which lists tell no more than its columns', async () => {
    served['/apis/shop.example/v1/namespaces/shop/widgets/one/scale'] = { kind: 'Scale', spec: { replicas: 7 } }
    const listed = rowIn(Widget as unknown as ResourceType<KubeObject>, 'shop', 'one', { spec: undefined })
    expect((await asked(Widget as never, 'scale', [listed]))?.number?.value).toBe(7)
  })
})
