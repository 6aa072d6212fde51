// Seeing and understanding a cluster in which some things are not well, in a real Chromium.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import type { PodUsage } from '../../../src/shared/api/flotilla/usage-v1.ts'
import { clientImage } from '../support/client-image.ts'
import { type Cluster, until } from '../support/cluster.ts'
import { shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { counterImage } from './support/counter-image.ts'

let cluster: Cluster
let window: ClusterWindow
let page: Page

const deployment = (name: string, image: string, container = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: '${image}', imagePullPolicy: IfNotPresent${container}}]
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 80}]}
---`

beforeAll(async () => {
  const image = counterImage()
  window = await ClusterWindow.open({
    prepare: cluster =>
      cluster.apply(`${deployment('shop', image, ', resources: {requests: {memory: 8Mi}, limits: {memory: 64Mi}}')}${deployment('broken', image, ", command: [sh, -c, 'echo no queue; exit 3']")}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front}
spec:
  rules:
    - http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
          - {path: /api, pathType: Prefix, backend: {service: {name: broken, port: {number: 80}}}}`),
  })
  ;({ cluster, page } = window)
})
afterAll(() => window?.[Symbol.asyncDispose]())

const card = (kind: string, name: string) => page.locator(`[data-card^="${kind}."][data-card$="/${name}"]`)
const why = () => page.locator('[data-why]')

describe('the topology', () => {
  it('shows from ingress to node what leads to what, and tells trouble where it arrives', async () => {
    await page.getByRole('link', { name: 'Topology' }).click()
    await until(
      'the ingress knows that a pod behind it fails',
      async () => (await card('ingresses', 'front').getAttribute('data-tone')) === 'failed',
    )
    await until('shop is well', async () => (await card('deployments', 'shop').getAttribute('data-tone')) === 'healthy')
    expect(await page.locator('[data-card^="pods."]').count()).toBe(4)
    expect(await card('ingresses', 'front').getAttribute('aria-label')).toContain('because of Pod broken-')
    await shoot(page, 'topology')
  })

  it('is walked by keys: along a connection, then into the details and back', async () => {
    await card('ingresses', 'front').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    const focused = page.locator('[data-card]:focus')
    expect(await focused.getAttribute('data-card')).toMatch(/^deployments/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByText('Rollout').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  it('focuses one thing, and only errors, and says so in the address', async () => {
    await card('services', 'shop').focus()
    await page.keyboard.press('f')
    await until('two pods are left', async () => (await page.locator('[data-card^="pods."]').count()) === 2)
    expect(page.url()).toContain('focus=services')
    await page.getByLabel('Show everything again').click()
    await page.getByLabel('Only what has errors').click()
    await until('shop is gone', async () => (await card('deployments', 'shop').count()) === 0)
    expect(await card('deployments', 'broken').count()).toBe(1)
    await page.getByLabel('Only what has errors').click()
  })

  it('is the same as a tree', async () => {
    await page.getByLabel('As a tree').click()
    const item = page.getByRole('treeitem').filter({ hasText: 'front' })
    expect(await item.getAttribute('aria-level')).toBe('2')
    expect(await page.getByRole('treeitem').filter({ hasText: 'Deployment' }).count()).toBeGreaterThanOrEqual(2)
    await page.getByLabel('As a map').click()
  })

  it('shows on demand who may do what, as far as the role', async () => {
    await cluster.apply(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: seller}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: sells}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: seller}]`)
    await page.getByRole('button', { name: 'Relations' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Service accounts, bindings, roles' }).click()
    await page.keyboard.press('Escape')
    for (const [kind, name] of [
      ['rolebindings', 'sells'],
      ['serviceaccounts', 'default'],
    ] as const)
      await card(kind, name).waitFor()
    await page.locator('[data-card="clusterroles.v1.rbac.authorization.k8s.io:view"]').waitFor()
    expect(await card('serviceaccounts', 'seller').count()).toBe(0)
    await shoot(page, 'topology-access')
    await page.getByRole('button', { name: 'Relations' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Service accounts, bindings, roles' }).click()
    await page.keyboard.press('Escape')
  })

  it('is saved as SVG and PNG', async () => {
    const save = async (format: string) => {
      await page.getByLabel('Save as a picture').click()
      const download = page.waitForEvent('download')
      await page.getByRole('menuitem', { name: format }).click()
      return readFileSync(await (await download).path())
    }
    expect((await save('SVG')).toString('utf8')).toContain('broken')
    expect((await save('PNG')).subarray(1, 4).toString('latin1')).toBe('PNG')
  })
})

describe('Why?', () => {
  it('answers on hover in a list, in a sentence', async () => {
    await page.getByRole('link', { name: 'Pods', exact: true }).click()
    await page.locator('[data-key*="broken-"] [data-tone=failed]').first().hover()
    await page.locator('[data-why-tip]').getByText('ends with exit code 3').waitFor()
  })

  it('walks from the ingress down to the container, and shows what it wrote last', async () => {
    await page.getByRole('link', { name: 'Ingresses', exact: true }).click()
    await page.locator('[data-key="default/front"]').click()
    await page.getByText('ends with exit code 3').first().waitFor()
    expect(await why().innerText()).toMatch(/^Ingress front .* \/api.* service broken .* exit code 3/)
    await page.getByText('no queue').waitFor()
    await shoot(page, 'why')
  })

  it('has the fix at hand', async () => {
    await page
      .getByRole('region', { name: 'Why?' })
      .getByRole('button', { name: /^Edit the container/ })
      .click()
    await page.getByRole('tab', { name: /broken/ }).waitFor()
    await page.getByRole('region', { name: 'Why?' }).getByRole('button', { name: /^Logs/ }).click()
    await page.getByRole('log').getByText('no queue').first().waitFor()
  })
})

describe('Why? of what a pod does not reach', () => {
  const caller = (name: string, command: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: '${clientImage()}', imagePullPolicy: Never, command: [sh, -c, '${command}']}]
---`
  const sentence = async (name: string, told: RegExp) => {
    await page.getByRole('link', { name: 'Deployments', exact: true }).click()
    await page.locator(`[data-key="default/${name}"]`).click()
    await until(name, async () => told.test(await why().innerText()))
  }
  const answer = () => page.getByRole('region', { name: 'Why?' })

  it('names the service that its log asks for and that does not exist', async () => {
    await cluster.apply(`${caller('lost', 'curl -sS http://shop-db/ || exit 4')}`)
    await sentence('lost', /exit code 4.* asks for shop-db, and there is no service shop-db in namespace default/)
    await answer().getByText('Could not resolve host: shop-db').first().waitFor()
    expect(await answer().innerText()).toMatch(/Services in default are called .*shop/)
    await shoot(page, 'why-dns')
    await page.keyboard.press('Escape')
  })

  it('names the network policy that does not let it in, and leads there', async () => {
    await cluster.apply(`${caller('caller', 'curl -sS --connect-timeout 2 http://shop/ || exit 5')}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut}
spec: {podSelector: {matchLabels: {app: shop}}, policyTypes: [Ingress], ingress: []}`)
    await sentence('caller', /exit code 5.* network policy shut of service shop does not let it in on port 80/)
    await answer()
      .getByText(/Timeout was reached|timed out/)
      .first()
      .waitFor()
    expect(await answer().innerText()).toContain('no rule allows connections from default/caller-')
    await shoot(page, 'why-policy')
    await answer().getByRole('button', { name: 'Open NetworkPolicy shut' }).click()
    await page.getByRole('heading', { name: 'shut' }).waitFor()
    await page.keyboard.press('Escape')
    await cluster.kubectl(
      'delete',
      'networkpolicy/shut',
      'deployment/lost',
      'deployment/caller',
      '--cascade=foreground',
    )
  })
})

describe('logs', () => {
  const log = () => page.getByRole('log', { name: 'Log' }).last()
  const toolbar = (label: string) => page.getByLabel(label, { exact: true }).last()
  const shownLines = async () => Number((await page.locator('[data-log-count]').last().innerText()).replace(/\D/g, ''))

  it('of a workload are those of all its pods, merged in the order of time', async () => {
    await page.getByRole('link', { name: 'Deployments', exact: true }).click()
    await page.locator('[data-key="default/shop"]').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Logs' }).click()
    await page.keyboard.press('Escape')
    const pods = (await cluster.kubectl('get', 'pods', '-l', 'app=shop', '-o', 'name')).trim().split('\n')
    for (const pod of pods)
      await log()
        .getByText(`${pod.replace('pod/', '')}/main`)
        .first()
        .waitFor()
    await toolbar('Timestamps').click()
    await until('lines of both, in order', async () => {
      const lines = await log().locator('[data-index]').allInnerTexts()
      const times = lines.map(text => /\d{4}-\d\d-\d\d \S+/.exec(text)?.[0] ?? '')
      return times.length > 4 && times.every((time, at) => at === 0 || (times[at - 1] ?? '') <= time)
    })
    await shoot(page, 'logs')
  })

  it('of 100,000 lines are read from the start, searched, walked by match, and cut to what is serious', async () => {
    const script =
      "seq 1 99990 | sed 's/^/line /'; echo 'level=error msg=full'; printf '\\033[31mred\\033[0m herring\\n'; sleep 3600"
    await cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: wordy}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: '${counterImage()}', imagePullPolicy: IfNotPresent, command: [sh, -c, ${JSON.stringify(script)}]}]`)
    await page.getByRole('link', { name: 'Pods', exact: true }).click()
    await page.locator('[data-key="default/wordy"]').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Logs', exact: true }).first().click()
    await page.keyboard.press('Escape')
    await toolbar('Range of time').selectOption('all')
    await until('every line is there', async () => (await shownLines()) === 99_992)
    await log().getByText('red herring', { exact: true }).waitFor()
    expect(await log().locator('[data-level=error]').innerText()).toContain('msg=full')

    await toolbar('Search in the log').fill('line 77')
    await page.getByText('only matches (1,111)').waitFor()
    await page.keyboard.press('Enter')
    await log().locator('mark').first().waitFor()
    expect(await log().locator('.bg-selected').innerText()).toBe('line 77')
    await page.keyboard.press('Shift+Enter')
    await until('the last match', async () => (await log().locator('.bg-selected').innerText()) === 'line 77999')
    await shoot(page, 'log-search')
    await toolbar('Search in the log').fill('')
    await toolbar('Level').selectOption('error')
    await until('one line is serious', async () => (await shownLines()) === 1)
    await page.getByLabel('Close wordy').click()
    await cluster.kubectl('delete', 'pod', 'wordy', '--now')
  })
})

describe('the time machine', () => {
  const confirm = (name: string) => page.getByRole('dialog', { name: /\?$/ }).getByRole('button', { name }).click()

  it('brings a deleted object back from the timeline', async () => {
    await cluster.kubectl('delete', 'ingress', 'front')
    await page.getByRole('link', { name: 'Timeline' }).click()
    const moment = page.getByRole('listitem').filter({ hasText: 'Ingress front' }).filter({ hasText: 'Deleted' })
    await moment.getByRole('button', { name: 'Bring back' }).click()
    await shoot(page, 'timeline')
    await confirm('Bring back')
    await until('the ingress is there', () => cluster.kubectl('get', 'ingress', 'front', '-o', 'name'))
  })

  it('shows what changed, and undoes it', async () => {
    const replicas = () => cluster.kubectl('get', 'deployment', 'shop', '-o', 'jsonpath={.spec.replicas}')
    await cluster.kubectl('scale', 'deployment', 'shop', '--replicas', '1')
    await page.getByRole('link', { name: 'Deployments', exact: true }).click()
    await page.locator('[data-key="default/shop"]').click()
    await page.getByRole('tab', { name: 'History' }).click()
    const revisions = page.getByRole('list', { name: 'Revisions' }).getByRole('listitem')
    await revisions.getByText('spec.replicas → 1').waitFor()
    await revisions.nth(1).getByRole('button').first().click()
    await page.getByText('What restoring would change').waitFor()
    await shoot(page, 'history')
    const others = page.getByLabel('Compared with')
    await others.selectOption({ index: 1 })
    await page.getByText(/^What changed from .* to /).waitFor()
    await others.selectOption('')
    await page.getByText('What restoring would change').waitFor()
    await revisions.nth(1).getByRole('button', { name: 'Restore' }).click()
    await confirm('Restore')
    await until('two replicas again', async () => (await replicas()) === '2')
  })
})

describe('a list in a small window', () => {
  const titles = () => page.getByRole('columnheader').allInnerTexts()
  /** Texts of the list that are not seen whole. */
  const cut = () =>
    page
      .locator('[role=grid] [role=gridcell], [role=grid] [role=gridcell] .truncate')
      .evaluateAll(cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent))

  /** Columns get their widths in the frames after rows or the room have changed. */
  const noneIsCut = () =>
    until('no cell is cut', async () => {
      const found = await cut()
      if (found.length > 0) throw new Error(found.join(', '))
      return true
    })

  it('stands beside its drawer, with as many columns as have room, none of them cut', async () => {
    await page.setViewportSize({ width: 1280, height: 800 })
    try {
      await window.load('k/core/v1/pods')
      await page.locator('[data-key*="/broken-"]').first().waitFor()
      await until('the columns of a whole window', async () => (await titles()).includes('Restarts'))
      expect(await titles()).toEqual(expect.arrayContaining(['Name', 'Namespace', 'Status', 'CPU', 'Memory', 'Age']))
      await noneIsCut()
      await page.locator('[data-key*="/broken-"]').first().click()
      await until('columns leave', async () => !(await titles()).includes('Restarts'))
      expect(await titles()).toEqual(expect.arrayContaining(['Name', 'Status']))
      await noneIsCut()
      const edge = async (locator: ReturnType<Page['locator']>) => (await locator.boundingBox())!
      const grid = await edge(page.getByRole('grid'))
      expect(grid.x + grid.width).toBeLessThanOrEqual((await edge(page.getByRole('dialog'))).x + 1)
      await shoot(page, 'list-beside-drawer')
      await page.getByRole('button', { name: 'Columns' }).click()
      await page.getByRole('menuitemcheckbox', { name: /Restarts\s*no room$/ }).waitFor()
      await page.keyboard.press('Escape')
      await page.keyboard.press('Escape')
      await until('they are back', async () => (await titles()).includes('Restarts'))
    } finally {
      await page.setViewportSize({ width: 1440, height: 900 })
    }
  })
})

describe('metrics', () => {
  it('shows what each pod uses, measured by the agent, with its line', async () => {
    await page.getByRole('link', { name: 'Pods', exact: true }).click()
    // The pod that was there all along: a new one takes two readings of the server and one of the window.
    const memory = page.locator('[data-column=memory-use]', { hasText: /[KMG]iB/ })
    const measured = page.locator('[data-key*="/shop-"]', { has: memory }).first()
    await measured.waitFor()
    await measured.click()
    const chart = page.getByRole('dialog').getByRole('img', { name: /^Memory/ })
    expect(await chart.getAttribute('aria-label')).toMatch(/[KM]iB/)
    const against = page.getByRole('dialog').getByRole('region', { name: 'Use' })
    await until('beside what it asks for and may have', async () =>
      /asked for 8(\.0)? MiB.*limit 64 MiB/s.test(await against.innerText()),
    )
    await page.getByRole('link', { name: 'Namespaces', exact: true }).click()
    const all = page.locator('[data-key=default]', { has: memory })
    await all.locator('polyline').first().waitFor()
    await all.click()
    expect(
      await page
        .getByRole('dialog')
        .getByRole('img', { name: /^Memory/ })
        .getAttribute('aria-label'),
    ).toMatch(/[KM]iB/)
    await page.getByRole('link', { name: 'Nodes', exact: true }).click()
    await page.locator('[data-key]', { has: memory }).first().click()
    const gauge = page.getByRole('dialog').getByRole('meter', { name: 'Memory' })
    await until('the node is measured', async () => Number(await gauge.getAttribute('aria-valuenow')) > 2 ** 20)
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('meter', { name: 'CPU' }).waitFor()
    await shoot(page, 'capacity')
  })

  it('has the minutes before the window was opened, which the server kept', async () => {
    const kept = async () => {
      const list = JSON.parse(await cluster.kubectl('get', 'podusages', '-o', 'json')) as { items: PodUsage[] }
      return list.items.some(({ metadata, samples }) => metadata.name.startsWith('shop-') && samples.length > 0)
    }
    await until('the server keeps something', kept)
    await page.reload()
    await page.getByRole('link', { name: 'Pods', exact: true }).click()
    // A window that begins with nothing has no line before its second reading, 15 seconds after the first.
    const line = page.locator('[data-key*="/shop-"] [data-column=memory-use] polyline').first()
    await line.waitFor()
    expect((await line.getAttribute('points'))?.split(' ').length).toBeGreaterThan(1)
  })
})

describe('a drain', () => {
  it('says what it means, then evicts, and the node takes pods again when it is told to', async () => {
    await page.getByRole('link', { name: 'Nodes', exact: true }).click()
    await page.locator('[data-key]').first().click()
    await page.getByRole('dialog').getByLabel('Drain').click()
    const drain = page.getByRole('dialog', { name: /^Drain/ })
    await drain.getByText('4 would wait').waitFor()
    await shoot(page, 'drain')
    const evict = drain.getByRole('button', { name: 'Cordon and evict 4 pods' })
    // However long the list above it is, and however low the window.
    await page.setViewportSize({ width: 1280, height: 480 })
    const isInSight = () =>
      evict.evaluate(button => {
        const { x, y, width, height } = button.getBoundingClientRect()
        return button.contains(button.ownerDocument.elementFromPoint(x + width / 2, y + height / 2))
      })
    await until('the button is in sight', isInSight)
    await page.setViewportSize({ width: 1440, height: 900 })
    await evict.click()
    await drain.getByText('4 of 4 gone').waitFor()
    await drain.getByRole('button', { name: 'Close' }).click()
    expect(await why().innerText()).toContain('is cordoned')
    await page.getByRole('region', { name: 'Why?' }).getByRole('button', { name: 'Uncordon it' }).click()
    await page
      .getByRole('dialog', { name: /^Uncordon/ })
      .getByRole('button', { name: 'Uncordon it' })
      .click()
    await why().waitFor({ state: 'detached' })
  })
})

describe('a drain that a disruption budget holds', () => {
  it('names the budget of each pod that waits, and goes on when it allows them to go', async () => {
    await cluster.kubectl('rollout', 'status', 'deployment/shop', '--timeout=60s')
    await cluster.apply(`
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: stock}
spec: {maxUnavailable: 0, selector: {matchLabels: {app: shop}}}`)
    const allowed = (n: string) =>
      until('the budget is counted', async () => {
        const told = await cluster.kubectl('get', 'pdb', 'stock', '-o', 'jsonpath={.status.currentHealthy}/{.status.disruptionsAllowed}') // prettier-ignore
        return told === `2/${n}`
      })
    await allowed('0')
    await page.getByRole('link', { name: 'Nodes', exact: true }).click()
    await page.locator('[data-key]').first().click()
    await page.getByRole('dialog').getByLabel('Drain').click()
    const drain = page.getByRole('dialog', { name: /^Drain/ })
    await drain.getByText('2 pods wait until their disruption budgets allow them to go.').waitFor()
    await until('it names the budget of both', async () => (await drain.getByRole('row', { name: /default\/shop-.*budget stock/ }).count()) === 2) // prettier-ignore
    await drain.getByRole('button', { name: 'Cordon and evict 4 pods' }).click()
    await drain.getByText('2 of 4 gone').waitFor()
    const held = drain.getByRole('listitem').filter({ hasText: 'Not allowed yet' })
    await until(
      'both wait',
      async () => (await held.getByText('The budget stock does not allow it yet.').count()) === 2,
    )
    await shoot(page, 'drain-held')
    const running = await cluster.kubectl('get', 'pods', '-l', 'app=shop', '-o', 'jsonpath={.items[*].status.phase}')
    expect(running).toBe('Running Running')
    await cluster.kubectl('patch', 'pdb', 'stock', '--type=merge', '-p', '{"spec":{"maxUnavailable":2}}')
    await drain.getByText('4 of 4 gone').waitFor()
    await drain.getByRole('button', { name: 'Close' }).click()
    await cluster.kubectl('delete', 'pdb', 'stock')
    await cluster.kubectl('uncordon', await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}'))
    await page.keyboard.press('Escape')
  })
})

describe('a namespace', () => {
  it('shows what it holds, each kind a way to its list, and how much of its quota is used', async () => {
    await cluster.apply(`
apiVersion: v1
kind: Namespace
metadata: {name: shelf}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small, namespace: shelf}
spec: {hard: {configmaps: '5', services: '2'}}
---
apiVersion: v1
kind: Service
metadata: {name: desk, namespace: shelf}
spec: {clusterIP: None, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: labels, namespace: shelf}`)
    await page.getByRole('link', { name: 'Namespaces', exact: true }).click()
    await page.locator('[data-key=shelf]').click()
    const drawer = page.getByRole('dialog')
    const held = drawer.getByRole('region', { name: 'Holds' })
    // Its own ConfigMap and the one with the cluster's CA.
    await until('it says so', async () => /2\s*Config Maps/.test(await held.innerText()))
    expect(await held.innerText()).toMatch(/1\s*Services/)
    const quota = drawer.getByRole('region', { name: 'Quota small' })
    await until('the quota is counted', async () => /configmaps\s*2 of 5/.test(await quota.innerText()))
    expect(await quota.innerText()).toMatch(/services\s*1 of 2/)
    await shoot(page, 'namespace')
    await held.getByRole('link', { name: /Config Maps/ }).click()
    await page.locator('[data-key="shelf/labels"]').waitFor()
    expect(new URL(page.url()).searchParams.get('ns')).toBe('shelf')
  })
})

describe('the palette', () => {
  it('finds objects of any kind by a part of their name, and leads to them', async () => {
    await page.keyboard.press('Control+k')
    await page.keyboard.type('desk')
    const option = page.getByRole('option').filter({ hasText: 'Service in shelf' })
    await option.waitFor()
    await shoot(page, 'palette-objects')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'desk' }).waitFor()
    await page.keyboard.press('Escape')
  })
})

describe('all of it', () => {
  it('broke no rule of its content security policy and threw nothing', () => expect(window.problems).toEqual([]))
})
