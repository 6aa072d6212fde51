// What of a pod's spec says where it may run and how its containers are asked whether they are well.
import type { Container, Pod, Toleration } from '../../shared/api/core/v1.ts'
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
export const placementFacts = ({ spec }: Pod): readonly Fact[] => [
  [t('Node selector'), lines(Object.entries(spec.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`))],
  [t('Tolerates'), lines((spec.tolerations ?? []).filter(toleration => !isUsual(toleration)).map(tolerationText))],
  [t('Priority class'), spec.priorityClassName],
  [t('Runtime class'), spec.runtimeClassName],
  [t('Network'), spec.hostNetwork ? t('that of its node') : undefined],
]

/** Each with what is asked, and how often. */
export function probesText({ startupProbe, readinessProbe, livenessProbe }: Container): string {
  const probes = { startup: startupProbe, readiness: readinessProbe, liveness: livenessProbe }
  return lines(
    Object.entries(probes).map(
      ([name, probe]) =>
        probe &&
        t('{name}: {asked} every {seconds}s', { name, asked: probeText(probe), seconds: probe.periodSeconds ?? 10 }),
    ),
  )
}
