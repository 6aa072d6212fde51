// ServiceAccount: every pod runs as one, and gets its token, the cluster's CA and its namespace as files.
// @see https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller
import { randomUUID } from 'node:crypto'
import type { Container, Pod, ServiceAccount, Volume } from '../../../shared/api/core/v1.ts'
import { Pod as PodType } from '../../../shared/api/core/v1.ts'
import { type Clock, delay, systemClock } from '../../../shared/machinery/clock.ts'
import { configurationOf } from '../../../shared/machinery/pod-configuration.ts'
import { forbidden } from '../../../shared/machinery/status.ts'
import type { ObjectStore, Stored } from '../../store/contract.ts'
import type { AdmissionPlugin } from './contract.ts'
import { secretNotAllowed, secretOfDebugNotAllowed } from './mountable-secrets.ts'

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const VOLUME_PREFIX = 'kube-api-access-'
const MIRROR = 'kubernetes.io/config.mirror'
/** A token is renewed by the kubelet well before; the odd number is upstream's: it marks tokens made this way. */
const TOKEN_SECONDS = 3607
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** From a UUID's random digits: Node keeps a store of them, whereas each call of randomBytes() asks for new ones. */
function suffix(): string {
  const digits = randomUUID()
  let text = ''
  for (const at of [0, 2, 4, 6, 9])
    text += NAME_ALPHABET.charAt(parseInt(digits.slice(at, at + 2), 16) % NAME_ALPHABET.length)
  return text
}

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
})

function mountToken(pod: Pod): void {
  const { spec } = pod
  const existing = spec.volumes?.find(({ name }: { name?: string }) => name?.startsWith(VOLUME_PREFIX))
  const name = existing?.name ?? `${VOLUME_PREFIX}${suffix()}`
  let used = false
  for (const container of [...(spec.initContainers ?? []), ...spec.containers] satisfies Container[]) {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === MOUNT_PATH)) continue
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, mountPath: MOUNT_PATH, readOnly: true }]
    used = true
  }
  if (used && !existing) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)]
}

/** A new namespace gets its default account from a controller, so the first pod may come before it. */
const DEFAULT_ACCOUNT = 'default'
const LOOKS = 30
const PAUSE_MS = 100

/** It shows what a node runs whatever the API has: it cannot be given anything of it. */
function whyNoMirror(pod: Pod): string | undefined {
  if (pod.spec.serviceAccountName) return 'a mirror pod may not reference service accounts'
  if (configurationOf(pod).secrets.length > 0) return 'a mirror pod may not reference secrets'
  return pod.spec.volumes?.some(({ projected }) => projected?.sources?.some(source => source.serviceAccountToken))
    ? 'a mirror pod may not use ServiceAccountToken volume projections'
    : undefined
}

const refusal = ({ metadata }: Pod, why: string) => forbidden(PodType, metadata.name, why)

const isMirror = ({ metadata }: Pod) => metadata.annotations?.[MIRROR] !== undefined

/** @throws ApiError 403 */
function checkMirror(pod: Pod): void {
  const why = whyNoMirror(pod)
  if (why) throw refusal(pod, why)
}

export function serviceAccount(store: ObjectStore, clock: Clock = systemClock): AdmissionPlugin {
  const look = (namespace: string, name: string) => store.get(`/registry/core/serviceaccounts/${namespace}/${name}`)
  const missing = (pod: Pod, namespace: string, name: string) =>
    refusal(pod, `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`)

  async function waitFor(pod: Pod, namespace: string, name: string): Promise<Stored> {
    for (let looks = 1; looks < LOOKS; looks++) {
      await delay(clock, PAUSE_MS)
      const found = look(namespace, name)
      if (found) return found
    }
    throw missing(pod, namespace, name)
  }

  function apply(pod: Pod, { object }: Stored): void {
    const account = object as unknown as ServiceAccount
    if (account.imagePullSecrets?.length && !pod.spec.imagePullSecrets?.length)
      pod.spec.imagePullSecrets = structuredClone(account.imagePullSecrets)
    if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod)
  }

  return {
    name: 'ServiceAccount',
    kinds: [PodType],
    mutate({ operation, resource, subresource, namespace, object }) {
      if (operation !== 'CREATE' || subresource !== '' || resource.type.group !== '' || resource.type.plural !== 'pods')
        return undefined
      const pod = object as unknown as Pod
      if (isMirror(pod)) return checkMirror(pod)
      const name = (pod.spec.serviceAccountName ||= DEFAULT_ACCOUNT)
      pod.spec.serviceAccount = name
      const stored = look(namespace, name)
      if (stored) return apply(pod, stored)
      if (name !== DEFAULT_ACCOUNT) throw missing(pod, namespace, name)
      return waitFor(pod, namespace, name).then(found => apply(pod, found))
    },
    validate({ operation, resource, subresource, namespace, object }) {
      if (resource.type.group !== '' || resource.type.plural !== 'pods') return
      const isCreated = operation === 'CREATE' && subresource === ''
      if (!isCreated && !(operation === 'UPDATE' && subresource === 'ephemeralcontainers')) return
      const pod = object as unknown as Pod
      if (isCreated && isMirror(pod)) return checkMirror(pod)
      const name = pod.spec.serviceAccountName ?? ''
      const account = look(namespace, name)?.object as unknown as ServiceAccount | undefined
      if (!account) throw missing(pod, namespace, name)
      const why = isCreated ? secretNotAllowed(pod, account) : secretOfDebugNotAllowed(pod, account)
      if (why) throw refusal(pod, why)
    },
  }
}
