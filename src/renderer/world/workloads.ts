// The kinds that make pods, and what of their spec other kinds refer to.
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../shared/api/apps/v1.ts'
import { CronJob, Job } from '../../shared/api/batch/v1.ts'
import { type PodTemplateSpec, ReplicationController } from '../../shared/api/core/v1.ts'
import type { Ingress } from '../../shared/api/networking/v1.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'

export const WORKLOADS = [Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob] as const

interface WorkloadSpec {
  readonly template?: PodTemplateSpec
  readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplateSpec } }
}

export function templateOf(object: KubeObject): PodTemplateSpec | undefined {
  const spec = ((object as AnyObject).spec ?? {}) as WorkloadSpec
  return spec.template ?? spec.jobTemplate?.spec?.template
}

/** Names of the services that an ingress leads to. */
export function ingressServices({ spec }: Ingress): string[] {
  const backends = [
    spec.defaultBackend,
    ...(spec.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend)),
  ]
  return [...new Set(backends.flatMap(backend => backend?.service?.name ?? []))]
}
