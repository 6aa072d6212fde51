// A bare machine becomes a node and leaves again, from the window alone: Chromium, a real cluster, a real sshd.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { Cluster, until } from '../e2e/support/cluster.ts'
import { seriousFindings } from '../e2e/window/support/axe.ts'
import { type OpenWindow, openInChromium, shoot } from '../e2e/window/support/browser.ts'
import { leftInEnglish } from '../e2e/window/support/german.ts'
import { Keys } from '../e2e/window/support/keys.ts'
import { busyboxImage } from '../support/images.ts'
import { HostLab, type LabHost } from './lab/lab.ts'

let lab: HostLab
let host: LabHost
/** Its Docker is not started. */
let other: LabHost
let cluster: Cluster
let window: OpenWindow
let page: Page

beforeAll(async () => {
  lab = await HostLab.start()
  ;[host, other] = await Promise.all([lab.host('cellar', { docker: true }), lab.host('attic', { docker: true })])
  other.sh('systemctl disable --now docker.socket docker')
  const key = lab.key('key')
  mkdirSync(join(lab.folder, '.ssh'), { mode: 0o700 })
  writeFileSync(
    join(lab.folder, '.ssh', 'config'),
    [host, other]
      .map(({ name, ip }) => `Host ${name}\n  HostName ${ip}\n  User root\n  IdentityFile ${key.path}\n`)
      .join(''),
  )
  for (const each of [host, other]) each.authorize('root', key.publicKey)
  cluster = await Cluster.start(['--no-local-node'], undefined, ['env', `HOME=${lab.folder}`, 'SSH_AUTH_SOCK='])
  window = await openInChromium(cluster.loginUrl)
  page = window.page
})
afterAll(async () => {
  await window?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
  await lab?.[Symbol.asyncDispose]()
})

/** What axe finds in the panel. */
const findings = (what: string) => seriousFindings(page, what, '#main')
const panel = () => page.getByRole('complementary', { name: 'What is done' })
/** @throws Error with what the panel says instead */
const seen = (wanted: Locator) =>
  wanted.waitFor({ timeout: 60_000 }).catch(async () => {
    throw new Error(`the panel says: ${await panel().innerText({ timeout: 1_000 })}`)
  })

test('several addresses are added at once; what is no address is told before anything is asked', async () => {
  await page.getByRole('link', { name: 'Hosts', exact: true }).click()
  await page.getByRole('button', { name: 'Add hosts' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Add hosts' })
  await dialog.getByLabel('Addresses, one a line').fill('-oProxyCommand=x')
  await dialog.getByRole('alert').getByText('is not an address').waitFor()
  expect(await dialog.getByRole('button', { name: 'Check the host' }).isDisabled()).toBe(true)
  await dialog.getByLabel('Addresses, one a line').fill('ada@127.0.0.1:9\ncellar worker zone=below\nattic')
  await dialog.getByRole('button', { name: 'Check 3 hosts' }).click()
  await page.locator('[data-host="127-0-0-1-9"]').click()
})

test('a host that cannot be reached says so, and is tried again on request', async () => {
  await page.locator('[data-host="127-0-0-1-9"]').getByRole('button').first().click()
  await panel().getByText('Failed', { exact: true }).waitFor({ timeout: 60_000 })
  await panel().getByRole('button', { name: 'Try again' }).waitFor()
})

test('a machine is recognized by its fingerprint, checked, and changed only as its plan says', async () => {
  await page.locator('[data-host=cellar]').getByRole('button').first().click()
  const fingerprint = host.sh('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub').split(' ')[1] ?? 'no fingerprint'
  await seen(panel().getByText(fingerprint, { exact: true }))
  expect(await findings('fingerprint')).toEqual([])
  await shoot(page, 'host-fingerprint')
  await panel().getByRole('button', { name: 'It is this host' }).click()
  await panel().getByRole('list', { name: 'Plan' }).waitFor({ timeout: 60_000 })
  expect(host.sh('ls /opt/flotilla 2>/dev/null || true').trim()).toBe('')
  expect(await findings('plan')).toEqual([])
  await shoot(page, 'host-plan')
})

test('another one that was added with it is led to its plan in German, by keys alone, with what was found and what mends it', async () => {
  const keys = new Keys(page)
  const speak = async (from: RegExp, to: string, settings: string) => {
    // Before it, a pointer was used: browsers show the focus again from the next Tab on.
    await keys.press('Tab', 'Control+,')
    await keys.tabTo(from)
    await keys.type(to)
    await page.getByRole('dialog', { name: settings }).waitFor()
    await keys.press('Escape')
    await page.locator('[data-modal]').waitFor({ state: 'detached' })
  }
  const here = page.getByRole('complementary', { name: 'Was geschieht' })
  const isGerman = async () => expect(await leftInEnglish(page)).toEqual([])
  await speak(/Deutsch$/, 'Deut', 'Einstellungen')
  await keys.tabTo(/^attic/, 'Shift+Tab')
  await keys.press('Enter')
  await here.getByText(other.hostKey(), { exact: true }).waitFor({ timeout: 60_000 })
  await isGerman()
  await keys.tabTo(/^Das ist der Rechner$/)
  await keys.press('Enter')
  const plan = here.getByRole('list', { name: 'Plan' })
  await plan.waitFor({ timeout: 60_000 })
  await keys.focusOn(/^attic aufnehmen$/)
  const stopped = here
    .getByRole('list', { name: 'Befunde' })
    .getByRole('listitem')
    .filter({ hasText: 'Docker ist installiert, antwortet aber nicht' })
  await stopped.getByText('Wird repariert').waitFor()
  await plan.getByText('Docker starten, jetzt und bei jedem Systemstart').waitFor()
  await isGerman()
  expect(await findings('findings')).toEqual([])
  await shoot(page, 'host-findings-german')
  await keys.tabTo(/^Genau das ändern$/)
  await keys.press('Enter')
  await here.getByRole('list', { name: 'Schritte' }).waitFor({ timeout: 60_000 })
  await keys.focusOn(/^attic aufnehmen$/)
  await isGerman()
  await speak(/Deutsch$/, 'Eng', 'Settings')
})

test('its steps are followed live until it is a Ready node with its role and label, beside the other one', async () => {
  await page.locator('[data-host=cellar]').getByRole('button').first().click()
  await panel().getByRole('button', { name: 'Change exactly this' }).click()
  await panel().getByRole('list', { name: 'Steps' }).getByText('Running').first().waitFor({ timeout: 60_000 })
  await panel().getByText('Done', { exact: true }).waitFor({ timeout: 240_000 })
  const row = page.locator('[data-host=cellar]')
  await row.getByText('Connected').waitFor({ timeout: 60_000 })
  await row.locator('[data-tone=healthy]').getByText('Ready').waitFor({ timeout: 60_000 })
  expect(await findings('steps')).toEqual([])
  await shoot(page, 'host-ready')
  await page.locator('[data-host=attic] [data-tone=healthy]').getByText('Ready').waitFor({ timeout: 240_000 })
  expect(other.sh('systemctl is-active docker; systemctl is-enabled docker')).toBe('active\nenabled')
  const found = await cluster.kubectl('get', 'nodes', '-l', 'zone=below,node-role.kubernetes.io/worker', '-o', 'name')
  expect(found.trim()).toBe('node/cellar')
})

test('a step of joining is undone by a click, once its plan was looked at', async () => {
  await panel().getByRole('button', { name: 'Undo: Set Docker to live-restore' }).click()
  const undo = panel().getByRole('region', { name: 'Undo on cellar' })
  await undo.getByText('put back what /etc/docker/daemon.json was before').waitFor({ timeout: 60_000 })
  await undo.getByRole('button', { name: 'Change exactly this' }).click()
  await undo.getByText('Done', { exact: true }).waitFor({ timeout: 60_000 })
  expect(host.sh('ls /etc/docker/daemon.json 2>/dev/null || true')).toBe('')
})

test('an image of this machine is sent to it by a click, and stands among the images of its node', async () => {
  // It takes a while until the node of the other one is missed.
  other.sh('systemctl stop flotilla-agent; rm /etc/systemd/system/flotilla-agent.service /etc/flotilla/config.json')
  const image = busyboxImage()
  await page.getByRole('button', { name: 'Load images onto cellar', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Load images' })
  await dialog.getByLabel('Images, one a line').fill('--privileged')
  await dialog.getByRole('alert').getByText('is not the name of an image').waitFor()
  expect(await dialog.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true)
  await dialog.getByLabel('Images, one a line').fill(image)
  await shoot(page, 'host-load-images')
  await dialog.getByRole('button', { name: 'Send' }).click()
  const load = panel().getByRole('region', { name: 'Load images onto cellar' })
  await load.getByText('Done', { exact: true }).waitFor({ timeout: 60_000 })
  await load.getByText(`cellar has ${image}`).waitFor()
  await shoot(page, 'host-images-loaded')
  const layers = `docker image inspect -f '{{.RootFS.Layers}}' ${image}`
  expect(host.sh(layers)).toBe(execFileSync('sh', ['-c', layers], { encoding: 'utf8' }).trim())
  await page.locator('[data-host=cellar]').getByRole('link', { name: 'cellar' }).click()
  const images = page.getByRole('dialog').getByRole('list', { name: 'Images' })
  await images.getByText(image).waitFor({ timeout: 60_000 })
  await images.scrollIntoViewIfNeeded()
  await shoot(page, 'node-images')
  await page.getByRole('dialog').getByRole('link', { name: 'Load images' }).click()
  await page.getByRole('dialog', { name: 'Load images' }).getByRole('button', { name: 'Cancel' }).click()
})

test('an image that this machine lacks is told so, and nothing is sent', async () => {
  await page.getByRole('button', { name: 'Load images onto cellar', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Load images' })
  await dialog.getByLabel('Images, one a line').fill('nobody/has:this')
  await dialog.getByRole('button', { name: 'Send' }).click()
  await panel().getByText("this machine's Docker has no image nobody/has:this").waitFor({ timeout: 60_000 })
})

test('it is looked at again, and its agent restarted, by a click', async () => {
  await page.getByLabel('Check cellar', { exact: true }).click()
  const check = panel().getByRole('region', { name: 'Check cellar' })
  await check.getByText('Done', { exact: true }).waitFor({ timeout: 60_000 })
  await page.getByLabel('Restart the agent of cellar', { exact: true }).click()
  await page.getByRole('dialog', { name: 'Restart cellar?' }).getByRole('button', { name: 'Restart' }).click()
  const started = () => host.sh('systemctl show -p ActiveEnterTimestampMonotonic flotilla-agent').trim()
  const before = started()
  await panel().getByRole('button', { name: 'Change exactly this' }).click({ timeout: 60_000 })
  const restart = panel().getByRole('region', { name: 'Restart cellar' })
  await restart.getByText('Done', { exact: true }).waitFor({ timeout: 120_000 })
  expect(started()).not.toBe(before)
  await page.locator('[data-host=cellar] [data-tone=healthy]').getByText('Ready').waitFor({ timeout: 60_000 })
})

test('an agent of an earlier version is upgraded by a click, once its plan was looked at', async () => {
  const runs = () => host.sh('readlink /opt/flotilla/bin/agent.cjs /opt/flotilla/bin/node')
  const current = runs()
  const earlier = ['../agent/0123456789abcdef/agent.cjs', '../runtime/0123456789abcdef/node'] as const
  host.sh('cd /opt/flotilla; mv agent/* agent/0123456789abcdef; mv runtime/* runtime/0123456789abcdef')
  host.sh(`cd /opt/flotilla/bin; ln -sfn ${earlier[0]} agent.cjs; ln -sfn ${earlier[1]} node`)
  await page.getByLabel('Upgrade the agent of cellar', { exact: true }).click()
  const upgrade = panel().getByRole('region', { name: 'Upgrade cellar' })
  await upgrade
    .getByText('if the node is not Ready then: back to version 0123456789abcdef')
    .waitFor({ timeout: 60_000 })
  expect(runs()).toBe(earlier.join('\n'))
  await upgrade.getByRole('button', { name: 'Change exactly this' }).click()
  await upgrade.getByText('Done', { exact: true }).waitFor({ timeout: 120_000 })
  expect(runs()).toBe(current)
})

test('a node that is not heard of says why, leads to its host, and what somebody broke there is repaired by a click', async () => {
  const why = page.getByRole('region', { name: 'Why?' })
  const ask = async () => {
    await page.getByRole('link', { name: 'Nodes', exact: true }).click()
    await page.locator('[data-key=attic]').click()
  }
  await ask()
  const sentence = page.locator('[data-why]')
  await until('it is missed', async () => /node attic has not been heard of/i.test(await sentence.innerText()))
  await shoot(page, 'why-silent-host')
  await why.getByRole('button', { name: 'Look at host attic' }).click()
  await page.getByLabel('Repair attic', { exact: true }).click()
  const repair = panel().getByRole('region', { name: 'Repair attic' })
  await seen(repair.getByRole('list', { name: 'Plan' }))
  expect(await repair.getByRole('list', { name: 'Plan' }).innerText()).not.toContain('runtime')
  await repair.getByRole('button', { name: 'Change exactly this' }).click()
  await repair.getByText('Done', { exact: true }).waitFor({ timeout: 120_000 })
  expect(other.sh('systemctl is-active flotilla-agent')).toBe('active')
  await page.locator('[data-host=attic] [data-tone=healthy]').getByText('Ready').waitFor({ timeout: 60_000 })
  await ask()
  await page.getByRole('heading', { name: 'attic' }).waitFor()
  await sentence.waitFor({ state: 'detached' })
  await page.getByRole('link', { name: 'Hosts', exact: true }).click()
})

test('a machine that is gone cannot be left as it was, and is forgotten once its name was typed', async () => {
  const name = '127-0-0-1-9'
  const typed = async (title: string, button: string) => {
    const dialog = page.getByRole('dialog', { name: title })
    await dialog.getByRole('textbox').fill(name)
    await dialog.getByRole('button', { name: button }).click()
  }
  await page.getByLabel(`Remove ${name}`, { exact: true }).click()
  await typed(`Remove ${name}?`, 'Remove')
  const removal = panel().getByRole('region', { name: `Remove ${name}` })
  await removal.getByText('Failed', { exact: true }).waitFor({ timeout: 60_000 })
  await removal.getByText(`flotilla node remove ${name} --forget`).waitFor()
  await removal.getByRole('button', { name: 'Forget' }).click()
  await typed(`Forget ${name}?`, 'Forget')
  await page.locator(`[data-host="${name}"]`).waitFor({ state: 'detached', timeout: 60_000 })
})

test('it is removed once its name was typed, and nothing stays on the machine', async () => {
  await page.getByLabel('Remove cellar', { exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Remove cellar?' })
  await dialog.getByRole('textbox').fill('cellar')
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await panel().getByRole('button', { name: 'Change exactly this' }).click({ timeout: 60_000 })
  await until('the node is gone', async () => !(await cluster.kubectl('get', 'nodes', '-o', 'name')).includes('cellar'))
  await page.locator('[data-host=cellar]').waitFor({ state: 'detached', timeout: 60_000 })
  expect(host.sh('ls /opt/flotilla 2>/dev/null || true').trim()).toBe('')
  expect(window.problems).toEqual([])
})
