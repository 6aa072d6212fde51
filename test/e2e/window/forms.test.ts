// Forms for every kind, and edits that meet: in a real Chromium, on a real server.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { type Cluster, until } from '../support/cluster.ts'
import { shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { drop } from './support/drop.ts'

let cluster: Cluster
let window: ClusterWindow
let page: Page

beforeAll(async () => {
  window = await ClusterWindow.open({ args: ['--no-local-node'] })
  ;({ cluster, page } = window)
})
afterAll(() => window?.[Symbol.asyncDispose]())

const go = (path: string) => window.go(path)
const field = (path: string) => page.locator(`[name="${path}"]`)
const read = async (...args: string[]) => JSON.parse(await cluster.kubectl('get', ...args, '-o', 'json')) as never

describe('forms', () => {
  it('create a Secret from text that is hidden, and show the command without it', async () => {
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('menuitem', { name: 'Secret' }).click()
    await field('metadata.name').fill('login')
    await page.getByRole('button', { name: 'Add to data' }).click()
    await page.getByLabel('New key').fill('password')
    await page.keyboard.press('Tab')
    await page.getByLabel('Value of password').fill('hunter2')
    expect(await page.getByLabel('Value of password').getAttribute('type')).toBe('password')
    expect(await page.getByLabel('The same with kubectl').innerText()).not.toContain('hunter2')
    await shoot(page, 'form-secret')
    await page.locator('form button[type=submit]').click()
    await page.getByRole('heading', { name: 'login' }).waitFor()
    const secret: { data: object } = await read('secret', 'login')
    expect(secret.data).toEqual({ password: Buffer.from('hunter2').toString('base64') })
  })

  it('leave values that are no text in their place, to be saved as files as they are', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe, 0x0a])
    await cluster.apply(`
apiVersion: v1
kind: Secret
metadata: { name: icon, namespace: default }
data: { icon.bin: ${bytes.toString('base64')} }
`)
    await go('k/core/v1/secrets?ns=default&open=default/icon')
    const drawer = page.getByRole('dialog', { name: 'Secret icon' })
    await drawer.getByText('not text').waitFor()
    const download = page.waitForEvent('download')
    await drawer.getByRole('button', { name: 'Save icon.bin as a file' }).click()
    const file = await download
    expect(file.suggestedFilename()).toBe('icon.bin')
    expect(readFileSync(await file.path())).toEqual(bytes)
  })

  it('create a StatefulSet, with what the server finds wrong at its field and a look at the result first', async () => {
    await go('create/apps/v1/statefulsets')
    await field('metadata.name').fill('db')
    await field('spec.template.spec.containers[0].image').fill('db:1')
    await field('spec.replicas').fill('-1')
    await page.getByRole('button', { name: 'volumeClaimTemplates', exact: true }).scrollIntoViewIfNeeded()
    await page.getByRole('button', { name: 'Review' }).click()
    // Seen where one is: above the buttons, however far the form was scrolled.
    const refused = await page.getByRole('alert').filter({ hasText: 'spec.replicas' }).boundingBox()
    const button = await page.getByRole('button', { name: 'Review' }).boundingBox()
    expect(refused && button && refused.y > 0 && refused.y + refused.height <= button.y).toBe(true)
    await page.locator('p[role=alert]').first().waitFor()
    expect(await page.locator('p[role=alert]').first().innerText()).toContain('greater than or equal to 0')
    await shoot(page, 'form-statefulset-problem')
    await field('spec.replicas').fill('2')
    await page.getByRole('button', { name: 'Review' }).click()
    await page.getByText('Checked by the server').waitFor()
    await until('defaults in the result', async () =>
      (await page.locator('.cm-content').innerText()).includes('podManagementPolicy'),
    )
    const told = page.getByRole('region', { name: 'What would follow' })
    await until('where its pods would go', async () => (await told.innerText()).includes('2 would wait'))
    await shoot(page, 'form-statefulset-review')
    await page.locator('form button[type=submit]').click()
    await page.getByRole('heading', { name: 'db' }).waitFor()
    const set: { spec: { replicas: number } } = await read('statefulset', 'db')
    expect(set.spec.replicas).toBe(2)
  })

  it('read what is typed into the YAML', async () => {
    await go('create/core/v1/services')
    await field('metadata.name').waitFor()
    const editor = page.locator('.cm-content')
    const drawn = "getComputedStyle(document.querySelector('.cm-content')).fontVariantLigatures"
    expect(await page.evaluate(drawn), '`->` is no arrow').toBe('no-contextual')
    await editor.click()
    await page.keyboard.press('Control+Home')
    await page.keyboard.type('# ours\n')
    await field('spec.ports[0].port').fill('8443')
    await until('both in step', async () => /# ours[^]*port: 8443/.test(await editor.innerText()))
    await editor.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('kind: [')
    await page.getByText('The YAML cannot be read right now').waitFor()
  })

  it('edit by form, and merge with what somebody else changed meanwhile', async () => {
    await cluster.kubectl('create', 'deployment', 'web', '--image=web:1')
    await go('k/apps/v1/deployments?open=default/web&tab=yaml')
    await page.getByRole('button', { name: 'Form', exact: true }).click()
    await field('spec.replicas').fill('3')
    await cluster.kubectl('label', 'deployment', 'web', 'team=shop')
    await page.getByText('it will be merged').waitFor()
    await shoot(page, 'form-edit')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('Applied web').waitFor()
    const web: { spec: { replicas: number }; metadata: { labels: object } } = await read('deployment', 'web')
    expect(web.spec.replicas).toBe(3)
    expect(web.metadata.labels).toMatchObject({ team: 'shop' })
  })

  it('ask only where two changed the same', async () => {
    await field('spec.replicas').fill('5')
    await cluster.kubectl('scale', 'deployment', 'web', '--replicas=7')
    await page.getByText('it will be merged').waitFor()
    await page.getByRole('button', { name: 'Review changes' }).click()
    await page.getByText('Somebody else changed the same').waitFor()
    await shoot(page, 'form-conflict')
    await page.getByRole('button', { name: 'Take theirs' }).click()
    expect(await field('spec.replicas').inputValue()).toBe('7')
  })

  it('come from the schema alone for a custom resource', async () => {
    const schema = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          required: ['sails'],
          properties: {
            sails: { type: 'integer', description: 'How many sails it carries.' },
            rig: { type: 'string', enum: ['sloop', 'ketch'] },
            lightsThatAreShownInFogAndAtNight: { type: 'string' },
          },
        },
      },
    }
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }]
    const names = { plural: 'boats', singular: 'boat', kind: 'Boat' }
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.example.dev' },
      spec: { group: 'example.dev', scope: 'Namespaced', names, versions },
    }
    await go('')
    const kinds = page.getByRole('navigation', { name: 'Kinds' })
    await kinds.getByRole('button', { name: 'Workloads' }).waitFor()
    await kinds.getByRole('button', { name: 'Custom Resources' }).click()
    await kinds.getByRole('link', { name: 'Definitions' }).waitFor()
    expect(await kinds.getByRole('link', { name: 'Boats' }).count()).toBe(0)
    await cluster.apply(JSON.stringify(definition))
    // Without a reload: in the navigation, then by the palette.
    await kinds.getByRole('link', { name: 'Boats' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('new boat')
    await page.keyboard.press('Enter')
    await page.getByLabel('What sails is').click()
    await page.getByText('How many sails it carries.').waitFor()
    await field('metadata.name').fill('erna')
    await field('spec.sails').fill('3')
    await field('spec.rig').selectOption('ketch')
    await field('spec.lightsThatAreShownInFogAndAtNight').fill('red')
    await shoot(page, 'form-custom')
    await page.locator('form button[type=submit]').click()
    await page.getByRole('heading', { name: 'erna' }).waitFor()
    const boat: { spec: object } = await read('boats', 'erna')
    expect(boat.spec).toEqual({ sails: 3, rig: 'ketch', lightsThatAreShownInFogAndAtNight: 'red' })
    // However long a field is called, its value stands beside it.
    const called = page.getByRole('term').filter({ hasText: 'lightsThatAreShown' })
    expect(await called.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)).toBe(true)
  })

  it('change what they know, and keep all else as it was written', async () => {
    const spec = {
      type: 'object',
      properties: { logs: { type: 'integer' } },
      'x-kubernetes-preserve-unknown-fields': true,
    }
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } }
    const names = { plural: 'rafts', singular: 'raft', kind: 'Raft' }
    const versions = [{ name: 'v1', served: true, storage: true, schema }]
    await cluster.apply(
      JSON.stringify({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'rafts.example.dev' },
        spec: { group: 'example.dev', scope: 'Namespaced', names, versions },
      }),
    )
    await cluster.kubectl('wait', '--for=condition=Established', 'crd/rafts.example.dev')
    // Kinds, numbers and keys of which the schema says nothing, and which are easily lost on the way.
    const cargo = '{"barrels":[{"of":"rum","n":9007199254740993},null,[]],"odd key/~1.":{"":"on"},"off":"off","no":{}}'
    await cluster.apply(
      `{"apiVersion":"example.dev/v1","kind":"Raft","metadata":{"name":"drift","namespace":"default","annotations":{"by":"1e3"}},"spec":{"logs":3,"cargo":${cargo},"crew":"007"}}`,
    )
    const raw = () => cluster.kubectl('get', '--raw', '/apis/example.dev/v1/namespaces/default/rafts/drift')
    const told = (text: string) => /"spec":(\{.*\})\}\s*$/.exec(text)?.[1]
    const before = told(await raw())
    expect(before).toContain('9007199254740993')
    await go('k/example.dev/v1/rafts?open=default/drift&tab=yaml')
    await page.getByRole('button', { name: 'Form', exact: true }).click()
    expect(await field('spec.logs').inputValue()).toBe('3')
    await field('spec.logs').fill('4')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('Applied drift').waitFor()
    const raft = await raw()
    expect(told(raft)).toBe(before?.replace('"logs":3', '"logs":4'))
    expect((JSON.parse(raft) as { metadata: object }).metadata).toMatchObject({
      annotations: { by: '1e3' },
      generation: 2,
    })
  })

  /** What the browser offers for a field. */
  async function atHand(path: string): Promise<string[]> {
    await field(path).focus()
    const id = await field(path).getAttribute('list')
    return await page
      .locator(`datalist[id="${id}"] option`)
      .evaluateAll(all => all.map(each => each.getAttribute('value') ?? ''))
  }
  const offers = (path: string, name: string) =>
    until(`${name} at hand`, async () => (await atHand(path)).includes(name))
  const create = async (name: string) => {
    await page.locator('form button[type=submit]').click()
    // Its heading tells its state as well, once that is there.
    await page.getByRole('dialog', { name: new RegExp(` ${name}$`) }).waitFor()
  }
  const problem = (text: string | RegExp) => page.locator('p[role=alert]', { hasText: text }).first().waitFor()

  it('create a claim of a class that there is, and tell a size that is none', async () => {
    await cluster.apply(
      'apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: slow}\nprovisioner: example.dev/none',
    )
    await go('create/core/v1/persistentvolumeclaims')
    await field('metadata.name').fill('data')
    await field('spec.accessModes[0]').selectOption('ReadOnlyMany')
    await offers('spec.storageClassName', 'slow')
    await field('spec.storageClassName').fill('slow')
    await page.getByLabel('Value of storage').fill('1 GB')
    await problem('such as 2, 500m or 1Gi')
    await page.getByLabel('Value of storage').fill('-1Gi')
    await page.getByRole('button', { name: 'Review' }).click()
    await problem('greater than zero')
    await page.getByLabel('Value of storage').fill('2Gi')
    await create('data')
    const claim: { spec: object } = await read('pvc', 'data')
    expect(claim.spec).toMatchObject({
      accessModes: ['ReadOnlyMany'],
      storageClassName: 'slow',
      resources: { requests: { storage: '2Gi' } },
    })
  })

  it('create an Ingress to a service that there is', async () => {
    await cluster.kubectl('create', 'service', 'clusterip', 'front', '--tcp=80')
    await go('create/networking.k8s.io/v1/ingresses')
    await field('metadata.name').fill('Front_')
    await field('spec.rules[0].host').fill('shop.example')
    const backend = 'spec.rules[0].http.paths[0].backend.service'
    await offers(`${backend}.name`, 'front')
    await field(`${backend}.name`).fill('front')
    await page.getByRole('button', { name: 'Review' }).click()
    await problem('RFC 1123')
    await field('metadata.name').fill('front')
    await shoot(page, 'form-ingress')
    await create('front')
  })

  it('create an autoscaler of a Deployment that there is, within limits that make sense', async () => {
    await cluster.kubectl('create', 'deployment', 'sails', '--image=web:1')
    await go('create/autoscaling/v2/horizontalpodautoscalers')
    await field('metadata.name').fill('sails')
    await offers('spec.scaleTargetRef.name', 'sails')
    await field('spec.scaleTargetRef.name').fill('sails')
    await field('spec.minReplicas').fill('9')
    await page.getByRole('button', { name: 'Review' }).click()
    await problem('greater than or equal to')
    await field('spec.minReplicas').fill('2')
    await create('sails')
  })

  it('create a budget that keeps either so many or loses so few, not both', async () => {
    await go('create/policy/v1/poddisruptionbudgets')
    await field('metadata.name').fill('web')
    await field('spec.maxUnavailable').fill('1')
    await page.getByRole('button', { name: 'Review' }).click()
    await page.getByRole('alert').filter({ hasText: 'cannot be both set' }).first().waitFor()
    await shoot(page, 'form-budget-problem')
    await field('spec.minAvailable').fill('')
    await create('web')
    const budget: { spec: object } = await read('pdb', 'web')
    expect(budget.spec).toEqual({ maxUnavailable: 1, selector: { matchLabels: { app: 'example' } } })
  })

  it('create a Role of verbs at hand, and bind it to somebody', async () => {
    await go('create/rbac.authorization.k8s.io/v1/roles')
    await field('metadata.name').fill('reader')
    await offers('rules[0].verbs[0]', 'deletecollection')
    await offers('rules[0].resources[0]', 'deployments')
    await create('reader')
    await go('create/rbac.authorization.k8s.io/v1/rolebindings')
    await field('metadata.name').fill('readers')
    await offers('roleRef.name', 'reader')
    await field('roleRef.kind').selectOption('ClusterRole')
    await offers('roleRef.name', 'view')
    await field('roleRef.kind').selectOption('Role')
    await field('roleRef.name').fill('reader')
    await page.getByRole('button', { name: 'Add to subjects' }).click()
    await field('subjects[0].kind').selectOption('ServiceAccount')
    await offers('subjects[0].name', 'default')
    await field('subjects[0].name').fill('default')
    await field('subjects[0].namespace').fill('default')
    await shoot(page, 'form-binding')
    await create('readers')
    expect(
      await cluster.kubectl('auth', 'can-i', 'list', 'pods', '--as=system:serviceaccount:default:default'),
    ).toContain('yes')
  })

  it('edit a budget while somebody else does', async () => {
    await go('k/policy/v1/poddisruptionbudgets?open=default/web&tab=yaml')
    await page.getByRole('button', { name: 'Form', exact: true }).click()
    await field('spec.maxUnavailable').fill('2')
    await cluster.kubectl('label', 'pdb', 'web', 'team=shop')
    await page.getByText('it will be merged').waitFor()
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('Applied web').waitFor()
    const budget: { spec: object; metadata: { labels: object } } = await read('pdb', 'web')
    expect(budget.spec).toMatchObject({ maxUnavailable: 2 })
    expect(budget.metadata.labels).toEqual({ team: 'shop' })
  })

  it('leave with the kind that somebody else removes', async () => {
    await go('k/apiextensions.k8s.io/v1/customresourcedefinitions?open=boats.example.dev')
    await page.getByRole('link', { name: 'Show all Boats' }).click()
    await page.getByRole('row').filter({ hasText: 'erna' }).waitFor()
    await cluster.kubectl('delete', 'crd', 'boats.example.dev')
    await page.getByText('This cluster does not serve boats').waitFor()
    expect(await page.getByRole('navigation', { name: 'Kinds' }).getByText('Boats').count()).toBe(0)
  })
})

describe('manifests that are dropped on the window', () => {
  const dialog = () => page.getByRole('dialog')
  const objects = () => page.getByRole('list', { name: 'Objects' }).innerText()

  it('are tried on the server, shown with their difference, and applied', async () => {
    await cluster.apply(
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: site\n  namespace: default\ndata:\n  a: "1"\n',
    )
    using _files = await drop(page, {
      'shop.yaml': [
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: prices\n  namespace: shop\ndata:\n  tea: "3"',
        'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop',
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: site\n  namespace: default\ndata:\n  b: "2"',
      ].join('\n---\n'),
      'inside/wrong.yml': 'apiVersion: v1\nkind: Service\nmetadata:\n  name: Wrong_\nspec:\n  ports:\n  - port: 80',
      'broken.yaml': 'a: [',
      'readme.md': '# not a manifest',
    })
    await page.getByRole('button', { name: 'Apply 3 objects' }).waitFor()
    for (const state of ['New', 'Later', 'Changes', 'Refused']) expect(await objects()).toContain(state)
    expect(await dialog().getByRole('alert').innerText()).toContain('broken.yaml')
    await page.getByRole('button', { name: 'site' }).click()
    await page.locator('.cm-insertedLine, .cm-changedLine').first().waitFor()
    await shoot(page, 'drop')
    await page.getByRole('button', { name: 'Apply 3 objects' }).click()
    await dialog().getByRole('button', { name: 'Close' }).waitFor()
    expect((await objects()).match(/Applied/g)).toHaveLength(3)
    const prices: { data: object } = await read('configmap', 'prices', '-n', 'shop')
    expect(prices.data).toEqual({ tea: '3' })
    const site: { data: object } = await read('configmap', 'site')
    expect(site.data).toEqual({ a: '1', b: '2' })
    await dialog().getByRole('button', { name: 'Close' }).click()
  })

  it('are applied in the order in which they need each other: definitions come before their objects', async () => {
    const boat = 'apiVersion: example.dev/v1\nkind: Canoe\nmetadata:\n  name: waka\n  namespace: sea'
    using _files = await drop(page, {
      'a-canoe.yaml': boat,
      'b-sea.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: sea',
      'c/definition.yaml': [
        'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: canoes.example.dev}',
        'spec:\n  group: example.dev\n  scope: Namespaced\n  names: {plural: canoes, kind: Canoe}\n  versions:',
        '  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}',
      ].join('\n'),
    })
    await page.getByRole('button', { name: 'Apply 3 objects' }).click()
    await dialog().getByRole('button', { name: 'Close' }).waitFor()
    expect((await objects()).match(/Applied/g)).toHaveLength(3)
    expect(await cluster.kubectl('get', 'canoes', '-n', 'sea', '-o', 'name')).toContain('waka')
    await dialog().getByRole('button', { name: 'Close' }).click()
  })
})

describe('what would follow', () => {
  it('is told before a workload is scaled, as the number changes', async () => {
    await go('k/apps/v1/deployments?open=default/web')
    await page.getByRole('button', { name: 'Scale' }).click()
    const number = page.getByLabel('Replicas')
    // The number has the focus and is selected: what is typed takes its place.
    await page.locator('#confirm-number:focus').waitFor()
    await page.keyboard.type('9')
    expect(await number.inputValue()).toBe('9')
    const told = page.getByRole('region', { name: 'What would follow' })
    await until('two more', async () => (await told.innerText()).includes('2 would wait.'))
    expect(await told.innerText()).toContain('default/web would start nowhere')
    await shoot(page, 'what-if-scale')
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  })
  it('is told before a node is cordoned', async () => {
    await cluster.apply('apiVersion: v1\nkind: Node\nmetadata:\n  name: box')
    await go('k/core/v1/nodes?open=box')
    await page.getByRole('button', { name: 'Cordon', exact: true }).click()
    const told = page.getByRole('region', { name: 'What would follow' })
    await until('an answer', async () => !(await told.innerText()).includes('Asking'))
    await shoot(page, 'what-if-cordon')
    await page.getByRole('dialog').getByRole('button', { name: 'Cordon' }).click()
    await page.getByText('Cordoned Node box').waitFor()
  })
})

it('all of it broke no rule of the content security policy and threw nothing', () =>
  expect(window.problems).toEqual([]))
