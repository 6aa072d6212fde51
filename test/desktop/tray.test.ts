// What the tray and the menu say and offer.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MenuItemConstructorOptions } from 'electron'
import { describe, expect, it } from 'vitest'
import { type TrayActions, type TrayState, trayLine, trayMenu } from '../../src/main/desktop/tray-menu.ts'
import { german } from '../../src/main/desktop/german.ts'
import { menuTemplate } from '../../src/main/desktop/menu-template.ts'
import { createSay, systemLanguage } from '../../src/main/desktop/say.ts'
import type { ControlPlaneStatus } from '../../src/preload/channels.ts'
import { german as ofWindow } from '../../src/renderer/i18n/de/german.ts'

const say = createSay(() => 'en')
const inGerman = createSay(() => 'de')

const running: ControlPlaneStatus = {
  state: 'running',
  dataDir: '/data',
  listen: '127.0.0.1:6443',
  url: 'https://127.0.0.1:6443',
  kubeconfigPath: '/data/kubeconfig',
  canRemember: false,
}
const state = (changes: Partial<TrayState> = {}): TrayState => ({
  status: running,
  summary: { nodes: 3, readyNodes: 2, strandedPods: 1 },
  keepAwake: false,
  startAtLogin: true,
  ...changes,
})

function recorded() {
  const calls: unknown[][] = []
  const record =
    (name: string) =>
    (...args: unknown[]) =>
      void calls.push([name, ...args])
  const actions: TrayActions = {
    open: record('open'),
    startAgain: record('startAgain'),
    copy: record('copy'),
    openLogs: record('openLogs'),
    setKeepAwake: record('setKeepAwake'),
    setStartAtLogin: record('setStartAtLogin'),
    quit: record('quit'),
  }
  return { calls, actions }
}
/** Clicks as Electron does: a checkbox is turned over before. */
function click(items: readonly MenuItemConstructorOptions[], label: string) {
  const item = items.find(entry => entry.label === label)
  expect(item?.enabled).not.toBe(false)
  const clicked = { ...item, checked: item?.type === 'checkbox' ? !item.checked : undefined }
  ;(item?.click as unknown as (item: object) => void)(clicked)
}

describe('the tray', () => {
  it('tells in a line how the cluster is', () => {
    expect(trayLine(state(), say)).toBe('Running · 2 of 3 nodes ready · 1 pod not running')
    expect(trayLine(state({ summary: { nodes: 1, readyNodes: 1, strandedPods: 0 } }), say)).toBe(
      'Running · 1 of 1 node ready',
    )
    expect(trayLine(state({ summary: { nodes: 0, readyNodes: 0, strandedPods: 0 } }), say)).toBe('Running · no nodes')
    expect(trayLine(state({ summary: undefined }), say)).toBe('Running')
    expect(trayLine(state({ status: { ...running, state: 'stopping' } }), say)).toBe('Stopping…')
  })

  it('offers places, the kubeconfig and switches', () => {
    const { calls, actions } = recorded()
    const items = trayMenu(state(), actions, say)
    for (const label of [
      'Topology',
      'Pods (1 not running)',
      'Copy the kubeconfig’s path',
      'Keep this computer awake',
      'Start at login',
    ])
      click(items, label)
    expect(calls).toEqual([
      ['open', '/topology'],
      ['open', '/k/core/v1/pods'],
      ['copy', '/data/kubeconfig'],
      ['setKeepAwake', true],
      ['setStartAtLogin', false],
    ])
  })

  it('tells why nothing runs, and offers to start again', () => {
    const { calls, actions } = recorded()
    const problem = { kind: 'port-in-use', message: 'the port is taken', detail: '' } as const
    const { kubeconfigPath: _, url: __, ...rest } = running
    const items = trayMenu(state({ status: { ...rest, state: 'failed', problem }, summary: undefined }), actions, say)
    expect(items[0]?.label).toBe('Not running')
    expect(items.find(({ label }) => label === 'Topology')?.enabled).toBe(false)
    expect(items.find(({ label }) => label === 'Copy the kubeconfig’s path')?.enabled).toBe(false)
    click(items, 'the port is taken')
    click(items, 'Start the cluster again')
    expect(calls).toEqual([['open'], ['startAgain']])
  })
})

describe('the menu', () => {
  const labels = (items: readonly MenuItemConstructorOptions[]) => items.map(({ label, role }) => role ?? label)
  const sub = (items: readonly MenuItemConstructorOptions[], name: string) =>
    items.find(({ label, role }) => (role ?? label) === name)?.submenu as MenuItemConstructorOptions[]
  const nothing = {
    command: () => undefined,
    open: () => undefined,
    openWindow: () => undefined,
    openLogs: () => undefined,
    lookForUpdates: undefined,
  }

  it('has settings and quit where each system has them', () => {
    const mac = menuTemplate('darwin', nothing, say)
    expect(labels(mac)[0]).toBe('appMenu')
    expect(labels(sub(mac, 'appMenu'))).toContain('Settings…')
    expect(labels(sub(mac, 'File'))).toEqual(['New window', undefined, 'close'])
    const linux = menuTemplate('linux', nothing, say)
    expect(labels(linux)[0]).toBe('File')
    expect(labels(sub(linux, 'File'))).toEqual(['New window', undefined, 'Settings…', undefined, 'close', 'quit'])
    expect(labels(sub(linux, 'help'))).toContain('about')
  })

  it('looks for newer versions in builds that are published', () => {
    const look = 'Look for a newer version…'
    const published = { ...nothing, lookForUpdates: () => undefined }
    expect(labels(sub(menuTemplate('linux', nothing, say), 'help'))).not.toContain(look)
    expect(labels(sub(menuTemplate('linux', published, say), 'help'))).toContain(look)
    expect(labels(sub(menuTemplate('darwin', published, say), 'appMenu'))).toContain(look)
  })

  it.each(['darwin', 'linux', 'win32'] as const)('has no key twice on %s', platform => {
    const keys = menuTemplate(platform, nothing, say)
      .flatMap(({ submenu }) => (Array.isArray(submenu) ? submenu : []))
      .flatMap(({ accelerator }) => accelerator ?? [])
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('the language of menus, tray and dialogs', () => {
  const nothing = {
    command: () => undefined,
    open: () => undefined,
    openWindow: () => undefined,
    openLogs: () => undefined,
    lookForUpdates: () => undefined,
  }
  const { actions } = recorded()
  const labelsIn = (items: readonly MenuItemConstructorOptions[]): string[] =>
    items.flatMap(({ label, submenu }) => [
      ...(label === undefined ? [] : [label]),
      ...(Array.isArray(submenu) ? labelsIn(submenu) : []),
    ])
  const ofMenus = (spoken: typeof say) =>
    labelsIn((['darwin', 'linux'] as const).flatMap(platform => menuTemplate(platform, nothing, spoken)))

  it('is the one of the window, in every item, also in those that Electron knows', () => {
    const spoken = new Set<string>(Object.values(german))
    expect(ofMenus(inGerman).filter(label => !spoken.has(label))).toEqual([])
    const isSame = new Set(['Nodes', 'Pods'])
    expect(ofMenus(say).filter(label => spoken.has(label) && !isSame.has(label))).toEqual([])
    for (const item of menuTemplate('darwin', nothing, inGerman).slice(1)) expect(item.label).toBeDefined()
  })
  it('counts as the language does', () => {
    expect(trayLine(state(), inGerman)).toBe('Läuft · 2 von 3 Nodes bereit · 1 Pod läuft nicht')
    expect(labelsIn(trayMenu(state(), actions, inGerman))).toContain('Pods, die nicht laufen: 1')
  })
  it('has the same placeholders and forms in both', () => {
    const shape = (text: string) => text.split(' | ').map(form => form.match(/\{\w+\}/g)?.sort())
    for (const [text, translated] of Object.entries(german)) expect(shape(translated), text).toEqual(shape(text))
  })
  it('says nothing that is not in use, and what the window says as well with the same words', () => {
    const root = fileURLToPath(new URL('../../src/main/desktop/', import.meta.url))
    const code = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.ts') && file !== 'german.ts')
      .map(file => readFileSync(join(root, file), 'utf8'))
      .join('\n')
    expect(Object.keys(german).filter(text => !code.includes(`'${text}'`))).toEqual([])
    const inWindow: Readonly<Record<string, string>> = ofWindow
    // macOS' own menu, and what is undone in a text.
    const another = new Set(['Services', 'Undo'])
    const both = Object.entries(german).filter(([text]) => Object.hasOwn(inWindow, text) && !another.has(text))
    for (const [text, translated] of both) expect(translated, text).toBe(inWindow[text])
  })
  it("is the system's until a window has said which one it speaks", () => {
    expect([systemLanguage('de-AT'), systemLanguage('de'), systemLanguage('da'), systemLanguage('')]).toEqual([
      'de',
      'de',
      'en',
      'en',
    ])
  })
})
