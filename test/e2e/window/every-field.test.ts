// Every kind's form with nothing left out: what is typed is stored as it was, and there again to be changed. In a real
// Chromium, on a real server.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import type { Cluster } from '../support/cluster.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { type Wishes, fillAll, shownIn, valuesOf } from './support/form-walker.ts'

let cluster: Cluster
let window: ClusterWindow
let page: Page

const BOATS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: boats.example.dev }
spec:
  group: example.dev
  scope: Namespaced
  names: { plural: boats, singular: boat, kind: Boat }
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [sails]
            properties:
              sails: { type: integer }
              rig: { type: string, enum: [sloop, ketch] }
              berths: { type: array, items: { type: object, properties: { name: { type: string } } } }
`

beforeAll(async () => {
  window = await ClusterWindow.open({
    args: ['--no-local-node'],
    prepare: async cluster => {
      await cluster.apply(BOATS)
      await cluster.kubectl('wait', '--for=condition=Established', 'crd/boats.example.dev')
    },
  })
  ;({ cluster, page } = window)
})
afterAll(() => window?.[Symbol.asyncDispose]())

const field = (path: string) => page.locator(`[name="${path}"]`)
const read = async (...args: string[]) => JSON.parse(await cluster.kubectl('get', ...args, '-o', 'json')) as never

/** Walked where a Pod is; within others the form of a pod is the same. */
const POD_FIELDS = [
  ...['activeDeadlineSeconds', 'volumes', 'nodeSelector', 'tolerations', 'affinity', 'securityContext'],
  ...['command', 'args', 'ports', 'env', 'resources', 'volumeMounts', 'readinessProbe', 'livenessProbe'],
  'initContainers',
]
const CONTAINER: Wishes = [
  [/\.image$/, 'app:1'],
  [/\.serviceAccountName$/, 'default'],
]
const ENDS: Wishes = [[/\.restartPolicy$/, 'OnFailure'], ...CONTAINER]
const KEPT_UP: Wishes = [
  [/(matchLabels|template\.metadata\.labels)\.\w+$/, 'walked'],
  [/\.restartPolicy$/, 'Always'],
  ...CONTAINER,
]

interface Walk {
  readonly place: string
  readonly resource: string
  /** Of the object, where a kind is walked in several ways. */
  readonly name?: string
  readonly wishes?: Wishes
  readonly except?: readonly string[]
}
const WALKS: readonly Walk[] = [
  {
    place: 'core/v1/pods',
    resource: 'pod',
    wishes: [
      [/resources\.\w+\.memory$/, '64Mi'],
      [/(volumes|volumeMounts)\[0\]\.name$/, 'scratch'],
      [/\.mountPath$/, '/scratch'],
      [/\.successThreshold$/, '1'],
      [/\.effect$/, 'NoExecute'],
      [/\.env\[\d\]\.name$/, 'NAME'],
      ...ENDS,
    ],
    // They take probes only where they go on running.
    except: ['initContainers'],
  },
  {
    place: 'apps/v1/deployments',
    resource: 'deployment',
    wishes: [[/strategy\.type$/, 'RollingUpdate'], [/\.progressDeadlineSeconds$/, '600'], ...KEPT_UP],
    except: POD_FIELDS,
  },
  {
    place: 'apps/v1/daemonsets',
    resource: 'daemonset',
    wishes: [[/updateStrategy\.type$/, 'RollingUpdate'], [/\.maxSurge$/, '0'], [/\.maxUnavailable$/, '1'], ...KEPT_UP],
    except: POD_FIELDS,
  },
  {
    place: 'apps/v1/statefulsets',
    resource: 'statefulset',
    wishes: [[/updateStrategy\.type$/, 'RollingUpdate'], ...KEPT_UP],
    except: [...POD_FIELDS, 'volumeClaimTemplates'],
  },
  {
    place: 'batch/v1/cronjobs',
    resource: 'cronjob',
    wishes: [[/\.schedule$/, '*/5 * * * *'], [/\.timeZone$/, 'Europe/Berlin'], ...ENDS],
    except: POD_FIELDS,
  },
  { place: 'batch/v1/jobs', resource: 'job', wishes: ENDS, except: POD_FIELDS },
  {
    place: 'core/v1/services',
    resource: 'service',
    wishes: [
      [/spec\.type$/, 'NodePort'],
      [/\[0\]\.nodePort$/, '30180'],
      [/\[1\]\.nodePort$/, '30181'],
      [/\[1\]\.port$/, '81'],
      [/\[0\]\.targetPort$/, '8080'],
      [/\[1\]\.targetPort$/, 'admin'],
    ],
  },
  {
    place: 'networking.k8s.io/v1/ingresses',
    resource: 'ingress',
    wishes: [
      [/host(s\[\d\])?$/, 'shop.example'],
      [/\.pathType$/, 'Prefix'],
      [/paths\[0\]\.path$/, '/'],
      [/paths\[1\]\.path$/, '/tea'],
      // A port is told by its number or by its name.
      [/paths\[0\]\.backend\.service\.port\.name$/, ''],
      [/paths\[1\]\.backend\.service\.port\.number$/, ''],
      [/\.port\.number$/, '80'],
    ],
  },
  {
    place: 'networking.k8s.io/v1/networkpolicies',
    resource: 'networkpolicy',
    wishes: [[/policyTypes\[1\]$/, 'Egress']],
    // A peer is told either by what it is or by its addresses.
    except: ['ipBlock'],
  },
  {
    place: 'networking.k8s.io/v1/networkpolicies',
    resource: 'networkpolicy',
    name: 'walked-addresses',
    wishes: [
      [/policyTypes\[1\]$/, 'Egress'],
      [/\.cidr$/, '10.0.0.0/8'],
      [/\.except\[0\]$/, '10.1.0.0/16'],
    ],
    except: ['namespaceSelector', 'podSelector'],
  },
  { place: 'core/v1/configmaps', resource: 'configmap' },
  { place: 'core/v1/secrets', resource: 'secret' },
  {
    place: 'core/v1/persistentvolumeclaims',
    resource: 'persistentvolumeclaim',
    wishes: [[/requests\.\w+$/, '2Gi']],
  },
  {
    place: 'autoscaling/v2/horizontalpodautoscalers',
    resource: 'horizontalpodautoscaler',
    wishes: [
      [/\.maxReplicas$/, '9'],
      [/scaleTargetRef\.kind$/, 'Deployment'],
      [/scaleTargetRef\.apiVersion$/, 'apps/v1'],
      [/metrics\[1\]\.resource\.name$/, 'memory'],
    ],
  },
  {
    place: 'policy/v1/poddisruptionbudgets',
    resource: 'poddisruptionbudget',
    // It keeps either so many or loses so few.
    wishes: [
      [/\.minAvailable$/, '50%'],
      [/\.maxUnavailable$/, ''],
    ],
  },
  { place: 'core/v1/namespaces', resource: 'namespace', wishes: [[/finalizers/, 'example.dev/kept']] },
  { place: 'rbac.authorization.k8s.io/v1/roles', resource: 'role' },
  {
    place: 'rbac.authorization.k8s.io/v1/rolebindings',
    resource: 'rolebinding',
    wishes: [
      [/apiGroup$/, 'rbac.authorization.k8s.io'],
      [/subjects.*\.kind$/, 'User'],
    ],
  },
  { place: 'example.dev/v1/boats', resource: 'boat' },
]

it.each(WALKS.map(walk => [walk.name ?? walk.place, walk] as const))(
  'the form of %s keeps all that is typed: stored as it was, and there again to be changed',
  async (_title, { place, resource, name = `walked-${resource}`, wishes = [], except = [] }) => {
    await window.go(`create/${place}`)
    await field('metadata.name').waitFor()
    const named: Wishes = [
      [/^metadata\.name$/, name],
      [/^metadata\.namespace$/, 'default'],
    ]
    const typed = await fillAll(page, 'form', [...named, ...wishes], except)
    const sent = page.waitForRequest(request => request.method() === 'POST' && request.url().includes('dryRun=All'))
    await page.locator('form button[type=submit]').click()
    const tried = await sent
    const { apiVersion: _, kind: __, ...body } = tried.postDataJSON() as Record<string, unknown>
    expect(Object.fromEntries(valuesOf(body))).toEqual(Object.fromEntries(typed))
    const answer = (await (await tried.response())?.json()) as { message?: string }
    expect(answer.message ?? '').toBe('')
    await page.getByRole('dialog', { name: new RegExp(` ${name}$`) }).waitFor()
    expect(Object.fromEntries(valuesOf(await read(resource, name)))).toMatchObject(Object.fromEntries(typed))

    const key = typed.has('metadata.namespace') ? `default/${name}` : name
    await window.go(`k/${place}?open=${key}&tab=yaml`)
    await page.getByRole('button', { name: 'Form', exact: true }).click()
    await field('metadata.labels.memory').waitFor()
    const identity = ['metadata.name', 'metadata.namespace']
    expect(Object.fromEntries(await shownIn(page, '[role=dialog]'))).toMatchObject(
      Object.fromEntries([...typed].filter(([path]) => !identity.includes(path))),
    )
    await field('metadata.labels.memory').fill('changed')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText(`Applied ${name}`).waitFor()
    const stored: { metadata: { labels: object } } = await read(resource, name)
    expect(stored.metadata.labels).toMatchObject({ memory: 'changed' })
  },
)

it('all of it broke no rule of the content security policy and threw nothing', () =>
  expect(window.problems).toEqual([]))
