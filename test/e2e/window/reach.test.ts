// Reaching into what runs: shells, debug containers, files — in a real Chromium, on real containers.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { Cluster, execute, until } from '../support/cluster.ts'
import { type OpenWindow, openInChromium, shoot } from './support/browser.ts'
import { counterImage } from './support/counter-image.ts'

let cluster: Cluster
let window: OpenWindow
let page: Page
let node = ''

/** A name that a page could take for markup, a shell for an option or two commands, and a reader for another name. */
const HOSTILE = '-rf; $(id)\n<img src=x onerror=alert(1)>\u202egnp.txt'
const SETUP = `mkdir -p /data/sub; echo inside >/data/sub/note; echo plain >/data/readme.txt; touch -- "$NAME"; head -c 300000 /dev/zero >/data/big`

beforeAll(async () => {
  cluster = await Cluster.start()
  node = await cluster.nodeReady()
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
  window = await openInChromium(cluster.loginUrl)
  page = window.page
  await page.getByText('Pods by state').waitFor()
})
afterAll(async () => {
  await window?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
})

const go = (path: string) => page.goto(new URL(`/ui/${path}`, cluster.url).href)
const screen = () => page.locator('.xterm-rows:visible')
const connected = () => page.locator('[data-connected=true]:visible').waitFor({ timeout: 30_000 })
const shows = (text: string) => until(text, async () => (await screen().innerText()).includes(text), 15_000)
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
    await page.getByText("it's new.bin is in /data").waitFor({ timeout: 30_000 })
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
})

describe('the window', () => {
  it('broke no rule of its content security policy and threw nothing', () => expect(window.problems).toEqual([]))
})
