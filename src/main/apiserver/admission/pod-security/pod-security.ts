// PodSecurity: a namespace's labels say which of the Pod Security Standards its pods must meet.
// @see https://kubernetes.io/docs/concepts/security/pod-security-admission/
import { Namespace, Pod, PodTemplate, ReplicationController } from '../../../../shared/api/core/v1.ts'
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../../../shared/api/apps/v1.ts'
import { CronJob, Job } from '../../../../shared/api/batch/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { forbidden, invalid } from '../../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../contract.ts'
import { isType } from '../is-type.ts'
import { baselineChecks } from './baseline.ts'
import type { Finding, PodSecurityCheck, Subject } from './check.ts'
import { restrictedChecks } from './restricted.ts'

const PREFIX = 'pod-security.kubernetes.io/'
const LEVELS = ['privileged', 'baseline', 'restricted']
const MODES = ['enforce', 'audit', 'warn'] as const
type Mode = (typeof MODES)[number]

/** Checks of a level, those left out that a stricter one contains. */
function checksOf(level: string): readonly PodSecurityCheck[] {
  if (level === 'privileged') return []
  if (level === 'baseline') return baselineChecks
  const overridden = new Set(restrictedChecks.flatMap(({ overrides }) => overrides ?? []))
  return [...baselineChecks.filter(({ id }) => !overridden.has(id)), ...restrictedChecks]
}

const CHECKS = new Map(LEVELS.map(level => [level, checksOf(level)]))

interface Policy {
  readonly level: string
  /** `restricted:latest`, `baseline:v1.28`. */
  readonly text: string
}

/** Whoever enforces a level is warned of what will not get through, unless other warnings are asked for. */
function warningLabel(labels: Readonly<Record<string, string>>, suffix: '' | '-version'): string | undefined {
  const own = labels[`${PREFIX}warn${suffix}`]
  const isAsked = labels[`${PREFIX}warn`] !== undefined || !LEVELS.includes(labels[`${PREFIX}enforce`] ?? '')
  return own ?? (isAsked ? undefined : labels[`${PREFIX}enforce${suffix}`])
}

function policyOf(namespace: AnyObject | undefined, mode: Mode): Policy {
  const labels = namespace?.metadata.labels ?? {}
  const label = (suffix: '' | '-version') =>
    mode === 'warn' ? warningLabel(labels, suffix) : labels[`${PREFIX}${mode}${suffix}`]
  const level = label('') ?? 'privileged'
  // What is stored may be older than the check of the labels: an unknown level is the strictest.
  const known = LEVELS.includes(level) ? level : 'restricted'
  return { level: known, text: `${known}:${label('-version') ?? 'latest'}` }
}

const findingsOf = (level: string, pod: Subject): Finding[] =>
  (CHECKS.get(level) ?? []).flatMap(({ check }) => check(pod) ?? [])

const words = (findings: readonly Finding[]) => findings.map(({ reason, detail }) => `${reason} (${detail})`).join(', ')

const TEMPLATES = [PodTemplate, ReplicationController, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job]

interface Spec {
  readonly template?: Subject
  readonly jobTemplate?: { readonly spec?: Spec }
}

/** The pod that the object is or will make. */
function subjectOf(request: AdmissionRequest, object: AnyObject): Subject | undefined {
  if (isType(request, Pod)) return object as unknown as Subject
  const spec = object.spec as Spec | undefined
  if (isType(request, CronJob)) return withSpec(spec?.jobTemplate?.spec?.template)
  if (!TEMPLATES.some(type => isType(request, type))) return undefined
  return withSpec(isType(request, PodTemplate) ? (object as Spec).template : spec?.template)
}

const withSpec = (template: Subject | undefined): Subject | undefined =>
  template?.spec ? { metadata: template.metadata ?? {}, spec: template.spec } : undefined

/** Only what the checks look at; a new toleration is no reason to look again at an old pod. */
function unchanged(pod: Subject, before: Subject): boolean {
  const relevant = ({ spec, metadata }: Subject) => {
    const { tolerations: _t, activeDeadlineSeconds: _a, schedulingGates: _g, nodeName: _n, ...rest } = spec
    return { rest, annotations: metadata.annotations ?? {} }
  }
  return deepEqual(relevant(pod), relevant(before))
}

/** The audit log learns what nobody is refused or warned for. */
function note(request: AdmissionRequest, { level, text }: ReturnType<typeof policyOf>, pod: Subject): void {
  const violations = request.annotate ? findingsOf(level, pod) : []
  if (violations.length > 0)
    request.annotate?.('pod-security.kubernetes.io/audit-violations', `would violate PodSecurity "${text}": ${words(violations)}`) // prettier-ignore
}

function checkPod(request: AdmissionRequest, namespace: AnyObject | undefined, pod: Subject): void {
  const isPod = isType(request, Pod)
  const enforce = policyOf(namespace, 'enforce')
  const broken = isPod ? findingsOf(enforce.level, pod) : []
  if (isPod) request.annotate?.('pod-security.kubernetes.io/enforce-policy', enforce.text)
  note(request, policyOf(namespace, 'audit'), pod)
  if (broken.length > 0)
    throw forbidden(
      Pod,
      request.object?.metadata.name ?? '',
      `violates PodSecurity "${enforce.text}": ${words(broken)}`,
    )
  const warn = policyOf(namespace, 'warn')
  const doubtful = findingsOf(warn.level, pod)
  if (doubtful.length > 0) request.warn(`would violate PodSecurity "${warn.text}": ${words(doubtful)}`)
}

function labelErrors(namespace: AnyObject): FieldError[] {
  const labels = namespace.metadata.labels ?? {}
  return MODES.flatMap(mode => {
    const [level, version] = [labels[`${PREFIX}${mode}`], labels[`${PREFIX}${mode}-version`]]
    const path = (label: string) => `metadata.labels[${label}]`
    return [
      ...(level !== undefined && !LEVELS.includes(level)
        ? [invalidValue(path(`${PREFIX}${mode}`), level, `must be one of ${LEVELS.join(', ')}`)]
        : []),
      ...(version !== undefined && version !== 'latest' && !/^v1\.(0|[1-9]\d{0,3})$/.test(version)
        ? [invalidValue(path(`${PREFIX}${mode}-version`), version, 'must be "latest" or "v1.x"')]
        : []),
    ]
  })
}

const MOST_PODS = 3000

/** A namespace that becomes stricter says which of its pods would not be let in any more. */
function warnAboutPods(store: ObjectStore, request: AdmissionRequest, namespace: AnyObject): void {
  const { level, text } = policyOf(namespace, 'enforce')
  const before = policyOf(request.oldObject, 'enforce')
  if (LEVELS.indexOf(level) <= LEVELS.indexOf(before.level)) return
  const { items } = store.list(`/registry/core/pods/${namespace.metadata.name}/`, { limit: MOST_PODS })
  const broken = items.flatMap(({ object }) => {
    const findings = findingsOf(level, object as unknown as Subject)
    return findings.length > 0 ? [`${object.metadata.name}: ${findings.map(({ reason }) => reason).join(', ')}`] : []
  })
  if (broken.length === 0) return
  request.warn(`existing pods in namespace "${namespace.metadata.name}" violate the new PodSecurity enforce level "${text}"`) // prettier-ignore
  for (const line of broken.slice(0, 10)) request.warn(line)
}

export function podSecurity(store: ObjectStore): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    validate(request) {
      const { operation, subresource, object } = request
      if (!object || operation === 'DELETE' || operation === 'CONNECT') return
      if (isType(request, Namespace)) {
        if (subresource !== '') return
        const errors = labelErrors(object)
        if (errors.length > 0) throw invalid(Namespace, object.metadata.name, errors)
        if (operation === 'UPDATE') warnAboutPods(store, request, object)
        return
      }
      if (subresource !== '' && !(subresource === 'ephemeralcontainers' && isType(request, Pod))) return
      const pod = subjectOf(request, object)
      const before = request.oldObject && subjectOf(request, request.oldObject)
      if (!pod || (before && unchanged(pod, before))) return
      checkPod(request, store.get(`/registry/core/namespaces/${request.namespace}`)?.object, pod)
    },
  }
}
