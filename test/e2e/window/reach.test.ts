// Reaching into what runs: shells, debug containers, files, port-forwards — in a real Chromium, on real containers.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { createApiForwarder } from '../../../src/main/desktop/api-forwarder.ts'
import { localAccess } from '../../../src/main/desktop/clusters/local-access.ts'
import { forwardApi } from '../../../src/main/desktop/forward-api.ts'
import { runHelm } from '../../../src/main/desktop/helm.ts'
import { PortForwards } from '../../../src/main/desktop/port-forwards.ts'
import { readKubeconfig } from '../../../src/main/data-folder/kubeconfig-file.ts'
import type { HelmOperation } from '../../../src/shared/machinery/helm-operation.ts'
import { type Cluster, execute, repository, until } from '../support/cluster.ts'
import { shoot } from './support/browser.ts'
import { ClusterWindow } from './support/cluster-window.ts'
import { counterImage } from './support/counter-image.ts'

let cluster: Cluster
let window: ClusterWindow
let page: Page
let node = ''
const helm = process.env.FLOTILLA_HELM

/** A name that a page could take for markup, a shell for an option or two commands, and a reader for another name. */
const HOSTILE = '-rf; $(id)\n<img src=x onerror=alert(1)>\u202egnp.txt'
const SETUP = `mkdir -p /data/sub; echo inside >/data/sub/note; echo plain >/data/readme.txt; touch -- "$NAME"; head -c 300000 /dev/zero >/data/big`

beforeAll(async () => {
  window = await ClusterWindow.open({
    prepare: async (cluster, ready) => {
      node = ready
      await cluster.apply(
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'box' },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [
              {
                name: 'main',
                image: counterImage(),
                imagePullPolicy: 'IfNotPresent',
                env: [{ name: 'NAME', value: `/data/${HOSTILE}` }],
                command: ['sh', '-c', `${SETUP}; while true; do echo tick; sleep 0.5; done`],
              },
            ],
          },
        }),
      )
      await cluster.kubectl('wait', '--for=condition=Ready', 'pod/box', '--timeout=60s')
    },
  })
  ;({ cluster, page } = window)
})
afterAll(() => window?.[Symbol.asyncDispose]())

const go = (place: string) => window.load(place)
const screen = () => page.locator('.xterm-rows:visible')
const connected = () => page.locator('[data-connected=true]:visible').waitFor()
const shows = (text: string) => until(text, async () => (await screen().innerText()).includes(text))
async function type(line: string) {
  await page.locator('.xterm-helper-textarea:visible').focus()
  await page.keyboard.type(`${line}\n`)
}
const closeTab = (title: string) => page.getByLabel(`Close ${title}`).click()

describe('files of a container', () => {
  const row = (name: string) => page.getByRole('row').filter({ hasText: name })

  it('are listed with sizes and permissions, and a hostile name is only a name', async () => {
    await go('k/core/v1/pods?ns=default&open=default/box')
    await page.getByLabel('Files of main').click()
    await page.getByLabel('Folder', { exact: true }).fill('/data')
    await page.keyboard.press('Enter')
    await row('readme.txt').waitFor()
    expect(await row('readme.txt').innerText()).toContain('rw-r--r--')
    expect(await row('big').innerText()).toContain('293 KiB')
    expect(await row('onerror').innerText()).toContain('<img src=x onerror=alert(1)>\ufffdgnp.txt')
    await row('onerror').getByRole('button').first().click()
    await page.getByLabel(/^Contents of -rf/).waitFor()
    await row('readme.txt').getByRole('button').first().click()
    await page.getByLabel('Contents of readme.txt').waitFor()
    expect(await page.locator('[data-file-text]').innerText()).toBe('plain\n')
    await shoot(page, 'files')
  })

  it('come out as they are, folders as archives', async () => {
    const save = async (name: string) => {
      const download = page.waitForEvent('download')
      await page.getByLabel(`Download ${name}`, { exact: true }).click()
      const done = await download
      return { name: done.suggestedFilename(), bytes: readFileSync(await done.path()) }
    }
    const big = await save('big')
    expect(big.bytes.equals(Buffer.alloc(300_000))).toBe(true)
    const folder = await save('sub')
    expect(folder.name).toBe('sub.tar')
    expect(folder.bytes.toString('latin1')).toContain('sub/note')
  })

  it('go in whole, and replace others only after a question', async () => {
    const buffer = Buffer.from(Array.from({ length: 700_000 }, (_, at) => at % 251))
    await page.getByLabel('Files to upload').setInputFiles({ name: "it's new.bin", mimeType: 'a/b', buffer })
    await page.getByText("it's new.bin is in /data").waitFor()
    const sum = await cluster.kubectl('exec', 'box', '--', 'md5sum', "/data/it's new.bin")
    expect(sum.split(' ')[0]).toBe(createHash('md5').update(buffer).digest('hex'))
    await page
      .getByLabel('Files to upload')
      .setInputFiles({ name: 'readme.txt', mimeType: 'a/b', buffer: Buffer.from('new') })
    await page.getByRole('dialog').getByRole('button', { name: 'Replace' }).click()
    await page.getByText('readme.txt is in /data').waitFor()
    expect(await cluster.kubectl('exec', 'box', '--', 'cat', '/data/readme.txt')).toBe('new')
    await closeTab('box')
  })
})

describe('ways into a pod', () => {
  it('joins its main process, and says that it takes no input', async () => {
    await page.getByLabel('Attach to main').click()
    await connected()
    await shows('tick')
    await page.getByText('it takes no input').waitFor()
    await closeTab('box · attached')
  })

  it('adds a debug container that sees its processes, and keeps the session while one looks elsewhere', async () => {
    await page.getByLabel('Debug main with another image').click()
    await page.locator('input[name=image]').fill(counterImage())
    await page.getByText(`Is on ${node} already`).waitFor()
    await shoot(page, 'debug-dialog')
    await page.getByRole('dialog').getByRole('button', { name: 'Open', exact: true }).click()
    await connected()
    await type('answer=42; ps | grep -c "[e]cho tick"')
    await shows('\n1')
    await page.getByRole('link', { name: 'Namespaces', exact: true }).click()
    await page.getByLabel('Fold the dock').click()
    await page.getByLabel('Unfold the dock').click()
    await type('echo "the answer is $answer"')
    await shows('the answer is 42')
    await type('exit')
    await page.locator('[data-connected=false]:visible').waitFor()
    await closeTab('box · debug')
  })

  it('opens the shell of a node, and leaves nothing behind', async () => {
    await go('k/core/v1/nodes')
    await page.locator(`[data-key="${node}"]`).focus()
    await page.keyboard.press('s')
    await page.getByRole('dialog').getByRole('button', { name: 'Open', exact: true }).click()
    await connected()
    await type('echo "root is $(stat -c %d:%i /)"')
    const { stdout } = await execute('stat', ['-c', '%d:%i', '/'])
    await shows(`root is ${stdout.trim()}`)
    await shoot(page, 'node-shell')
    await closeTab(node)
    await until(
      'its pod is gone',
      async () => !(await cluster.kubectl('get', 'pods', '-o', 'name')).includes('debugger'),
    )
  })

  it('shows the files of a node with its own programs, takes them out and puts them in, and leaves nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-node-files-'))
    try {
      writeFileSync(join(folder, 'note.txt'), 'of the node')
      symlinkSync(join(folder, 'note.txt'), join(folder, 'link'))
      await go('k/core/v1/nodes')
      await page.locator(`[data-key="${node}"]`).focus()
      await page.keyboard.press('f')
      await page.getByRole('dialog', { name: `Files of ${node}` }).waitFor()
      await page.locator('input[name=image]').fill(counterImage())
      await page.getByRole('button', { name: 'Open' }).click()
      await page.getByRole('row').filter({ hasText: 'etc' }).first().waitFor()
      await page.getByLabel('Folder', { exact: true }).fill(folder)
      await page.keyboard.press('Enter')
      const row = (name: string) => page.getByRole('row').filter({ hasText: name })
      await row('note.txt').waitFor()
      await row('link').getByRole('button').first().click()
      await page.getByLabel('Contents of link').waitFor()
      expect(await page.locator('[data-file-text]').innerText(), 'links lead where they do there').toBe('of the node')
      const download = page.waitForEvent('download')
      await page.getByLabel('Download note.txt', { exact: true }).click()
      expect(readFileSync(await (await download).path(), 'utf8')).toBe('of the node')
      await page
        .getByLabel('Files to upload')
        .setInputFiles({ name: 'new.txt', mimeType: 'a/b', buffer: Buffer.from('put in') })
      await page.getByText(`new.txt is in ${folder}`).waitFor()
      expect(readFileSync(join(folder, 'new.txt'), 'utf8')).toBe('put in')
      await shoot(page, 'node-files')
      await closeTab(node)
      await until('its pod is gone', async () => {
        const left = await cluster.kubectl('get', 'pods', '-l', 'app.kubernetes.io/managed-by=flotilla-node-shell', '-o', 'name') // prettier-ignore
        return left === ''
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('port-forwards', () => {
  const site = (kind: string, rest: object) => JSON.stringify({ kind, metadata: { name: 'site' }, ...rest })

  it('lead from loopback to a ready pod, and find the next one when it goes', async () => {
    const container = {
      name: 'web',
      image: counterImage(),
      imagePullPolicy: 'IfNotPresent',
      ports: [{ name: 'http', containerPort: 8080 }],
      command: ['sh', '-c', 'mkdir /www; hostname >/www/index.html; exec httpd -f -p 8080 -h /www'],
    }
    await cluster.apply(
      site('Deployment', {
        apiVersion: 'apps/v1',
        spec: {
          selector: { matchLabels: { app: 'site' } },
          template: {
            metadata: { labels: { app: 'site' } },
            spec: { terminationGracePeriodSeconds: 0, containers: [container] },
          },
        },
      }),
    )
    const ports = [{ port: 80, targetPort: 'http' }]
    await cluster.apply(site('Service', { apiVersion: 'v1', spec: { selector: { app: 'site' }, ports } }))
    const identity = readKubeconfig(cluster.kubeconfig)
    const access = localAccess(() => identity)
    await using forwarder = createApiForwarder(access)
    await using forwards = new PortForwards(forwardApi(access, forwarder), () => undefined)
    const spec = { id: '1', kind: 'services' as const, namespace: 'default', name: 'site', port: 80, localPort: 0 }
    expect(await forwards.start(spec)).toMatchObject({ state: 'listening' })
    const read = async () => (await fetch(forwards.urlOf('1'), { headers: { connection: 'close' } })).text()
    const first = await until('the first pod answers', read)
    expect(first).toMatch(/^site-/)
    await cluster.kubectl('delete', 'pod', first.trim(), '--wait=false')
    const second = await until('another pod answers', async () => {
      const text = await read()
      return text !== first && text
    })
    expect(second).toMatch(/^site-/)
    const clash = await forwards.start({ ...spec, id: '2', localPort: Number(new URL(forwards.urlOf('1')).port) })
    expect(clash).toMatchObject({ state: 'failed', message: expect.stringContaining('is taken') as string })
    await forwards.stop('1')
    await expect(read()).rejects.toThrow('does not listen')
  })

  it('are kept in the window; a browser is shown the command and the way through the API server', async () => {
    await go('k/core/v1/services?open=default/site')
    await page.getByRole('dialog').getByLabel('Forward a port').click()
    await page.getByText('kubectl port-forward --namespace=default service/site 8080:80').waitFor()
    await page.getByRole('button', { name: 'Forward', exact: true }).click()
    await page.locator('[data-forward=site]').waitFor()
    await page.reload()
    await page.locator('[data-forward=site]').waitFor()
    await shoot(page, 'forwards')
    const [opened] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByLabel('Open site through the API server').click(),
    ])
    await opened.getByText(/^site-/).waitFor()
    expect(await opened.evaluate('origin')).toBe('null')
    await opened.close()
    await page.getByLabel('Remove', { exact: true }).click()
    await page.getByText('No port-forwards').waitFor()
  })
})

describe('observed traffic', () => {
  it('runs over the map from the pod through the service to the pod, and stands there in words', async () => {
    const container = { image: counterImage(), imagePullPolicy: 'IfNotPresent' }
    const pod = (name: string, script: string) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ ...container, name: 'main', command: ['sh', '-c', script] }],
      },
    })
    const ports = [{ port: 7000 }]
    const echo = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'echo' },
      spec: { selector: { app: 'echo' }, ports },
    }
    await cluster.apply(JSON.stringify(echo))
    await cluster.apply(JSON.stringify(pod('echo', 'nc -ll -p 7000 -e /bin/cat')))
    const talk = 'while true; do (while echo hello; do sleep 0.2; done) | nc $ECHO_SERVICE_HOST 7000; sleep 1; done'
    await cluster.apply(JSON.stringify(pod('talker', talk)))
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/echo', 'pod/talker', '--timeout=60s')
    await go('topology?ns=default')
    await page.getByRole('button', { name: 'Observed traffic' }).click()
    const seen = page.getByRole('region', { name: 'Observed traffic' })
    await seen.locator('[data-flow=open]', { hasText: 'Pod talker → Service echo' }).waitFor()
    await seen.locator('[data-flow=open]', { hasText: 'Service echo → Pod echo' }).waitFor()
    await page.locator('[data-traffic] path').first().waitFor()
    await shoot(page, 'traffic')
    await cluster.kubectl('delete', 'pod/echo', 'pod/talker', 'service/echo', '--wait=false')
  })
})

describe('who can do what', () => {
  it('is a matrix with the binding, the role and the rule behind each mark', async () => {
    await cluster.kubectl('create', 'rolebinding', 'ada-views', '--clusterrole=view', '--user=ada')
    await go('access?in=default')
    await page.locator('[data-subject="User ada"]').waitFor()
    expect(await page.getByLabel('ada delete: no').isDisabled()).toBe(true)
    await page.getByLabel('ada get: yes').click()
    const reasons = page.locator('[data-reasons]')
    await reasons.getByRole('link', { name: 'ada-views' }).waitFor()
    expect(await reasons.innerText()).toContain('get, list, watch')
    await shoot(page, 'access')
  })

  it('is answered by the server for one somebody and one thing', async () => {
    await page.getByRole('button', { name: 'Can somebody…?' }).click()
    await page.locator('input[name=subject]').fill('ada')
    await page.getByRole('button', { name: 'Ask', exact: true }).click()
    await page.locator('[data-answer]').getByText('Yes. RBAC: allowed by RoleBinding').waitFor()
    await page.locator('input[name=verb]').fill('delete')
    await page.getByRole('button', { name: 'Ask', exact: true }).click()
    await page.locator('[data-answer]').getByText('No.').waitFor()
    await page.getByRole('button', { name: 'Close', exact: true }).click()
  })
})

describe.skipIf(!helm)('releases of Helm', () => {
  const of = { name: 'demo', namespace: 'default' }
  const run = (operation: HelmOperation) => runHelm(operation, cluster.kubeconfig, helm)

  it('are installed by the program with the values on its input, and listed with chart and values', async () => {
    const chart = join(repository, 'test/clients/chart')
    const values = (size: number) => `image: ${counterImage()}\nreplicas: 0\ntext: size ${size}\n`
    await run({ do: 'upgrade', chart, version: '', values: values(1), ...of })
    await run({ do: 'upgrade', chart, version: '', values: values(2), ...of })
    const tried = await run({ do: 'upgrade', chart, version: '', values: values(3), dryRun: true, ...of })
    expect(JSON.parse(tried)).toMatchObject({
      info: { status: 'pending-upgrade' },
      manifest: expect.stringContaining('size 3') as unknown,
      hooks: expect.arrayContaining([expect.objectContaining({ name: 'demo-hook' })]) as unknown,
    })
    const fresh = { name: 'fresh', namespace: 'not-there', createNamespace: true }
    const made = await run({ do: 'upgrade', chart, version: '', values: values(1), dryRun: true, ...fresh })
    expect(JSON.parse(made)).toMatchObject({
      info: { status: 'pending-install' },
      chart: { files: expect.arrayContaining([expect.objectContaining({ name: 'crds/notes.yaml' })]) as unknown },
    })
    await go('helm')
    await page.locator('[data-release="default/demo"]').getByText('deployed').waitFor()
    await page.locator('[data-release="default/demo"]').click()
    const objects = page.getByRole('list', { name: 'Objects' }).getByRole('listitem')
    const manifest = JSON.parse(tried) as { manifest: string }
    const count = manifest.manifest.match(/^kind: /gm)?.length
    await until('each of them is listed', async () => (await objects.count()) === count)
    await objects.filter({ hasText: 'Deployment' }).getByText('Scaled to 0').waitFor()
    await cluster.kubectl('delete', 'configmap', 'demo-cm')
    await objects.filter({ hasText: 'ConfigMap' }).getByText('Missing').waitFor()
    await page.getByRole('tab', { name: 'Values' }).click()
    await page.locator('.cm-content').getByText('size 2').waitFor()
  })

  it('show what differs between revisions, and are rolled back and uninstalled', async () => {
    await page.getByRole('tab', { name: 'History' }).click()
    await page.getByRole('button', { name: 'Compare with the newest' }).click()
    await page.getByRole('radio', { name: 'Values' }).check()
    await page.locator('.cm-deletedChunk').getByText('size 1').waitFor()
    await shoot(page, 'helm')
    await page.getByRole('button', { name: 'Roll back to 1' }).click()
    await page.getByText('helm rollback demo 1 --namespace=default').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await run({ do: 'rollback', revision: 1, ...of })
    await page.getByRole('button', { name: 'Roll back to 2' }).waitFor()
    await run({ do: 'uninstall', keepHistory: false, ...of })
    await page.getByText('No releases').waitFor()
  })
})

describe('the window', () => {
  it('broke no rule of its content security policy and threw nothing', () => expect(window.problems).toEqual([]))
})
