// Probes and lifecycle hooks.
import type { Container, Lifecycle, LifecycleHandler, PodOS, Probe } from '../../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../../shared/machinery/field-error.ts'
import { httpHeaderName } from '../../../../../shared/machinery/names.ts'
import { list } from '../../support/collections.ts'
import { nonNegative, obey, requiredText } from '../../support/rules.ts'
import { STOP_SIGNALS, WINDOWS_STOP_SIGNALS } from './stop-signals.ts'
import { portRef } from './validate-ports.ts'

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>

const SCHEMES = ['HTTP', 'HTTPS']

type Grace = number | undefined

const execErrors = (path: string, { command }: NonNullable<Handler['exec']>): FieldError[] =>
  list(command).length === 0 ? [required(`${path}.command`)] : []

const httpErrors = (path: string, action: NonNullable<Handler['httpGet']>): FieldError[] => {
  const { path: url, port, scheme = '', httpHeaders } = action
  return [
    ...requiredText(`${path}.path`, url),
    ...portRef(`${path}.port`, port),
    ...(SCHEMES.includes(scheme) ? [] : [notSupported(`${path}.scheme`, scheme, SCHEMES)]),
    ...list(httpHeaders).flatMap(header => obey(`${path}.httpHeaders`, header.name ?? '', httpHeaderName)),
  ]
}

const sleepErrors = (path: string, { seconds = 0 }: NonNullable<Handler['sleep']>, grace: Grace): FieldError[] =>
  grace !== undefined && (seconds < 0 || seconds > grace)
    ? [invalidValue(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`)]
    : []

/** The first handler counts; each further one is too many. */
function validateHandler(path: string, handler: Handler, grace: Grace): FieldError[] {
  const errors: FieldError[] = []
  let found = false
  const check = <A>(kind: keyof Handler, action: A | undefined, rule: (path: string, action: A) => FieldError[]) => {
    if (action === undefined) return
    if (found) errors.push(forbiddenField(`${path}.${kind}`, 'may not specify more than 1 handler type'))
    else errors.push(...rule(`${path}.${kind}`, action))
    found = true
  }
  check('exec', handler.exec, execErrors)
  check('httpGet', handler.httpGet, httpErrors)
  check('tcpSocket', handler.tcpSocket, (at, { port }) => portRef(`${at}.port`, port))
  check('grpc', handler.grpc, (at, { port }) => portRef(`${at}.port`, port))
  check('sleep', handler.sleep, (at, action) => sleepErrors(at, action, grace))
  if (!found) errors.push(required(path, 'must specify a handler type'))
  return errors
}

function validateProbe(path: string, probe: Probe, grace: Grace): FieldError[] {
  const own = probe.terminationGracePeriodSeconds
  return [
    ...validateHandler(path, probe, grace),
    ...nonNegative(`${path}.initialDelaySeconds`, probe.initialDelaySeconds),
    ...nonNegative(`${path}.timeoutSeconds`, probe.timeoutSeconds),
    ...nonNegative(`${path}.periodSeconds`, probe.periodSeconds),
    ...nonNegative(`${path}.successThreshold`, probe.successThreshold),
    ...nonNegative(`${path}.failureThreshold`, probe.failureThreshold),
    ...(own !== undefined && own <= 0
      ? [invalidValue(`${path}.terminationGracePeriodSeconds`, own, 'must be greater than 0')]
      : []),
  ]
}

function once(path: string, probe: Probe | undefined, grace: Grace): FieldError[] {
  if (!probe) return []
  const errors = validateProbe(path, probe, grace)
  if (probe.successThreshold !== 1)
    errors.push(invalidValue(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'))
  return errors
}

function readiness(path: string, probe: Probe | undefined, grace: Grace): FieldError[] {
  if (!probe) return []
  const own = probe.terminationGracePeriodSeconds
  return [
    ...validateProbe(path, probe, grace),
    ...(own === undefined
      ? []
      : [invalidValue(`${path}.terminationGracePeriodSeconds`, own, 'must not be set for readinessProbes')]),
  ]
}

function stopSignalErrors(path: string, signal: string, os: PodOS | undefined): FieldError[] {
  if (!os) return [forbiddenField(path, 'may not be set for containers with empty `spec.os.name`')]
  const supported = os.name === 'windows' ? WINDOWS_STOP_SIGNALS : STOP_SIGNALS
  return supported.includes(signal) ? [] : [notSupported(path, signal, supported)]
}

export function validateLifecycle(
  path: string,
  lifecycle: Lifecycle | undefined,
  grace: Grace,
  os: PodOS | undefined,
): FieldError[] {
  if (!lifecycle) return []
  const { postStart, preStop, stopSignal } = lifecycle
  return [
    ...(postStart ? validateHandler(`${path}.postStart`, postStart, grace) : []),
    ...(preStop ? validateHandler(`${path}.preStop`, preStop, grace) : []),
    ...(stopSignal === undefined ? [] : stopSignalErrors(`${path}.stopSignal`, stopSignal, os)),
  ]
}

export const validateProbes = (path: string, container: Container, grace: Grace): FieldError[] => [
  ...once(`${path}.livenessProbe`, container.livenessProbe, grace),
  ...readiness(`${path}.readinessProbe`, container.readinessProbe, grace),
  ...once(`${path}.startupProbe`, container.startupProbe, grace),
]
