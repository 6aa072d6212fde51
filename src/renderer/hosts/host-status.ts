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

const ACTIONS: Readonly<Record<string, readonly [word: MessageKey, withName: MessageKey]>> = {
  Check: [m('Check'), m('Check {name}')],
  Join: [m('Join'), m('Join {name}')],
  Upgrade: [m('Upgrade'), m('Upgrade {name}')],
  Repair: [m('Repair'), m('Repair {name}')],
  Restart: [m('Restart'), m('Restart {name}')],
  LoadImages: [m('Load images'), m('Load images onto {name}')],
  Undo: [m('Undo'), m('Undo on {name}')],
  Remove: [m('Remove'), m('Remove {name}')],
}
/** What is done, in a word. */
export function actionText(action: string): string {
  const [word] = ACTIONS[action] ?? []
  return word ? t(word) : action
}
/** The same with the host that it is done to. */
export function operationText({ spec: { action, hostName } }: HostOperation): string {
  const [, withName] = ACTIONS[action] ?? []
  return withName ? t(withName, { name: hostName }) : `${action} ${hostName}`
}

const STEPS_IN_WORDS: Readonly<Record<string, MessageKey>> = {
  'authorize-key': m('Enter the key'),
  'clean-up': m('Clean up'),
  'close-link': m('Close the connection'),
  configure: m('Configure'),
  'delete-files': m('Delete the files'),
  'delete-node': m('Delete the node'),
  drain: m('Drain'),
  'install-packages': m('Install packages'),
  'live-restore': m('Set Docker to live-restore'),
  'push-agent': m('Send the agent'),
  'push-runtime': m("Send the agent's runtime"),
  'reset-live-restore': m('Take live-restore back'),
  'restart-agent': m('Restart the agent'),
  'revoke-certificate': m('Revoke its certificates'),
  'start-agent': m('Start the agent'),
  'start-docker': m('Start Docker'),
  'stop-docker': m('Stop Docker'),
  'switch-agent': m('Switch the agent over'),
  'sync-clock': m('Set the clock'),
  uninstall: m('Uninstall packages'),
  'unsync-clock': m('Stop setting the clock'),
  'withdraw-key': m('Withdraw the key'),
}
/** An image that is sent is a step of its own, and called as it is. */
export function stepText(name: string): string {
  const words = STEPS_IN_WORDS[name]
  return words ? t(words) : name
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
