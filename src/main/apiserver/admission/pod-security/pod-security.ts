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
import type { Finding, Subject } from './check.ts'
import { isLevel, isStricter, isVersion, LEVELS, type Mode, MODES } from './levels.ts'
import { findingsOf, type Policy } from './rules.ts'
import { DEFAULT_SETTINGS, type PodSecuritySettings } from './settings.ts'

const PREFIX = 'pod-security.kubernetes.io/'

type Policies = Readonly<Record<Mode, Policy>>

/** `restricted:latest`, `baseline:v1.28`. */
const textOf = ({ level, version }: Policy) => `${level}:${version}`

/** What is stored may be older than the check of the labels: an unknown level is the strictest for those who enforce. */
const knownLevel = (level: string, mode: Mode): string =>
  isLevel(level) ? level : mode === 'enforce' ? 'restricted' : 'privileged'

function policiesOf(namespace: AnyObject | undefined, { defaults }: PodSecuritySettings): Policies {
  const labels = namespace?.metadata.labels ?? {}
  const of = (mode: Mode): Policy => ({
    level: knownLevel(labels[`${PREFIX}${mode}`] ?? defaults[mode].level, mode),
    version: labels[`${PREFIX}${mode}-version`] ?? defaults[mode].version,
  })
  const [enforce, audit, warn] = [of('enforce'), of('audit'), of('warn')]
  // Whoever enforces a level is warned of what will not get through, unless other warnings are asked for.
  const isAsked = isLevel(labels[`${PREFIX}enforce`] ?? '') && labels[`${PREFIX}warn`] === undefined
  if (!isAsked || !isStricter(enforce.level, warn.level)) return { enforce, audit, warn }
  const { version } = labels[`${PREFIX}warn-version`] === undefined ? enforce : warn
  return { enforce, audit, warn: { level: enforce.level, version } }
}

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
function note(request: AdmissionRequest, policy: Policy, pod: Subject): void {
  const violations = request.annotate ? findingsOf(policy, pod) : []
  if (violations.length > 0)
    request.annotate?.(`${PREFIX}audit-violations`, `would violate PodSecurity "${textOf(policy)}": ${words(violations)}`) // prettier-ignore
}

function checkPod(request: AdmissionRequest, { enforce, audit, warn }: Policies, pod: Subject): void {
  const isPod = isType(request, Pod)
  const broken = isPod ? findingsOf(enforce, pod) : []
  if (isPod) request.annotate?.(`${PREFIX}enforce-policy`, textOf(enforce))
  note(request, audit, pod)
  if (broken.length > 0)
    throw forbidden(
      Pod,
      request.object?.metadata.name ?? '',
      `violates PodSecurity "${textOf(enforce)}": ${words(broken)}`,
    )
  const doubtful = findingsOf(warn, pod)
  if (doubtful.length > 0) request.warn(`would violate PodSecurity "${textOf(warn)}": ${words(doubtful)}`)
}

/** @returns what it is about the request that nobody looks at its pod for */
function exemptionOf({ namespace, user }: AdmissionRequest, pod: Subject, { exempt }: PodSecuritySettings) {
  if (exempt.namespaces.has(namespace)) return 'namespace'
  if (exempt.usernames.has(user.name)) return 'user'
  return exempt.runtimeClasses.has(pod.spec.runtimeClassName ?? '') ? 'runtimeClass' : undefined
}

/** Labels of a namespace that is exempt are for nothing. */
function warnOfExemption(
  request: AdmissionRequest,
  { metadata: { name, labels = {} } }: AnyObject,
  policies: Policies,
) {
  const told = MODES.filter(mode => [mode, `${mode}-version`].some(label => labels[`${PREFIX}${label}`] !== undefined))
    .filter(mode => policies[mode].level !== 'privileged')
    .map(mode => `${mode}=${textOf(policies[mode])}`)
  if (told.length > 0)
    request.warn(`namespace ${JSON.stringify(name)} is exempt from Pod Security, and the policy (${told.join(', ')}) will be ignored`) // prettier-ignore
}

function labelErrors(namespace: AnyObject): FieldError[] {
  const labels = namespace.metadata.labels ?? {}
  return MODES.flatMap(mode => {
    const [level, version] = [labels[`${PREFIX}${mode}`], labels[`${PREFIX}${mode}-version`]]
    const path = (label: string) => `metadata.labels[${label}]`
    return [
      ...(level !== undefined && !isLevel(level)
        ? [invalidValue(path(`${PREFIX}${mode}`), level, `must be one of ${LEVELS.join(', ')}`)]
        : []),
      ...(version !== undefined && !isVersion(version)
        ? [invalidValue(path(`${PREFIX}${mode}-version`), version, 'must be "latest" or "v1.x"')]
        : []),
    ]
  })
}

const MOST_PODS = 3000

/** A namespace that becomes stricter, or means another version, says which of its pods would not be let in any more. */
function warnAboutPods(store: ObjectStore, request: AdmissionRequest, namespace: AnyObject, enforce: Policy): void {
  const { items } = store.list(`/registry/core/pods/${namespace.metadata.name}/`, { limit: MOST_PODS })
  const broken = items.flatMap(({ object }) => {
    const findings = findingsOf(enforce, object as unknown as Subject)
    return findings.length > 0 ? [`${object.metadata.name}: ${findings.map(({ reason }) => reason).join(', ')}`] : []
  })
  if (broken.length === 0) return
  request.warn(`existing pods in namespace "${namespace.metadata.name}" violate the new PodSecurity enforce level "${textOf(enforce)}"`) // prettier-ignore
  for (const line of broken.slice(0, 10)) request.warn(line)
}

function checkNamespace(
  store: ObjectStore,
  request: AdmissionRequest,
  namespace: AnyObject,
  settings: PodSecuritySettings,
): void {
  const errors = labelErrors(namespace)
  if (errors.length > 0) throw invalid(Namespace, namespace.metadata.name, errors)
  const policies = policiesOf(namespace, settings)
  const isExempt = settings.exempt.namespaces.has(namespace.metadata.name)
  if (request.operation === 'CREATE') {
    if (isExempt) warnOfExemption(request, namespace, policies)
    return
  }
  const before = policiesOf(request.oldObject, settings).enforce
  const isOtherVersion = policies.enforce.level !== 'privileged' && policies.enforce.version !== before.version
  if (!isOtherVersion && !isStricter(policies.enforce.level, before.level)) return
  if (isExempt) warnOfExemption(request, namespace, policies)
  else warnAboutPods(store, request, namespace, policies.enforce)
}

export function podSecurity(store: ObjectStore, settings: PodSecuritySettings = DEFAULT_SETTINGS): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    kinds: [Namespace, Pod, CronJob, ...TEMPLATES],
    validate(request) {
      const { operation, subresource, object } = request
      if (!object || operation === 'DELETE' || operation === 'CONNECT') return
      if (isType(request, Namespace)) {
        if (subresource === '') checkNamespace(store, request, object, settings)
        return
      }
      if (subresource !== '' && !(subresource === 'ephemeralcontainers' && isType(request, Pod))) return
      const pod = subjectOf(request, object)
      const before = request.oldObject && subjectOf(request, request.oldObject)
      if (!pod || (before && unchanged(pod, before))) return
      const exemption = exemptionOf(request, pod, settings)
      if (exemption) request.annotate?.(`${PREFIX}exempt`, exemption)
      else {
        const namespace = store.get(`/registry/core/namespaces/${request.namespace}`)?.object
        checkPod(request, policiesOf(namespace, settings), pod)
      }
    },
  }
}
