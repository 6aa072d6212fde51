// What a pod's spec says: where it may run, and of each container what it runs, asks for, is told and is asked.
import type { Container, PodSpec, Toleration } from '../../shared/api/core/v1.ts'
import { probeText } from '../why/explain-container.ts'
import { type Fact, lines } from './fact.ts'
import { t } from '../i18n/i18n.ts'

/** Every pod has these two, from the server. */
const isUsual = ({ key, tolerationSeconds }: Toleration) =>
  tolerationSeconds === 300 && /^node\.kubernetes\.io\/(not-ready|unreachable)$/.test(key ?? '')

function tolerationText({ key, operator, value, effect, tolerationSeconds }: Toleration): string {
  const what = key ? `${key}${operator === 'Exists' ? '' : `=${value ?? ''}`}` : t('everything')
  const seconds = tolerationSeconds === undefined ? '' : ` ${tolerationSeconds}s`
  return `${what}${effect ? `:${effect}` : ''}${seconds}`
}

/** Without what every pod has. */
export const placementFacts = (spec: PodSpec): readonly Fact[] => [
  [t('Node selector'), lines(Object.entries(spec.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`))],
  [t('Tolerates'), lines((spec.tolerations ?? []).filter(toleration => !isUsual(toleration)).map(tolerationText))],
  [t('Priority class'), spec.priorityClassName],
  [t('Runtime class'), spec.runtimeClassName],
  [t('Network'), spec.hostNetwork ? t('that of its node') : undefined],
]

/** Each with what is asked, and how often. */
function probesText({ startupProbe, readinessProbe, livenessProbe }: Container): string {
  const probes = { startup: startupProbe, readiness: readinessProbe, liveness: livenessProbe }
  return lines(
    Object.entries(probes).map(
      ([name, probe]) =>
        probe &&
        t('{name}: {asked} every {seconds}s', { name, asked: probeText(probe), seconds: probe.periodSeconds ?? 10 }),
    ),
  )
}

const portsText = ({ ports }: Container) =>
  (ports ?? [])
    .map(({ containerPort, protocol, name }) => `${name ? `${name} ` : ''}${containerPort}/${protocol ?? 'TCP'}`)
    .join(', ')

const amountsText = (amounts: Readonly<Record<string, string | number>> | undefined) =>
  Object.entries(amounts ?? {})
    .map(([name, amount]) => `${name} ${amount}`)
    .join(', ')

const environment = ({ env, envFrom }: Container): string[] => [
  ...(envFrom ?? []).map(({ configMapRef, secretRef, prefix }) =>
    t('{prefix}* from {origin}', {
      prefix: prefix ?? '',
      origin: configMapRef
        ? t('config map {name}', { name: configMapRef.name ?? '' })
        : t('secret {name}', { name: secretRef?.name ?? '' }),
    }),
  ),
  ...(env ?? []).map(({ name, value, valueFrom }) => {
    const from = valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef
    if (from) return `${name} ← ${from.name ?? ''}/${from.key}`
    if (valueFrom) return `${name} ← ${valueFrom.fieldRef?.fieldPath ?? valueFrom.resourceFieldRef?.resource ?? ''}`
    return `${name}=${value ?? ''}`
  }),
]

export const containerFacts = (container: Container): readonly Fact[] => [
  [t('Image'), container.image],
  [t('Ports'), portsText(container)],
  [t('Requests'), amountsText(container.resources?.requests)],
  [t('Limits'), amountsText(container.resources?.limits)],
  [t('Command'), [...(container.command ?? []), ...(container.args ?? [])].join(' ')],
  [t('Probes'), probesText(container)],
  [t('Environment'), lines(environment(container))],
  [t('Mounts'), lines((container.volumeMounts ?? []).map(({ name, mountPath }) => `${name} → ${mountPath}`))],
]
