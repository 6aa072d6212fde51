// What the tray says and offers, as data.
import type { MenuItemConstructorOptions } from 'electron'
import type { ControlPlaneStatus } from '../../preload/channels.ts'
import type { ClusterSummary } from './cluster-summary.ts'

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

const count = (n: number, one: string) => `${n} ${one}${n === 1 ? '' : 's'}`

/** One line: `Running · 2 of 3 nodes ready · 1 pod not running`. */
export function trayLine({ status, summary }: Pick<TrayState, 'status' | 'summary'>): string {
  if (status.state !== 'running' || !summary) return STATES[status.state]
  const { nodes, readyNodes, strandedPods } = summary
  return [
    STATES.running,
    nodes === 0 ? 'no nodes' : `${readyNodes} of ${count(nodes, 'node')} ready`,
    ...(strandedPods ? [`${count(strandedPods, 'pod')} not running`] : []),
  ].join(' · ')
}

export function trayMenu(state: TrayState, actions: TrayActions): MenuItemConstructorOptions[] {
  const { status, summary } = state
  const running = status.state === 'running'
  const { kubeconfigPath } = status
  return [
    { label: trayLine(state), enabled: false },
    ...(status.problem ? [{ label: status.problem.message, click: () => actions.open() }] : []),
    { type: 'separator' },
    { label: 'Open Flotilla', click: () => actions.open() },
    { label: 'Topology', enabled: running, click: () => actions.open('/topology') },
    { label: 'Nodes', enabled: running, click: () => actions.open('/k/core/v1/nodes') },
    {
      label: summary?.strandedPods ? `Pods (${summary.strandedPods} not running)` : 'Pods',
      enabled: running,
      click: () => actions.open('/k/core/v1/pods'),
    },
    { type: 'separator' },
    ...(status.state === 'failed' ? [{ label: 'Start the cluster again', click: () => actions.startAgain() }] : []),
    {
      label: 'Copy the kubeconfig’s path',
      enabled: kubeconfigPath !== undefined,
      click: () => kubeconfigPath !== undefined && actions.copy(kubeconfigPath),
    },
    { label: 'Open the logs', click: () => actions.openLogs() },
    { type: 'separator' },
    {
      label: 'Keep this computer awake',
      type: 'checkbox',
      checked: state.keepAwake,
      click: ({ checked }) => actions.setKeepAwake(checked),
    },
    {
      label: 'Start at login',
      type: 'checkbox',
      checked: state.startAtLogin,
      click: ({ checked }) => actions.setStartAtLogin(checked),
    },
    { type: 'separator' },
    { label: 'Quit (containers keep running)', click: () => actions.quit() },
  ]
}
