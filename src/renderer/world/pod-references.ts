// What a pod's spec refers to by name: config maps, secrets, claims and its service account, and how it uses them.
import { ConfigMap, PersistentVolumeClaim, type PodSpec, Secret, ServiceAccount } from '../../shared/api/core/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { t } from '../i18n/i18n.ts'

export interface PodReference {
  readonly type: ResourceType<KubeObject>
  readonly name: string
  /** `environment of web`, `volume data`. */
  readonly use: string
  /** The pod starts without it. */
  readonly optional: boolean
  /** Keys that must be in it. */
  readonly key?: string | undefined
}

type Reference = { readonly name?: string; readonly key?: string; readonly optional?: boolean } | undefined

export function podReferences(spec: PodSpec): PodReference[] {
  const found: PodReference[] = []
  const add = (type: ResourceType<KubeObject>, reference: Reference, use: string) => {
    if (!reference?.name) return
    const { name, key, optional = false } = reference
    found.push({ type, name, use, optional, ...(key === undefined ? {} : { key }) })
  }
  for (const { name, env, envFrom } of [...(spec.initContainers ?? []), ...spec.containers]) {
    const use = t('environment of {name}', { name })
    for (const { configMapRef, secretRef } of envFrom ?? []) {
      add(ConfigMap, configMapRef, use)
      add(Secret, secretRef, use)
    }
    for (const { valueFrom } of env ?? []) {
      add(ConfigMap, valueFrom?.configMapKeyRef, use)
      add(Secret, valueFrom?.secretKeyRef, use)
    }
  }
  for (const { name, configMap, secret, persistentVolumeClaim: claim, projected } of spec.volumes ?? []) {
    const use = t('volume {name}', { name })
    add(ConfigMap, configMap, use)
    add(Secret, secret && { ...secret, name: secret.secretName ?? '' }, use)
    add(PersistentVolumeClaim, claim && { name: claim.claimName }, use)
    for (const source of projected?.sources ?? []) {
      // Every pod gets the cluster's root certificate this way; nobody wants to read it again and again.
      if (source.configMap?.name !== 'kube-root-ca.crt') add(ConfigMap, source.configMap, use)
      add(Secret, source.secret, use)
    }
  }
  for (const secret of spec.imagePullSecrets ?? []) add(Secret, { ...secret, optional: true }, t('image pulls'))
  if (spec.serviceAccountName && spec.serviceAccountName !== 'default')
    add(ServiceAccount, { name: spec.serviceAccountName }, 'identity')
  const seen = new Set<string>()
  return found.filter(({ type, name, use, key }) => {
    const id = [type.kind, name, use, key].join('|')
    return !seen.has(id) && seen.add(id)
  })
}
