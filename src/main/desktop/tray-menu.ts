// What the tray says and offers, as data.
import type { MenuItemConstructorOptions } from 'electron'
import type { ControlPlaneStatus } from '../../preload/channels.ts'
import type { ClusterSummary } from './cluster-summary.ts'
import type { Say } from './say.ts'

export interface TrayState {
  readonly status: ControlPlaneStatus
  /** Known some moments after the control plane runs. */
  readonly summary: ClusterSummary | undefined
  readonly keepAwake: boolean
  readonly startAtLogin: boolean
}

export interface TrayActions {
  /** @param path a place in the window */
  open(path?: string): void
  startAgain(): void
  copy(text: string): void
  openLogs(): void
  setKeepAwake(on: boolean): void
  setStartAtLogin(on: boolean): void
  quit(): void
}

const STATES = {
  starting: 'Starting…',
  running: 'Running',
  failed: 'Not running',
  stopping: 'Stopping…',
} as const

/** One line: `Running · 2 of 3 nodes ready · 1 pod not running`. */
export function trayLine({ status, summary }: Pick<TrayState, 'status' | 'summary'>, say: Say): string {
  if (status.state !== 'running' || !summary) return say(STATES[status.state])
  const { nodes, readyNodes, strandedPods } = summary
  return [
    say(STATES.running),
    nodes === 0
      ? say('no nodes')
      : say('{ready} of {n} node ready | {ready} of {n} nodes ready', { ready: readyNodes, n: nodes }),
    ...(strandedPods ? [say('{n} pod not running | {n} pods not running', { n: strandedPods })] : []),
  ].join(' · ')
}

export function trayMenu(state: TrayState, actions: TrayActions, say: Say): MenuItemConstructorOptions[] {
  const { status, summary } = state
  const running = status.state === 'running'
  const { kubeconfigPath } = status
  return [
    { label: trayLine(state, say), enabled: false },
    ...(status.problem ? [{ label: status.problem.message, click: () => actions.open() }] : []),
    { type: 'separator' },
    { label: say('Open Flotilla'), click: () => actions.open() },
    { label: say('Topology'), enabled: running, click: () => actions.open('/topology') },
    { label: say('Nodes'), enabled: running, click: () => actions.open('/k/core/v1/nodes') },
    {
      label: summary?.strandedPods ? say('Pods ({n} not running)', { n: summary.strandedPods }) : say('Pods'),
      enabled: running,
      click: () => actions.open('/k/core/v1/pods'),
    },
    { type: 'separator' },
    ...(status.state === 'failed'
      ? [{ label: say('Start the cluster again'), click: () => actions.startAgain() }]
      : []),
    {
      label: say('Copy the kubeconfig’s path'),
      enabled: kubeconfigPath !== undefined,
      click: () => kubeconfigPath !== undefined && actions.copy(kubeconfigPath),
    },
    { label: say('Open the logs'), click: () => actions.openLogs() },
    { type: 'separator' },
    {
      label: say('Keep this computer awake'),
      type: 'checkbox',
      checked: state.keepAwake,
      click: ({ checked }) => actions.setKeepAwake(checked),
    },
    {
      label: say('Start at login'),
      type: 'checkbox',
      checked: state.startAtLogin,
      click: ({ checked }) => actions.setStartAtLogin(checked),
    },
    { type: 'separator' },
    { label: say('Quit (containers keep running)'), click: () => actions.quit() },
  ]
}
