// How hosts and what is done to them are doing.
import type { Host, HostFinding, HostOperation, HostOperationStep } from '../../shared/api/flotilla/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { byCreation } from '../../shared/machinery/older.ts'
import { stateText } from '../status/own-words.ts'
import { type StatusView, type Tone, view } from '../status/tone.ts'
import { type MessageKey, m, t } from '../i18n/i18n.ts'

const PHASES: Readonly<Record<string, Tone>> = {
  Ready: 'healthy',
  Joining: 'progressing',
  Removing: 'progressing',
  Pending: 'unknown',
  Away: 'warning',
  NotReady: 'failed',
  Failed: 'failed',
}
export function hostStatus({ status, metadata }: Host): StatusView {
  if (metadata.deletionTimestamp) return view('progressing', 'Removing')
  const phase = status.phase ?? 'Pending'
  const told = (status.conditions ?? []).find(({ status: on, message }) => on !== 'True' && message)?.message
  const away = status.away?.at(-1)
  return view(PHASES[phase] ?? 'unknown', phase, (phase === 'Away' && !away?.until && away?.reason) || told)
}

/** Whether the one SSH connection to the host stands. */
export function connectionStatus({ status }: Host): StatusView {
  const condition = conditionOf(status.conditions, 'Connected')
  if (!condition) return view('unknown', 'Not connected yet')
  return condition.status === 'True'
    ? view('healthy', 'Connected')
    : view('warning', condition.reason || 'Disconnected', condition.message)
}

const OPERATION: Readonly<Record<string, StatusView>> = {
  Pending: view('unknown', 'Waiting its turn'),
  Running: view('progressing', 'Running'),
  WaitingForAnswer: view('warning', 'Asks you'),
  WaitingForApproval: view('warning', 'Look at the plan'),
  Succeeded: view('healthy', 'Done'),
  Failed: view('failed', 'Failed'),
  Cancelled: view('suspended', 'Cancelled'),
}
export const operationStatus = ({ status }: HostOperation): StatusView =>
  OPERATION[status.phase ?? 'Pending'] ?? view('unknown', status.phase ?? '')

const ACTIONS: Readonly<Record<string, MessageKey>> = {
  Check: m('Check'),
  Join: m('Join'),
  Upgrade: m('Upgrade'),
  Repair: m('Repair'),
  Restart: m('Restart'),
  LoadImages: m('Load images'),
  Undo: m('Undo'),
  Remove: m('Remove'),
}
/** What is done, in a word. */
export function actionText(action: string): string {
  const text = ACTIONS[action]
  return text ? t(text) : action
}

/** What is done and how far it is, as in `Join: Running`. */
export const progressText = (operation: HostOperation): string =>
  `${actionText(operation.spec.action)}: ${stateText(operationStatus(operation).text)}`

const ENDED = new Set(['Succeeded', 'Failed', 'Cancelled'])
export const hasEnded = ({ status }: HostOperation): boolean => ENDED.has(status.phase ?? '')

const STEPS: Readonly<Record<string, Tone>> = {
  Pending: 'unknown',
  Running: 'progressing',
  Succeeded: 'healthy',
  Skipped: 'suspended',
  Undone: 'suspended',
  Failed: 'failed',
}
export const stepStatus = ({ state, percent }: HostOperationStep): StatusView =>
  view(STEPS[state] ?? 'unknown', state === 'Running' && percent !== undefined ? `${percent} %` : state)

/** Of joining, what was done or half done; the plan of undoing tells what goes with it. */
export const canBeUndone = (operation: HostOperation, { state }: HostOperationStep): boolean =>
  ['Join', 'Repair'].includes(operation.spec.action) &&
  hasEnded(operation) &&
  (state === 'Succeeded' || state === 'Failed' || state === 'Running')

/** Whether a host is not there to be left as it was: it can be forgotten. */
export const canBeForgotten = ({ spec: { action }, status: { phase, reason } }: HostOperation): boolean =>
  action === 'Remove' && phase === 'Failed' && (reason === 'Unreachable' || reason === 'ConnectionLost')

const SEVERITIES: Readonly<Record<string, Tone>> = { Error: 'failed', Warning: 'warning', Info: 'unknown' }
export const findingStatus = ({ severity, fix }: HostFinding): StatusView =>
  fix ? view('progressing', 'Will be mended') : view(SEVERITIES[severity] ?? 'unknown', severity)

/** The newest operation of each host. */
export function newestOperations(operations: readonly HostOperation[]): Map<string, HostOperation> {
  const newest = new Map<string, HostOperation>()
  for (const operation of operations) {
    const known = newest.get(operation.spec.hostName)
    if (!known || !hasEnded(operation) || (hasEnded(known) && byCreation(operation, known) > 0))
      newest.set(operation.spec.hostName, operation)
  }
  return newest
}
