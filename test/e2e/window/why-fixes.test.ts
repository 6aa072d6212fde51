// What "Why?" offers is clicked, and what was not well is well afterwards: on a real cluster, with real pods.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { clientImage } from '../support/client-image.ts'
import { type Cluster, until } from '../support/cluster.ts'
import { closeDock, shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { counterImage } from './support/counter-image.ts'
import { replaceText } from './support/editor.ts'

let cluster: Cluster
let window: ClusterWindow
let page: Page
let node = ''
const image = counterImage()

interface Wishes {
  readonly image?: string
  /** Of the shell. */
  readonly script?: string
  /** More of the container, and of the pod, in YAML. */
  readonly container?: string
  readonly pod?: string
  readonly namespace?: string
  readonly replicas?: number
}
const deployment = (name: string, wishes: Wishes = {}) => {
  const { script, container = '', pod = '', namespace = 'default', replicas = 1 } = wishes
  const command = script === undefined ? '' : `, command: [sh, -c, ${JSON.stringify(script)}]`
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: '${wishes.image ?? image}', imagePullPolicy: IfNotPresent${command}${container}}]${pod && `\n      ${pod}`}
---`
}
const service = (name: string, app = name) => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${app}}, ports: [{port: 80}]}
---`
const STAYS = 'sleep 3600'

beforeAll(async () => {
  window = await ClusterWindow.open({
    prepare: async (cluster, ready) => {
      node = ready
      const serves = 'mkdir /tmp/www; echo hello >/tmp/www/index.html; exec httpd -f -p 80 -h /tmp/www'
      // All of them at once: each has shown what it suffers from by the time it is looked at.
      const ailing = Object.entries(AILMENTS).map(([what, { wishes }]) => deployment(nameOf(what), wishes))
      await cluster.apply(deployment('shop', { script: serves }) + service('shop') + ailing.join(''))
    },
  })
  ;({ cluster, page } = window)
})
afterAll(() => window?.[Symbol.asyncDispose]())
beforeEach(() => closeDock(page))

const answer = () => page.getByRole('region', { name: 'Why?' })
const sentence = () => page.locator('[data-why]')
/** Opens the object, and waits until it says why it is not well. `meanwhile` is done before each look. */
async function ask(place: string, told: RegExp, meanwhile?: () => Promise<unknown>): Promise<void> {
  await window.go(`k/${place}`)
  let found = ''
  const isTold = async () => {
    await meanwhile?.()
    return told.test((found = await sentence().innerText({ timeout: 1_000 })))
  }
  await until(String(told), isTold).catch((error: unknown) => {
    throw new Error(`${String(error)}; it said: ${found}`)
  })
}
const click = (fix: string | RegExp) => answer().getByRole('button', { name: fix }).first().click()
const confirm = (name: string) => page.locator('[data-modal]').getByRole('button', { name, exact: true }).click()

/** In the editor that a fix opened: replaces some text, and has it checked by the server before it is applied. */
async function edit(name: string, from: string, to: string): Promise<void> {
  const dock = page.locator('[data-dock]')
  await replaceText(page, dock, from, to)
  await dock.getByRole('button', { name: 'Review changes' }).click()
  await dock.getByText('Checked by the server').waitFor()
  await dock.getByRole('button', { name: 'Apply' }).click()
  await page.getByText(`Applied ${name}`, { exact: true }).waitFor()
}
const isWell = () => sentence().waitFor({ state: 'detached' })
const rolledOut = (name: string, ...more: string[]) =>
  cluster.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=110s', ...more)
const remove = (...what: string[]) => cluster.kubectl('delete', ...what, '--wait=false')

interface Ailment {
  readonly wishes: Wishes
  readonly told: RegExp
  /** What is shown besides the sentence. */
  readonly shown?: string | RegExp
  readonly fix: RegExp
  readonly change: readonly [from: string, to: string]
}
const PROBE = 'periodSeconds: 1, failureThreshold: 1, exec: {command: [cat, /tmp/missing]}'
const AILMENTS: Readonly<Record<string, Ailment>> = {
  'an image that cannot be pulled': {
    wishes: { image: 'registry.invalid/counter:none' },
    told: /the registry of image registry\.invalid\/counter:none cannot be reached/,
    fix: /^Edit the image/,
    change: ['registry.invalid/counter:none', image],
  },
  'a crash, with what was written last': {
    wishes: { script: 'echo no queue; exit 3' },
    told: /ends with exit code 3/,
    shown: 'no queue',
    fix: /^Edit the container/,
    change: ['exit 3', STAYS],
  },
  'a command that is not there': {
    wishes: { container: ', command: [nonsense, "3600"]' },
    told: /the command nonsense of container main cannot be run/,
    fix: /^Edit the command/,
    change: ['nonsense', 'sleep'],
  },
  'too little memory': {
    wishes: {
      script: `x=$(head -c 30000000 /dev/zero | tr '\\0' a); ${STAYS}`,
      container: ', resources: {limits: {memory: 16Mi}}',
    },
    told: /was killed for using more memory than its limit of 16Mi/,
    fix: /^Edit the memory limit/,
    change: ['16Mi', '400Mi'],
  },
  'a readiness probe that fails': {
    wishes: { container: `, readinessProbe: {${PROBE}}` },
    told: /the readiness probe of container main fails \(command cat \/tmp\/missing\)/,
    shown: /No such file/,
    fix: /^Edit the probe/,
    change: ['/tmp/missing', '/bin/sh'],
  },
  'a liveness probe that fails, of a program that ends in good order': {
    wishes: { container: `, livenessProbe: {${PROBE}}` },
    told: /is killed since its liveness probe fails/,
    shown: /Liveness probe failed/,
    fix: /^Edit the probe/,
    change: ['/tmp/missing', '/bin/sh'],
  },
  'more asked for than any node has': {
    wishes: { container: ', resources: {requests: {memory: 900Gi}}' },
    told: /has no node yet.* no node has enough memory left/,
    shown: /would need .*GiB more/,
    fix: /^Edit the requests/,
    change: ['900Gi', '9Mi'],
  },
  'a label that no node has': {
    wishes: { pod: 'nodeSelector: {disk: fast}' },
    told: /no node has the labels that the pod selects/,
    fix: /^Edit the node selector/,
    change: ['disk: fast', 'kubernetes.io/os: linux'],
  },
  'a service that its log asks for': {
    wishes: { image: clientImage(), script: `curl -sS http://shop-db/ || exit 4; ${STAYS}` },
    told: /exit code 4.* asks for shop-db, and there is no service shop-db/,
    fix: /^Edit the container/,
    change: ['shop-db', 'shop'],
  },
}

/** Of its Deployment. */
const nameOf = (what: string) =>
  what
    .replaceAll(/[^a-z]+/gi, '-')
    .slice(0, 20)
    .replace(/-$/, '')

describe('what is edited where Why? leads is well afterwards:', () => {
  it.each(Object.entries(AILMENTS))('%s', async (what, { told, shown, fix, change }) => {
    const name = nameOf(what)
    await ask(`apps/v1/deployments?open=default/${name}`, told)
    if (shown) await answer().getByText(shown).first().waitFor()
    await shoot(page, `why-${name}`)
    await click(fix)
    await edit(name, ...change)
    await rolledOut(name)
    await isWell()
    await remove('deployment', name)
  })
})

describe('what Why? does by itself, once it was asked for:', () => {
  it('a rollout that does not come up goes back to the revision before', async () => {
    await cluster.apply(deployment('roll'))
    await rolledOut('roll')
    await cluster.apply(deployment('roll', { script: 'exit 7' }))
    await ask('apps/v1/deployments?open=default/roll', /deployment roll .*exit code 7/i)
    await click('Roll back to revision 1')
    await confirm('Roll back to revision 1')
    await rolledOut('roll')
    expect(await cluster.kubectl('get', 'deployment', 'roll', '-o', 'jsonpath={..containers[0].command}')).toBe('')
    await isWell()
    await remove('deployment', 'roll')
  })

  it('what a pod needs is made', async () => {
    await cluster.apply(deployment('needs', { container: ', envFrom: [{configMapRef: {name: settings}}]' }))
    await ask(
      'apps/v1/deployments?open=default/needs',
      /ConfigMap settings, which container main needs, does not exist/,
    )
    await click('Create ConfigMap settings')
    await page.locator('.cm-content', { hasText: 'name: settings' }).waitFor()
    await page.locator('form button[type=submit]').click()
    await rolledOut('needs')
    await remove('deployment/needs', 'configmap/settings')
  })

  it('what a service leads to is started', async () => {
    await cluster.apply(deployment('idle', { replicas: 0 }) + service('idle'))
    await ask(
      'core/v1/services?open=default/idle',
      /no endpoint that is ready.* Deployment idle behind it is scaled to 0/,
    )
    await click('Scale it to 1')
    await confirm('Scale it to 1')
    await rolledOut('idle')
    await isWell()
    await remove('deployment/idle', 'service/idle')
  })

  it('a class that a claim waits for is made', async () => {
    await cluster.apply(`${deployment('keeps', { pod: 'volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]' })}
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Mi}}}`)
    await ask(
      'apps/v1/deployments?open=default/keeps',
      /has no node yet.* claim data has no volume: storage class fast does not exist/,
    )
    await shoot(page, 'why-claim')
    await click('Create StorageClass fast')
    await page.locator('.cm-content', { hasText: 'name: fast' }).waitFor()
    await page.locator('form button[type=submit]').click()
    await rolledOut('keeps')
    await window.go('k/core/v1/persistentvolumeclaims?open=default/data')
    await page.getByRole('heading', { name: 'data' }).getByText('Bound').waitFor()
    await remove('deployment/keeps', 'pvc/data')
  })

  it('a node that was cordoned takes the pod that waits for it', async () => {
    await cluster.kubectl('cordon', node)
    await cluster.apply(deployment('waits'))
    await ask('apps/v1/deployments?open=default/waits', /has no node yet.* node \S+ is cordoned/)
    await click('Uncordon it')
    await confirm('Uncordon it')
    await rolledOut('waits')
    await isWell()
    await remove('deployment', 'waits')
  })

  it('a node that runs short is drained, rather than its taint tolerated', async () => {
    await cluster.apply(`apiVersion: v1
kind: Node
metadata: {name: box, labels: {size: small}}
---${deployment('pressed', { pod: 'nodeSelector: {size: small}' })}`)
    const beat = () => {
      const lastHeartbeatTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
      const condition = (type: string) => ({ type, status: 'True', message: `${type} it is`, lastHeartbeatTime })
      const patch = JSON.stringify({ status: { conditions: [condition('Ready'), condition('DiskPressure')] } })
      return cluster.kubectl('patch', 'node', 'box', '--subresource=status', '--type=merge', '-p', patch)
    }
    await ask(
      'apps/v1/deployments?open=default/pressed',
      /has no node yet.* a taint .*that the pod does not tolerate.* node box runs out of disk space/,
      beat,
    )
    expect(
      await answer()
        .getByRole('button', { name: /tolerations/ })
        .count(),
    ).toBe(0)
    await click('Drain it')
    const drain = page.getByRole('dialog', { name: /^Drain/ })
    await drain.getByRole('button', { name: /^Cordon/ }).click()
    await drain.getByText('0 of 0 gone').waitFor()
    await drain.getByRole('button', { name: 'Close' }).click()
    expect(await cluster.kubectl('get', 'node', 'box', '-o', 'jsonpath={.spec.unschedulable}')).toBe('true')
    await remove('node/box', 'deployment/pressed')
  })
})

describe('what stands in the way elsewhere is edited there:', () => {
  it('the selector of a service without endpoints', async () => {
    await cluster.apply(service('aimless', 'shopp'))
    await ask('core/v1/services?open=default/aimless', /no pod has the labels that its selector asks for \(app=shopp\)/)
    await click('Edit the selector')
    await edit('aimless', 'app: shopp', 'app: shop')
    await isWell()
    const slices = ['get', 'endpointslices', '-l', 'kubernetes.io/service-name=aimless', '-o']
    const endpoints = () => cluster.kubectl(...slices, 'jsonpath={.items[*].endpoints[*].targetRef.name}')
    await until('it has an endpoint', async () => (await endpoints()).startsWith('shop-'))
    await remove('service', 'aimless')
  })

  it('a quota that leaves no room', async () => {
    await cluster.apply(`
apiVersion: v1
kind: Namespace
metadata: {name: tight}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small, namespace: tight}
spec: {hard: {pods: '0'}}
---${deployment('crowded', { namespace: 'tight' })}`)
    await ask('apps/v1/deployments?open=tight/crowded', /resource quota small of namespace tight leaves no room/)
    await click('Raise ResourceQuota small')
    await edit('small', 'pods: "0"', 'pods: "3"')
    await rolledOut('crowded', '--namespace=tight')
    await isWell()
    await remove('namespace', 'tight')
  })

  it('a network policy that lets nobody in', async () => {
    await cluster.apply(`${deployment('caller', {
      image: clientImage(),
      script: `curl -sS --connect-timeout 2 http://shop/ || exit 5; ${STAYS}`,
    })}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut}
spec:
  podSelector: {matchLabels: {app: shop}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: nobody}}}]}]`)
    await ask(
      'apps/v1/deployments?open=default/caller',
      /network policy shut of service shop does not let it in on port 80/,
    )
    await click('Edit NetworkPolicy shut')
    await edit('shut', 'app: nobody', 'app: caller')
    await rolledOut('caller')
    await isWell()
    await remove('networkpolicy/shut', 'deployment/caller')
  })
})

it('all of it broke no rule of the content security policy and threw nothing', () =>
  expect(window.problems).toEqual([]))
